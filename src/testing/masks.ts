/**
 * What a comparison of two machines leaves out, and why. A mask may only shrink: what can be translated (inode
 * numbers to classes, file handles to the objects that they name, a time of the run to `now`) is translated by
 * `describe.ts`, not masked.
 */

/**
 * The second from which on a time belongs to the run and is told as `now`: 2020-01-01. Times set explicitly are older.
 */
export const RUN_BEGINS = 1_577_836_800;

/** What is never compared. */
export const masks = {
  'directory offset':
    'd_off and the position in a directory are cookies: compared only through what seeking to them lists',
  'overlay uuid': 'trusted.overlay.uuid is random: size compared',
  'overlay temporary name':
    'names in workdir (#1f) count every copy-up since the host was booted: the number is left out',
  'handle generation':
    'the generation in a file handle of tmpfs is random: compared only with other handles of the same inode number',
} as const;

/** What a run may leave out on top, by name, while an implementation is not there yet. */
export const optionalMasks = {
  order: 'listing order: entries and attribute names are sorted first',
  blocks: 'st_blocks',
  atime: 'st_atime',
  mtime: 'st_mtime',
  statfs: 'free blocks and inodes',
  holes: 'which parts of a file are holes',
  nlink: 'st_nlink of directories',
} as const;

/** A mask that a run may put on top. */
export type OptionalMask = keyof typeof optionalMasks;
