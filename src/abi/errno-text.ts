/**
 * Errors of system calls in Go's words, which Docker's messages end with. They are those of strerror(3) with a small first
 * letter, where Node has the words of libuv.
 *
 * @see golang syscall/zerrors_linux_amd64.go
 */
import { type ErrnoCode, type ErrnoException, errnoMessage } from './errno.ts';

/** Where Go says it otherwise than Node. */
const words: Partial<Record<ErrnoCode, string>> = {
  EIO: 'input/output error',
  ENOMEM: 'cannot allocate memory',
  EFAULT: 'bad address',
  EBUSY: 'device or resource busy',
  EEXIST: 'file exists',
  EXDEV: 'invalid cross-device link',
  EISDIR: 'is a directory',
  ENFILE: 'too many open files in system',
  ETXTBSY: 'text file busy',
  ESPIPE: 'illegal seek',
  ERANGE: 'numerical result out of range',
  EDEADLK: 'resource deadlock avoided',
  ENAMETOOLONG: 'file name too long',
  ELOOP: 'too many levels of symbolic links',
  EOPNOTSUPP: 'operation not supported',
  ESTALE: 'stale NFS file handle',
};

/** `device or resource busy` for EBUSY. */
export const errnoText = (code: ErrnoCode): string => words[code] ?? errnoMessage(code);

/** As Go prints the error of a call that names a path: `open /a: no such file or directory`. */
export const pathErrorText = (operation: string, path: string, { code }: ErrnoException): string =>
  `${operation} ${path}: ${errnoText(code)}`;
