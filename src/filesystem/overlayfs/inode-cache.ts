/**
 * Live inodes: one for each real object that is shown, whichever name it is reached by.
 *
 * An inode is known by its lower object, whose number it keeps; one that has none, or whose lower object is one of
 * several links that copy-up parts, is known by its upper object.
 *
 * @see fs/overlayfs/inode.c ovl_get_inode()
 */
import { isDirectory } from '../../abi/mode.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import type { LayerPath } from './entry.ts';
import { OverlayInode } from './inode.ts';
import { hasOrigin } from './origin.ts';
import type { OverlaySuperblock } from './super.ts';
import { directoryMark, protectionOf, XATTR_IMPURE } from './xattr.ts';

export interface InodeParams {
  readonly upper: Dentry | undefined;
  readonly lower: readonly LayerPath[];
  readonly redirect?: string | undefined;
}

/** The inode that shows these real objects. */
export function getInode(superblock: OverlaySuperblock, params: InodeParams): OverlayInode {
  const { upper, lower } = params;
  const byLower = isKnownByLower(superblock, lower[0]);
  const key = byLower ? lower[0]!.dentry.inode! : upper?.inode;
  const known = key === undefined ? undefined : superblock.inodesByKey.get(key);
  if (known !== undefined && isSameObject(known, params)) return known;
  if (byLower && isLean(params)) return makeLeanInode(superblock, lower[0]!);
  const inode = makeInode(superblock, params, byLower);
  superblock.remember(inode, key);
  return inode;
}

/**
 * A file of one lower layer whose only name is the one looked up: nothing else leads to it, so that it need not be
 * found by its real object, and the name in the layer gets no dentry until it is used.
 */
function isLean({ upper, lower }: InodeParams): boolean {
  return upper === undefined && lower.length === 1 && !lower[0]!.dentry.hashed;
}

function makeLeanInode(superblock: OverlaySuperblock, { dentry, layer }: LayerPath): OverlayInode {
  const inode = new OverlayInode(superblock, dentry.inode!.mode);
  inode.showLower(layer, dentry.inode!);
  inode.constantIno = true;
  return inode;
}

/** @see ovl_hash_bylower() */
function isKnownByLower(superblock: OverlaySuperblock, lowest: LayerPath | undefined): boolean {
  if (lowest === undefined) return false;
  if (superblock.upperLayer === undefined) return true;
  const inode = lowest.dentry.inode!;
  return isDirectory(inode.mode) || inode.nlink <= 1;
}

/** Somebody may have changed the layers: then the inode found is another object's. @see ovl_verify_inode() */
function isSameObject(inode: OverlayInode, { upper, lower }: InodeParams): boolean {
  if (lower.length > 0 && inode.lowerInode !== lower[0]!.dentry.inode) return false;
  if (upper === undefined) return inode.upper === undefined || !isDirectory(inode.mode);
  return inode.upper?.inode === upper.inode;
}

/** @param byLower the inode number stays that of the lower object when the inode is copied up */
export function makeInode(superblock: OverlaySuperblock, params: InodeParams, byLower: boolean): OverlayInode {
  const { upper, lower } = params;
  const real = (upper ?? lower[0]!.dentry).inode!;
  const isDir = isDirectory(real.mode);
  const inode = new OverlayInode(superblock, real.mode);
  inode.upper = upper;
  inode.lower = lower;
  inode.rdev = real.rdev;
  inode.redirect = params.redirect;
  inode.constantIno = byLower;
  inode.nlink = !isDir && (upper !== undefined || byLower) ? real.nlink : 1;
  inode.copyAttributes();
  inode.flags = real.flags | (upper === undefined ? 0 : protectionOf(real));
  inode.ino = isDir && !superblock.sameFilesystem ? superblock.nextIno() : keyIno(params, byLower);
  if (isDir) initDirectory(inode, real);
  return inode;
}

function keyIno({ upper, lower }: InodeParams, byLower: boolean): number {
  return (byLower || upper === undefined ? lower[0]!.dentry : upper).inode!.ino;
}

function initDirectory(inode: OverlayInode, real: Inode): void {
  const { upper, lower } = inode;
  inode.impure = upper !== undefined && directoryMark(real, XATTR_IMPURE) === 'y';
  inode.mayHaveWhiteouts = (upper !== undefined && lower.length > 0) || lower.length > 1 || hasOrigin(real);
}
