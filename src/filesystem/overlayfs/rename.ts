/**
 * Names that move. What shows through from below leaves a whiteout; a directory that is lower or merged moves only with a
 * redirect, which tells where the lower layers have it.
 *
 * @see fs/overlayfs/dir.c ovl_rename()
 */
import { raise } from '../../abi/errno.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT } from '../../abi/flags.ts';
import { isDirectory } from '../../abi/mode.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { hold, release } from '../../kernel/inode.ts';
import { withCredentials } from '../../kernel/kernel.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import { vfsRename } from '../../kernel/rename.ts';
import { copyUp } from './copy-up.ts';
import {
  isMerge,
  isMergeOrLower,
  isOpaque,
  isOrigin,
  isPureUpper,
  isWhiteoutEntry,
  overlayInode,
  setOpaqueFlag,
} from './entry.ts';
import { changeLinks, dropLink } from './link-change.ts';
import { isLowerPositive } from './namei.ts';
import { checkEmpty } from './readdir.ts';
import { clearEmpty } from './remove.ts';
import { redirectsDirectories, setRedirect } from './redirect.ts';
import type { OverlaySuperblock } from './super.ts';
import { cleanup, isRealWhiteout } from './whiteout.ts';
import { setImpure, setOpaqueMark } from './xattr.ts';

/** A rename under way. @see struct ovl_renamedata */
interface Renaming {
  readonly superblock: OverlaySuperblock;
  readonly old: Dentry;
  readonly target: Dentry;
  /** Not an exchange. */
  readonly overwrites: boolean;
  /** What the upper filesystem is asked for. */
  readonly flags: number;
  /** A whiteout that comes to lie under the old name hides nothing and goes. */
  readonly dropsWhiteout: boolean;
  /** The whiteouts in the directory that is replaced. */
  readonly whiteouts: readonly string[];
}

const isDirectoryEntry = (dentry: Dentry): boolean => dentry.inode !== undefined && isDirectory(dentry.inode.mode);

/** @throws Errno EINVAL, EXDEV, ENOTEMPTY before anything is copied up */
export function renameObject(old: Dentry, target: Dentry, flags: number): void {
  const { superblock } = overlayInode(old);
  const renaming = startRename(superblock, old, target, flags);
  copyUp(old);
  copyUp(target.parent);
  if (!renaming.overwrites) copyUp(target);
  const move = () => moveHeld(superblock, renaming);
  if (renaming.overwrites && target.inode !== undefined) changeLinks(target, move);
  else move();
}

function moveHeld(superblock: OverlaySuperblock, renaming: Renaming): void {
  const { target } = renaming;
  superblock.wantUpperWrite();
  const replaced = target.inode === undefined ? undefined : overlayInode(target).upper?.inode;
  if (replaced !== undefined) hold(replaced);
  try {
    withCredentials(superblock.kernel, superblock.mounter, () => renameUpper(renaming));
    finishRename(renaming);
  } finally {
    if (replaced !== undefined) release(replaced);
  }
}

/** @see ovl_rename_start() */
function startRename(superblock: OverlaySuperblock, old: Dentry, target: Dentry, flags: number): Renaming {
  if ((flags & ~(RENAME_EXCHANGE | RENAME_NOREPLACE)) !== 0) raise('EINVAL');
  const overwrites = (flags & RENAME_EXCHANGE) === 0;
  if (!canMove(superblock, old) || (!overwrites && !canMove(superblock, target))) raise('EXDEV');
  const clears = overwrites && isDirectoryEntry(target) && !isPureUpper(overlayInode(target));
  const whiteouts = clears ? checkEmpty(target) : [];
  const common = { superblock, old, target, overwrites, whiteouts };
  if (!overwrites) return { ...common, flags: RENAME_EXCHANGE, dropsWhiteout: false };
  const overWhiteout = isWhiteoutEntry(target);
  if (isLowerPositive(old)) {
    return { ...common, flags: overWhiteout ? RENAME_EXCHANGE : RENAME_WHITEOUT, dropsWhiteout: false };
  }
  const swaps = isDirectoryEntry(old) && overWhiteout;
  return { ...common, flags: swaps ? RENAME_EXCHANGE : 0, dropsWhiteout: swaps };
}

