/**
 * Where a copied-up object came from: a file handle of the lower object in an attribute of the upper one.
 *
 * @see fs/overlayfs/copy_up.c ovl_set_origin(), fs/overlayfs/namei.c ovl_check_origin()
 */
import { attempt, Errno, raise } from '../../abi/errno.ts';
import { isDirectory } from '../../abi/mode.ts';
import { isWhiteout } from '../../abi/whiteout.ts';
import { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import { sameType } from '../../kernel/permission.ts';
import type { LayerPath } from './entry.ts';
import { canDecodeHandles, decodeHandle, isSameHandle, lowerHandle, readHandle } from './handle.ts';
import type { OverlaySuperblock } from './super.ts';
import {
  getPrivateXattr,
  type PrivateXattr,
  setPrivateXattr,
  trySetPrivateXattr,
  XATTR_ORIGIN,
  type XattrSpace,
} from './xattr.ts';

const UNKNOWN = new Uint8Array(0);

/**
 * Notes on an upper object which lower one it came from; an empty note where handles cannot be decoded, as those of
 * another overlay.
 *
 * @see ovl_get_origin_fh(), ovl_set_origin_fh()
 */
export function setOrigin(superblock: OverlaySuperblock, lower: LayerPath, upper: Dentry): void {
  const decodes = canDecodeHandles(superblock.mounter, lower.dentry.superblock);
  const handle = decodes ? lowerHandle(superblock, lower) : UNKNOWN;
  try {
    trySetPrivateXattr(superblock, upper, XATTR_ORIGIN, handle);
  } catch (error) {
    if (!(error instanceof Errno) || error.code !== 'EPERM') throw error;
  }
}

/** The object came from a lower layer, be it known which or not. @see ovl_path_check_origin_xattr() */
export const hasOrigin = (space: XattrSpace, real: Inode): boolean =>
  getPrivateXattr(space, real, XATTR_ORIGIN) !== undefined;

/** The lower object that an upper one came from, while it exists and is of the same type. @see ovl_check_origin() */
export function originOf(superblock: OverlaySuperblock, upper: Inode): LayerPath | undefined {
  const handle = readHandle(superblock, upper, XATTR_ORIGIN);
  return handle === undefined ? undefined : decodeOrigin(superblock, handle, upper);
}

/** The lower object of a handle, if it is of the type of `upper`. @see ovl_check_origin_fh() */
export function decodeOrigin(superblock: OverlaySuperblock, handle: Uint8Array, upper: Inode): LayerPath | undefined {
  for (const [fsid, { topmost, badUuid }] of superblock.filesystems.entries()) {
    if (fsid > 0 && badUuid) continue;
    if (topmost === undefined || !canDecodeHandles(superblock.mounter, topmost.mount.superblock)) continue;
    const inode = decodeHandle(superblock, handle, topmost);
    if (inode === undefined) continue;
    if (!isWhiteout(upper.mode, upper.rdev) && !sameType(inode.mode, upper.mode)) return undefined;
    return { dentry: new Dentry(inode.superblock, `#${inode.ino}`, topmost.root, inode), layer: topmost };
  }
  return undefined;
}

/**
 * Whether a lower object is what the upper one of the same name was copied up from. That matters to an index: with
 * nfs_export directories are not merged with others.
 *
 * @throws Errno ESTALE for a file
 * @see ovl_verify_origin()
 */
export function isOriginOf(superblock: OverlaySuperblock, upper: Dentry, lower: LayerPath): boolean {
  const isDir = isDirectory(upper.inode!.mode);
  const isAsked = isDir ? superblock.indexesAll : superblock.config.index && originOf(superblock, upper.inode!);
  if (!isAsked) return true;
  const verify = () => verifyHandle(superblock, upper, XATTR_ORIGIN, lowerHandle(superblock, lower), false);
  if (isDir) return attempt(verify);
  verify();
  return true;
}

/**
 * Checks that an attribute of a real object holds `handle`.
 *
 * @param set writes the handle where there is none
 * @throws Errno ESTALE for another handle, ENODATA where there is none
 * @see ovl_verify_set_fh()
 */
export function verifyHandle(
  superblock: OverlaySuperblock,
  real: Dentry,
  attribute: PrivateXattr,
  handle: Uint8Array,
  set: boolean,
): void {
  const noted = readHandle(superblock, real.inode!, attribute);
  if (noted !== undefined) {
    if (!isSameHandle(handle, noted)) raise('ESTALE');
  } else if (set) setPrivateXattr(superblock, real, attribute, handle);
  else raise('ENODATA');
}
