/** The system calls of the real kernel in the shape of the simulated task: the oracle of the differential tests. */
import { AT_EMPTY_PATH, AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_NOFOLLOW } from '../../src/abi/flags.ts';
import { O_CLOEXEC, O_DIRECTORY, O_PATH, UTIME_NOW, XATTR_SIZE_MAX } from '../../src/abi/flags.ts';
import { CLONE_NEWNS, MS_BIND, MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT } from '../../src/abi/flags.ts';
import type { Dirent, Stat, StatFS, Timespec } from '../../src/abi/stat.ts';
import type { SubjectTask } from '../../src/testing/subject.ts';
import * as form from './linux-libc.ts';
import { ioctl } from './linux-fileattr.ts';
import { LinuxRegion } from './linux-region.ts';
import { checked, cstring, libc } from './linux-libc.ts';

const statBuffer = Buffer.alloc(256);
const statfsBuffer = Buffer.alloc(120);
const largeBuffer = Buffer.alloc(XATTR_SIZE_MAX);

/** What belongs to the calling thread and to the process, and so must be put in place for each task in turn. */
let current: LinuxTask | undefined;

/**
 * A task of the real kernel. Several may live in one process: each has its own working directory, umask, fsuid,
 * fsgid and groups, which are put in place when it is another task's turn.
 *
 * Meant for the main thread of a process in a mount namespace of its own ({@link LinuxTask.isolate}).
 */
export class LinuxTask implements SubjectTask {
  #uid = 0;
  #gid = 0;
  #groups: readonly number[] = [];
  #umask = 0;
  #cwd = checked(libc.open(AT_FDCWD, cstring('/'), O_PATH | O_DIRECTORY | O_CLOEXEC, 0), 'open');

  /**
   * Gives the calling thread a mount namespace of its own, in which everything is read-only but a fresh tmpfs at
   * `directory`: no mount leaks, and no stray path of a random sequence can touch the host. Once for each process.
   */
  static isolate(directory: string): void {
    const [root, none, work] = [cstring('/'), cstring('none'), cstring(directory)];
    checked(libc.unshare(CLONE_NEWNS), 'unshare');
    checked(libc.mount(none, root, null, MS_REC | MS_PRIVATE, null), 'mount', '/');
    checked(libc.mount(none, root, null, MS_REMOUNT | MS_BIND | MS_RDONLY, null), 'mount', '/');
    checked(libc.mount(none, work, cstring('tmpfs'), 0, cstring('size=1m')), 'mount', directory);
  }

  /** Puts in place what belongs to this task, for whoever else works in the process. */
  turn(): void {
    this.#turn();
  }

