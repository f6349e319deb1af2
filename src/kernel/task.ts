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
import type { UtsName } from '../abi/utsname.ts';
import type { Credentials } from './credentials.ts';
import type { MappedRegion } from './mmap.ts';
import type { InotifyEvent } from './inotify.ts';

/**
 * The system calls of one task. Names are Linux's; the manual page of the same name (section 2) tells the whole rule.
 * Paths start at the task's root or working directory, sizes and offsets are bytes.
 *
 * @throws ErrnoException in Node's shape (`code`, `errno`, `syscall`, `path`, `dest`), with nothing changed
 * @throws WouldBlock where the call would have to wait, before any effect
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * const { task } = createMachine();
 * task.mkdir('/a', 0o750);
 * task.stat('/a').mode; // => 0o040750
 * task.rmdir('/missing'); // throws ENOENT
 * ```
 */
export interface Task {
  /** The task's number; the first of a machine is 1. */
  readonly pid: number;
  /** Who the task is. Changed by the calls of setresuid(2) and its like, never in place. */
  readonly credentials: Credentials;

  // Names → descriptors. open(2), close(2), dup(2)
  /** A descriptor for `path`; `flags` is a sum of `O_…`, `mode` counts with `O_CREAT` and `O_TMPFILE`. open(2) */
  open(path: string, flags: number, mode?: number): number;
  /** As `open`, from the directory `dirfd`. openat(2) */
  openat(dirfd: number, path: string, flags: number, mode?: number): number;
  /** Gives a descriptor up; the last one of an open file releases it. close(2) */
  close(fd: number): void;
  /** A second descriptor, the lowest free one, of the same open file: both share position and flags. dup(2) */
  dup(fd: number): number;
  /** Makes `newfd` a descriptor of the same open file; what it was before is closed. dup2(2) */
  dup2(fd: number, newfd: number): number;
  /** The flags that open(2) was given, without those that matter to it alone. fcntl(F_GETFL) */
  getfl(fd: number): number;
  /** Changes O_APPEND, O_NONBLOCK, O_DIRECT and O_NOATIME. fcntl(F_SETFL) */
  setfl(fd: number, flags: number): void;

  // Data. read(2) …
  /** Reads into the whole of `into`; answers how many bytes came, 0 at the end. */
  read(fd: number, into: Uint8Array): number;
  /** As `read`, from `offset`; the position stays. pread(2) */
  pread(fd: number, into: Uint8Array, offset: number): number;
  /** Writes at the position, at the end with `O_APPEND`; answers how many bytes were taken. write(2) */
  write(fd: number, bytes: Uint8Array): number;
  /** As `write`, at `offset`; the position stays. With `O_APPEND` Linux appends all the same. pwrite(2) */
  pwrite(fd: number, bytes: Uint8Array, offset: number): number;
  /** Moves the position and answers it. `whence` is `SEEK_…`, holes and data too. lseek(2) */
  lseek(fd: number, offset: number, whence: number): number;
  /** Makes a file that long; what is new reads as zeros. truncate(2) */
  truncate(path: string, size: number): void;
  /** As `truncate`, of a descriptor that may write. ftruncate(2) */
  ftruncate(fd: number, size: number): void;
  /** Reserves or punches a range; `mode` is a sum of `FALLOC_FL_…`. fallocate(2) */
  fallocate(fd: number, mode: number, offset: number, length: number): void;
  /** Stores data and attributes of the file. fsync(2) */
  fsync(fd: number): void;
  /** Stores the data of the file. fdatasync(2) */
  fdatasync(fd: number): void;
  /** Stores what is dirty on every filesystem. sync(2) */
  sync(): void;
  /** Stores what is dirty on the descriptor's filesystem. syncfs(2) */
  syncfs(fd: number): void;
  /** Copies without passing the bytes through the caller; `undefined` uses and moves the descriptor's position. */
  copyFileRange(
    fdIn: number,
    offsetIn: number | undefined,
    fdOut: number,
    offsetOut: number | undefined,
    length: number,
  ): number;
  /** Takes or gives up an advisory lock; `operation` is a sum of `LOCK_…`. flock(2) */
  flock(fd: number, operation: number): void;
  /** Maps a range of a file; `protection` is a sum of `PROT_…`, `flags` is `MAP_SHARED` or `MAP_PRIVATE`. mmap(2) */
  mmap(fd: number, offset: number, length: number, protection: number, flags: number): MappedRegion;
  /**
   * Asks what lies behind the descriptor for something of its own. `FS_IOC_GETFLAGS` answers a sum of `FS_…_FL`,
   * `FS_IOC_SETFLAGS` takes one; `FS_IOC_FSGETXATTR` and `FS_IOC_FSSETXATTR` answer and take an `Fsxattr`; `FIONREAD`
   * of a fifo answers bytes. ENOTTY where no such request is known, EPERM for flags that only root may change. ioctl(2)
   *
   * @example
   * ```ts
   * import { createMachine } from 'lowerdir';
   * import { FS_IMMUTABLE_FL, FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, O_CREAT } from 'lowerdir/abi';
   * const { task } = createMachine();
   * const fd = task.open('/a', O_CREAT, 0o600);
   * task.ioctl(fd, FS_IOC_SETFLAGS, FS_IMMUTABLE_FL);
   * task.ioctl(fd, FS_IOC_GETFLAGS); // => FS_IMMUTABLE_FL
   * task.unlink('/a'); // throws EPERM
   * ```
   */
  ioctl(fd: number, request: number, argument?: unknown): unknown;

