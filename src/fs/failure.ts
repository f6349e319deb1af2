/** Errors as Node words them. */
import { Errno, type ErrnoCode, ErrnoException, errnoMessage, errnoNumber } from '../abi/errno.ts';
import { withCode } from '@jsonjoy.com/fs-node-utils/lib/argErrors.js';

/** The same refusal under the name, path and destination that Node reports for a call made of several. */
export function renamed(error: unknown, syscall: string, path?: string, dest?: string): unknown {
  if (!(error instanceof ErrnoException)) return error;
  const made = new ErrnoException(error.code, syscall, path, dest);
  return error.code === 'EOPNOTSUPP' ? worded(made, 'ENOTSUP') : made;
}

/** libuv has a name of its own for error 95. */
function worded(error: ErrnoException, code: string): ErrnoException {
  error.message = error.message.replace(error.code, code);
  return Object.assign(error, { code });
}

/** Whether `error` is the system's refusal `code`. */
export function isRefusal(error: unknown, ...codes: readonly ErrnoCode[]): error is ErrnoException {
  return error instanceof ErrnoException && codes.includes(error.code);
}

/** A refusal that the façade itself makes. */
export function refusal(code: ErrnoCode, syscall: string, path?: string, dest?: string): ErrnoException {
  return new ErrnoException(code, syscall, path, dest);
}

/** Node's ERR_FS_EISDIR, which `rm` raises for a directory unless it may descend. */
export function isDirectoryError(path: string): Error {
  const info = { code: 'EISDIR', message: 'is a directory', path, syscall: 'rm', errno: errnoNumber('EISDIR') };
  const error = withCode(
    new Error(`Path is a directory: rm returned EISDIR (is a directory) ${path}`),
    'ERR_FS_EISDIR',
  );
  const { errno, syscall } = info;
  return Object.assign(error, { name: 'SystemError', info, errno, syscall, path });
}

/** What a descriptor's method answers behind its `close`. */
export function closedError(syscall: string): Error {
  return Object.assign(new Error('file closed'), { code: 'EBADF', syscall });
}

export function abortError(signal: AbortSignal | undefined): Error {
  const error = new Error('The operation was aborted', { cause: signal?.reason });
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}

export { Errno, errnoMessage };
