/** From a name to an open file. @see fs/namei.c do_open(), fs/open.c do_dentry_open() */
import { raise } from '../abi/errno.ts';
import {
  IN_CLOSE_NOWRITE,
  IN_CLOSE_WRITE,
  IN_OPEN,
  MS_NODEV,
  O_NOCTTY,
  O_ACCMODE,
  O_APPEND,
  O_CREAT,
  O_DIRECT,
  O_DIRECTORY,
  O_EXCL,
  O_LARGEFILE,
  O_NOATIME,
  O_NOFOLLOW,
  O_PATH,
  O_TMPFILE,
  O_TRUNC,
  O_WRONLY,
} from '../abi/flags.ts';
import {
  isBlockDevice,
  isCharacterDevice,
  isDirectory,
  isFifo,
  isRegular,
  isSocket,
  isSymlink,
  S_ISVTX,
} from '../abi/mode.ts';
import type { TaskContext } from './context.ts';
import { vfsCreate, vfsTmpfile } from './create.ts';
import type { Credentials } from './credentials.ts';
import { Dentry } from './dentry.ts';
import { openDevice } from './device-file.ts';
import { type FileOperations, grabFile, letGoOfFile, OpenFile } from './file.ts';
import { type Inode, S_APPEND } from './inode.ts';
import { notify } from './inotify.ts';
import type { Kernel } from './kernel.ts';
import { type Mount, wantWrite } from './mount.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, LOOKUP_OPEN, Nameidata } from './namei.ts';
import { checkPermission, isOwnerOrCapable, MAY_READ, MAY_WRITE, prepareMode } from './permission.ts';
import { fifoOperations, pathOperations } from './pipe.ts';
import { doTruncate } from './setattr.ts';

/** Opens what `path` names, making it with O_CREAT. The answer is not yet in the descriptor table. */
export function openPath(task: TaskContext, dirfd: number, path: string, flags: number, mode: number): OpenFile {
  checkFlags(flags);
  if ((flags & O_PATH) !== 0) return openAsPath(task, dirfd, path, flags);
  if ((flags & O_TMPFILE) === O_TMPFILE) return openTmpfile(task, dirfd, path, flags | O_LARGEFILE, mode);
  const walk = new Nameidata(task);
  const refusal = walk.start(dirfd, path, 0);
  if (refusal !== undefined) raise(refusal);
  const created = walkOpen(task, walk, path, flags, mode);
  return openWalked(task, walk, (created ? flags & ~O_TRUNC : flags) | O_LARGEFILE, created);
}

/** @see build_open_flags() */
function checkFlags(flags: number): void {
  if ((flags & O_PATH) !== 0) return;
  const tmpfile = O_TMPFILE & ~O_DIRECTORY;
  if ((flags & tmpfile) !== 0) {
    if ((flags & O_TMPFILE) !== O_TMPFILE || (flags & O_CREAT) !== 0) raise('EINVAL');
    if ((flags & O_ACCMODE) === 0) raise('EINVAL');
  }
  if ((flags & (O_DIRECTORY | O_CREAT)) === (O_DIRECTORY | O_CREAT)) raise('EINVAL');
}

function openAsPath(task: TaskContext, dirfd: number, path: string, flags: number): OpenFile {
  const walk = new Nameidata(task);
  const follow = (flags & O_NOFOLLOW) === 0 ? LOOKUP_FOLLOW : 0;
  const directory = (flags & O_DIRECTORY) !== 0 ? LOOKUP_DIRECTORY : 0;
  const refusal = walk.start(dirfd, path, 0) ?? walk.walk(path, follow | directory);
  if (refusal !== undefined) raise(refusal);
  const kept = flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW);
  return grabFile(new OpenFile(walk.mount, walk.dentry, walk.dentry.inode!, kept, task.credentials, pathOperations));
}

