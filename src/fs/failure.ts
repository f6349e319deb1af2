/** Errors as Node words them. */
import { type ErrnoCode, ErrnoException, errnoNumber } from '../abi/errno.ts';
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

/** What Node's own file operations, made of several calls, report in the shape of a system's error. */
interface SystemErrorInfo {
  readonly code: ErrnoCode;
  readonly message: string;
  readonly path: string;
  readonly syscall: string;
  readonly errno: number;
}

export function systemError(code: string, prefix: string, info: SystemErrorInfo): Error {
  const { errno, syscall, path } = info;
  const words = `${prefix}: ${syscall} returned ${info.code} (${info.message}) ${path}`;
  const error = withCode(new Error(words), code);
  Object.defineProperty(error, 'name', { value: 'SystemError', writable: true, configurable: true });
  return Object.assign(error, { info, errno, syscall, path });
}

/** Node's refusal of `rm` for a directory unless it may descend. */
export function isDirectoryError(path: string): Error {
  const info = {
    code: 'EISDIR',
    message: 'is a directory',
    path,
    syscall: 'rm',
    errno: errnoNumber('EISDIR'),
  } as const;
  return systemError('ERR_FS_EISDIR', 'Path is a directory', info);
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
