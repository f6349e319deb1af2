/** Makes one object of a layer: what moby's `createTarFile` does, step for step. @see moby pkg/archive/archive.go */
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_CREAT, O_EXCL, O_WRONLY } from '../abi/flags.ts';
import { isDirectory, isSymlink, makedev, S_IALLUGO, S_IFBLK, S_IFCHR, S_IFIFO } from '../abi/mode.ts';
import { ErrnoException } from '../abi/errno.ts';
import { compareTimespec, type Timespec } from '../abi/stat.ts';
import type { Task } from '../kernel/task.ts';
import { listNames } from './diff.ts';
import { layerPath } from './layer-entry.ts';
import {
  BLKTYPE,
  CHRTYPE,
  DIRTYPE,
  FIFOTYPE,
  LNKTYPE,
  REGTYPE,
  SYMTYPE,
  type TarEntry,
  type TarHeader,
} from './tar-entry.ts';

const EPOCH: Timespec = Object.freeze({ sec: 0, nsec: 0 });
/** The last second that Go's `os.Chtimes` can hold in nanoseconds. */
const LAST_SECOND = 9223372036;

/** Removes whatever stands at the path, and nothing when nothing does. */
export function removeAll(task: Task, path: string): void {
  const stat = task.statIfPresent(path, AT_SYMLINK_NOFOLLOW);
  if (stat === undefined) return;
  if (!isDirectory(stat.mode)) {
    task.unlink(path);
    return;
  }
  for (const name of listNames(task, path)) removeAll(task, `${path}/${name}`);
  task.rmdir(path);
}

/** Makes the object at `path`, where nothing stands but, for a directory, a directory. */
export function unpackEntry(task: Task, path: string, { header, body }: TarEntry): void {
  createObject(task, path, header, body);
  task.lchown(path, header.uid, header.gid);
  for (const [name, value] of header.xattrs) setAttribute(task, path, name, value);
  const followed = header.type === LNKTYPE ? !isSymlink(task.lstat(path).mode) : header.type !== SYMTYPE;
  if (followed) task.chmod(path, header.mode & S_IALLUGO);
  const atime = header.atime === undefined ? header.mtime : later(header.atime, header.mtime);
  if (followed) setTimes(task, path, atime, header.mtime);
  else if (header.type === SYMTYPE) task.utimensat(AT_FDCWD, path, atime, header.mtime, AT_SYMLINK_NOFOLLOW);
}

function createObject(task: Task, path: string, header: TarHeader, body: Iterable<Uint8Array>): void {
  const mode = header.mode & S_IALLUGO;
  const device = makedev(header.devmajor, header.devminor);
  if (header.type === DIRTYPE) {
    if (task.statIfPresent(path, AT_SYMLINK_NOFOLLOW) === undefined) task.mkdir(path, mode);
  } else if (header.type === REGTYPE) writeFile(task, path, mode, body);
  else if (header.type === LNKTYPE) task.link(`/${layerPath(header.linkname) ?? ''}`, path);
  else if (header.type === SYMTYPE) task.symlink(header.linkname, path);
  else if (header.type === CHRTYPE) task.mknod(path, S_IFCHR | mode, device);
  else if (header.type === BLKTYPE) task.mknod(path, S_IFBLK | mode, device);
  else if (header.type === FIFOTYPE) task.mknod(path, S_IFIFO | mode, 0);
}

function writeFile(task: Task, path: string, mode: number, body: Iterable<Uint8Array>): void {
  const fd = task.open(path, O_CREAT | O_EXCL | O_WRONLY, mode);
  try {
    for (const chunk of body) {
      for (let at = 0; at < chunk.length; ) at += task.write(fd, chunk.subarray(at));
    }
  } finally {
    task.close(fd);
  }
}

/** Docker passes over attributes that the filesystem or the caller's rights do not allow. */
function setAttribute(task: Task, path: string, name: string, value: Uint8Array): void {
  try {
    task.lsetxattr(path, name, value);
  } catch (error) {
    if (!(error instanceof ErrnoException) || (error.code !== 'EOPNOTSUPP' && error.code !== 'EPERM')) throw error;
  }
}

const later = (a: Timespec, b: Timespec): Timespec => (compareTimespec(a, b) < 0 ? b : a);

/** Times before 1970 or beyond Go's range become 1970, but for those of symlinks. @see moby pkg/system/chtimes.go */
export function setTimes(task: Task, path: string, atime: Timespec, mtime: Timespec): void {
  const clamped = (time: Timespec): Timespec => (time.sec < 0 || time.sec > LAST_SECOND ? EPOCH : time);
  task.utimensat(AT_FDCWD, path, clamped(atime), clamped(mtime));
}

/** The times of a directory once nothing more comes into it; one that the archive gives no access time has 1970. */
export function setDirectoryTimes(task: Task, path: string, header: TarHeader): void {
  const stat = task.statIfPresent(path, AT_SYMLINK_NOFOLLOW);
  if (stat !== undefined && isDirectory(stat.mode)) setTimes(task, path, header.atime ?? EPOCH, header.mtime);
}
