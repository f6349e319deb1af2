/**
 * The contract of a task: the system calls, which are the only door into the machine.
 *
 * Every path is a POSIX path, resolved from the task's root and working directory. Every call that fails throws an
 * `ErrnoException` (`code`, `errno`, `syscall`, `path`, `dest`) and has changed nothing, unless Linux leaves something
 * behind too; errors come in the order in which Linux checks. A call that would have to wait throws `WouldBlock` before
 * any effect. Sizes and offsets are bytes, times are {@link Timespec}s, names are strings whose bytes are their UTF-8
 * (a byte that is no UTF-8 is the lone surrogate U+DC00 + byte, as in Python's "surrogateescape").
 *
 * Calls that take a descriptor in Linux's `…at` form take `AT_FDCWD` for the working directory.
 */
import type { Dirent, Stat, StatFS, Timespec } from '../abi/stat.ts';
import type { Credentials } from './credentials.ts';
import type { MappedRegion } from './mmap.ts';
import type { InotifyEvent } from './inotify.ts';

export interface Task {
  readonly pid: number;
  readonly credentials: Credentials;

  // Names → descriptors. open(2), close(2), dup(2)
  open(path: string, flags: number, mode?: number): number;
  openat(dirfd: number, path: string, flags: number, mode?: number): number;
  close(fd: number): void;
  dup(fd: number): number;
  dup2(fd: number, newfd: number): number;
  /** The flags that open(2) was given, without those that matter to it alone. fcntl(F_GETFL) */
  getfl(fd: number): number;
  /** Changes O_APPEND, O_NONBLOCK, O_DIRECT and O_NOATIME. fcntl(F_SETFL) */
  setfl(fd: number, flags: number): void;

  // Data. read(2) …
  /** Reads into the whole of `into`; answers how many bytes came, 0 at the end. */
  read(fd: number, into: Uint8Array): number;
  pread(fd: number, into: Uint8Array, offset: number): number;
  write(fd: number, bytes: Uint8Array): number;
  pwrite(fd: number, bytes: Uint8Array, offset: number): number;
  lseek(fd: number, offset: number, whence: number): number;
  truncate(path: string, size: number): void;
  ftruncate(fd: number, size: number): void;
  fallocate(fd: number, mode: number, offset: number, length: number): void;
  fsync(fd: number): void;
  fdatasync(fd: number): void;
  sync(): void;
  syncfs(fd: number): void;
  /** Copies without passing the bytes through the caller; `undefined` uses and moves the descriptor's position. */
  copyFileRange(
    fdIn: number,
    offsetIn: number | undefined,
    fdOut: number,
    offsetOut: number | undefined,
    length: number,
  ): number;
  flock(fd: number, operation: number): void;
  mmap(fd: number, offset: number, length: number, protection: number, flags: number): MappedRegion;
  ioctl(fd: number, request: number, argument?: unknown): unknown;

  // Attributes. stat(2), chmod(2), chown(2), utimensat(2)
  stat(path: string): Stat;
  lstat(path: string): Stat;
  fstat(fd: number): Stat;
  fstatat(dirfd: number, path: string, flags: number): Stat;
  /** As `stat` and `lstat`, but `undefined` where there is no such file (ENOENT, ENOTDIR): no error is built. */
  statIfPresent(path: string, flags?: number): Stat | undefined;
  /** As `fstatat`: the call that Linux tells the time of birth by. */
  statx(dirfd: number, path: string, flags: number): Stat;
  access(path: string, mode: number): void;
  faccessat(dirfd: number, path: string, mode: number, flags: number): void;
  chmod(path: string, mode: number): void;
  fchmod(fd: number, mode: number): void;
  fchmodat(dirfd: number, path: string, mode: number, flags?: number): void;
  /** −1 leaves an id as it is. */
  chown(path: string, uid: number, gid: number): void;
  lchown(path: string, uid: number, gid: number): void;
  fchown(fd: number, uid: number, gid: number): void;
  fchownat(dirfd: number, path: string, uid: number, gid: number, flags: number): void;
  /** `undefined` for a time means now; `nsec` may be UTIME_NOW or UTIME_OMIT. */
  utimensat(dirfd: number, path: string, atime?: Timespec, mtime?: Timespec, flags?: number): void;
  futimens(fd: number, atime?: Timespec, mtime?: Timespec): void;
  statfs(path: string): StatFS;
  fstatfs(fd: number): StatFS;
  umask(mask: number): number;