  #turn(): void {
    if (current === this) return;
    current = this;
    libc.setid(form.SYS_SETFSUID, 0);
    this.#applyGroups();
    libc.setid(form.SYS_SETFSGID, this.#gid);
    libc.fchdir(this.#cwd);
    libc.umask(this.#umask);
    libc.setid(form.SYS_SETFSUID, this.#uid);
  }

  #applyGroups(): void {
    checked(libc.setgroups(form.SYS_SETGROUPS, this.#groups.length, Uint32Array.from(this.#groups)), 'setgroups');
  }

  open(path: string, flags: number, mode = 0o666): number {
    return this.openat(AT_FDCWD, path, flags, mode);
  }
  openat(dirfd: number, path: string, flags: number, mode = 0o666): number {
    this.#turn();
    return checked(libc.open(dirfd, cstring(path), flags | O_CLOEXEC, mode), 'open', path);
  }
  close(fd: number): void {
    checked(libc.close(fd), 'close');
  }
  dup(fd: number): number {
    return checked(libc.dup(fd), 'dup');
  }
  dup2(fd: number, newfd: number): number {
    return checked(libc.dup2(fd, newfd), 'dup2');
  }
  getfl(fd: number): number {
    return checked(libc.fcntl(fd, form.F_GETFL, 0), 'fcntl');
  }
  setfl(fd: number, flags: number): void {
    this.#turn();
    checked(libc.fcntl(fd, form.F_SETFL, flags), 'fcntl');
  }

  read(fd: number, into: Uint8Array): number {
    this.#turn();
    return checked(libc.read(fd, into, into.length), 'read');
  }
  pread(fd: number, into: Uint8Array, offset: number): number {
    this.#turn();
    return checked(libc.pread(fd, into, into.length, offset), 'pread');
  }
  write(fd: number, bytes: Uint8Array): number {
    this.#turn();
    return checked(libc.write(fd, bytes, bytes.length), 'write');
  }
  pwrite(fd: number, bytes: Uint8Array, offset: number): number {
    this.#turn();
    return checked(libc.pwrite(fd, bytes, bytes.length, offset), 'pwrite');
  }
  lseek(fd: number, offset: number, whence: number): number {
    return checked(libc.lseek(fd, offset, whence), 'lseek');
  }
  truncate(path: string, size: number): void {
    this.#turn();
    checked(libc.truncate(cstring(path), size), 'truncate', path);
  }
  ftruncate(fd: number, size: number): void {
    this.#turn();
    checked(libc.ftruncate(fd, size), 'ftruncate');
  }
  fallocate(fd: number, mode: number, offset: number, length: number): void {
    this.#turn();
    checked(libc.fallocate(fd, mode, offset, length), 'fallocate');
  }
  fsync(fd: number): void {
    checked(libc.fsync(fd), 'fsync');
  }
  fdatasync(fd: number): void {
    checked(libc.fdatasync(fd), 'fdatasync');
  }
  sync(): void {
    libc.sync();
  }
  syncfs(fd: number): void {
    checked(libc.syncfs(fd), 'syncfs');
  }
  copyFileRange(fdIn: number, offsetIn: number | undefined, fdOut: number, offsetOut: number | undefined, n: number) {
    this.#turn();
    const [from, to] = [offsetIn, offsetOut].map((at) => (at === undefined ? null : BigInt64Array.of(BigInt(at))));
    return checked(libc.copyFileRange(fdIn, from, fdOut, to, n, 0), 'copy_file_range');
  }
  mmap(fd: number, offset: number, length: number, protection: number, flags: number): LinuxRegion {
    this.#turn();
    return LinuxRegion.map(fd, offset, length, protection, flags);
  }
  /** The uuid of a filesystem. @see ioctl(2) FS_IOC_GETFSUUID */
  filesystemUuid(path: string): Uint8Array | undefined {
    const fd = this.open(path, 0);
    const answer = Buffer.alloc(1 + form.UUID_SIZE);
    try {
      checked(libc.ioctl(fd, form.FS_IOC_GETFSUUID, answer), 'ioctl', path);
      return new Uint8Array(answer.subarray(1));
    } catch {
      return undefined;
    } finally {
      this.close(fd);
    }
  }
  ioctl(fd: number, request: number, argument?: unknown): unknown {
    this.#turn();
    return ioctl(fd, request, argument);
  }
  flock(fd: number, operation: number): void {
    checked(libc.flock(fd, operation), 'flock');
  }

  stat(path: string): Stat {
    return this.fstatat(AT_FDCWD, path, 0);
  }
  lstat(path: string): Stat {
    return this.fstatat(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW);
  }
  fstat(fd: number): Stat {
    return this.fstatat(fd, '', AT_EMPTY_PATH);
  }
  fstatat(dirfd: number, path: string, flags: number): Stat {
    this.#turn();
    checked(libc.statx(dirfd, cstring(path), flags, form.STATX_BASIC_STATS, statBuffer), 'stat', path);
    return form.statFrom(statBuffer, false);
  }
  statx(dirfd: number, path: string, flags: number): Stat {
    this.#turn();
    const mask = form.STATX_BASIC_STATS | form.STATX_BTIME;
    checked(libc.statx(dirfd, cstring(path), flags, mask, statBuffer), 'statx', path);
    return form.statFrom(statBuffer, true);
  }
  access(path: string, mode: number): void {
    this.faccessat(AT_FDCWD, path, mode, 0);
  }
  faccessat(dirfd: number, path: string, mode: number, flags: number): void {
    this.#turn();
    checked(libc.faccessat(form.SYS_FACCESSAT2, dirfd, cstring(path), mode, flags), 'access', path);
  }
  chmod(path: string, mode: number): void {
    this.fchmodat(AT_FDCWD, path, mode);
  }
  fchmod(fd: number, mode: number): void {
    this.#turn();
    checked(libc.fchmod(fd, mode), 'fchmod');
  }
  fchmodat(dirfd: number, path: string, mode: number, flags = 0): void {
    this.#turn();
    checked(libc.fchmodat(form.SYS_FCHMODAT2, dirfd, cstring(path), mode, flags), 'chmod', path);
  }
  chown(path: string, uid: number, gid: number): void {
    this.fchownat(AT_FDCWD, path, uid, gid, 0);
  }
  lchown(path: string, uid: number, gid: number): void {
    this.fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
  }
  fchown(fd: number, uid: number, gid: number): void {
    this.#turn();
    checked(libc.fchown(fd, uid, gid), 'fchown');
  }
  fchownat(dirfd: number, path: string, uid: number, gid: number, flags: number): void {
    this.#turn();
    checked(libc.fchownat(dirfd, cstring(path), uid, gid, flags), 'chown', path);
  }
  utimensat(dirfd: number, path: string, atime?: Timespec, mtime?: Timespec, flags = 0): void {
    this.#utimens(dirfd, cstring(path), atime, mtime, flags, path);
  }
  futimens(fd: number, atime?: Timespec, mtime?: Timespec): void {
    this.#utimens(fd, null, atime, mtime, 0);
  }
  #utimens(fd: number, path: Uint8Array | null, atime?: Timespec, mtime?: Timespec, flags?: number, name?: string) {
    this.#turn();
    const now = { sec: 0, nsec: UTIME_NOW };
    const times = atime || mtime ? form.timesBuffer([atime ?? now, mtime ?? now]) : null;
    checked(libc.utimensat(form.SYS_UTIMENSAT, fd, path, times, flags), 'utime', name);
  }
  statfs(path: string): StatFS {
    this.#turn();
    checked(libc.statfs(cstring(path), statfsBuffer), 'statfs', path);
    return form.statfsFrom(statfsBuffer);
  }
  fstatfs(fd: number): StatFS {
    checked(libc.fstatfs(fd, statfsBuffer), 'fstatfs');
    return form.statfsFrom(statfsBuffer);
  }
  umask(mask: number): number {
    this.#turn();
    this.#umask = mask & 0o777;
    return libc.umask(mask);
  }

  getdents(fd: number, count = Number.POSITIVE_INFINITY): Dirent[] {
    this.#turn();
    const entries: Dirent[] = [];
    while (entries.length < count) {
      const more = count === Number.POSITIVE_INFINITY ? this.#getdents(fd, largeBuffer.length) : this.#nextDirent(fd);
      if (more.length === 0) break;
      entries.push(...more);
    }
    return entries;
  }
  /** Exactly one entry: the buffer grows by less than the smallest entry until the next one fits. */
  #nextDirent(fd: number): Dirent[] {
    for (let size = 24; ; size += 16) {
      try {
        return this.#getdents(fd, size);
      } catch (error) {
        if ((error as { code?: string }).code !== 'EINVAL' || size > 280) throw error;
      }
    }
  }
  #getdents(fd: number, size: number): Dirent[] {
    const got = checked(libc.getdents(form.SYS_GETDENTS64, fd, largeBuffer, size), 'getdents');
    return form.direntsFrom(largeBuffer, got);
  }
  mkdir(path: string, mode = 0o777): void {
    this.mkdirat(AT_FDCWD, path, mode);
  }
  mkdirat(dirfd: number, path: string, mode = 0o777): void {
    this.#turn();
    checked(libc.mkdirat(dirfd, cstring(path), mode), 'mkdir', path);
  }
  rmdir(path: string): void {
    this.unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
  }
  chdir(path: string): void {
    this.#turn();
    const fd = this.open(path, O_PATH | O_DIRECTORY);
    try {
      this.fchdir(fd);
    } finally {
      libc.close(fd);
    }
  }
  fchdir(fd: number): void {
    this.#turn();
    checked(libc.fchdir(fd), 'fchdir');
    // a working directory holds the place, not the open file
    const held = checked(libc.open(AT_FDCWD, cstring('.'), O_PATH | O_DIRECTORY | O_CLOEXEC, 0), 'open');
    libc.close(this.#cwd);
    this.#cwd = held;
  }
  getcwd(): string {
    this.#turn();
    const size = checked(libc.getcwd(form.SYS_GETCWD, largeBuffer, form.PATH_MAX), 'getcwd');
    return form.nameFrom(largeBuffer.subarray(0, size - 1));
  }

  link(path: string, newPath: string): void {
    this.linkat(AT_FDCWD, path, AT_FDCWD, newPath, 0);
  }
  linkat(olddirfd: number, path: string, newdirfd: number, newPath: string, flags: number): void {
    this.#turn();
    checked(libc.linkat(olddirfd, cstring(path), newdirfd, cstring(newPath), flags), 'link', path, newPath);
  }
  unlink(path: string): void {
    this.unlinkat(AT_FDCWD, path, 0);
  }
  unlinkat(dirfd: number, path: string, flags: number): void {
    this.#turn();
    checked(libc.unlinkat(dirfd, cstring(path), flags), flags & AT_REMOVEDIR ? 'rmdir' : 'unlink', path);
  }
  symlink(target: string, path: string): void {
    this.symlinkat(target, AT_FDCWD, path);
  }
  symlinkat(target: string, dirfd: number, path: string): void {
    this.#turn();
    checked(libc.symlinkat(cstring(target), dirfd, cstring(path)), 'symlink', target, path);
  }
  readlink(path: string): string {
    return this.readlinkat(AT_FDCWD, path);
  }
  readlinkat(dirfd: number, path: string): string {
    this.#turn();
    const size = checked(libc.readlinkat(dirfd, cstring(path), largeBuffer, largeBuffer.length), 'readlink', path);
    return form.nameFrom(largeBuffer.subarray(0, size));
  }
  rename(path: string, newPath: string): void {
    this.renameat2(AT_FDCWD, path, AT_FDCWD, newPath, 0);
  }
  renameat2(olddirfd: number, path: string, newdirfd: number, newPath: string, flags: number): void {
    this.#turn();
    checked(libc.renameat2(olddirfd, cstring(path), newdirfd, cstring(newPath), flags), 'rename', path, newPath);
  }
  mknod(path: string, mode: number, rdev: number): void {
    this.mknodat(AT_FDCWD, path, mode, rdev);
  }
  mknodat(dirfd: number, path: string, mode: number, rdev: number): void {
    this.#turn();
    checked(libc.mknodat(dirfd, cstring(path), mode, rdev), 'mknod', path);
  }
  realpath(path: string): string {
    const fd = this.open(path, O_PATH);
    try {
      return this.readlink(`/proc/self/fd/${fd}`);
    } finally {
      libc.close(fd);
    }
  }

  getxattr(path: string, name: string): Uint8Array {
    return this.#value(libc.getxattr, cstring(path), name, path);
  }
  lgetxattr(path: string, name: string): Uint8Array {
    return this.#value(libc.lgetxattr, cstring(path), name, path);
  }
  fgetxattr(fd: number, name: string): Uint8Array {
    return this.#value(libc.fgetxattr, fd, name);
  }
  #value(call: typeof libc.getxattr, of: Uint8Array | number, name: string, path?: string): Uint8Array {
    this.#turn();
    const size = checked(call(of, cstring(name), largeBuffer, largeBuffer.length), 'getxattr', path);
    return new Uint8Array(largeBuffer.subarray(0, size));
  }
  setxattr(path: string, name: string, value: Uint8Array, flags = 0): void {
    this.#turn();
    checked(libc.setxattr(cstring(path), cstring(name), value, value.length, flags), 'setxattr', path);
  }
  lsetxattr(path: string, name: string, value: Uint8Array, flags = 0): void {
    this.#turn();
    checked(libc.lsetxattr(cstring(path), cstring(name), value, value.length, flags), 'setxattr', path);
  }
  fsetxattr(fd: number, name: string, value: Uint8Array, flags = 0): void {
    this.#turn();
    checked(libc.fsetxattr(fd, cstring(name), value, value.length, flags), 'setxattr');
  }
  removexattr(path: string, name: string): void {
    this.#turn();
    checked(libc.removexattr(cstring(path), cstring(name)), 'removexattr', path);
  }
  lremovexattr(path: string, name: string): void {
    this.#turn();
    checked(libc.lremovexattr(cstring(path), cstring(name)), 'removexattr', path);
  }
  fremovexattr(fd: number, name: string): void {
    this.#turn();
    checked(libc.fremovexattr(fd, cstring(name)), 'removexattr');
  }
  listxattr(path: string): string[] {
    return this.#names(libc.listxattr, cstring(path), path);
  }
  llistxattr(path: string): string[] {
    return this.#names(libc.llistxattr, cstring(path), path);
  }
  flistxattr(fd: number): string[] {
    return this.#names(libc.flistxattr, fd);
  }
  #names(call: typeof libc.listxattr, of: Uint8Array | number, path?: string): string[] {
    this.#turn();
    const size = checked(call(of, largeBuffer, largeBuffer.length), 'listxattr', path);
    return size === 0 ? [] : form.nameFrom(largeBuffer.subarray(0, size - 1)).split('\0');
  }

  mount(source: string, target: string, type: string, data = '', flags = 0): void {
    this.#turn();
    checked(libc.mount(cstring(source), cstring(target), cstring(type), flags, cstring(data)), 'mount', source, target);
  }
  umount(target: string, flags = 0): void {
    this.#turn();
    checked(libc.umount(cstring(target), flags), 'umount', target);
  }

  setfsuid(uid: number): number {
    this.#turn();
    this.#uid = uid;
    return libc.setid(form.SYS_SETFSUID, uid);
  }
  setfsgid(gid: number): number {
    this.#turn();
    this.#gid = gid;
    return libc.setid(form.SYS_SETFSGID, gid);
  }
  setgroups(groups: readonly number[]): void {
    this.#turn();
    this.#groups = groups;
    this.#applyGroups();
  }
}
