/** The system calls about attributes, from the path on. @see fs/stat.c, fs/open.c, fs/utimes.c, fs/statfs.c */
import { CAP_FULL_SET } from '../abi/capability.ts';
import { type ErrnoCode, raise } from '../abi/errno.ts';
import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_RELATIME,
  ST_NOATIME,
  ST_NODEV,
  ST_NODIRATIME,
  ST_NOEXEC,
  ST_NOSUID,
  ST_NOSYMFOLLOW,
  ST_RDONLY,
  ST_RELATIME,
  ST_VALID,
  UTIME_NOW,
  UTIME_OMIT,
  W_OK,
  X_OK,
} from '../abi/flags.ts';
import { STATX_ATTR_AUTOMOUNT, STATX_ATTR_DAX, STATX_ATTR_MOUNT_ROOT } from '../abi/fileattr.ts';
import { isDirectory, isRegular, isSpecial } from '../abi/mode.ts';
import type { Attributes, Stat, StatFS, Timespec } from '../abi/stat.ts';
import type { TaskContext } from './context.ts';
import type { Dentry } from './dentry.ts';
import type { OpenFile } from './file.ts';
import { S_APPEND } from './inode.ts';
import { withCredentials } from './kernel.ts';
import { type Path, wantWrite } from './mount.ts';
import { LOOKUP_EMPTY, LOOKUP_FOLLOW, resolvePath, walkPath } from './namei.ts';
import { checkPermission, MAY_WRITE } from './permission.ts';
import { doTruncate, notifyChange, vfsChmod, vfsChown } from './setattr.ts';
import { fromKgidMunged, fromKuidMunged, initUserNamespace, makeKuid } from './user-namespace.ts';

const walkFlags = (flags: number): number =>
  ((flags & AT_SYMLINK_NOFOLLOW) !== 0 ? 0 : LOOKUP_FOLLOW) | ((flags & AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);

/** The attributes, with the owners as the caller's user namespace knows them. @see cp_new_stat() */
function tellStat({ credentials: { userNamespace } }: TaskContext, dentry: Dentry): Stat {
  const stat = dentry.inode!.getattr(dentry);
  if (userNamespace === initUserNamespace) return stat;
  const { uid, gid } = stat;
  return { ...stat, uid: fromKuidMunged(userNamespace, uid), gid: fromKgidMunged(userNamespace, gid) };
}

export function statAt(task: TaskContext, dirfd: number, path: string, flags: number): Stat {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) raise('EINVAL');
  return tellStat(task, resolvePath(task, dirfd, path, walkFlags(flags)).dentry);
}

/** As the C library asks for it: by an empty path, for which the place is looked at again. @see newfstatat(2) */
export function statFile(task: TaskContext, { dentry }: OpenFile): Stat {
  if (dentry.superblock.weakRevalidate?.(dentry, LOOKUP_EMPTY) === false) raise('ESTALE');
  return tellStat(task, dentry);
}

/** As `statAt`, with the attributes of the file. @see vfs_statx_path() */
export function statxAt(task: TaskContext, dirfd: number, path: string, flags: number): Stat {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) raise('EINVAL');
  const { mount, dentry } = resolvePath(task, dirfd, path, walkFlags(flags));
  const inode = dentry.inode!;
  const stat = tellStat(task, dentry);
  const told = inode.statxAttributes?.();
  stat.attributes = (told?.attributes ?? 0) | (dentry === mount.root ? STATX_ATTR_MOUNT_ROOT : 0);
  stat.attributesMask = (told?.attributesMask ?? 0) | VFS_ATTRIBUTES;
  return stat;
}

/** What statx(2) tells of any file. */
const VFS_ATTRIBUTES = STATX_ATTR_AUTOMOUNT | STATX_ATTR_DAX | STATX_ATTR_MOUNT_ROOT;

/** The attributes, or why there are none: nothing is thrown for a name that is not there. */
export function findAt(task: TaskContext, dirfd: number, path: string, flags: number): Stat | ErrnoCode {
  const found = walkPath(task, dirfd, path, walkFlags(flags));
  return typeof found === 'string' ? found : tellStat(task, found.dentry);
}

/** `undefined` where there is no such name. */
export function statIfPresentAt(task: TaskContext, dirfd: number, path: string, flags: number): Stat | undefined {
  const found = walkPath(task, dirfd, path, walkFlags(flags));
  if (found === 'ENOENT' || found === 'ENOTDIR') return undefined;
  return typeof found === 'string' ? raise(found) : tellStat(task, found.dentry);
}

/** access(2): asks for the real ids, not those that file calls are made with. @see do_faccessat() */
export function accessAt(task: TaskContext, dirfd: number, path: string, mode: number, flags: number): void {
  if ((mode & ~7) !== 0 || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) raise('EINVAL');
  const { credentials } = task;
  if ((flags & AT_EACCESS) !== 0) return checkAccess(task, dirfd, path, mode, flags);
  const capabilities = credentials.uid === makeKuid(credentials.userNamespace, 0) ? CAP_FULL_SET : 0;
  const real = { ...credentials, fsuid: credentials.uid, fsgid: credentials.gid, capabilities };
  withCredentials(task.kernel, real, () => checkAccess(task, dirfd, path, mode, flags));
}