  // Directories. getdents64(2)
  /** The next entries, at most `count` of them (all that are left where none is given); empty at the end. */
  getdents(fd: number, count?: number): Dirent[];
  mkdir(path: string, mode?: number): void;
  mkdirat(dirfd: number, path: string, mode?: number): void;
  rmdir(path: string): void;
  chdir(path: string): void;
  fchdir(fd: number): void;
  getcwd(): string;

  // Names. link(2), unlink(2), rename(2), symlink(2), mknod(2)
  link(path: string, newPath: string): void;
  linkat(olddirfd: number, path: string, newdirfd: number, newPath: string, flags: number): void;
  unlink(path: string): void;
  unlinkat(dirfd: number, path: string, flags: number): void;
  symlink(target: string, path: string): void;
  symlinkat(target: string, dirfd: number, path: string): void;
  readlink(path: string): string;
  readlinkat(dirfd: number, path: string): string;
  rename(path: string, newPath: string): void;
  renameat2(olddirfd: number, path: string, newdirfd: number, newPath: string, flags: number): void;
  mknod(path: string, mode: number, rdev: number): void;
  mknodat(dirfd: number, path: string, mode: number, rdev: number): void;
  /** The path without symlinks, `.` and `..`: what `/proc/self/fd/N` tells of the opened file. */
  realpath(path: string): string;

  // Extended attributes. xattr(7)
  getxattr(path: string, name: string): Uint8Array;
  lgetxattr(path: string, name: string): Uint8Array;
  fgetxattr(fd: number, name: string): Uint8Array;
  setxattr(path: string, name: string, value: Uint8Array, flags?: number): void;
  lsetxattr(path: string, name: string, value: Uint8Array, flags?: number): void;
  fsetxattr(fd: number, name: string, value: Uint8Array, flags?: number): void;
  removexattr(path: string, name: string): void;
  lremovexattr(path: string, name: string): void;
  fremovexattr(fd: number, name: string): void;
  listxattr(path: string): string[];
  llistxattr(path: string): string[];
  flistxattr(fd: number): string[];

  // Mounts. mount(2), umount2(2), pivot_root(2)
  mount(source: string, target: string, type: string, data?: string, flags?: number): void;
  umount(target: string, flags?: number): void;
  pivotRoot(newRoot: string, putOld: string): void;

  // Watching. inotify(7)
  inotifyInit(): number;
  inotifyAddWatch(fd: number, path: string, mask: number): number;
  inotifyRemoveWatch(fd: number, watch: number): void;
  /** The events that are waiting; with a listener, calls it whenever one comes in. */
  inotifyRead(fd: number): InotifyEvent[];
  inotifyListen(fd: number, listener: (() => void) | undefined): void;

  // The task itself. fork(2), chroot(2), unshare(2), setresuid(2), execve(2)
  /** A child with copies of the descriptors, credentials, root and working directory. */
  clone(): Task;
  chroot(path: string): void;
  unshare(flags: number): void;
  setresuid(real: number, effective: number, saved: number): void;
  setresgid(real: number, effective: number, saved: number): void;
  setfsuid(uid: number): number;
  setfsgid(gid: number): number;
  setgroups(groups: readonly number[]): void;
  /** Gives up capabilities; none can be won back. capset(2) */
  capset(effective: number): void;
  /** Runs the program that the machine knows for the file at `path` and answers its exit status. */
  exec(path: string, argv: readonly string[]): number;
  /** Fills `into` with the machine's own randomness. getrandom(2) */
  getrandom(into: Uint8Array): void;
  /** Moves simulated time and runs the timers that fall due. */
  nanosleep(duration: Timespec): void;
  /** Closes every descriptor and ends the task. */
  exit(): void;
}
