/**
 * Names that go: what lies in the upper layer is taken away, what shows through from below gets a whiteout.
 *
 * @see fs/overlayfs/dir.c ovl_do_remove()
 */
import { raise } from '../../abi/errno.ts';
import { RENAME_EXCHANGE } from '../../abi/flags.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { hold, release } from '../../kernel/inode.ts';
import { withCredentials } from '../../kernel/kernel.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import { vfsRename } from '../../kernel/rename.ts';
import { vfsRmdir, vfsUnlink } from '../../kernel/unlink.ts';
import { copyUp, setRealAttributes } from './copy-up.ts';
import { isOrigin, isPureUpper, overlayInode } from './entry.ts';
import { changeLinks, dropLink } from './link-change.ts';
import { isLowerPositive } from './namei.ts';
import { checkEmpty } from './readdir.ts';
import type { OverlaySuperblock } from './super.ts';
import { cleanup, cleanupAndWhiteout, createTemp, withCleanup } from './whiteout.ts';
import { copyXattrs, setOpaqueMark } from './xattr.ts';

/** @throws Errno ENOTEMPTY before anything is copied up */
export function removeObject(dentry: Dentry, isDir: boolean): void {
  const inode = overlayInode(dentry);
  const lowerPositive = isLowerPositive(dentry);
  const whiteouts = isDir && (lowerPositive || !isPureUpper(inode)) ? checkEmpty(dentry) : [];
  copyUp(dentry.parent);
  changeLinks(dentry, () => removeName(dentry, isDir, lowerPositive, whiteouts));
}

function removeName(dentry: Dentry, isDir: boolean, lowerPositive: boolean, whiteouts: string[]): void {
  const inode = overlayInode(dentry);
  const { superblock } = inode;
  const upper = inode.upper?.inode;
  if (upper !== undefined) hold(upper);
  try {
    withCredentials(superblock.kernel, superblock.mounter, () => {
      if (lowerPositive) removeAndWhiteout(superblock, dentry, whiteouts);
      else removeUpper(superblock, dentry, isDir, whiteouts);
    });
    if (isDir) inode.nlink = 0;
    else dropLink(dentry);
  } finally {
    if (upper !== undefined) inode.copyAttributes();
    if (upper !== undefined) release(upper);
  }
}

/** @see ovl_remove_upper() */
function removeUpper(superblock: OverlaySuperblock, dentry: Dentry, isDir: boolean, whiteouts: string[]): void {
  const parent = overlayInode(dentry.parent);
  const opaque = whiteouts.length > 0 ? clearEmpty(superblock, dentry, whiteouts) : overlayInode(dentry).upper;
  const upper = lookupDentry(parent.upper!, dentry.name);
  if (upper.inode !== opaque?.inode) raise('ESTALE');
  if (isDir) vfsRmdir(superblock.kernel, parent.upper!, upper);
  else vfsUnlink(superblock.kernel, parent.upper!, upper);
  parent.directoryModified(isOrigin(overlayInode(dentry)));
}

/** @see ovl_remove_and_whiteout() */
function removeAndWhiteout(superblock: OverlaySuperblock, dentry: Dentry, whiteouts: string[]): void {
  const parent = overlayInode(dentry.parent);
  const opaque = whiteouts.length > 0 ? clearEmpty(superblock, dentry, whiteouts) : overlayInode(dentry).upper;
  const upper = lookupDentry(parent.upper!, dentry.name);
  if (opaque !== undefined && opaque.inode !== upper.inode) raise('ESTALE');
  cleanupAndWhiteout(superblock, parent.upper!, upper);
  parent.directoryModified(true);
}

/**
 * Replaces an upper directory that holds nothing but whiteouts by an empty opaque one, so that it can be removed in one
 * step. Answers the new real directory; the overlay's name is no longer known, as what it showed is gone.
 *
 * @throws Errno EIO when it is not in its place any more
 * @see ovl_clear_empty()
 */
export function clearEmpty(superblock: OverlaySuperblock, dentry: Dentry, whiteouts: readonly string[]): Dentry {
  const { kernel } = superblock;
  const inode = overlayInode(dentry);
  const upper = inode.upper!;
  const parent = overlayInode(dentry.parent).upper!;
  // somebody has moved or removed it
  if (upper.parent !== parent || !upper.hashed) raise('EIO');
  const stat = upper.inode!.getattr();
  const opaque = createTemp(superblock, { mode: stat.mode, rdev: 0, link: '' });
  withCleanup(superblock, opaque, () => {
    copyXattrs(superblock, upper.inode!, opaque);
    if (!setOpaqueMark(superblock, opaque)) raise('EIO');
    setRealAttributes(superblock, opaque, stat);
    vfsRename(kernel, superblock.workdir!, opaque, parent, upper, RENAME_EXCHANGE);
  });
  dentry.drop();
  superblock.forget(inode);
  for (const name of whiteouts) {
    cleanup(superblock, lookupDentry(upper, name));
  }
  cleanup(superblock, upper);
  return opaque;
}
