/** What a driver's home lies on, in Docker's words. @see moby daemon/graphdriver/driver_linux.go (FsNames) */
import type { Task } from '../kernel/task.ts';

/** `f_type` of statfs(2) and the name that "Backing Filesystem" tells. */
const names: ReadonlyMap<number, string> = new Map([
  [0, 'unsupported'],
  [0xf15f, 'ecryptfs'],
  [0x517b, 'smb'],
  [0x6969, 'nfs'],
  [0x72b6, 'jffs2'],
  [0xef53, 'extfs'],
  [0x01021994, 'tmpfs'],
  [0x28cd3d45, 'cramfs'],
  [0x2fc12fc1, 'zfs'],
  [0x3153464a, 'jfs'],
  [0x47504653, 'gpfs'],
  [0x52654973, 'reiserfs'],
  [0x58465342, 'xfs'],
  [0x61756673, 'aufs'],
  [0x65735546, 'fuse'],
  [0x73717368, 'squashfs'],
  [0x794c7630, 'overlayfs'],
  [0x858458f6, 'ramfs'],
  [0x9123683e, 'btrfs'],
  [0xa501fcf5, 'vxfs'],
  [0xf2f52010, 'f2fs'],
]);

/** The name of the filesystem that `path` lies on; `<unknown>` for one that Docker has no name for. */
export const backingFilesystem = (task: Task, path: string): string => names.get(task.statfs(path).type) ?? '<unknown>';
