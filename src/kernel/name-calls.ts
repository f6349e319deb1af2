/** The system calls that make, move and take names, from the path on. @see fs/namei.c do_mkdirat() … */
import { CAP_DAC_READ_SEARCH } from '../abi/capability.ts';
import { raise } from '../abi/errno.ts';
import {
  AT_EMPTY_PATH,
  AT_SYMLINK_FOLLOW,
  PATH_MAX,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
} from '../abi/flags.ts';
import {
  isDirectory,
  isRegular,
  isSymlink,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_ISGID,
  S_ISUID,
  S_IXGRP,
} from '../abi/mode.ts';
import { touchAtime } from './atime.ts';
import type { TaskContext } from './context.ts';
import { vfsCreate, vfsMkdir, vfsMknod, vfsSymlink } from './create.ts';
import { isCapableIn } from './credentials.ts';
import type { Inode } from './inode.ts';
import { vfsLink } from './link.ts';
import { utf8Length } from './lookup.ts';
import { wantWrite } from './mount.ts';
import { LOOKUP_EMPTY, LOOKUP_FOLLOW, resolveNew, resolveParent, resolvePath } from './namei.ts';
import { isOwnerOrCapable, MAY_READ, MAY_WRITE, permissionRefusal, prepareMode } from './permission.ts';
import { vfsRename } from './rename.ts';
import { vfsRmdir, vfsUnlink } from './unlink.ts';

export function mkdirAt(task: TaskContext, dirfd: number, path: string, mode: number): void {
  const { walk, dentry } = resolveNew(task, dirfd, path, true);
  vfsMkdir(task.kernel, walk.dentry, dentry, mode & ~task.fs.umask);
}

export function mknodAt(task: TaskContext, dirfd: number, path: string, mode: number, rdev: number): void {
  const type = mode & S_IFMT;
  if (type === S_IFDIR) raise('EPERM');
  if (![0, S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK].includes(type)) raise('EINVAL');
  const { walk, dentry } = resolveNew(task, dirfd, path, false);
  const bits = prepareMode(task.kernel, walk.dentry.inode!, mode, task.fs.umask);
  if (type === 0 || type === S_IFREG) vfsCreate(task.kernel, walk.dentry, dentry, bits);
  else vfsMknod(task.kernel, walk.dentry, dentry, bits, rdev);
}

export function symlinkAt(task: TaskContext, target: string, dirfd: number, path: string): void {
  if (target.length === 0) raise('ENOENT');
  if (utf8Length(target) >= PATH_MAX) raise('ENAMETOOLONG');
  const { walk, dentry } = resolveNew(task, dirfd, path, false);
  vfsSymlink(task.kernel, walk.dentry, dentry, target);
}

export function readlinkAt(task: TaskContext, dirfd: number, path: string): string {
  const { mount, dentry } = resolvePath(task, dirfd, path, LOOKUP_EMPTY);
  const inode = dentry.inode!;
  if (!isSymlink(inode.mode)) raise(path.length === 0 ? 'ENOENT' : 'EINVAL');
  touchAtime(mount, inode);
  return inode.readlink();
}

export function linkAt(
  task: TaskContext,
  oldDirfd: number,
  path: string,
  newDirfd: number,
  newPath: string,
  flags: number,
): void {
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) raise('EINVAL');
  const empty = (flags & AT_EMPTY_PATH) !== 0;
  if (empty && path.length === 0) checkMayLinkDescriptor(task, oldDirfd);
  const follow = (flags & AT_SYMLINK_FOLLOW) !== 0 ? LOOKUP_FOLLOW : 0;
  const old = resolvePath(task, oldDirfd, path, follow | (empty ? LOOKUP_EMPTY : 0));
  const { walk, dentry } = resolveNew(task, newDirfd, newPath, false);
  if (old.mount !== walk.mount) raise('EXDEV');
  checkProtectedLink(task, old.dentry.inode!);
  vfsLink(task.kernel, old.dentry, walk.dentry, dentry);
}

/** An open file without a name may be linked by the one who opened it. @see LOOKUP_LINKAT_EMPTY */
function checkMayLinkDescriptor(task: TaskContext, fd: number): void {
  const file = task.files.peek(fd);
  if (file === undefined || file.credentials === task.credentials) return;
  if (!isCapableIn(task.credentials, file.credentials.userNamespace, CAP_DAC_READ_SEARCH)) raise('ENOENT');
}

/** @see may_linkat() */
function checkProtectedLink(task: TaskContext, inode: Inode): void {
  const { kernel } = task;
  if (!kernel.profile.protectedHardlinks || isOwnerOrCapable(kernel, inode)) return;
  const { mode } = inode;
  const setgid = (mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP);
  const safe = isRegular(mode) && (mode & S_ISUID) === 0 && !setgid;
  if (!safe || permissionRefusal(kernel, inode, MAY_READ | MAY_WRITE) !== undefined) raise('EPERM');
}

export function unlinkAt(task: TaskContext, dirfd: number, path: string): void {
  const walk = resolveParent(task, dirfd, path);
  if (walk.lastType !== 'norm') raise('EISDIR');
  wantWrite(walk.mount);
  const dentry = walk.lookupLast();
  if (dentry.inode === undefined) raise('ENOENT');
  if (walk.trailingSlash) raise(isDirectory(dentry.inode.mode) ? 'EISDIR' : 'ENOTDIR');
  vfsUnlink(task.kernel, walk.dentry, dentry);
}

export function rmdirAt(task: TaskContext, dirfd: number, path: string): void {
  const walk = resolveParent(task, dirfd, path);
  if (walk.lastType === 'dotdot') raise('ENOTEMPTY');
  if (walk.lastType === 'dot') raise('EINVAL');
  if (walk.lastType === 'root') raise('EBUSY');
  wantWrite(walk.mount);
  const dentry = walk.lookupLast();
  if (dentry.inode === undefined) raise('ENOENT');
  vfsRmdir(task.kernel, walk.dentry, dentry);
}

export function renameAt(
  task: TaskContext,
  oldDirfd: number,
  path: string,
  newDirfd: number,
  newPath: string,
  flags: number,
): void {
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) !== 0) raise('EINVAL');
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  if (exchange && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)) !== 0) raise('EINVAL');
  const from = resolveParent(task, oldDirfd, path);
  const to = resolveParent(task, newDirfd, newPath);
  if (from.mount !== to.mount) raise('EXDEV');
  if (from.lastType !== 'norm') raise('EBUSY');
  if (to.lastType !== 'norm') raise((flags & RENAME_NOREPLACE) !== 0 ? 'EEXIST' : 'EBUSY');
  wantWrite(from.mount);
  const locksTwo = from.dentry !== to.dentry;
  const old = from.lookupLast(locksTwo);
  const source = old.inode ?? raise('ENOENT');
  const target = to.lookupLast(locksTwo);
  if (target.inode !== undefined && (flags & RENAME_NOREPLACE) !== 0) raise('EEXIST');
  if (exchange) {
    if (target.inode === undefined) raise('ENOENT');
    if (!isDirectory(target.inode.mode) && to.trailingSlash) raise('ENOTDIR');
  }
  if (!isDirectory(source.mode) && (from.trailingSlash || (!exchange && to.trailingSlash))) raise('ENOTDIR');
  if (locksTwo) {
    if (to.dentry.isWithin(old)) raise('EINVAL');
    if (target.inode !== undefined && from.dentry.isWithin(target)) raise(exchange ? 'EINVAL' : 'ENOTEMPTY');
  }
  vfsRename(task.kernel, from.dentry, old, to.dentry, target, flags);
}