  // Attributes. stat(2), chmod(2), chown(2), utimensat(2)
  /** The attributes of what `path` names, symlinks followed. stat(2) */
  stat(path: string): Stat;
  /** As `stat`, of the symlink itself. lstat(2) */
  lstat(path: string): Stat;
  /** The attributes of an open file. fstat(2) */
  fstat(fd: number): Stat;
  /** As `stat`, from `dirfd`; `flags` is a sum of `AT_…`. fstatat(2) */
  fstatat(dirfd: number, path: string, flags: number): Stat;
  /** As `stat` and `lstat`, but `undefined` where there is no such file (ENOENT, ENOTDIR): no error is built. */
  statIfPresent(path: string, flags?: number): Stat | undefined;
  /**
   * As `fstatat`; besides `btime`, and in `attributes` a sum of `STATX_ATTR_…`, of which `attributesMask` tells those
   * that the filesystem knows. statx(2)
   */
  statx(dirfd: number, path: string, flags: number): Stat;
  /** May the real user do that? `mode` is a sum of `R_OK`, `W_OK`, `X_OK`. access(2) */
  access(path: string, mode: number): void;
  /** As `access`; with `AT_EACCESS` for the effective user. faccessat2(2) */
  faccessat(dirfd: number, path: string, mode: number, flags: number): void;
  /** Sets permission, set-id and sticky bits. chmod(2) */
  chmod(path: string, mode: number): void;
  /** As `chmod`, of an open file. fchmod(2) */
  fchmod(fd: number, mode: number): void;
  /** As `chmod`, from `dirfd`. fchmodat2(2) */
  fchmodat(dirfd: number, path: string, mode: number, flags?: number): void;
  /** −1 leaves an id as it is. */
  chown(path: string, uid: number, gid: number): void;
  /** As `chown`, of the symlink itself. lchown(2) */
  lchown(path: string, uid: number, gid: number): void;
  /** As `chown`, of an open file. fchown(2) */
  fchown(fd: number, uid: number, gid: number): void;
  /** As `chown`, from `dirfd`; `flags` is a sum of `AT_…`. fchownat(2) */
  fchownat(dirfd: number, path: string, uid: number, gid: number, flags: number): void;
  /** `undefined` for a time means now; `nsec` may be UTIME_NOW or UTIME_OMIT. */
  utimensat(dirfd: number, path: string, atime?: Timespec, mtime?: Timespec, flags?: number): void;
  /** As `utimensat`, of an open file. futimens(3) */
  futimens(fd: number, atime?: Timespec, mtime?: Timespec): void;
  /** What the path's filesystem has and has left. statfs(2) */
  statfs(path: string): StatFS;
  /** As `statfs`, of an open file. fstatfs(2) */
  fstatfs(fd: number): StatFS;
  /** Sets the bits that new files do not get; answers the ones before. umask(2) */
  umask(mask: number): number;

