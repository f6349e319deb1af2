/** One step of a random sequence, as plain data that prints, replays and shrinks. */
import type { Timespec } from '../abi/stat.ts';

/** Who the caller becomes. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/**
 * A step. Paths are relative to the tree; `ROOT` at the beginning of a symlink's target stands for the tree. A slot
 * holds a descriptor: 0 … 2 mostly of files, 3 and 4 mostly of directories; an empty slot means the next one in its
 * bank that is open. As a directory that a path starts from (`at`), slot 5 is the working directory. A region holds a
 * mapping: 0 or 1, or the other one where it is empty.
 */
export type Operation =
  | { call: 'open'; slot: number; path: string; flags: number; mode: number }
  | { call: 'openat'; slot: number; at: number; path: string; flags: number; mode: number }
  | { call: 'close' | 'fsync' | 'fdatasync' | 'fstat' | 'fstatfs' | 'getfl' | 'flistxattr'; slot: number }
  | { call: 'dup'; slot: number; to: number }
  | { call: 'setfl'; slot: number; flags: number }
  | { call: 'read'; slot: number; length: number }
  | { call: 'pread'; slot: number; length: number; offset: number }
  | { call: 'write'; slot: number; letter: string; length: number }
  | { call: 'pwrite'; slot: number; letter: string; length: number; offset: number }
  | { call: 'lseek'; slot: number; offset: number; whence: number }
  | { call: 'truncate'; path: string; size: number }
  | { call: 'ftruncate'; slot: number; size: number }
  | { call: 'fallocate'; slot: number; mode: number; offset: number; length: number }
  | {
      call: 'copyFileRange';
      slot: number;
      offset?: number | undefined;
      to: number;
      offsetTo?: number | undefined;
      length: number;
    }
  | { call: 'stat' | 'lstat' | 'statx' | 'statfs' | 'readlink' | 'realpath' | 'listxattr' | 'llistxattr'; path: string }
  | { call: 'fstatat'; at: number; path: string; flags: number }
  | { call: 'access'; path: string; mode: number }
  | { call: 'faccessat'; at: number; path: string; mode: number; flags: number }
  | { call: 'chmod' | 'mkdir'; path: string; mode: number }
  | { call: 'fchmodat'; path: string; mode: number; flags: number }
  | { call: 'fchmod'; slot: number; mode: number }
  | { call: 'chattr'; path: string; flags: number }
  | { call: 'fchattr'; slot: number; flags: number }
  | { call: 'lsattr'; path: string }
  | { call: 'mkdirat'; at: number; path: string; mode: number }
  | { call: 'chown' | 'lchown'; path: string; uid: number; gid: number }
  | { call: 'fchown'; slot: number; uid: number; gid: number }
  | { call: 'utimensat'; path: string; atime?: Timespec | undefined; mtime?: Timespec | undefined; flags: number }
  | { call: 'futimens'; slot: number; atime?: Timespec | undefined; mtime?: Timespec | undefined }
  | { call: 'umask'; mask: number }
  | { call: 'getdents'; slot: number; count?: number | undefined }
  | { call: 'seekdir'; slot: number; entry: number }
  | { call: 'unlink' | 'rmdir'; path: string }
  | { call: 'unlinkat'; at: number; path: string; flags: number }
  | { call: 'link' | 'rename'; path: string; newPath: string }
  | { call: 'linkat'; path: string; newPath: string; flags: number }
  | { call: 'linkSlot'; slot: number; newPath: string }
  | { call: 'renameat2'; path: string; newPath: string; flags: number }
  | { call: 'symlink'; target: string; path: string }
  | { call: 'mknod'; path: string; mode: number; rdev: number }
  | { call: 'getxattr' | 'lgetxattr' | 'removexattr' | 'lremovexattr'; path: string; name: string }
  | { call: 'setxattr' | 'lsetxattr'; path: string; name: string; value: string; flags: number }
  | { call: 'fgetxattr' | 'fremovexattr'; slot: number; name: string }
  | { call: 'fsetxattr'; slot: number; name: string; value: string; flags: number }
  | { call: 'mmap'; slot: number; region: number; offset: number; length: number; protection: number; flags: number }
  | { call: 'load'; region: number; offset: number; length: number }
  | { call: 'store'; region: number; offset: number; letter: string; length: number }
  | { call: 'munmap'; region: number }
  | { call: 'flock'; slot: number; operation: number }
  | { call: 'chdir'; path: string }
  | { call: 'fchdir'; slot: number }
  | { call: 'getcwd' | 'dropCaches' }
  | { call: 'become'; caller: Caller }
  | { call: 'remount'; close: boolean; options?: string | undefined }
  | { call: 'reconfigure'; readOnly: boolean }
  | { call: 'stack'; options?: string | undefined };

export type OperationCall = Operation['call'];
