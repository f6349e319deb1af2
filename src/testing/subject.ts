/** What a machine under comparison is to the harness. */
import type { Task } from '../kernel/task.ts';

/** A mapping of a file: what a machine under comparison must offer of it. */
export interface Region {
  read(offset: number, length: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
  unmap(): void;
}

/** The part of a task that sequences use: what a machine under comparison must offer. */
export type SubjectTask = Pick<
  Task,
  | 'open'
  | 'openat'
  | 'close'
  | 'dup'
  | 'getfl'
  | 'setfl'
  | 'read'
  | 'pread'
  | 'write'
  | 'pwrite'
  | 'lseek'
  | 'truncate'
  | 'ftruncate'
  | 'fallocate'
  | 'fsync'
  | 'fdatasync'
  | 'ioctl'
  | 'copyFileRange'
  | 'stat'
  | 'lstat'
  | 'fstat'
  | 'fstatat'
  | 'statx'
  | 'access'
  | 'faccessat'
  | 'chmod'
  | 'fchmod'
  | 'fchmodat'
  | 'chown'
  | 'lchown'
  | 'fchown'
  | 'utimensat'
  | 'futimens'
  | 'statfs'
  | 'fstatfs'
  | 'umask'
  | 'getdents'
  | 'mkdir'
  | 'mkdirat'
  | 'rmdir'
  | 'link'
  | 'linkat'
  | 'unlink'
  | 'unlinkat'
  | 'symlink'
  | 'readlink'
  | 'rename'
  | 'renameat2'
  | 'mknod'
  | 'realpath'
  | 'getxattr'
  | 'lgetxattr'
  | 'fgetxattr'
  | 'setxattr'
  | 'lsetxattr'
  | 'fsetxattr'
  | 'removexattr'
  | 'lremovexattr'
  | 'fremovexattr'
  | 'listxattr'
  | 'llistxattr'
  | 'flistxattr'
  | 'flock'
  | 'chdir'
  | 'fchdir'
  | 'getcwd'
  | 'mount'
  | 'umount'
  | 'setfsuid'
  | 'setfsgid'
  | 'setgroups'
> & {
  mmap(fd: number, offset: number, length: number, protection: number, flags: number): Region;
};

/** A machine under comparison. */
export interface Subject {
  readonly name: string;
  readonly task: SubjectTask;
  /**
   * A directory of its own, on which a tmpfs is mounted for the sequence. Equally long on both machines, or the
   * sizes of symlinks differ.
   */
  readonly directory: string;
  /** The uuid of the filesystem that `path` is on, by which file handles name it. Handles are told by size without. */
  filesystemUuid?(path: string): Uint8Array | undefined;
  /**
   * Mounts at `at` a filesystem without file handles and extended attributes; answers whether it is empty, or shows
   * what the other machine has built already. A tmpfs would not do.
   */
  mountForeign?(at: string): boolean;
  /** Is told before the machine is made to do something. */
  turn?(): void;
  /** Writes everything back and forgets what is only cached: nobody may notice. */
  dropCaches?(): void;
}

/** What an operation led to. */
export type Result = { readonly ok: string } | { readonly err: string } | { readonly crash: string };

/** What `action` answers, as a result. Whatever is thrown that carries no errno is a crash, never a result. */
export function resultOf(action: () => string): Result {
  try {
    return { ok: action() };
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code === 'string' && /^E[A-Z0-9]+$/.test(code)) return { err: code };
    return { crash: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** Runs `action`; answers the code of its failure, or `undefined`. */
export function attempt(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    return code;
  }
}

/** `length` bytes of one letter. */
export const bytesOf = (letter: string, length: number): Uint8Array =>
  new Uint8Array(length).fill(letter.charCodeAt(0));
