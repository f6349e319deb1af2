/**
 * Extended attributes: those that the overlay keeps for itself, and those that it shows.
 *
 * What the overlay notes in `trusted.overlay.` is never shown; a user's own attribute of such a name is kept as
 * `trusted.overlay.overlay.`, so that overlays nest.
 *
 * @see fs/overlayfs/xattrs.c
 */
import { Errno, raise } from '../../abi/errno.ts';
import { isDirectory, isRegular } from '../../abi/mode.ts';
import { XATTR_NAME_MAX } from '../../abi/flags.ts';
import {
  OVERLAY_XATTR_PREFIX,
  XATTR_SECURITY_CAPABILITY,
  XATTR_SECURITY_PREFIX,
  XATTR_SYSTEM_PREFIX,
} from '../../abi/xattr.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { fileCapabilitiesAsTold } from '../../kernel/file-capabilities.ts';
import { type Inode, S_APPEND, S_IMMUTABLE } from '../../kernel/inode.ts';
import { withCredentials } from '../../kernel/kernel.ts';
import { vfsRemovexattr, vfsSetxattr } from '../../kernel/xattr.ts';
import { realOf } from './entry.ts';
import type { OverlayInode } from './inode.ts';
import type { OverlaySuperblock } from './super.ts';

export const XATTR_OPAQUE = `${OVERLAY_XATTR_PREFIX}opaque`;
export const XATTR_ORIGIN = `${OVERLAY_XATTR_PREFIX}origin`;
export const XATTR_IMPURE = `${OVERLAY_XATTR_PREFIX}impure`;
export const XATTR_REDIRECT = `${OVERLAY_XATTR_PREFIX}redirect`;
export const XATTR_METACOPY = `${OVERLAY_XATTR_PREFIX}metacopy`;
export const XATTR_WHITEOUT = `${OVERLAY_XATTR_PREFIX}whiteout`;
export const XATTR_PROTATTR = `${OVERLAY_XATTR_PREFIX}protattr`;
export const XATTR_UUID = `${OVERLAY_XATTR_PREFIX}uuid`;

const ESCAPE = 'overlay.';
const ESCAPED_PREFIX = OVERLAY_XATTR_PREFIX + ESCAPE;
const YES = Uint8Array.of(0x79);

const isOwn = (name: string): boolean => name.startsWith(OVERLAY_XATTR_PREFIX);
const isEscaped = (name: string): boolean => name.startsWith(ESCAPED_PREFIX);

/** An attribute that the overlay keeps for itself. */
export const isPrivateXattr = (name: string): boolean => isOwn(name) && !isEscaped(name);

/** The overlay's own attribute of a real object; `undefined` too where the filesystem keeps no attributes. */
export function getPrivateXattr(real: Inode, name: string): Uint8Array | undefined {
  try {
    return real.getxattr(name);
  } catch (error) {
    if (error instanceof Errno && error.code === 'EOPNOTSUPP') return undefined;
    throw error;
  }
}

/** The first byte of a one-byte attribute of a directory. @see ovl_get_dir_xattr_val() */
export function directoryMark(real: Inode, name: string): string | undefined {
  if (!isDirectory(real.mode)) return undefined;
  const value = getPrivateXattr(real, name);
  return value?.length === 1 ? String.fromCharCode(value[0]!) : undefined;
}

/** An empty regular file that is marked as a whiteout. @see ovl_path_check_xwhiteout_xattr() */
export function isXattrWhiteout(real: Inode): boolean {
  return isRegular(real.mode) && real.size === 0 && getPrivateXattr(real, XATTR_WHITEOUT) !== undefined;
}

/** Sets one of the overlay's own attributes. */
export function setPrivateXattr(superblock: OverlaySuperblock, real: Dentry, name: string, value: Uint8Array): void {
  vfsSetxattr(superblock.kernel, real, name, value, 0);
}

/**
 * Sets one of the overlay's own attributes where the upper layer can keep it; answers whether it could.
 *
 * @see ovl_check_setxattr()
 */
