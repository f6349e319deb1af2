/** What mount(2) tells of an option that cannot be carried out. @see fs/aufs/fsctx.c cvt_err() */
import { Errno, type ErrnoCode, raise } from '../../abi/errno.ts';

/** Codes that mount(8) would take for something else. */
const HIDDEN: ReadonlySet<ErrnoCode> = new Set(['ENOENT', 'ENOTDIR', 'EEXIST', 'EIO']);

/** @throws Errno EINVAL in place of ENOENT, ENOTDIR, EEXIST and EIO */
export function withMountErrors<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof Errno && HIDDEN.has(error.code)) raise('EINVAL');
    throw error;
  }
}
