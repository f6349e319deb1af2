/**
 * Extended attributes: those that the overlay keeps for itself, and those that it shows.
 *
 * What the overlay notes in `trusted.overlay.`, or with `userxattr` in `user.overlay.`, is never shown; a user's own
 * attribute of such a name is kept as `trusted.overlay.overlay.`, so that overlays nest.
 *
 * @see fs/overlayfs/xattrs.c
 */
import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { Errno, raise } from '../../abi/errno.ts';
import { isDirectory, isRegular } from '../../abi/mode.ts';
import { XATTR_NAME_MAX } from '../../abi/flags.ts';
import {
  OVERLAY_USER_XATTR_PREFIX,
  OVERLAY_XATTR_PREFIX,
  XATTR_SECURITY_PREFIX,
  XATTR_SYSTEM_PREFIX,
} from '../../abi/xattr.ts';
import { type Credentials, isCapable } from '../../kernel/credentials.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import { type Kernel, withCredentials } from '../../kernel/kernel.ts';
import { isLongerThan } from '../../kernel/lookup.ts';
import { genericPermission, MAY_READ } from '../../kernel/permission.ts';
import { inodeFindXattr, inodeGetxattr, inodeListxattr, vfsRemovexattr, vfsSetxattr } from '../../kernel/xattr.ts';
import type { OverlayInode } from './inode.ts';
import type { OverlayConfig } from './config.ts';
import type { OverlaySuperblock } from './super.ts';

export const XATTR_OPAQUE = privateXattr('opaque');
export const XATTR_ORIGIN = privateXattr('origin');
export const XATTR_IMPURE = privateXattr('impure');
export const XATTR_REDIRECT = privateXattr('redirect');
export const XATTR_METACOPY = privateXattr('metacopy');
const XATTR_WHITEOUT = privateXattr('whiteout');
export const XATTR_PROTATTR = privateXattr('protattr');
export const XATTR_UPPER = privateXattr('upper');
export const XATTR_NLINK = privateXattr('nlink');
export const XATTR_UUID = privateXattr('uuid');

const ESCAPE = 'overlay.';
const YES = Uint8Array.of(0x79);

/** An attribute that the overlay keeps for itself, by its name in each name space. @see ovl_xattr_table */
export interface PrivateXattr {
  readonly trusted: string;
  readonly user: string;
}

function privateXattr(word: string): PrivateXattr {
  return { trusted: OVERLAY_XATTR_PREFIX + word, user: OVERLAY_USER_XATTR_PREFIX + word };
}

/** What tells which name space a mount keeps its own attributes in, and who reads them. */
export interface XattrSpace {
  readonly config: Pick<OverlayConfig, 'userxattr'>;
  readonly mounter: Credentials;
}

/** What the names of the mount's own attributes begin with. */
const prefixOf = ({ config }: XattrSpace): string =>
  config.userxattr ? OVERLAY_USER_XATTR_PREFIX : OVERLAY_XATTR_PREFIX;

/** The full name of one of the overlay's own attributes on this mount. @see OVL_XATTR() */
export const xattrName = ({ config }: XattrSpace, attribute: PrivateXattr): string =>
  config.userxattr ? attribute.user : attribute.trusted;

const isOwn = (space: XattrSpace, name: string): boolean => name.startsWith(prefixOf(space));
const isEscaped = (space: XattrSpace, name: string): boolean => name.startsWith(ESCAPE, prefixOf(space).length);

/** An attribute that the overlay keeps for itself. @see ovl_is_private_xattr() */
const isPrivateXattr = (space: XattrSpace, name: string): boolean => isOwn(space, name) && !isEscaped(space, name);

/**
 * The overlay's own attribute of a real object; `undefined` too where the filesystem keeps no attributes or the mounter
 * may not know of such.
 *
 * @throws Errno EACCES for a `user.` attribute of an object that the mounter may not read
 */
export function readPrivateXattr(space: XattrSpace, real: Inode, attribute: PrivateXattr): Uint8Array | undefined {
  const { mounter } = space;
  if (space.config.userxattr) {
    if (!isRegular(real.mode) && !isDirectory(real.mode)) return undefined;
    if ((real.permission?.(mounter, MAY_READ) ?? genericPermission(real, mounter, MAY_READ)) !== undefined) {
      raise('EACCES');
    }
  } else if (!isCapable(mounter, CAP_SYS_ADMIN)) return undefined;
  try {
    return real.getxattr(xattrName(space, attribute));
  } catch (error) {
    if (error instanceof Errno && error.code === 'EOPNOTSUPP') return undefined;
    throw error;
  }
}

/** As {@link readPrivateXattr}; what may not be read is taken for missing. */
export function getPrivateXattr(space: XattrSpace, real: Inode, attribute: PrivateXattr): Uint8Array | undefined {
  try {
    return readPrivateXattr(space, real, attribute);
  } catch (error) {
    if (error instanceof Errno && error.code === 'EACCES') return undefined;
    throw error;
  }
}

/** The first byte of a one-byte attribute of a directory. @see ovl_get_dir_xattr_val() */
export function directoryMark(space: XattrSpace, real: Inode, attribute: PrivateXattr): string | undefined {
  const value = getPrivateXattr(space, real, attribute);
  return value?.length === 1 ? String.fromCharCode(value[0]!) : undefined;
}

/** An empty regular file that is marked as a whiteout. @see ovl_path_check_xwhiteout_xattr() */
export function isXattrWhiteout(space: XattrSpace, real: Inode): boolean {
  return isRegular(real.mode) && real.size === 0 && getPrivateXattr(space, real, XATTR_WHITEOUT) !== undefined;
}