  // Directories. getdents64(2)
  /** The next entries, at most `count` of them (all that are left where none is given); empty at the end. */
  getdents(fd: number, count?: number): Dirent[];
  /** Makes a directory, 0777 less the umask unless told otherwise. mkdir(2) */
  mkdir(path: string, mode?: number): void;
  /** As `mkdir`, from `dirfd`. mkdirat(2) */
  mkdirat(dirfd: number, path: string, mode?: number): void;
  /** Removes an empty directory. rmdir(2) */
  rmdir(path: string): void;
  /** Changes the working directory. chdir(2) */
  chdir(path: string): void;
  /** As `chdir`, to an open directory. fchdir(2) */
  fchdir(fd: number): void;
  /** The working directory's path from the task's root; ENOENT when it was removed. getcwd(2) */
  getcwd(): string;

  // Names. link(2), unlink(2), rename(2), symlink(2), mknod(2)
  /** One more name for a file. link(2) */
  link(path: string, newPath: string): void;
  /** As `link`; with `AT_SYMLINK_FOLLOW` of what a symlink leads to, with `AT_EMPTY_PATH` of an open file. linkat(2) */
  linkat(olddirfd: number, path: string, newdirfd: number, newPath: string, flags: number): void;
  /** Removes a name; the file goes with its last name and holder. unlink(2) */
  unlink(path: string): void;
  /** As `unlink`, with `AT_REMOVEDIR` as `rmdir`. unlinkat(2) */
  unlinkat(dirfd: number, path: string, flags: number): void;
  /** Makes a symlink whose text is `target`. symlink(2) */
  symlink(target: string, path: string): void;
  /** As `symlink`, from `dirfd`. symlinkat(2) */
  symlinkat(target: string, dirfd: number, path: string): void;
  /** The text of a symlink. readlink(2) */
  readlink(path: string): string;
  /** As `readlink`, from `dirfd`. readlinkat(2) */
  readlinkat(dirfd: number, path: string): string;
  /**
   * Gives a file another name and replaces what is there; EXDEV across mounts and for lower directories of a union.
   * rename(2)
   */
  rename(path: string, newPath: string): void;
  /** As `rename`; `flags` is a sum of `RENAME_…`. renameat2(2) */
  renameat2(olddirfd: number, path: string, newdirfd: number, newPath: string, flags: number): void;
  /** Makes a file, device, fifo or socket; the type is in `mode`, `rdev` is `makedev(major, minor)`. mknod(2) */
  mknod(path: string, mode: number, rdev: number): void;
  /** As `mknod`, from `dirfd`. mknodat(2) */
  mknodat(dirfd: number, path: string, mode: number, rdev: number): void;
  /** The path without symlinks, `.` and `..`: what `/proc/self/fd/N` tells of the opened file. */
  realpath(path: string): string;

