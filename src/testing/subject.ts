/** What a machine under comparison is to the harness. */
import type { Task } from '../kernel/task.ts';

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
  | 'mount'
  | 'umount'
  | 'setfsuid'
  | 'setfsgid'
  | 'setgroups'
>;

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
