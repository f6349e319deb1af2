/**
 * The door: a task with its system calls. Each call makes the task current, tells the trace, and completes what the
 * kernel raised to an error in Node's shape; nothing else happens here.
 */
import { Errno, ErrnoException, raise } from '../abi/errno.ts';
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  IN_ONLYDIR,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
} from '../abi/flags.ts';
import type { Dirent, Stat, StatFS, Timespec } from '../abi/stat.ts';
import {
  accessAt,
  chmodAt,
  chmodPath,
  chownAt,
  chownPath,
  isOmitted,
  statAt,
  statfsOf,
  statIfPresentAt,
  truncatePath,
  utimesAt,
  utimesPath,
} from './attribute-calls.ts';
import { DescriptorTable, FileSystemContext, type TaskContext } from './context.ts';
import type { Credentials } from './credentials.ts';
import type { Dentry } from './dentry.ts';
import type { OpenFile } from './file.ts';
import { dropFlock, flockFile } from './flock.ts';
import type { Fork } from './fork.ts';
import {
  chrootCall,
  clearCapabilities,
  setFsgid,
  setFsuid,
  setGroups,
  setResgid,
  setResuid,
  unshareCall,
} from './identity-calls.ts';
import { isDirectory, isRegular } from '../abi/mode.ts';
import { inotifyOf, inotifyOpen } from './inotify-file.ts';
import type { InotifyEvent } from './inotify.ts';
import type { Kernel } from './kernel.ts';
import { MappedRegion } from './mmap.ts';
import { mountCall, pivotRootCall, umountCall } from './mount-calls.ts';
import type { MountNamespace, Path } from './mount.ts';
import { linkAt, mkdirAt, mknodAt, readlinkAt, renameAt, rmdirAt, symlinkAt, unlinkAt } from './name-calls.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, pathFrom, resolvePath } from './namei.ts';
import { closeFile, openPath } from './open.ts';
import { checkPermission, MAY_EXEC } from './permission.ts';
import type { ProgramTable } from './program.ts';
import { allocateRange, readAt, writeAt } from './read-write.ts';
import { copyRange, seekFile, setFlags } from './read-write-calls.ts';
import { readDirectory } from './readdir.ts';
import { doTruncate } from './setattr.ts';
import type { Task } from './task.ts';
import {
  checkXattrArguments,
  checkXattrName,
  vfsGetxattr,
  vfsListxattr,
  vfsRemovexattr,
  vfsSetxattr,
} from './xattr.ts';
import { wantWrite } from './mount.ts';

export interface TaskParts {
  readonly kernel: Kernel;
  readonly programs: ProgramTable;
  readonly credentials: Credentials;
  readonly fs: FileSystemContext;
  readonly files: DescriptorTable;
  readonly namespace: MountNamespace;
}

export class SystemCalls implements Task, TaskContext {
  readonly kernel: Kernel;
  readonly pid: number;
  readonly programs: ProgramTable;
  credentials: Credentials;
  fs: FileSystemContext;
  files: DescriptorTable;
  namespace: MountNamespace;

  constructor(parts: TaskParts, pid = parts.kernel.nextPid()) {
    this.kernel = parts.kernel;
    this.pid = pid;
    this.programs = parts.programs;
    this.credentials = parts.credentials;
    this.fs = parts.fs;
    this.files = parts.files;
    this.namespace = parts.namespace;
    this.kernel.tasks.add(this);
  }

  /** The counterpart of this task in a forked machine. */
  fork(fork: Fork, programs: ProgramTable): SystemCalls {
    const parts = {
      kernel: fork.kernel,
      programs,
      credentials: this.credentials,
      fs: this.fs.fork(fork),
      files: this.files.fork(fork),
      namespace: fork.namespace(this.namespace),
    };
    return new SystemCalls(parts, this.pid);
  }