export function trySetPrivateXattr(
  superblock: OverlaySuperblock,
  real: Dentry,
  name: string,
  value: Uint8Array,
): boolean {
  if (superblock.noXattr) return false;
  try {
    setPrivateXattr(superblock, real, name, value);
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

/** The protection of a file, which its upper object cannot carry itself. @see ovl_set_protattr() */
export function setProtection(superblock: OverlaySuperblock, real: Dentry, flags: number): void {
  const marks = [(flags & S_APPEND) !== 0 ? 0x61 : 0, (flags & S_IMMUTABLE) !== 0 ? 0x69 : 0].filter((byte) => byte);
  if (marks.length === 0) return;
  if (!trySetPrivateXattr(superblock, real, XATTR_PROTATTR, Uint8Array.from(marks))) raise('EPERM');
}

/** The protection noted in {@link XATTR_PROTATTR}; nothing when the note has another form. @see ovl_check_protattr() */
export function protectionOf(real: Inode): number {
  const value = getPrivateXattr(real, XATTR_PROTATTR);
  if (value === undefined) return 0;
  let flags = 0;
  for (const byte of value) {
    if (byte === 0x61) flags |= S_APPEND;
    else if (byte === 0x69) flags |= S_IMMUTABLE;
    else return 0;
  }
  return flags;
}

/** @throws Errno EOPNOTSUPP when the name gets too long */
function realName(name: string): string {
  if (!isOwn(name)) return name;
  const escaped = ESCAPED_PREFIX + name.slice(OVERLAY_XATTR_PREFIX.length);
  return escaped.length > XATTR_NAME_MAX ? raise('EOPNOTSUPP') : escaped;
}

export function getOverlayXattr(inode: OverlayInode, name: string): Uint8Array | undefined {
  return realOf(inode).getxattr(realName(name));
}

export function setOverlayXattr(inode: OverlayInode, name: string, value: Uint8Array, flags: number): void {
  const { superblock } = inode;
  const kept = realName(name);
  inode.copyUp();
  superblock.wantUpperWrite();
  withCredentials(superblock.kernel, superblock.mounter, () => {
    vfsSetxattr(superblock.kernel, inode.upper!, kept, value, flags);
  });
  inode.copyAttributes();
}

/** A missing attribute of a lower object is found out before it is copied up. @see ovl_xattr_set() */
export function removeOverlayXattr(inode: OverlayInode, name: string): void {
  const { superblock } = inode;
  const kept = realName(name);
  if (inode.upper === undefined && realOf(inode).getxattr(kept) === undefined) raise('ENODATA');
  inode.copyUp();
  superblock.wantUpperWrite();
  withCredentials(superblock.kernel, superblock.mounter, () => {
    vfsRemovexattr(superblock.kernel, inode.upper!, kept);
  });
  inode.copyAttributes();
}

export function listOverlayXattrs(inode: OverlayInode): string[] {
  const names = realOf(inode).listxattr();
  if (!names.some(isOwn)) return names;
  return names
    .filter((name) => !isPrivateXattr(name))
    .map((name) => (isEscaped(name) ? OVERLAY_XATTR_PREFIX + name.slice(ESCAPED_PREFIX.length) : name));
}

/** An attribute that must not get lost on the way up. @see ovl_must_copy_xattr() */
const mustCopy = (name: string): boolean =>
  name.startsWith(XATTR_SECURITY_PREFIX) || name.startsWith(`${XATTR_SYSTEM_PREFIX}posix_acl`);

/** Copies the attributes of a real object to another, the overlay's own left out. @see ovl_copy_xattr() */
export function copyXattrs(superblock: OverlaySuperblock, from: Inode, to: Dentry): void {
  for (const name of from.listxattr()) {
    if (isPrivateXattr(name)) continue;
    const kept = from.getxattr(name) ?? raise('ENODATA');
    const value = name === XATTR_SECURITY_CAPABILITY ? fileCapabilitiesAsTold(kept) : kept;
    try {
      vfsSetxattr(superblock.kernel, to, name, value, 0);
    } catch (error) {
      const ignored = error instanceof Errno && error.code === 'EOPNOTSUPP' && !mustCopy(name);
      if (!ignored) throw error;
    }
  }
}