  // Extended attributes. xattr(7)
  /** The value of an extended attribute; ENODATA where there is none of that name. getxattr(2) */
  getxattr(path: string, name: string): Uint8Array;
  /** As `getxattr`, of the symlink itself. lgetxattr(2) */
  lgetxattr(path: string, name: string): Uint8Array;
  /** As `getxattr`, of an open file. fgetxattr(2) */
  fgetxattr(fd: number, name: string): Uint8Array;
  /** Sets an extended attribute; `flags` is `XATTR_CREATE`, `XATTR_REPLACE` or 0. setxattr(2) */
  setxattr(path: string, name: string, value: Uint8Array, flags?: number): void;
  /** As `setxattr`, of the symlink itself. lsetxattr(2) */
  lsetxattr(path: string, name: string, value: Uint8Array, flags?: number): void;
  /** As `setxattr`, of an open file. fsetxattr(2) */
  fsetxattr(fd: number, name: string, value: Uint8Array, flags?: number): void;
  /** Removes an extended attribute. removexattr(2) */
  removexattr(path: string, name: string): void;
  /** As `removexattr`, of the symlink itself. lremovexattr(2) */
  lremovexattr(path: string, name: string): void;
  /** As `removexattr`, of an open file. fremovexattr(2) */
  fremovexattr(fd: number, name: string): void;
  /** The names of the extended attributes, in the order in which the filesystem lists them. listxattr(2) */
  listxattr(path: string): string[];
  /** As `listxattr`, of the symlink itself. llistxattr(2) */
  llistxattr(path: string): string[];
  /** As `listxattr`, of an open file. flistxattr(2) */
  flistxattr(fd: number): string[];

  // Mounts. mount(2), umount2(2), pivot_root(2)
  /**
   * Puts a filesystem at `target`; `flags` is a sum of `MS_…`, `data` the options of the filesystem. With `MS_BIND`,
   * `MS_MOVE` and `MS_REMOUNT` it is what mount(2) says. EPERM without `CAP_SYS_ADMIN` in the namespace of the mounts,
   * and there for a type that may not be mounted by its root; ENODEV for an unknown type. mount(2)
   */
  mount(source: string, target: string, type: string, data?: string, flags?: number): void;
  /** Takes a mount away; EBUSY while somebody uses it, unless `MNT_DETACH`. umount2(2) */
  umount(target: string, flags?: number): void;
  /**
   * Asks the filesystem on the disk whose device node is `special` for its quotas, or sets them. `command` is
   * `QCMD(Q_…, USRQUOTA)`, or of `GRPQUOTA`, `PRJQUOTA`; `id` is the user, group or project. `Q_XGETQSTAT` answers a
   * `QuotaState`, `Q_XGETQUOTA` a `DiskQuota`, `Q_XSETQLIM` takes `DiskQuotaLimits`. quotactl(2)
   *
   * ENOENT, ENOTBLK and ENODEV where `special` leads to no filesystem; ENOSYS where that has no quotas, or has not
   * switched them on; EPERM without `CAP_SYS_ADMIN`; ENOENT for an id without limits and use; EINVAL for other commands.
   *
   * @example
   * ```ts
   * import { createMachine } from 'lowerdir';
   * import { makedev, PRJQUOTA, Q_XGETQSTAT, QCMD, S_IFBLK } from 'lowerdir/abi';
   * const { task } = createMachine();
   * task.mknod('/backingFsBlockDev', S_IFBLK | 0o600, task.stat('/').dev);
   * task.quotactl(QCMD(Q_XGETQSTAT, PRJQUOTA), '/backingFsBlockDev', 0); // throws ENOSYS
   * ```
   */
  quotactl(command: number, special: string, id: number, argument?: unknown): unknown;
  /** Makes `newRoot` the root and puts the old one at `putOld`. pivot_root(2) */
  pivotRoot(newRoot: string, putOld: string): void;

  // Watching. inotify(7)
  /** A descriptor that watches; see `inotifyAddWatch`. inotify_init(2) */
  inotifyInit(): number;
  /** Watches `path` for the events of `mask`, a sum of `IN_…`; answers the number of the watch. inotify_add_watch(2) */
  inotifyAddWatch(fd: number, path: string, mask: number): number;
  /** Ends a watch. inotify_rm_watch(2) */
  inotifyRemoveWatch(fd: number, watch: number): void;
  /** The events that are waiting; with a listener, calls it whenever one comes in. */
  inotifyRead(fd: number): InotifyEvent[];
  inotifyListen(fd: number, listener: (() => void) | undefined): void;