function openTmpfile(task: TaskContext, dirfd: number, path: string, flags: number, mode: number): OpenFile {
  const walk = new Nameidata(task);
  const follow = (flags & O_NOFOLLOW) === 0 ? LOOKUP_FOLLOW : 0;
  const refusal = walk.start(dirfd, path, 0) ?? walk.walk(path, follow | LOOKUP_DIRECTORY);
  if (refusal !== undefined) raise(refusal);
  wantWrite(walk.mount);
  const directory = walk.dentry;
  const bits = prepareMode(task.kernel, directory.inode!, mode, task.fs.umask);
  const inode = vfsTmpfile(task.kernel, directory, bits, (flags & O_EXCL) === 0);
  const dentry = new Dentry(directory.superblock, `#${inode.ino}`, directory, inode);
  return finishOpen(task.kernel, walk.mount, dentry, flags, task.credentials);
}

/** Walks to the object to open; true when it was made on the way. @see open_last_lookups() */
function walkOpen(task: TaskContext, walk: Nameidata, path: string, flags: number, mode: number): boolean {
  const creates = (flags & O_CREAT) !== 0;
  const follows = (flags & O_NOFOLLOW) === 0 && !(creates && (flags & O_EXCL) !== 0);
  let rest = path;
  for (;;) {
    const refusal = walk.walkParent(rest);
    if (refusal !== undefined) raise(refusal);
    if (walk.lastType === 'dotdot') walk.goUp();
    if (walk.lastType !== 'norm') {
      const invalid = walk.complete(LOOKUP_OPEN);
      return invalid === undefined ? false : raise(invalid);
    }
    if (creates && walk.trailingSlash) raise('EISDIR');
    const child = walk.lookupLast();
    if (child.inode === undefined) return createLast(task, walk, child, flags, mode);
    if (!isSymlink(child.inode.mode) || !(follows || walk.trailingSlash)) {
      walk.stepTo(child);
      if (walk.trailingSlash && !isDirectory(walk.dentry.inode!.mode)) raise('ENOTDIR');
      return false;
    }
    const target = walk.readTarget(child);
    if (target.error !== undefined) raise(target.error);
    rest = walk.trailingSlash ? `${target.path}/` : target.path;
  }
}

/** @see lookup_open() */
function createLast(task: TaskContext, walk: Nameidata, dentry: Dentry, flags: number, mode: number): boolean {
  if ((flags & O_CREAT) === 0) raise('ENOENT');
  if (walk.mount.readOnly) raise('EROFS');
  vfsCreate(task.kernel, walk.dentry, dentry, prepareMode(task.kernel, walk.dentry.inode!, mode, task.fs.umask));
  walk.dentry = dentry;
  return true;
}

/** Checks what an existing object may be opened for. @see do_open(), may_open() */
function openWalked(task: TaskContext, walk: Nameidata, flags: number, created: boolean): OpenFile {
  const { kernel } = task;
  const { mount, dentry } = walk;
  const inode = dentry.inode!;
  const { mode } = inode;
  if (!created) {
    if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) raise('EEXIST');
    if ((flags & O_CREAT) !== 0 && isDirectory(mode)) raise('EISDIR');
    if ((flags & O_CREAT) !== 0) checkProtectedCreate(task, walk.dentry.parent, inode);
    if ((flags & O_DIRECTORY) !== 0 && !isDirectory(mode)) raise('ENOTDIR');
  }
  const truncates = (flags & O_TRUNC) !== 0 && isRegular(mode);
  const writes = (flags & O_ACCMODE) !== 0 || (flags & O_TRUNC) !== 0;
  if (truncates) wantWrite(mount);
  if (!created) checkMayOpen(kernel, mount, inode, flags, writes);
  const file = finishOpen(kernel, mount, dentry, flags, task.credentials);
  if (truncates) truncateOpened(kernel, file);
  return file;
}

function truncateOpened(kernel: Kernel, file: OpenFile): void {
  try {
    doTruncate(kernel, file.dentry, 0, true);
  } catch (error) {
    closeFile(file);
    throw error;
  }
}

