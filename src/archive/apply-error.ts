/** What moby's pkg/archive says when the system refuses a step of unpacking. */
import type { ErrnoException } from '../abi/errno.ts';
import { errnoText, pathErrorText } from '../abi/errno-text.ts';
import { baseName, cleanName } from '../abi/name-bytes.ts';
import { WHITEOUT_PREFIX } from '../abi/whiteout.ts';
import { ArchiveError } from './archive-error.ts';

/** Go's names for calls that it calls otherwise. */
const operations: Readonly<Record<string, string>> = {
  utime: 'chtimes',
  unlink: 'unlinkat',
  rmdir: 'unlinkat',
  getdents: 'readdirent',
};

/** Calls whose error Docker passes on without a word of its own. */
const silent = new Set(['mknod', 'lsetxattr']);

/**
 * The refusal with the system's error as its cause.
 *
 * @param entry the name of the entry at which it happened, where there is one
 */
export function applyError(cause: ErrnoException, entry: string | undefined): ArchiveError {
  const detail = { cause, ...(entry === undefined ? {} : { entry }) };
  return new ArchiveError('ERR_TAR_APPLY', textOf(cause, entry ?? ''), detail);
}

function textOf(cause: ErrnoException, entry: string): string {
  const { code, syscall, path, dest } = cause;
  if (syscall === 'setxattr') return `setxattr("${path}", trusted.overlay.opaque=y): ${errnoText(code)}`;
  if (syscall === 'mknod' && baseName(cleanName(entry)).startsWith(WHITEOUT_PREFIX)) {
    return `failed to mknod("${path}", S_IFCHR, 0): ${errnoText(code)}`;
  }
  if (silent.has(syscall)) return errnoText(code);
  const operation = operations[syscall] ?? syscall;
  if (operation === 'unlinkat' && path === '/') return `unlinkat .//: ${errnoText(code)}`;
  if (path === undefined) return `${operation} /${cleanName(`/${entry}`).slice(1)}: ${errnoText(code)}`;
  return dest === undefined
    ? pathErrorText(operation, path, cause)
    : `${operation} ${path} ${dest}: ${errnoText(code)}`;
}
