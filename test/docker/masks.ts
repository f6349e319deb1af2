/**
 * What the comparison of a real dockerd with ours leaves out, and why. Ids, links and mount-ids are not left out: each is
 * told by the role it plays, see `ids.ts`.
 */

import type { Timespec } from '../../src/abi/stat.ts';

/** What is never compared. */
export const masks = {
  'access and change time': 'atime and ctime are of the run, and reading sets the first',
  'time of the run': 'a modification time that nobody set is told as `now`',
  'times before 1901': 'ext4 keeps none before its first second, tmpfs does: both are told as that second',
  'directory size': 'the size of a directory is that of its blocks on ext4, of its entries on tmpfs',
  'order of docker diff': 'dockerd tells the changes of a directory in the random order of a map: compared as a set',
  'bytes that are no UTF-8 in docker diff': 'JSON has none: Go writes U+FFFD for each',
  origin: 'the value of trusted.overlay.origin is a file handle of the filesystem below',
  'temporary name': 'names in a work directory (#1f) count every copy-up since the host was booted',
  disk: 'the device number of the disk below, which vfs keeps in the node backingFsBlockDev',
  gzip: 'the compressed form of tar-split.json.gz is that of the codec: compared after decompression',
  'first fault':
    'dockerd reads an archive on ahead for its records: of a path that comes twice and another fault, either',
} as const;

/** Whether two refusals are the same, as far as they are compared. */
export const sameRefusal = (left: string, right: string): boolean =>
  left === right || [left, right].includes('duplicates of file paths not supported');

/**
 * What dockerd does one way or the other, and how often it is asked at most until it does it our way.
 *
 * A commit with the first version of overlay reads the container while it unpacks what it has read over hard links to the
 * image's files. How many names a file of the image has at that moment decides which inode number a hard link in the
 * container shows, and so whether it is written as a link or as a file. Ours reads all before it unpacks.
 */
export const races: { readonly [driver: string]: { readonly what: string; readonly attempts: number } } = {
  overlay: { what: 'tar-split', attempts: 20 },
};

/** The first second of ext4. */
const EXT4_BEGINS = -(2 ** 31);

/** The time as both disks can keep it. */
export const keptTime = (time: Timespec): Timespec => (time.sec < EXT4_BEGINS ? { sec: EXT4_BEGINS, nsec: 0 } : time);

/** Extended attributes whose value is not compared, only that they are there. */
export const valueless: ReadonlySet<string> = new Set(['trusted.overlay.origin', 'trusted.overlay.uuid']);

/** Device nodes whose number is not compared. */
export const numberless = (path: string): boolean => path.endsWith('/backingFsBlockDev');