function checkMayOpen(kernel: Kernel, mount: Mount, inode: Inode, flags: number, writes: boolean): void {
  const { mode } = inode;
  if (isSymlink(mode)) raise('ELOOP');
  if (isDirectory(mode) && writes) raise('EISDIR');
  if ((isCharacterDevice(mode) || isBlockDevice(mode)) && isDeviceRefused(mount)) raise('EACCES');
  const access = flags & O_ACCMODE;
  let mask = access === O_WRONLY ? MAY_WRITE : access === 0 ? MAY_READ : MAY_READ | MAY_WRITE;
  if ((flags & O_TRUNC) !== 0) mask |= MAY_WRITE;
  checkPermission(kernel, inode, mask);
  if ((inode.flags & S_APPEND) !== 0) {
    if (access !== 0 && (flags & O_APPEND) === 0) raise('EPERM');
    if ((flags & O_TRUNC) !== 0) raise('EPERM');
  }
  if ((flags & O_NOATIME) !== 0 && !isOwnerOrCapable(kernel, inode)) raise('EPERM');
  if (access !== 0 && isRegular(mode)) wantWrite(mount);
}

/** Devices may not be opened there: the mount says so, or whoever mounted is no root of the machine. @see may_open_dev() */
const isDeviceRefused = ({ flags, superblock }: Mount): boolean =>
  (flags & MS_NODEV) !== 0 || superblock.userNamespace !== undefined;

/** O_CREAT of somebody else's file in a sticky directory. @see may_create_in_sticky() */
function checkProtectedCreate(task: TaskContext, directory: Dentry, inode: Inode): void {
  const parent = directory.inode!;
  if ((parent.mode & S_ISVTX) === 0) return;
  const { protectedRegular, protectedFifos } = task.kernel.profile;
  if ((isRegular(inode.mode) && protectedRegular === 0) || (isFifo(inode.mode) && protectedFifos === 0)) return;
  if (inode.uid === parent.uid || inode.uid === task.credentials.fsuid) return;
  if ((parent.mode & 0o002) !== 0) raise('EACCES');
  const level = isFifo(inode.mode) ? protectedFifos : isRegular(inode.mode) ? protectedRegular : 0;
  if ((parent.mode & 0o020) !== 0 && level >= 2) raise('EACCES');
}

function operationsOf(kernel: Kernel, inode: Inode): FileOperations {
  if (isFifo(inode.mode)) return fifoOperations;
  if (isSocket(inode.mode)) raise('ENXIO');
  if (isCharacterDevice(inode.mode) || isBlockDevice(inode.mode)) return openDevice(kernel, inode);
  return inode.fileOperations;
}

/** Opens an object that the caller may open. @see do_dentry_open() */
function finishOpen(kernel: Kernel, mount: Mount, dentry: Dentry, flags: number, credentials: Credentials): OpenFile {
  const inode = dentry.inode!;
  const kept = flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY);
  const file = new OpenFile(mount, dentry, inode, flags, credentials, operationsOf(kernel, inode));
  grabFile(file);
  try {
    file.ops.open(file);
    file.flags = kept;
    if ((flags & O_DIRECT) !== 0 && !isRegular(inode.mode)) raise('EINVAL');
  } catch (error) {
    letGoOfFile(file);
    throw error;
  }
  if (kernel.watches > 0) notify(kernel, inode, IN_OPEN, undefined, isDirectory(inode.mode), 0, dentry);
  return file;
}

/** Opens an object of a layer for the union above it: no permission is asked. @see backing_file_open(), dentry_open() */
export function openReal(mount: Mount, dentry: Dentry, flags: number, credentials: Credentials): OpenFile {
  const inode = dentry.inode!;
  const file = new OpenFile(mount, dentry, inode, flags, credentials, inode.fileOperations);
  grabFile(file);
  try {
    file.ops.open(file);
  } catch (error) {
    letGoOfFile(file);
    throw error;
  }
  return file;
}

/** Gives up one use of an open file; the last one releases it. @see fput() */
export function closeFile(file: OpenFile): void {
  file.references--;
  if (file.references > 0) return;
  const { kernel } = file.inode.superblock;
  if (kernel.watches > 0 && (file.flags & O_PATH) === 0) {
    const mask = file.writable ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE;
    notify(kernel, file.inode, mask, undefined, isDirectory(file.inode.mode), 0, file.dentry);
  }
  file.ops.release(file);
  letGoOfFile(file);
}
