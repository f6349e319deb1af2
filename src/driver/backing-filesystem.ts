/**
 * What a driver's home lies on: the filesystem's magic number, and Docker's name for it.
 *
 * @see moby daemon/graphdriver/driver_linux.go, statfs(2)
 */
import type { Task } from '../kernel/task.ts';

/** `f_type` of statfs(2) for the filesystems that drivers ask for by name. */
export const FS_MAGIC_AUFS = 0x61756673;
export const FS_MAGIC_BTRFS = 0x9123683e;
export const FS_MAGIC_ECRYPTFS = 0xf15f;
/** ext2, ext3 and ext4 cannot be told apart. */
export const FS_MAGIC_EXTFS = 0xef53;
export const FS_MAGIC_FUSE = 0x65735546;
export const FS_MAGIC_NFS = 0x6969;
export const FS_MAGIC_OVERLAY = 0x794c7630;
export const FS_MAGIC_TMPFS = 0x01021994;
export const FS_MAGIC_XFS = 0x58465342;
export const FS_MAGIC_ZFS = 0x2fc12fc1;

const NAMES: ReadonlyMap<number, string> = new Map([
  [FS_MAGIC_AUFS, 'aufs'],
  [FS_MAGIC_BTRFS, 'btrfs'],
  [0x28cd3d45, 'cramfs'],
  [FS_MAGIC_ECRYPTFS, 'ecryptfs'],
  [FS_MAGIC_EXTFS, 'extfs'],
  [0xf2f52010, 'f2fs'],
  [FS_MAGIC_FUSE, 'fuse'],
  [0x47504653, 'gpfs'],
  [0x000072b6, 'jffs2'],
  [0x3153464a, 'jfs'],
  [FS_MAGIC_NFS, 'nfs'],
  [FS_MAGIC_OVERLAY, 'overlayfs'],
  [0x858458f6, 'ramfs'],
  [0x52654973, 'reiserfs'],
  [0x0000517b, 'smb'],
  [0x73717368, 'squashfs'],
  [FS_MAGIC_TMPFS, 'tmpfs'],
  [0, 'unsupported'],
  [0xa501fcf5, 'vxfs'],
  [FS_MAGIC_XFS, 'xfs'],
  [FS_MAGIC_ZFS, 'zfs'],
]);

/** The magic number of the filesystem that `path`, which exists, lies on. */
export const fsMagicOf = (task: Task, path: string): number => task.statfs(path).type;

/** Docker's name for a magic number; `<unknown>` where it has none. */
export const backingFilesystemName = (magic: number): string => NAMES.get(magic) ?? '<unknown>';

/** What `docker info` tells as "Backing Filesystem" of a driver whose home lies at `path`. */
export const backingFilesystem = (task: Task, path: string): string => backingFilesystemName(fsMagicOf(task, path));