/** Sets one of the overlay's own attributes. */
export function setPrivateXattr(
  superblock: OverlaySuperblock,
  real: Dentry,
  attribute: PrivateXattr,
  value: Uint8Array,
): void {
  vfsSetxattr(superblock.kernel, real, xattrName(superblock, attribute), value, 0);
}

/** Takes one of the overlay's own attributes away. @throws Errno ENODATA @see ovl_removexattr() */
export function removePrivateXattr(superblock: OverlaySuperblock, real: Dentry, attribute: PrivateXattr): void {
  vfsRemovexattr(superblock.kernel, real, xattrName(superblock, attribute));
}

/**
 * Sets one of the overlay's own attributes where the upper layer can keep it; answers whether it could.
 *
 * @see ovl_check_setxattr()
 */
export function trySetPrivateXattr(
  superblock: OverlaySuperblock,
  real: Dentry,
  attribute: PrivateXattr,
  value: Uint8Array,
): boolean {
  if (superblock.noXattr) return false;
  try {
    setPrivateXattr(superblock, real, attribute, value);
    return true;
  } catch (error) {
    if (!(error instanceof Errno) || error.code !== 'EOPNOTSUPP') throw error;
    superblock.noXattr = true;
    return false;
  }
}

/** Marks an upper directory as holding objects that came from below. @see ovl_set_impure() */
export function setImpure(superblock: OverlaySuperblock, directory: OverlayInode): void {
  if (directory.impure) return;
  trySetPrivateXattr(superblock, directory.upper!, XATTR_IMPURE, YES);
  directory.impure = true;
}

/** Marks an upper directory as hiding what lies below; false where no mark can be kept. @see ovl_set_opaque_xerr() */
export function setOpaqueMark(superblock: OverlaySuperblock, real: Dentry): boolean {
  return trySetPrivateXattr(superblock, real, XATTR_OPAQUE, YES);
}

/** @throws Errno EOPNOTSUPP when the name gets too long, EINVAL for nothing but the prefix @see ovl_own_xattr_get() */
function realName(space: XattrSpace, name: string): string {
  if (!isOwn(space, name)) return name;
  const prefix = prefixOf(space);
  if (name === prefix) raise('EINVAL');
  const escaped = prefix + ESCAPE + name.slice(prefix.length);
  return isLongerThan(escaped, XATTR_NAME_MAX) ? raise('EOPNOTSUPP') : escaped;
}

/** The value that the mounter is told: file capabilities count for his namespace. @see ovl_xattr_get() */
function findRealXattr(inode: OverlayInode, name: string): Uint8Array | undefined {
  const { kernel, mounter } = inode.superblock;
  return withCredentials(kernel, mounter, () => inodeFindXattr(kernel, inode.real, name));
}

export const getOverlayXattr = (inode: OverlayInode, name: string): Uint8Array | undefined =>
  findRealXattr(inode, realName(inode.superblock, name));

export function setOverlayXattr(
  inode: OverlayInode,
  name: string,
  value: Uint8Array,
  flags: number,
  dentry?: Dentry,
): void {
  const { superblock } = inode;
  const kept = realName(superblock, name);
  if (inode.upper === undefined) inode.copyUp(dentry);
  changeUpper(inode, (kernel, upper) => vfsSetxattr(kernel, upper, kept, value, flags));
}

/** What the upper object is known to be is brought up to date whether it took the change or not. @see ovl_xattr_set() */
function changeUpper(inode: OverlayInode, change: (kernel: Kernel, upper: Dentry) => void): void {
  const { superblock } = inode;
  superblock.wantUpperWrite();
  try {
    withCredentials(superblock.kernel, superblock.mounter, () => change(superblock.kernel, inode.upper!));
  } finally {
    inode.copyAttributes();
  }
}

/** A missing attribute of a lower object is found out before it is copied up. @see ovl_xattr_set() */
export function removeOverlayXattr(inode: OverlayInode, name: string, dentry?: Dentry): void {
  const { superblock } = inode;
  const kept = realName(superblock, name);
  if (inode.upper === undefined && findRealXattr(inode, kept) === undefined) raise('ENODATA');
  if (inode.upper === undefined) inode.copyUp(dentry);
  changeUpper(inode, (kernel, upper) => vfsRemovexattr(kernel, upper, kept));
}

export function listOverlayXattrs(inode: OverlayInode): string[] {
  const { superblock } = inode;
  const { kernel, mounter } = superblock;
  const names = withCredentials(kernel, mounter, () => inodeListxattr(kernel, inode.real));
  if (!names.some((name) => isOwn(superblock, name))) return names;
  const prefix = prefixOf(superblock);
  return names
    .filter((name) => !isPrivateXattr(superblock, name))
    .map((name) => (isOwn(superblock, name) ? prefix + name.slice(prefix.length + ESCAPE.length) : name));
}

/** An attribute that must not get lost on the way up. @see ovl_must_copy_xattr() */
const mustCopy = (name: string): boolean =>
  name.startsWith(XATTR_SECURITY_PREFIX) || name.startsWith(`${XATTR_SYSTEM_PREFIX}posix_acl`);

/** Copies the attributes of a real object to another, the overlay's own left out. @see ovl_copy_xattr() */
export function copyXattrs(superblock: OverlaySuperblock, from: Inode, to: Dentry): void {
  const { kernel } = superblock;
  for (const name of inodeListxattr(kernel, from)) {
    if (isPrivateXattr(superblock, name)) continue;
    const value = inodeGetxattr(kernel, from, name);
    try {
      vfsSetxattr(kernel, to, name, value, 0);
    } catch (error) {
      const isRefused = error instanceof Errno && error.code === 'EOPNOTSUPP';
      // what keeps no attributes at all is not asked to
      if (!isRefused || (mustCopy(name) && !superblock.noXattr)) throw error;
    }
  }
}
