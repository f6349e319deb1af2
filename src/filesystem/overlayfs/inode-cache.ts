/**
 * Live inodes: one for each real object that is shown, whichever name it is reached by.
 *
 * An inode is known by its lower object, whose number it keeps; one that has none, or whose lower object is one of
 * several links that copy-up parts, is known by its upper object.
 *
 * @see fs/overlayfs/inode.c ovl_get_inode()
 */
import { raise } from '../../abi/errno.ts';
import { isDirectory } from '../../abi/mode.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import type { LayerPath } from './entry.ts';
import { flagsOfUpper } from './fileattr.ts';
import { OverlayInode } from './inode.ts';
import { noteOfNlink } from './nlink.ts';
import { hasOrigin } from './origin.ts';
import type { OverlaySuperblock } from './super.ts';
import { directoryMark, XATTR_IMPURE } from './xattr.ts';

export interface InodeParams {
  readonly upper: Dentry | undefined;
  readonly lower: readonly LayerPath[];
  /** There is an entry in the index for the object. */
  readonly indexed?: boolean;
  readonly redirect?: string | undefined;
  /** The upper object has no data. */
  readonly metacopy?: boolean;
  /** Where the data-only layers have the data. */
  readonly lowerdataRedirect?: string | undefined;
}

/** The inode that shows these real objects. @throws Errno ESTALE where one is known that shows others */
export function getInode(superblock: OverlaySuperblock, params: InodeParams): OverlayInode {
  const { upper, lower } = params;
  const byLower = isKnownByLower(superblock, params);
  const key = byLower ? lower[0]!.dentry.inode! : upper?.inode;
  const known = key === undefined ? undefined : superblock.inodesByKey.get(key);
  if (known !== undefined) {
    if (!isSameObject(known, params)) raise('ESTALE');
    superblock.unnamed.delete(known);
    known.isAliased = true;
    return known;
  }
  if (byLower && isLean(params)) return makeLeanInode(superblock, lower[0]!);
  const inode = makeInode(superblock, params, byLower);
  if (upper !== undefined) inode.flags = flagsOfUpper(superblock, upper.inode!);
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
function isKnownByLower(superblock: OverlaySuperblock, { upper, lower, indexed }: InodeParams): boolean {
  const lowest = lower[0]?.dentry.inode;
  if (lowest === undefined) return false;
  if (indexed || superblock.upperLayer === undefined) return true;
  const parts = upper !== undefined || superblock.indexdir === undefined;
  if (parts && !isDirectory(lowest.mode) && lowest.nlink > 1) return false;
  return upper === undefined || !superblock.config.nfsExport;
}

/**
 * Somebody may have changed the layers, or a redirect led to a directory that has another name already: then the inode
 * found is another object's. A further name of a file may not have got its upper object yet.
 *
 * @see ovl_verify_inode()
 */
function isSameObject(inode: OverlayInode, { upper, lower }: InodeParams): boolean {
  const lowest = lower[0]?.dentry.inode;
  const isStrict = isDirectory(inode.mode);
  if (inode.lowerInode !== lowest && (lowest !== undefined || isStrict)) return false;
  return inode.upper?.inode === upper?.inode || (upper === undefined && !isStrict);
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
  inode.metacopy = params.metacopy ?? false;
  if (params.lowerdataRedirect !== undefined) superblock.lowerdataRedirects.set(inode, params.lowerdataRedirect);
  inode.constantIno = byLower;
  inode.indexed = params.indexed ?? false;
  inode.nlink = !isDir && (upper !== undefined || byLower) ? noteOfNlink(superblock, lower[0], upper, real.nlink) : 1;
  inode.copyAttributes();
  inode.flags = real.flags;
  const named = keyInode(params, byLower);
  inode.ino = isDir && !superblock.keepsIno(named) ? superblock.nextIno() : named.ino;
  if (isDir) initDirectory(inode, real);
  return inode;
}

/** The real object whose number the inode has. */
function keyInode({ upper, lower }: InodeParams, byLower: boolean): Inode {
  return (byLower || upper === undefined ? lower[0]!.dentry : upper).inode!;
}

function initDirectory(inode: OverlayInode, real: Inode): void {
  const { upper, lower } = inode;
  inode.impure = upper !== undefined && directoryMark(inode.superblock, real, XATTR_IMPURE) === 'y';
  inode.mayHaveWhiteouts =
    (upper !== undefined && lower.length > 0) || lower.length > 1 || hasOrigin(inode.superblock, real);
}
