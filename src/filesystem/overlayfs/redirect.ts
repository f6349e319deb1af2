/**
 * Redirects: where the lower layers have what now has another name. A name stands for one in the same directory, a path
 * begins at the root of the layers.
 *
 * @see fs/overlayfs/dir.c ovl_set_redirect(), fs/overlayfs/util.c ovl_get_redirect_xattr()
 */
import { Errno, raise } from '../../abi/errno.ts';
import { isDirectory } from '../../abi/mode.ts';
import { decodeName, encodeName } from '../../abi/name-bytes.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import { utf8Length } from '../../kernel/lookup.ts';
import { overlayInode } from './entry.ts';
import type { OverlaySuperblock } from './super.ts';
import { readPrivateXattr, trySetPrivateXattr, XATTR_REDIRECT } from './xattr.ts';

/** Directories of lower layers can be moved. @see ovl_redirect_dir() */
export const redirectsDirectories = ({ config, noXattr }: OverlaySuperblock): boolean =>
  config.redirectMode === 'on' && !noXattr;

/** The redirect of a real object. @throws Errno EINVAL for what is no name and no path */
export function readRedirect(superblock: OverlaySuperblock, real: Inode): string | undefined {
  const value = readPrivateXattr(superblock, real, XATTR_REDIRECT);
  if (value === undefined) return undefined;
  if (value.length === 0) raise('EINVAL');
  const end = value.indexOf(0);
  const target = decodeName(end < 0 ? value : value.subarray(0, end));
  const isValid = target.startsWith('/') ? !target.slice(1).split('/').includes('') : !target.includes('/');
  return isValid ? target : raise('EINVAL');
}

/** Notes with an upper object, before it gets another name, where its lower ones are. @throws Errno EXDEV */
export function setRedirect(superblock: OverlaySuperblock, dentry: Dentry, sameDirectory: boolean): void {
  const inode = overlayInode(dentry);
  const isAbsolute = needsAbsoluteRedirect(dentry, sameDirectory);
  const known = inode.redirect;
  if (known !== undefined && (!isAbsolute || known.startsWith('/'))) return;
  const redirect = isAbsolute ? pathInLayers(superblock, dentry) : dentry.name;
  if (!trySetRedirect(superblock, inode.upper!, redirect)) raise('EXDEV');
  inode.redirect = redirect;
}

function trySetRedirect(superblock: OverlaySuperblock, upper: Dentry, redirect: string): boolean {
  try {
    return trySetPrivateXattr(superblock, upper, XATTR_REDIRECT, encodeName(redirect));
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
    return false;
  }
}

/** Names of a lower hard link may lie in several directories. @see ovl_need_absolute_redirect() */
function needsAbsoluteRedirect(dentry: Dentry, sameDirectory: boolean): boolean {
  if (!sameDirectory) return true;
  const inode = overlayInode(dentry);
  return !isDirectory(inode.mode) && inode.lower[0]!.dentry.inode!.nlink > 1;
}

/** @throws Errno EXDEV for a path that is too long @see ovl_get_redirect() */
function pathInLayers(superblock: OverlaySuperblock, dentry: Dentry): string {
  let path = '';
  let room = superblock.kernel.profile.overlay.redirectMax;
  for (let at = dentry; !at.isRoot; at = at.parent) {
    const part = overlayInode(at).redirect ?? at.name;
    const isWhole = part.startsWith('/');
    room -= utf8Length(part) + (isWhole ? 0 : 1);
    if (room < 0) raise('EXDEV');
    path = isWhole ? part + path : `/${part}${path}`;
    if (isWhole) return path;
  }
  return path;
}
