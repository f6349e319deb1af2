/**
 * Where the paths in options lead. All are looked up before the first option is carried out.
 *
 * @see fs/aufs/fsctx.c au_fsctx_parse_param()
 */
import { Errno, raise } from '../../abi/errno.ts';
import { isDirectory } from '../../abi/mode.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import type { Path } from '../../kernel/mount.ts';
import type { ReconfigureRequest } from '../../kernel/superblock.ts';
import type { AufsOption } from './option.ts';

/** An option with the directory that it names, if it names one. */
export interface ResolvedOption {
  readonly option: AufsOption;
  readonly place: Path | undefined;
}

type Resolve = ReconfigureRequest['resolve'];

/**
 * @throws Errno EINVAL for a branch to come that is no directory; for one to go or to change, and for the file of inode
 *   numbers, what the lookup gives: ENOENT, ENOTDIR …
 */
export const resolveOptions = (options: readonly AufsOption[], resolve: Resolve): ResolvedOption[] =>
  options.map((option) => ({ option, place: placeOf(option, resolve) }));

function placeOf(option: AufsOption, resolve: Resolve): Path | undefined {
  if (option.kind === 'add') return newBranch(option.path, resolve);
  if (option.kind === 'del' || option.kind === 'mod') return directory(option.path, resolve);
  if (option.kind === 'set' && option.name === 'trunc_xino') return directory(option.value, resolve);
  if (option.kind === 'xino') checkNumberFile(option.path, resolve);
  return undefined;
}

function directory(path: string, resolve: Resolve): Path {
  const place = resolve(path);
  return isDirectory(place.dentry.inode!.mode) ? place : raise('ENOTDIR');
}

function newBranch(path: string, resolve: Resolve): Path {
  try {
    return directory(path, resolve);
  } catch (error) {
    if (error instanceof Errno) raise('EINVAL');
    throw error;
  }
}

/**
 * The file that keeps inode numbers is made and unlinked at once; here it is enough that it could be.
 *
 * @throws Errno ENOENT, ENOTDIR, EROFS, EEXIST, EISDIR @see au_xino_create()
 */
function checkNumberFile(path: string, resolve: Resolve): void {
  if (path === '') raise('ENOENT');
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  const parent = directory(slash < 0 ? '.' : path.slice(0, slash + 1), resolve);
  if (name === '' || name === '.' || name === '..') raise('EISDIR');
  if (parent.dentry.superblock.type.name === 'aufs') raise('EINVAL');
  if (lookupDentry(parent.dentry, name).inode !== undefined) raise('EEXIST');
  if (parent.mount.readOnly) raise('EROFS');
}
