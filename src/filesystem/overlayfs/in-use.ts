/**
 * Upper and work directories belong to one overlay. With an index, which two would spoil, it is the only one; without,
 * the kernel just warns.
 *
 * @see fs/overlayfs/util.c ovl_inuse_trylock(), fs/overlayfs/super.c ovl_report_in_use()
 */
import { raise } from '../../abi/errno.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import type { Mounting } from './mounting.ts';
import { OverlaySuperblock } from './super.ts';

/** The directory is the upper or work directory of a mounted overlay. */
function isInUse({ kernel }: Mounting, directory: Inode): boolean {
  for (const superblock of kernel.superblocks) {
    if (superblock instanceof OverlaySuperblock && superblock.inUse.has(directory)) return true;
  }
  return false;
}

/** Takes a directory for this overlay alone, if nobody has it. @throws Errno EBUSY */
export function takeExclusively(mounting: Mounting, directory: Inode): void {
  if (!isInUse(mounting, directory)) mounting.inUse.add(directory);
  else if (mounting.config.index) raise('EBUSY');
}

/** @throws Errno EBUSY where another overlay writes to the directory */
export function checkInUse(mounting: Mounting, directory: Inode): void {
  if (mounting.config.index && isInUse(mounting, directory)) raise('EBUSY');
}

/** @throws Errno ELOOP for a lower layer within another layer, EBUSY for one within what another overlay writes to */
function checkAbove(mounting: Mounting, directory: Dentry, isLower: boolean): void {
  for (let at = directory; !at.isRoot; at = at.parent) {
    const above = at.parent.inode!;
    if (isLower && mounting.traps.has(above)) raise('ELOOP');
    checkInUse(mounting, above);
  }
}

/** No layer may lie within another layer or a work directory. @see ovl_check_overlapping_layers() */
export function checkOverlaps(mounting: Mounting): void {
  const { lowerLayers, upperLayer, params } = mounting;
  if (upperLayer !== undefined) {
    checkAbove(mounting, upperLayer.root, false);
    checkAbove(mounting, params.work!.dentry, false);
  }
  for (const { root } of lowerLayers) checkAbove(mounting, root, true);
}
