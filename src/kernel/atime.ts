/** Marks of access, as far as the mount wants them. @see fs/inode.c touch_atime(), relatime_need_update() */
import { MS_NOATIME, MS_NODIRATIME, MS_RELATIME, O_NOATIME } from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import { compareTimespec, type Timespec } from '../abi/stat.ts';
import type { OpenFile } from './file.ts';
import { type Inode, S_NOATIME } from './inode.ts';
import type { Mount } from './mount.ts';

const SECONDS_PER_DAY = 24 * 60 * 60;

/** Marks an access to `inode` through `mount`. */
export function touchAtime(mount: Mount, inode: Inode): void {
  if ((mount.flags & MS_NOATIME) !== 0 || (inode.flags & S_NOATIME) !== 0 || mount.readOnly) return;
  if ((mount.flags & MS_NODIRATIME) !== 0 && isDirectory(inode.mode)) return;
  const now = inode.superblock.kernel.now();
  if ((mount.flags & MS_RELATIME) !== 0 && !isStale(inode, now)) return;
  inode.touchAtime(now);
}

/** With relatime: the old mark is not younger than the last change, or a day old. */
function isStale(inode: Inode, now: Timespec): boolean {
  const { atime } = inode;
  if (compareTimespec(inode.mtime, atime) >= 0 || compareTimespec(inode.ctime, atime) >= 0) return true;
  return now.sec - atime.sec >= SECONDS_PER_DAY;
}

/** Marks an access to an open file, unless it was opened with O_NOATIME. */
export function fileAccessed(file: OpenFile): void {
  if ((file.flags & O_NOATIME) === 0) touchAtime(file.mount, file.inode);
}