  // The task itself. fork(2), chroot(2), unshare(2), setresuid(2), execve(2)
  /**
   * A child with copies of the descriptors, credentials, root and working directory; `flags`: `CLONE_NEWUSER` and
   * `CLONE_NEWNS` give it namespaces of its own. In a new user namespace it has every capability over what belongs to
   * it, and no ids until the parent writes `/proc/PID/uid_map` and `gid_map`, once. EPERM for namespaces that the
   * caller may not make, EINVAL for other flags. clone(2), user_namespaces(7)
   *
   * @example
   * ```ts
   * import { createMachine } from 'lowerdir';
   * import { CLONE_NEWNS, CLONE_NEWUSER } from 'lowerdir/abi';
   * const { task, fs } = createMachine();
   * fs.mkdirSync('/proc');
   * task.mount('proc', '/proc', 'proc');
   * const child = task.clone(CLONE_NEWUSER | CLONE_NEWNS);
   * child.getresuid(); // => [65534, 65534, 65534]
   * fs.writeFileSync(`/proc/${child.pid}/uid_map`, '0 0 1');
   * child.getresuid(); // => [0, 0, 0]
   * ```
   */
  clone(flags?: number): Task;
  /** Changes the root directory; the working directory stays. chroot(2) */
  chroot(path: string): void;
  /**
   * Stops sharing with other tasks; `flags` is a sum of `CLONE_FS`, `CLONE_FILES`, `CLONE_NEWNS`, `CLONE_NEWUSER`.
   * EPERM for `CLONE_NEWNS` without `CAP_SYS_ADMIN` in the user namespace, and in a changed root for `CLONE_NEWUSER`;
   * EINVAL for other flags. unshare(2)
   */
  unshare(flags: number): void;
  /** Sets real, effective and saved user; −1 leaves one as it is. setresuid(2) */
  setresuid(real: number, effective: number, saved: number): void;
  /** Sets real, effective and saved group; −1 leaves one as it is. setresgid(2) */
  setresgid(real: number, effective: number, saved: number): void;
  /** Sets the user that files are checked against; answers the one before, also when refused. setfsuid(2) */
  setfsuid(uid: number): number;
  /** As `setfsuid`, of the group. setfsgid(2) */
  setfsgid(gid: number): number;
  /** Sets the supplementary groups. setgroups(2) */
  setgroups(groups: readonly number[]): void;
  /** Real, effective and saved user, as the task's user namespace knows them. getresuid(2) */
  getresuid(): number[];
  /** As `getresuid`, of the group. getresgid(2) */
  getresgid(): number[];
  /** The supplementary groups. getgroups(2) */
  getgroups(): number[];
  /** Gives up capabilities; none can be won back. capset(2) */
  capset(effective: number): void;
  /** Runs the program that the machine knows for the file at `path` and answers its exit status. */
  exec(path: string, argv: readonly string[]): number;
  /** Fills `into` with the machine's own randomness. getrandom(2) */
  getrandom(into: Uint8Array): void;
  /**
   * What time it is: CLOCK_REALTIME, since 1970. clock_gettime(2)
   *
   * @example
   * ```ts
   * import { createMachine } from 'lowerdir';
   * const { task } = createMachine();
   * const before = task.clockGettime();
   * task.nanosleep({ sec: 60, nsec: 0 });
   * task.clockGettime().sec - before.sec; // => 60
   * ```
   */
  clockGettime(): Timespec;
  /** What the kernel is: its name, release and machine. uname(2) */
  uname(): UtsName;
  /** Moves simulated time and runs the timers that fall due. */
  nanosleep(duration: Timespec): void;
  /** Closes every descriptor and ends the task. */
  exit(): void;
}