/** @see ovl_can_move() */
const canMove = (superblock: OverlaySuperblock, dentry: Dentry): boolean =>
  redirectsDirectories(superblock) || !isDirectoryEntry(dentry) || !isMergeOrLower(overlayInode(dentry));

/** @see ovl_rename_upper() */
function renameUpper(renaming: Renaming): void {
  const { superblock, old, target, overwrites, flags, dropsWhiteout, whiteouts } = renaming;
  const cleared = whiteouts.length > 0 ? clearEmpty(superblock, target, whiteouts) : undefined;
  const oldParent = overlayInode(old.parent);
  const newParent = overlayInode(target.parent);
  if (oldParent !== newParent) {
    if (isOrigin(overlayInode(old))) setImpure(superblock, newParent);
    if (!overwrites && isOrigin(overlayInode(target))) setImpure(superblock, oldParent);
  }
  const realOld = lookupDentry(oldParent.upper!, old.name);
  const realTarget = lookupDentry(newParent.upper!, target.name);
  checkRealNames(renaming, realOld, realTarget, cleared);
  sealMoved(superblock, old, realOld, target.parent);
  if (!overwrites) sealMoved(superblock, target, realTarget, old.parent);
  vfsRename(superblock.kernel, oldParent.upper!, realOld, newParent.upper!, realTarget, flags);
  if (dropsWhiteout) cleanup(superblock, realTarget);
}

/** The upper layer must hold what the overlay knows of it. */
function checkRealNames(
  { superblock, old, target, flags }: Renaming,
  realOld: Dentry,
  realTarget: Dentry,
  cleared: Dentry | undefined,
): void {
  if (realOld.inode !== overlayInode(old).upper?.inode) raise('ESTALE');
  const upper = cleared ?? (target.inode === undefined ? undefined : overlayInode(target).upper);
  const real = realTarget.inode;
  // two inodes may stand for one file that got another name
  if (real === realOld.inode) raise('ESTALE');
  if (upper !== undefined) {
    if (upper.inode !== real) raise('ESTALE');
  } else if (real !== undefined) {
    if (!isOpaque(target) || !isRealWhiteout(superblock, real)) raise('ESTALE');
  } else if ((flags & RENAME_EXCHANGE) !== 0) raise('ESTALE');
}

/**
 * What has its lower objects under the old name keeps a redirect to them; another directory that comes into a merged one
 * must hide what may lie below its new name.
 */
function sealMoved(superblock: OverlaySuperblock, dentry: Dentry, real: Dentry, newParent: Dentry): void {
  if (isMergeOrLower(overlayInode(dentry))) {
    setRedirect(superblock, dentry, dentry.parent === newParent);
    return;
  }
  if (!isDirectoryEntry(dentry) || isOpaque(dentry) || !isMerge(overlayInode(newParent))) return;
  if (!setOpaqueMark(superblock, real)) raise('EXDEV');
  setOpaqueFlag(dentry);
}

/** Counts of links, times and listings, once the real names have moved. */
function finishRename({ old, target, overwrites }: Renaming): void {
  const inode = overlayInode(old);
  const other = target.inode === undefined ? undefined : overlayInode(target);
  const oldImpurity = isOrigin(inode) || (!overwrites && other !== undefined && isOrigin(other));
  const newImpurity = isOrigin(inode) || (other !== undefined && isOrigin(other));
  if (overwrites && other !== undefined) {
    if (isDirectory(other.mode)) other.nlink = 0;
    else dropLink(target);
  }
  overlayInode(old.parent).directoryModified(oldImpurity);
  overlayInode(target.parent).directoryModified(newImpurity);
  inode.alias = old;
  inode.copyAttributes();
  if (other?.upper === undefined) return;
  if (!overwrites) other.alias = target;
  other.copyAttributes();
}