  /** A call begins. */
  #enter(call: string, path?: string, dest?: string): void {
    const { kernel } = this;
    kernel.current = this;
    kernel.credentials = this.credentials;
    kernel.clock.tick();
    if (kernel.trace.active) kernel.trace.emit({ kind: 'syscall', pid: this.pid, call, path, dest });
  }

  /** A call was refused: what its caller gets to see. */
  #refuse(error: unknown, call: string, path?: string, dest?: string): unknown {
    if (!(error instanceof Errno)) return error;
    if (this.kernel.trace.active) this.kernel.trace.emit({ kind: 'return', pid: this.pid, call, error: error.code });
    return new ErrnoException(error.code, call, path, dest);
  }

  #call<T>(call: string, path: string | undefined, dest: string | undefined, serve: () => T): T {
    try {
      this.#enter(call, path, dest);
      const answer = serve();
      if (this.kernel.trace.active) this.kernel.trace.emit({ kind: 'return', pid: this.pid, call });
      return answer;
    } catch (error) {
      throw this.#refuse(error, call, path, dest);
    }
  }

  open(path: string, flags: number, mode = 0o666): number {
    return this.openat(AT_FDCWD, path, flags, mode);
  }

  openat(dirfd: number, path: string, flags: number, mode = 0o666): number {
    return this.#call('open', path, undefined, () => {
      const file = openPath(this, dirfd, path, flags, mode);
      try {
        return this.files.install(file);
      } catch (error) {
        closeFile(file);
        throw error;
      }
    });
  }

  close(fd: number): void {
    this.#call('close', undefined, undefined, () => this.#closeFile(this.files.remove(fd)));
  }

  #closeFile(file: OpenFile): void {
    file.ops.flush?.(file);
    if (file.references === 1) dropFlock(file);
    closeFile(file);
  }

  dup(fd: number): number {
    return this.#call('dup', undefined, undefined, () => {
      const file = this.files.get(fd);
      const made = this.files.install(file);
      file.references++;
      return made;
    });
  }

  dup2(fd: number, newfd: number): number {
    return this.#call('dup2', undefined, undefined, () => {
      const file = this.files.get(fd);
      if (newfd < 0 || newfd >= this.files.limit) raise('EBADF');
      if (fd === newfd) return fd;
      file.references++;
      const before = this.files.replace(newfd, file);
      if (before !== undefined) this.#closeFile(before);
      return newfd;
    });
  }

  getfl(fd: number): number {
    return this.#call('fcntl', undefined, undefined, () => this.files.get(fd).flags);
  }

  setfl(fd: number, flags: number): void {
    this.#call('fcntl', undefined, undefined, () => setFlags(this.kernel, this.files.getUsable(fd), flags));
  }

  read(fd: number, into: Uint8Array): number {
    return this.#call('read', undefined, undefined, () => {
      const file = this.files.getUsable(fd);
      const done = readAt(this.kernel, file, into, file.position);
      file.position += done;
      return done;
    });
  }

  pread(fd: number, into: Uint8Array, offset: number): number {
    return this.#call('read', undefined, undefined, () => {
      if (offset < 0) raise('EINVAL');
      const file = this.files.getUsable(fd);
      checkSeekable(file);
      return readAt(this.kernel, file, into, offset);
    });
  }

  write(fd: number, bytes: Uint8Array): number {
    return this.#call('write', undefined, undefined, () => {
      const file = this.files.getUsable(fd);
      const { done, end } = writeAt(this.kernel, file, bytes, file.position);
      file.position = end;
      return done;
    });
  }

  pwrite(fd: number, bytes: Uint8Array, offset: number): number {
    return this.#call('write', undefined, undefined, () => {
      if (offset < 0) raise('EINVAL');
      const file = this.files.getUsable(fd);
      checkSeekable(file);
      return writeAt(this.kernel, file, bytes, offset).done;
    });
  }

  lseek(fd: number, offset: number, whence: number): number {
    return this.#call('lseek', undefined, undefined, () => seekFile(this.files.getUsable(fd), offset, whence));
  }

  truncate(path: string, size: number): void {
    this.#call('truncate', path, undefined, () => truncatePath(this, path, size));
  }

  ftruncate(fd: number, size: number): void {
    this.#call('ftruncate', undefined, undefined, () => {
      if (size < 0) raise('EINVAL');
      const file = this.files.getUsable(fd);
      if (!isRegular(file.inode.mode) || !file.writable) raise('EINVAL');
      if ((file.inode.flags & 4) !== 0) raise('EPERM');
      if (size > file.inode.superblock.maxBytes) raise('EFBIG');
      doTruncate(this.kernel, file.dentry, size, true);
    });
  }

  fallocate(fd: number, mode: number, offset: number, length: number): void {
    this.#call('fallocate', undefined, undefined, () =>
      allocateRange(this.kernel, this.files.getUsable(fd), mode, offset, length),
    );
  }

  #flush(call: string, fd: number, dataOnly: boolean): void {
    this.#call(call, undefined, undefined, () => {
      const file = this.files.getUsable(fd);
      const { superblock, ino } = file.inode;
      const { trace } = this.kernel;
      if (trace.active) trace.emit({ kind: 'flush', filesystem: superblock.type.name, dev: superblock.dev, ino });
      file.ops.fsync(file, dataOnly);
    });
  }

  fsync(fd: number): void {
    this.#flush('fsync', fd, false);
  }

  fdatasync(fd: number): void {
    this.#flush('fdatasync', fd, true);
  }

  sync(): void {
    this.#call('sync', undefined, undefined, () => {
      for (const superblock of this.kernel.superblocks) superblock.sync();
    });
  }

  syncfs(fd: number): void {
    this.#call('syncfs', undefined, undefined, () => this.files.getUsable(fd).inode.superblock.sync());
  }

  copyFileRange(
    fdIn: number,
    offsetIn: number | undefined,
    fdOut: number,
    offsetOut: number | undefined,
    length: number,
  ): number {
    return this.#call('copy_file_range', undefined, undefined, () =>
      copyRange(this.kernel, this.files.getUsable(fdIn), offsetIn, this.files.getUsable(fdOut), offsetOut, length),
    );
  }

  flock(fd: number, operation: number): void {
    this.#call('flock', undefined, undefined, () => flockFile(this.files.getUsable(fd), operation));
  }

  mmap(fd: number, offset: number, length: number, protection: number, flags: number): MappedRegion {
    return this.#call('mmap', undefined, undefined, () => {
      const file = this.files.getUsable(fd);
      const shared = (flags & MAP_SHARED) !== 0;
      if (length <= 0 || offset % 4096 !== 0 || shared === ((flags & MAP_PRIVATE) !== 0)) raise('EINVAL');
      const writable = (protection & PROT_WRITE) !== 0;
      if ((protection & (PROT_READ | PROT_WRITE)) !== 0 && !file.readable) raise('EACCES');
      if (shared && writable && !file.writable) raise('EACCES');
      const mapping = file.ops.mmap(file);
      file.references++;
      return new MappedRegion(file, mapping, offset, length, writable, shared, closeFile);
    });
  }

  ioctl(fd: number, request: number, argument?: unknown): unknown {
    return this.#call('ioctl', undefined, undefined, () => {
      const file = this.files.getUsable(fd);
      return file.ops.ioctl(file, request, argument);
    });
  }

  stat(path: string): Stat {
    try {
      this.#enter('stat', path);
      return statAt(this, AT_FDCWD, path, 0);
    } catch (error) {
      throw this.#refuse(error, 'stat', path);
    }
  }

  lstat(path: string): Stat {
    try {
      this.#enter('lstat', path);
      return statAt(this, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW);
    } catch (error) {
      throw this.#refuse(error, 'lstat', path);
    }
  }

  fstat(fd: number): Stat {
    try {
      this.#enter('fstat');
      return this.files.get(fd).inode.getattr();
    } catch (error) {
      throw this.#refuse(error, 'fstat');
    }
  }

  fstatat(dirfd: number, path: string, flags: number): Stat {
    return this.#call('stat', path, undefined, () => statAt(this, dirfd, path, flags));
  }

  statIfPresent(path: string, flags = 0): Stat | undefined {
    try {
      this.#enter('stat', path);
      return statIfPresentAt(this, AT_FDCWD, path, flags);
    } catch (error) {
      throw this.#refuse(error, 'stat', path);
    }
  }

  statx(dirfd: number, path: string, flags: number): Stat {
    return this.#call('statx', path, undefined, () => statAt(this, dirfd, path, flags));
  }

  access(path: string, mode: number): void {
    this.#call('access', path, undefined, () => accessAt(this, AT_FDCWD, path, mode, 0));
  }

  faccessat(dirfd: number, path: string, mode: number, flags: number): void {
    this.#call('access', path, undefined, () => accessAt(this, dirfd, path, mode, flags));
  }

  chmod(path: string, mode: number): void {
    this.#call('chmod', path, undefined, () => chmodAt(this, AT_FDCWD, path, mode, 0));
  }

  fchmod(fd: number, mode: number): void {
    this.#call('fchmod', undefined, undefined, () => chmodPath(this, this.files.getUsable(fd), mode));
  }

  fchmodat(dirfd: number, path: string, mode: number, flags = 0): void {
    this.#call('chmod', path, undefined, () => chmodAt(this, dirfd, path, mode, flags));
  }

  chown(path: string, uid: number, gid: number): void {
    this.#call('chown', path, undefined, () => chownAt(this, AT_FDCWD, path, uid, gid, 0));
  }

  lchown(path: string, uid: number, gid: number): void {
    this.#call('lchown', path, undefined, () => chownAt(this, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW));
  }

  fchown(fd: number, uid: number, gid: number): void {
    this.#call('fchown', undefined, undefined, () => chownPath(this, this.files.getUsable(fd), uid, gid));
  }

  fchownat(dirfd: number, path: string, uid: number, gid: number, flags: number): void {
    this.#call('chown', path, undefined, () => chownAt(this, dirfd, path, uid, gid, flags));
  }

  utimensat(dirfd: number, path: string, atime?: Timespec, mtime?: Timespec, flags = 0): void {
    this.#call('utime', path, undefined, () => utimesAt(this, dirfd, path, atime, mtime, flags));
  }

  futimens(fd: number, atime?: Timespec, mtime?: Timespec): void {
    this.#call('futime', undefined, undefined, () => {
      if (!isOmitted(atime) || !isOmitted(mtime)) utimesPath(this, this.files.getUsable(fd), atime, mtime);
    });
  }

  statfs(path: string): StatFS {
    return this.#call('statfs', path, undefined, () => statfsOf(resolvePath(this, AT_FDCWD, path, LOOKUP_FOLLOW)));
  }

  fstatfs(fd: number): StatFS {
    return this.#call('fstatfs', undefined, undefined, () => statfsOf(this.files.get(fd)));
  }

  umask(mask: number): number {
    const before = this.fs.umask;
    this.fs.umask = mask & 0o777;
    return before;
  }

  getdents(fd: number, count = Number.MAX_SAFE_INTEGER): Dirent[] {
    return this.#call('getdents', undefined, undefined, () => readDirectory(this.files.getUsable(fd), count));
  }

  mkdir(path: string, mode = 0o777): void {
    this.#call('mkdir', path, undefined, () => mkdirAt(this, AT_FDCWD, path, mode));
  }

  mkdirat(dirfd: number, path: string, mode = 0o777): void {
    this.#call('mkdir', path, undefined, () => mkdirAt(this, dirfd, path, mode));
  }

  rmdir(path: string): void {
    this.#call('rmdir', path, undefined, () => rmdirAt(this, AT_FDCWD, path));
  }

  chdir(path: string): void {
    this.#call('chdir', path, undefined, () =>
      this.#setCwd(resolvePath(this, AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY)),
    );
  }

  fchdir(fd: number): void {
    this.#call('fchdir', undefined, undefined, () => {
      const file = this.files.get(fd);
      if (!isDirectory(file.inode.mode)) raise('ENOTDIR');
      this.#setCwd(file);
    });
  }

  #setCwd(place: { mount: Path['mount']; dentry: Dentry }): void {
    checkPermission(this.kernel, place.dentry.inode!, MAY_EXEC);
    this.fs.setCwd({ mount: place.mount, dentry: place.dentry });
  }

  getcwd(): string {
    return this.#call('getcwd', undefined, undefined, () => {
      const { cwd, root } = this.fs;
      if (!cwd.dentry.hashed && !cwd.dentry.isRoot) raise('ENOENT');
      return pathFrom(root, cwd) ?? '(unreachable)';
    });
  }

  link(path: string, newPath: string): void {
    this.#call('link', path, newPath, () => linkAt(this, AT_FDCWD, path, AT_FDCWD, newPath, 0));
  }

  linkat(olddirfd: number, path: string, newdirfd: number, newPath: string, flags: number): void {
    this.#call('link', path, newPath, () => linkAt(this, olddirfd, path, newdirfd, newPath, flags));
  }

  unlink(path: string): void {
    this.#call('unlink', path, undefined, () => unlinkAt(this, AT_FDCWD, path));
  }

  unlinkat(dirfd: number, path: string, flags: number): void {
    const AT_REMOVEDIR = 0x200;
    this.#call(flags === 0 ? 'unlink' : 'rmdir', path, undefined, () => {
      if ((flags & ~AT_REMOVEDIR) !== 0) raise('EINVAL');
      if (flags === 0) unlinkAt(this, dirfd, path);
      else rmdirAt(this, dirfd, path);
    });
  }

  symlink(target: string, path: string): void {
    this.#call('symlink', target, path, () => symlinkAt(this, target, AT_FDCWD, path));
  }

  symlinkat(target: string, dirfd: number, path: string): void {
    this.#call('symlink', target, path, () => symlinkAt(this, target, dirfd, path));
  }

  readlink(path: string): string {
    return this.#call('readlink', path, undefined, () => readlinkAt(this, AT_FDCWD, path));
  }

  readlinkat(dirfd: number, path: string): string {
    return this.#call('readlink', path, undefined, () => readlinkAt(this, dirfd, path));
  }

  rename(path: string, newPath: string): void {
    this.#call('rename', path, newPath, () => renameAt(this, AT_FDCWD, path, AT_FDCWD, newPath, 0));
  }

  renameat2(olddirfd: number, path: string, newdirfd: number, newPath: string, flags: number): void {
    this.#call('rename', path, newPath, () => renameAt(this, olddirfd, path, newdirfd, newPath, flags));
  }

  mknod(path: string, mode: number, rdev: number): void {
    this.#call('mknod', path, undefined, () => mknodAt(this, AT_FDCWD, path, mode, rdev));
  }

  mknodat(dirfd: number, path: string, mode: number, rdev: number): void {
    this.#call('mknod', path, undefined, () => mknodAt(this, dirfd, path, mode, rdev));
  }

  realpath(path: string): string {
    return this.#call('realpath', path, undefined, () => {
      const place = resolvePath(this, AT_FDCWD, path, LOOKUP_FOLLOW);
      return pathFrom(this.fs.root, place) ?? raise('ENOENT');
    });
  }

  #at(path: string, flags: number): Dentry {
    return resolvePath(this, AT_FDCWD, path, flags).dentry;
  }

  #writableAt(path: string, flags: number): Dentry {
    const place = resolvePath(this, AT_FDCWD, path, flags);
    wantWrite(place.mount);
    return place.dentry;
  }

  #writableFd(fd: number): Dentry {
    const file = this.files.getUsable(fd);
    wantWrite(file.mount);
    return file.dentry;
  }

  #getxattr(call: string, path: string | undefined, name: string, find: () => Dentry): Uint8Array {
    return this.#call(call, path, undefined, () => {
      checkXattrName(name);
      return vfsGetxattr(this.kernel, find(), name);
    });
  }

  getxattr(path: string, name: string): Uint8Array {
    return this.#getxattr('getxattr', path, name, () => this.#at(path, LOOKUP_FOLLOW));
  }

  lgetxattr(path: string, name: string): Uint8Array {
    return this.#getxattr('lgetxattr', path, name, () => this.#at(path, 0));
  }

  fgetxattr(fd: number, name: string): Uint8Array {
    return this.#getxattr('fgetxattr', undefined, name, () => this.files.getUsable(fd).dentry);
  }

  #setxattr(
    call: string,
    path: string | undefined,
    name: string,
    value: Uint8Array,
    flags: number,
    find: () => Dentry,
  ): void {
    this.#call(call, path, undefined, () => {
      checkXattrArguments(name, value, flags);
      vfsSetxattr(this.kernel, find(), name, value, flags);
    });
  }

  setxattr(path: string, name: string, value: Uint8Array, flags = 0): void {
    this.#setxattr('setxattr', path, name, value, flags, () => this.#writableAt(path, LOOKUP_FOLLOW));
  }

  lsetxattr(path: string, name: string, value: Uint8Array, flags = 0): void {
    this.#setxattr('lsetxattr', path, name, value, flags, () => this.#writableAt(path, 0));
  }

  fsetxattr(fd: number, name: string, value: Uint8Array, flags = 0): void {
    this.#setxattr('fsetxattr', undefined, name, value, flags, () => this.#writableFd(fd));
  }

  #removexattr(call: string, path: string | undefined, name: string, find: () => Dentry): void {
    this.#call(call, path, undefined, () => {
      checkXattrName(name);
      vfsRemovexattr(this.kernel, find(), name);
    });
  }

  removexattr(path: string, name: string): void {
    this.#removexattr('removexattr', path, name, () => this.#writableAt(path, LOOKUP_FOLLOW));
  }

  lremovexattr(path: string, name: string): void {
    this.#removexattr('lremovexattr', path, name, () => this.#writableAt(path, 0));
  }

  fremovexattr(fd: number, name: string): void {
    this.#removexattr('fremovexattr', undefined, name, () => this.#writableFd(fd));
  }

  listxattr(path: string): string[] {
    return this.#call('listxattr', path, undefined, () => vfsListxattr(this.kernel, this.#at(path, LOOKUP_FOLLOW)));
  }

  llistxattr(path: string): string[] {
    return this.#call('llistxattr', path, undefined, () => vfsListxattr(this.kernel, this.#at(path, 0)));
  }

  flistxattr(fd: number): string[] {
    return this.#call('flistxattr', undefined, undefined, () =>
      vfsListxattr(this.kernel, this.files.getUsable(fd).dentry),
    );
  }

  mount(source: string, target: string, type: string, data = '', flags = 0): void {
    this.#call('mount', source, target, () => mountCall(this, source, target, type, data, flags));
  }

  umount(target: string, flags = 0): void {
    this.#call('umount', target, undefined, () => umountCall(this, target, flags));
  }

  pivotRoot(newRoot: string, putOld: string): void {
    this.#call('pivot_root', newRoot, putOld, () => pivotRootCall(this, newRoot, putOld));
  }

  inotifyInit(): number {
    return this.#call('inotify_init', undefined, undefined, () => this.files.install(inotifyOpen(this)));
  }

  inotifyAddWatch(fd: number, path: string, mask: number): number {
    return this.#call('inotify_add_watch', path, undefined, () => {
      const instance = inotifyOf(this.files.getUsable(fd));
      const directory = (mask & IN_ONLYDIR) !== 0 ? LOOKUP_DIRECTORY : 0;
      const dentry = this.#at(path, LOOKUP_FOLLOW | directory);
      checkPermission(this.kernel, dentry.inode!, 4);
      return instance.add(dentry.inode!, mask);
    });
  }

  inotifyRemoveWatch(fd: number, watch: number): void {
    this.#call('inotify_rm_watch', undefined, undefined, () => {
      if (!inotifyOf(this.files.getUsable(fd)).remove(watch)) raise('EINVAL');
    });
  }

  inotifyRead(fd: number): InotifyEvent[] {
    return this.#call('read', undefined, undefined, () => inotifyOf(this.files.getUsable(fd)).read());
  }

  inotifyListen(fd: number, listener: (() => void) | undefined): void {
    this.#call('fcntl', undefined, undefined, () => {
      inotifyOf(this.files.getUsable(fd)).listener = listener;
    });
  }

  clone(): Task {
    return this.#call(
      'clone',
      undefined,
      undefined,
      () =>
        new SystemCalls({
          kernel: this.kernel,
          programs: this.programs,
          credentials: this.credentials,
          fs: this.fs.copy(),
          files: this.files.copy(),
          namespace: this.namespace,
        }),
    );
  }

  chroot(path: string): void {
    this.#call('chroot', path, undefined, () => chrootCall(this, path));
  }

  unshare(flags: number): void {
    this.#call('unshare', undefined, undefined, () => unshareCall(this, flags));
  }

  setresuid(real: number, effective: number, saved: number): void {
    this.#call('setresuid', undefined, undefined, () => setResuid(this, real, effective, saved));
  }

  setresgid(real: number, effective: number, saved: number): void {
    this.#call('setresgid', undefined, undefined, () => setResgid(this, real, effective, saved));
  }

  setfsuid(uid: number): number {
    return this.#call('setfsuid', undefined, undefined, () => setFsuid(this, uid));
  }

  setfsgid(gid: number): number {
    return this.#call('setfsgid', undefined, undefined, () => setFsgid(this, gid));
  }

  setgroups(groups: readonly number[]): void {
    this.#call('setgroups', undefined, undefined, () => setGroups(this, groups));
  }

  capset(effective: number): void {
    this.#call('capset', undefined, undefined, () => clearCapabilities(this, effective));
  }

  exec(path: string, argv: readonly string[]): number {
    return this.#call('execve', path, undefined, () => this.programs.exec(this, path, argv));
  }

  getrandom(into: Uint8Array): void {
    this.#call('getrandom', undefined, undefined, () => into.set(this.kernel.random.bytes(into.length)));
  }

  nanosleep(duration: Timespec): void {
    this.#call('nanosleep', undefined, undefined, () => {
      if (duration.sec < 0 || duration.nsec < 0 || duration.nsec > 999_999_999) raise('EINVAL');
      this.kernel.clock.advance(duration.sec * 1e9 + duration.nsec);
      this.kernel.timers.run(this.kernel.now());
    });
  }

  exit(): void {
    for (const [fd] of this.files.entries()) this.close(fd);
    this.fs.close();
    this.kernel.tasks.delete(this);
  }
}

/** A position makes no sense in a fifo. */
function checkSeekable(file: OpenFile): void {
  if (((file.inode.mode >> 12) & 15) === 1) raise('ESPIPE');
}
