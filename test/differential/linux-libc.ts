/**
 * The C library of the real machine: the functions behind `LinuxTask`, and the byte forms of what they take and give.
 *
 * x86-64 only: raw system call numbers and the layout of `struct statfs` are that architecture's.
 */
import koffi from 'koffi';
import { type ErrnoCode, ErrnoException, errnoCodes, errnoNumber } from '../../src/abi/errno.ts';
import { makedev } from '../../src/abi/mode.ts';
import type { Dirent, Stat, StatFS, Timespec } from '../../src/abi/stat.ts';

const library = koffi.load('libc.so.6');
const bind = (signature: string) => library.func(signature) as (...parameters: unknown[]) => number;

export const libc = {
  open: bind('int openat(int dirfd, void *path, int flags, uint mode)'),
  close: bind('int close(int fd)'),
  dup: bind('int dup(int fd)'),
  dup2: bind('int dup2(int fd, int newfd)'),
  fcntl: bind('int fcntl(int fd, int command, long argument)'),
  read: bind('long read(int fd, _Out_ void *into, size_t size)'),
  pread: bind('long pread64(int fd, _Out_ void *into, size_t size, int64 offset)'),
  write: bind('long write(int fd, void *bytes, size_t size)'),
  pwrite: bind('long pwrite64(int fd, void *bytes, size_t size, int64 offset)'),
  lseek: bind('int64 lseek64(int fd, int64 offset, int whence)'),
  truncate: bind('int truncate64(void *path, int64 size)'),
  ftruncate: bind('int ftruncate64(int fd, int64 size)'),
  fallocate: bind('int fallocate64(int fd, int mode, int64 offset, int64 length)'),
  fsync: bind('int fsync(int fd)'),
  fdatasync: bind('int fdatasync(int fd)'),
  syncfs: bind('int syncfs(int fd)'),
  copyFileRange: bind(
    'long copy_file_range(int in, void *offsetIn, int out, void *offsetOut, size_t length, uint flags)',
  ),
  flock: bind('int flock(int fd, int operation)'),
  statx: bind('int statx(int dirfd, void *path, int flags, uint mask, _Out_ void *into)'),
  faccessat: bind('long syscall(long number, long dirfd, void *path, long mode, long flags)'),
  fchmodat: bind('long syscall(long number, long dirfd, void *path, long mode, long flags)'),
  fchmod: bind('int fchmod(int fd, uint mode)'),
  fchown: bind('int fchown(int fd, int uid, int gid)'),
  fchownat: bind('int fchownat(int dirfd, void *path, int uid, int gid, int flags)'),
  utimensat: bind('long syscall(long number, long dirfd, void *path, void *times, long flags)'),
  statfs: bind('int statfs64(void *path, _Out_ void *into)'),
  fstatfs: bind('int fstatfs64(int fd, _Out_ void *into)'),
  umask: bind('uint umask(uint mask)'),
  getdents: bind('long syscall(long number, long fd, _Out_ void *into, long size)'),
  mkdirat: bind('int mkdirat(int dirfd, void *path, uint mode)'),
  unlinkat: bind('int unlinkat(int dirfd, void *path, int flags)'),
  fchdir: bind('int fchdir(int fd)'),
  linkat: bind('int linkat(int olddirfd, void *path, int newdirfd, void *newPath, int flags)'),
  symlinkat: bind('int symlinkat(void *target, int dirfd, void *path)'),
  readlinkat: bind('long readlinkat(int dirfd, void *path, _Out_ void *into, size_t size)'),
  renameat2: bind('int renameat2(int olddirfd, void *path, int newdirfd, void *newPath, uint flags)'),
  mknodat: bind('int mknodat(int dirfd, void *path, uint mode, uint64 rdev)'),
  getxattr: bind('long getxattr(void *path, void *name, _Out_ void *into, size_t size)'),
  lgetxattr: bind('long lgetxattr(void *path, void *name, _Out_ void *into, size_t size)'),
  fgetxattr: bind('long fgetxattr(int fd, void *name, _Out_ void *into, size_t size)'),
  setxattr: bind('int setxattr(void *path, void *name, void *value, size_t size, int flags)'),
  lsetxattr: bind('int lsetxattr(void *path, void *name, void *value, size_t size, int flags)'),
  fsetxattr: bind('int fsetxattr(int fd, void *name, void *value, size_t size, int flags)'),
  removexattr: bind('int removexattr(void *path, void *name)'),
  lremovexattr: bind('int lremovexattr(void *path, void *name)'),
  fremovexattr: bind('int fremovexattr(int fd, void *name)'),
  listxattr: bind('long listxattr(void *path, _Out_ void *into, size_t size)'),
  llistxattr: bind('long llistxattr(void *path, _Out_ void *into, size_t size)'),
  flistxattr: bind('long flistxattr(int fd, _Out_ void *into, size_t size)'),
  ioctl: bind('int ioctl(int fd, ulong request, _Inout_ void *argument)'),
  getcwd: bind('long syscall(long number, _Out_ void *into, long size)'),
  mmap: bind('int64 mmap64(uint64 address, size_t length, int protection, int flags, int fd, int64 offset)'),
  munmap: bind('int munmap(uint64 address, size_t length)'),
  memfd: bind('int memfd_create(void *name, uint flags)'),
  readTo: bind('long pread64(int fd, uint64 address, size_t size, int64 offset)'),
  writeFrom: bind('long pwrite64(int fd, uint64 address, size_t size, int64 offset)'),
  sync: bind('void sync()'),
  mount: bind('int mount(void *source, void *target, void *type, ulong flags, void *data)'),
  umount: bind('int umount2(void *target, int flags)'),
  unshare: bind('int unshare(int flags)'),
  setid: bind('long syscall(long number, long id)'),
  setgroups: bind('long syscall(long number, long count, void *groups)'),
};