function checkAccess(task: TaskContext, dirfd: number, path: string, mode: number, flags: number): void {
  const { mount, dentry } = resolvePath(task, dirfd, path, walkFlags(flags & ~AT_EACCESS));
  const inode = dentry.inode!;
  if ((mode & X_OK) !== 0 && isRegular(inode.mode) && (mount.flags & MS_NOEXEC) !== 0) raise('EACCES');
  checkPermission(task.kernel, inode, mode);
  if ((mode & W_OK) !== 0 && !isSpecial(inode.mode) && mount.readOnly) raise('EROFS');
}

export function chmodPath(task: TaskContext, place: Path, mode: number): void {
  wantWrite(place.mount);
  vfsChmod(task.kernel, place.dentry, mode);
}

export function chmodAt(task: TaskContext, dirfd: number, path: string, mode: number, flags: number): void {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) raise('EINVAL');
  chmodPath(task, resolvePath(task, dirfd, path, walkFlags(flags)), mode);
}

export function chownPath(task: TaskContext, place: Path, uid: number, gid: number): void {
  wantWrite(place.mount);
  vfsChown(task.kernel, place.dentry, uid, gid);
}

export function chownAt(task: TaskContext, dirfd: number, path: string, uid: number, gid: number, flags: number): void {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) raise('EINVAL');
  chownPath(task, resolvePath(task, dirfd, path, walkFlags(flags)), uid, gid);
}

export const isOmitted = (time: Timespec | undefined): boolean => time?.nsec === UTIME_OMIT;
const isNow = (time: Timespec | undefined): boolean => time === undefined || time.nsec === UTIME_NOW;

export function utimesAt(
  task: TaskContext,
  dirfd: number,
  path: string,
  atime: Timespec | undefined,
  mtime: Timespec | undefined,
  flags: number,
): void {
  if (isOmitted(atime) && isOmitted(mtime)) return;
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) raise('EINVAL');
  utimesPath(task, resolvePath(task, dirfd, path, walkFlags(flags)), atime, mtime);
}

/** @see vfs_utimes() */
export function utimesPath(
  task: TaskContext,
  place: Path,
  atime: Timespec | undefined,
  mtime: Timespec | undefined,
): void {
  for (const time of [atime, mtime]) {
    if (time !== undefined && (time.nsec < 0 || (time.nsec > 999_999_999 && !isOmitted(time) && !isNow(time))))
      raise('EINVAL');
  }
  wantWrite(place.mount);
  const now = task.kernel.now();
  const attributes: Attributes = { ctime: now };
  if (!isOmitted(atime)) attributes.atime = isNow(atime) ? now : atime!;
  if (!isOmitted(mtime)) attributes.mtime = isNow(mtime) ? now : mtime!;
  notifyChange(task.kernel, place.dentry, attributes, isNow(atime) && isNow(mtime) ? { touch: true } : {});
}

/** truncate(2). @see vfs_truncate() */
export function truncatePath(task: TaskContext, path: string, size: number): void {
  if (size < 0) raise('EINVAL');
  const { mount, dentry } = resolvePath(task, AT_FDCWD, path, LOOKUP_FOLLOW);
  const inode = dentry.inode!;
  if (isDirectory(inode.mode)) raise('EISDIR');
  if (!isRegular(inode.mode)) raise('EINVAL');
  wantWrite(mount);
  checkPermission(task.kernel, inode, MAY_WRITE);
  if ((inode.flags & S_APPEND) !== 0) raise('EPERM');
  if (size > inode.superblock.maxBytes) raise('EFBIG');
  doTruncate(task.kernel, dentry, size, false);
}

/** What statfs(2) tells of a mount. @see flags_by_mnt() */
const STATFS_FLAGS: readonly (readonly [number, number])[] = [
  [MS_NOSUID, ST_NOSUID],
  [MS_NODEV, ST_NODEV],
  [MS_NOEXEC, ST_NOEXEC],
  [MS_NOATIME, ST_NOATIME],
  [MS_NODIRATIME, ST_NODIRATIME],
  [MS_RELATIME, ST_RELATIME],
  [MS_NOSYMFOLLOW, ST_NOSYMFOLLOW],
];

export function statfsOf(place: Path): StatFS {
  const { superblock, flags } = place.mount;
  const told = superblock.statfs(place.dentry.inode);
  let bits = ST_VALID | (place.mount.readOnly ? ST_RDONLY : 0);
  for (const [mountFlag, bit] of STATFS_FLAGS) if ((flags & mountFlag) !== 0) bits |= bit;
  return { ...told, flags: told.flags | bits };
}
