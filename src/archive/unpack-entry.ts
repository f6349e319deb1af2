/** Makes one object of a layer: what moby's `createTarFile` does, step for step. @see moby pkg/archive/archive.go */
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_CREAT, O_RDONLY, O_WRONLY } from '../abi/flags.ts';
import { isDirectory, isSymlink, makedev, S_IALLUGO, S_IFBLK, S_IFCHR, S_IFIFO } from '../abi/mode.ts';
import { ErrnoException } from '../abi/errno.ts';
import { directoryName } from '../abi/name-bytes.ts';
import { compareTimespec, nanosecondsOf, type Stat, type Timespec, timespecOf } from '../abi/stat.ts';
import type { Task } from '../kernel/task.ts';
import { listPaths } from './list-names.ts';
import { layerPath } from './layer-entry.ts';
import { refuseType } from './refusal.ts';
import {
  BLKTYPE,
  CHRTYPE,
  DIRTYPE,
  FIFOTYPE,
  LNKTYPE,
  REGTYPE,
  SYMTYPE,
  type TarHeader,
  XGLTYPE,
} from './tar-entry.ts';

const EPOCH: Timespec = Object.freeze({ sec: 0, nsec: 0 });
/** The last moment that Go's `os.Chtimes` can hold in nanoseconds. */
const LAST: Timespec = Object.freeze({ sec: 9223372036, nsec: 854775807 });

/** Why a path leads nowhere, beside ENOENT and ENOTDIR; what else goes wrong is no answer. */
const unreachable: ReadonlySet<string> = new Set(['ELOOP', 'ENAMETOOLONG', 'EACCES']);

/** What stands at the path, symlinks not followed; `undefined` where it leads nowhere, which the next call will tell. */
export const lstatIfReachable = (task: Task, path: string): Stat | undefined =>
  statIfReachable(task, path, AT_SYMLINK_NOFOLLOW);

/** What the path leads to; `undefined` where it leads nowhere. */
export function statIfReachable(task: Task, path: string, flags = 0): Stat | undefined {
  try {
    return task.statIfPresent(path, flags);
  } catch (error) {
    if (error instanceof ErrnoException && unreachable.has(error.code)) return undefined;
    throw error;
  }
}

/** Removes whatever stands at the path, and nothing when nothing does. @throws ErrnoException as Go's `os.RemoveAll` */
export function removeAll(task: Task, path: string): void {
  const stat = lstatIfReachable(task, path);
  if (stat === undefined || !isDirectory(stat.mode)) {
    unlinkIfThere(task, path);
    return;
  }
  for (const below of listPaths(task, path)) removeAll(task, below);
  task.rmdir(path);
}

/** Where the name cannot go, Go looks at what it lies in: a socket in the place of the directory refuses that already. */
function unlinkIfThere(task: Task, path: string): void {
  try {
    task.unlink(path);
  } catch (error) {
    if (!(error instanceof ErrnoException)) throw error;
    if (error.code === 'ENOENT') return;
    task.close(task.open(directoryName(path), O_RDONLY));
    throw error;
  }
}

/** Whether there is nothing at the path, and nothing else in the way: Go's `os.IsNotExist` of lstat(2). */
export function isMissing(task: Task, path: string): boolean {
  try {
    if (task.statIfPresent(path, AT_SYMLINK_NOFOLLOW) === undefined) task.lstat(path);
    return false;
  } catch (error) {
    if (!(error instanceof ErrnoException)) throw error;
    if (error.code === 'ENOENT') return true;
    if (error.code === 'ENOTDIR' || unreachable.has(error.code)) return false;
    throw error;
  }
}

/**
 * Makes the object at `path`, where nothing stands but, for a directory, a directory.
 *
 * @returns the descriptor that takes the body of a regular file
 */
export function createObject(task: Task, path: string, header: TarHeader): number | undefined {
  refuseType(header);
  const mode = header.mode & S_IALLUGO;
  const device = makedev(header.devmajor, header.devminor);
  if (header.type === REGTYPE) return task.open(path, O_CREAT | O_WRONLY, mode);
  if (header.type === DIRTYPE) {
    if (lstatIfReachable(task, path) === undefined) task.mkdir(path, mode);
  } else if (header.type === LNKTYPE) task.link(`/${layerPath(header.linkname)}`, path);
  else if (header.type === SYMTYPE) task.symlink(header.linkname, path);
  else if (header.type === CHRTYPE) task.mknod(path, S_IFCHR | mode, device);
  else if (header.type === BLKTYPE) task.mknod(path, S_IFBLK | mode, device);
  else if (header.type === FIFOTYPE) task.mknod(path, S_IFIFO | mode, 0);
  return undefined;
}

/** Gives the object its owner, attributes, mode and times, once its body is there. */
export function setAttributes(task: Task, path: string, header: TarHeader): void {
  if (header.type === XGLTYPE) return;
  task.lchown(path, header.uid, header.gid);
  for (const [name, value] of header.xattrs) setAttribute(task, path, name, value);
  const followed = header.type === LNKTYPE ? leadsToFile(task, header.linkname) : header.type !== SYMTYPE;
  if (followed) task.chmod(path, header.mode & S_IALLUGO);
  const atime = header.atime === undefined ? header.mtime : later(header.atime, header.mtime);
  if (followed) setTimes(task, path, atime, header.mtime);
  else if (header.type === SYMTYPE) {
    task.utimensat(AT_FDCWD, path, wrapped(atime), wrapped(header.mtime), AT_SYMLINK_NOFOLLOW);
  }
}

/** By the link's own text, from the layer's root: a hard link to a symlink keeps what the symlink has. */
function leadsToFile(task: Task, linkname: string): boolean {
  const stat = lstatIfReachable(task, linkname);
  return stat !== undefined && !isSymlink(stat.mode);
}

/** Writes all of the bytes, however many the system takes at once. */
export function writeAll(task: Task, fd: number, bytes: Uint8Array): void {
  let written = task.write(fd, bytes);
  while (written < bytes.length) written += task.write(fd, bytes.subarray(written));
}

/** Docker passes over attributes that the filesystem or the caller's rights do not allow. */
function setAttribute(task: Task, path: string, name: string, value: Uint8Array): void {
  try {
    task.lsetxattr(path, name, value);
  } catch (error) {
    if (!(error instanceof ErrnoException) || (error.code !== 'EOPNOTSUPP' && error.code !== 'EPERM')) throw error;
  }
}

/** The times of symlinks go through a number of nanoseconds in 64 bits, which wraps. @see moby pkg/archive/time_linux.go */
const wrapped = (time: Timespec): Timespec => timespecOf(BigInt.asIntN(64, nanosecondsOf(time)));

const later = (a: Timespec, b: Timespec): Timespec => (compareTimespec(a, b) < 0 ? b : a);

/** Times before 1970 or beyond Go's range become 1970, but for those of symlinks. @see moby pkg/system/chtimes.go */
export function setTimes(task: Task, path: string, atime: Timespec, mtime: Timespec): void {
  const clamped = (time: Timespec): Timespec => (time.sec < 0 || compareTimespec(time, LAST) > 0 ? EPOCH : time);
  task.utimensat(AT_FDCWD, path, clamped(atime), clamped(mtime));
}

/** The times of a directory once nothing more comes into it; one that the archive gives no access time has 1970. */
export function setDirectoryTimes(task: Task, path: string, header: TarHeader): void {
  setTimes(task, path, header.atime ?? EPOCH, header.mtime);
}
