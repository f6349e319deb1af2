/** Errors of the host, in the machine's words. */
import { type ErrnoCode, raise } from '../../abi/errno.ts';

/** What the host may refuse with and the machine's caller is told as it is. */
const TOLD: ReadonlySet<string> = new Set<ErrnoCode>(['EACCES', 'EPERM', 'ESTALE', 'ENOMEM', 'EIO']);
/** A file that was looked up is not there any more. */
const GONE: ReadonlySet<string> = new Set<ErrnoCode>(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO']);

const codeOf = (error: unknown): string | undefined => (error as { code?: string }).code;

export const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';

export const isNotPermitted = (error: unknown): boolean => codeOf(error) === 'EPERM';

/** Raises what stands for an error of the host: ESTALE for a file that has gone, EIO for what has no name here. */
export function raiseHostError(error: unknown): never {
  const code = codeOf(error) ?? '';
  if (GONE.has(code)) return raise('ESTALE');
  return raise(TOLD.has(code) ? (code as ErrnoCode) : 'EIO');
}
