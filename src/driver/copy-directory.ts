/**
 * Copies a tree into a directory of the same machine: what drivers without layers of their own make a child layer with.
 *
 * @see moby daemon/graphdriver/copy/copy.go (DirCopy)
 */
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  FICLONE,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
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
  S_IALLUGO,
  S_IFIFO,
} from '../abi/mode.ts';
import type { Stat } from '../abi/stat.ts';
import { OVERLAY_XATTR_PREFIX, XATTR_SECURITY_CAPABILITY } from '../abi/xattr.ts';
import { listNames } from '../archive/list-names.ts';
import { setTimes } from '../archive/unpack-entry.ts';
import type { Task } from '../kernel/task.ts';
import { runningInUserNamespace } from './user-namespace.ts';
import { isErrno, passing } from './refusal.ts';

/** How a tree is copied. */
export interface CopyDirectoryOptions {
  /**
   * `'content'`: each file is a new one; files of several names stay files of several names. `'hard-link'`: each regular
   * file gets one more name, everything else is made anew.
   */
  readonly mode: 'content' | 'hard-link';
  /** Whether overlayfs's mark of an opaque directory goes along; a tree that is no upper layer has no use for it. */
  readonly opaque: boolean;
}

/**
 * Copies what the directory `source` holds, and its attributes, into the directory `target`, which may be there already.
 *
 * Owners, modes and times go along, file capabilities, and overlayfs's whiteouts as the devices that they are; other
 * extended attributes stay behind. Directories get their times when nothing more comes into them; a file's time before
 * 1970 or after 2262 becomes 1970. Two things are as in Docker 20.10: a socket is asked for as something between a
 * socket and a fifo, which the kernel refuses (EINVAL), and in a user namespace devices are left out.
 *
 * @throws ErrnoException of the first call that was refused; what was copied until then stays
 */
export function copyDirectory(task: Task, source: string, target: string, options: CopyDirectoryOptions): void {
  new DirectoryCopy(task, options).copy(source, target);
}

class DirectoryCopy {
  readonly #task: Task;
  readonly #options: CopyDirectoryOptions;
  /** Where each file that was copied went, by its inode. */
  readonly #copied = new Map<string, string>();
  readonly #directories: { readonly path: string; readonly stat: Stat }[] = [];
  /** What the filesystem can do, until it says otherwise. */
  #clones = true;
  #copiesRanges = true;
  #makesDevices: boolean | undefined;

  constructor(task: Task, options: CopyDirectoryOptions) {
    this.#task = task;
    this.#options = options;
  }

  copy(source: string, target: string): void {
    this.#walk(source, target);
    for (const { path, stat } of this.#directories.reverse()) {
      this.#task.utimensat(AT_FDCWD, path, stat.atime, stat.mtime, AT_SYMLINK_NOFOLLOW);
    }
  }

  #walk(source: string, target: string): void {
    const stat = this.#task.lstat(source);
    if (this.#make(source, target, stat)) this.#setAttributes(source, target, stat);
    if (!isDirectory(stat.mode)) return;
    for (const name of listNames(this.#task, source)) this.#walk(`${source}/${name}`, `${target}/${name}`);
  }

  /** Answers whether a new inode stands at `target`, which has no attributes yet. */
  #make(source: string, target: string, stat: Stat): boolean {
    const task = this.#task;
    if (isRegular(stat.mode)) return this.#makeFile(source, target, stat);
    if (isDirectory(stat.mode)) this.#makeDirectory(target, stat.mode);
    else if (isSymlink(stat.mode)) task.symlink(task.readlink(source), target);
    else if (isFifo(stat.mode) || isSocket(stat.mode)) task.mknod(target, stat.mode | S_IFIFO, 0);
    else if (isBlockDevice(stat.mode) || isCharacterDevice(stat.mode)) return this.#makeDevice(target, stat);
    return true;
  }

  #makeFile(source: string, target: string, stat: Stat): boolean {
    if (this.#options.mode === 'hard-link') {
      this.#task.link(source, target);
      return false;
    }
    const inode = `${stat.dev}:${stat.ino64 ?? stat.ino}`;
    const first = this.#copied.get(inode);
    if (first !== undefined) this.#task.link(first, target);
    else {
      this.#copyData(source, target, stat);
      this.#copied.set(inode, target);
    }
    return true;
  }