/** Numbers of the calls that go round the C library, which would reach every thread or emulate. */
export const SYS_GETCWD = 79;
export const SYS_GETDENTS64 = 217;
export const SYS_SETGROUPS = 116;
export const SYS_SETFSUID = 122;
export const SYS_SETFSGID = 123;
export const SYS_UTIMENSAT = 280;
export const SYS_FACCESSAT2 = 439;
export const SYS_FCHMODAT2 = 452;
export const STATX_BASIC_STATS = 0x7ff;
export const STATX_BTIME = 0x800;
export const PATH_MAX = 4096;
/** @see struct fsuuid2 */
export const FS_IOC_GETFSUUID = 0x80111500;
export const UUID_SIZE = 16;
export const F_GETFL = 3;
export const F_SETFL = 4;

const codeOf = new Map<number, ErrnoCode>(errnoCodes.map((code) => [errnoNumber(code), code]));

/** Answers `result`, or throws what errno says where it is negative. */
export function checked(result: number, syscall: string, path?: string, dest?: string): number {
  if (result >= 0) return result;
  const number = koffi.errno();
  const code = codeOf.get(number);
  if (code === undefined) throw new Error(`${syscall} failed with errno ${number}, which src/abi/errno.ts lacks`);
  throw new ErrnoException(code, syscall, path, dest);
}

const escaped = /[\udc80-\udcff]/;

/** The bytes of a name and the NUL behind them. */
export function cstring(text: string): Uint8Array {
  if (!escaped.test(text)) return Buffer.from(`${text}\0`);
  const parts = Array.from(text, (character) => {
    const code = character.codePointAt(0)!;
    return code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code & 0xff) : Buffer.from(character);
  });
  return Buffer.concat([...parts, Buffer.of(0)]);
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A name from its bytes; what is no UTF-8 becomes lone surrogates. */
export function nameFrom(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join('');
  }
}

const timespecAt = (buffer: Buffer, at: number): Timespec => ({
  sec: Number(buffer.readBigInt64LE(at)),
  nsec: buffer.readUInt32LE(at + 8),
});

/** @see struct statx */
export function statFrom(buffer: Buffer, withBirth: boolean): Stat {
  const u64 = (at: number) => Number(buffer.readBigUInt64LE(at));
  const u32 = (at: number) => buffer.readUInt32LE(at);
  const stat: Stat = {
    dev: makedev(u32(136), u32(140)),
    ino: u64(32),
    mode: buffer.readUInt16LE(28),
    nlink: u32(16),
    uid: u32(20),
    gid: u32(24),
    rdev: makedev(u32(128), u32(132)),
    size: u64(40),
    blksize: u32(4),
    blocks: u64(48),
    atime: timespecAt(buffer, 64),
    mtime: timespecAt(buffer, 112),
    ctime: timespecAt(buffer, 96),
  };
  if (stat.ino > Number.MAX_SAFE_INTEGER) stat.ino64 = buffer.readBigUInt64LE(32);
  if (withBirth && u32(0) & STATX_BTIME) stat.btime = timespecAt(buffer, 80);
  if (withBirth) {
    stat.attributes = u64(8);
    stat.attributesMask = u64(56);
  }
  return stat;
}

/** @see struct statfs */
export function statfsFrom(buffer: Buffer): StatFS {
  const u64 = (index: number) => Number(buffer.readBigUInt64LE(index * 8));
  return {
    type: u64(0),
    bsize: u64(1),
    frsize: u64(9),
    blocks: u64(2),
    bfree: u64(3),
    bavail: u64(4),
    files: u64(5),
    ffree: u64(6),
    fsid: [buffer.readUInt32LE(56), buffer.readUInt32LE(60)],
    namelen: u64(8),
    flags: u64(10),
  };
}

/** @see struct linux_dirent64 */
export function direntsFrom(buffer: Buffer, size: number): Dirent[] {
  const entries: Dirent[] = [];
  for (let at = 0; at < size; at += buffer.readUInt16LE(at + 16)) {
    const ino = buffer.readBigUInt64LE(at);
    entries.push({
      ino: Number(ino),
      ...(ino > Number.MAX_SAFE_INTEGER && { ino64: ino }),
      off: Number(buffer.readBigInt64LE(at + 8)),
      type: buffer.readUInt8(at + 18),
      name: nameFrom(buffer.subarray(at + 19, buffer.indexOf(0, at + 19))),
    });
  }
  return entries;
}

/** Two `struct timespec`. */
export function timesBuffer(times: readonly [Timespec, Timespec]): Buffer {
  const buffer = Buffer.alloc(32);
  times.forEach((time, index) => {
    buffer.writeBigInt64LE(BigInt(time.sec), index * 16);
    buffer.writeBigInt64LE(BigInt(time.nsec), index * 16 + 8);
  });
  return buffer;
}