  #makeDirectory(target: string, mode: number): void {
    passing(['EEXIST'], () => this.#task.mkdir(target, mode & S_IALLUGO));
  }

  #makeDevice(target: string, stat: Stat): boolean {
    this.#makesDevices ??= !runningInUserNamespace(this.#task);
    if (this.#makesDevices) this.#task.mknod(target, stat.mode, stat.rdev);
    return this.#makesDevices;
  }

  #copyData(source: string, target: string, stat: Stat): void {
    const from = this.#task.open(source, O_RDONLY | O_CLOEXEC);
    try {
      const to = this.#task.open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, stat.mode & S_IALLUGO);
      try {
        if (!this.#clone(from, to) && !this.#copyRanges(from, to, stat.size)) this.#copyBytes(from, to);
      } finally {
        this.#task.close(to);
      }
    } finally {
      this.#task.close(from);
    }
  }

  #clone(from: number, to: number): boolean {
    if (!this.#clones) return false;
    try {
      this.#task.ioctl(to, FICLONE, from);
      return true;
    } catch (error) {
      if (!isErrno(error)) throw error;
      this.#clones = false;
      if (error.code === 'EXDEV') this.#copiesRanges = false;
      return false;
    }
  }

  /** Copies inside the kernel; a file that became shorter meanwhile ends earlier. */
  #copyRanges(from: number, to: number, size: number): boolean {
    if (!this.#copiesRanges) return false;
    try {
      for (let left = size; left > 0; ) {
        const done = this.#task.copyFileRange(from, undefined, to, undefined, left);
        if (done === 0) break;
        left -= done;
      }
      return true;
    } catch (error) {
      if (!isErrno(error, 'EXDEV', 'ENOSYS')) throw error;
      this.#copiesRanges = false;
      return false;
    }
  }

  #copyBytes(from: number, to: number): void {
    const buffer = new Uint8Array(READ_SIZE);
    for (let length = this.#task.read(from, buffer); length > 0; length = this.#task.read(from, buffer)) {
      for (let at = 0; at < length; ) at += this.#task.write(to, buffer.subarray(at, length));
    }
  }

  /** The mode comes after the owner, whose change takes set-id bits and capabilities away. */
  #setAttributes(source: string, target: string, stat: Stat): void {
    const task = this.#task;
    task.lchown(target, stat.uid, stat.gid);
    this.#copyAttribute(source, target, XATTR_SECURITY_CAPABILITY);
    if (this.#options.opaque) this.#copyAttribute(source, target, `${OVERLAY_XATTR_PREFIX}opaque`);
    if (isSymlink(stat.mode)) {
      task.utimensat(AT_FDCWD, target, stat.atime, stat.mtime, AT_SYMLINK_NOFOLLOW);
      return;
    }
    task.chmod(target, stat.mode & S_IALLUGO);
    if (isDirectory(stat.mode)) this.#directories.push({ path: target, stat });
    else setTimes(task, target, stat.atime, stat.mtime);
  }

  #copyAttribute(source: string, target: string, name: string): void {
    let value: Uint8Array;
    try {
      value = this.#task.lgetxattr(source, name);
    } catch (error) {
      if (!isErrno(error, 'ENODATA', 'EOPNOTSUPP')) throw error;
      return;
    }
    this.#task.lsetxattr(target, name, value);
  }
}

/** How much is read at once where the kernel cannot copy by itself. */
const READ_SIZE = 32 * 1024;
