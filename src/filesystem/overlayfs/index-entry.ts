/**
 * Entries of the index: by the handle of a lower object they tell which upper object it was copied up to, so that the
 * lower object's other names find it.
 *
 * That of a file is one more link of the upper object; that of a directory notes the upper directory's handle. With
 * nfs_export every object has one, and a whiteout stays of those that were removed.
 *
 * @see fs/overlayfs/namei.c ovl_lookup_index(), fs/overlayfs/copy_up.c ovl_create_index()
 */
import { attempt, raise } from '../../abi/errno.ts';
import { isDirectory, S_IFDIR } from '../../abi/mode.ts';
import { isWhiteout } from '../../abi/whiteout.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import { sameType } from '../../kernel/permission.ts';
import { vfsRename } from '../../kernel/rename.ts';
import type { LayerPath } from './entry.ts';
import { lowerHandle, upperHandle } from './handle.ts';
import type { OverlayInode } from './inode.ts';
import { setNlinkUpper } from './nlink.ts';
import { verifyHandle } from './origin.ts';
import type { OverlaySuperblock } from './super.ts';
import { cleanup, cleanupAndWhiteout, createTemp, withCleanup } from './whiteout.ts';
import { setPrivateXattr, XATTR_UPPER } from './xattr.ts';

/** The object gets an entry when it is copied up. @see ovl_need_index() */
export function needsIndex({ superblock, lower }: OverlayInode): boolean {
  const real = lower[0]?.dentry.inode;
  if (real === undefined || superblock.indexdir === undefined) return false;
  return superblock.indexesAll || (!isDirectory(real.mode) && real.nlink > 1);
}

/** The place of a lower object's entry. @see ovl_get_index_name() */
export function indexOf(superblock: OverlaySuperblock, lower: LayerPath): Dentry {
  let name = '';
  for (const byte of lowerHandle(superblock, lower)) name += byte.toString(16).padStart(2, '0');
  return lookupDentry(superblock.indexdir!, name);
}

/**
 * The entry that a name found on lookup leads to, or that shows its upper object to be the one for all names.
 *
 * @param isVerified what is below is known to be what the upper object came from, as far as that matters
 */
export function indexOfName(
  superblock: OverlaySuperblock,
  upper: Dentry | undefined,
  stack: readonly LayerPath[],
  isVerified: boolean,
): Dentry | undefined {
  const [origin] = stack;
  if (superblock.indexdir === undefined || origin === undefined || !isVerified) return undefined;
  if (isDirectory(origin.dentry.inode!.mode) && !superblock.indexesAll) return undefined;
  return lookupIndex(superblock, upper, origin);
}

/**
 * The entry that tells what a lower object was copied up to.
 *
 * @param upper what the name itself shows in the upper layer; an entry of another file is not its own
 * @throws Errno EIO for an entry that does not fit: a whiteout, another type, a directory found elsewhere
 * @see ovl_lookup_index()
 */
function lookupIndex(superblock: OverlaySuperblock, upper: Dentry | undefined, origin: LayerPath): Dentry | undefined {
  const index = indexOf(superblock, origin);
  const real = index.inode;
  if (real === undefined) return undefined;
  if (isWhiteout(real.mode, real.rdev) || !sameType(real.mode, origin.dentry.inode!.mode)) raise('EIO');
  if (!isDirectory(real.mode)) return upper === undefined || upper.inode === real ? index : undefined;
  if (upper === undefined || !attempt(() => verifyUpper(superblock, index, upper, false))) raise('EIO');
  return index;
}

/** @throws Errno ESTALE, ENODATA @see ovl_verify_upper() */
export function verifyUpper(superblock: OverlaySuperblock, index: Dentry, upper: Dentry, set: boolean): void {
  verifyHandle(superblock, index, XATTR_UPPER, upperHandle(superblock, upper), set);
}

/** Makes the entry of a directory that is about to be moved to its place. @see ovl_create_index() */
export function createDirectoryIndex(superblock: OverlaySuperblock, lower: LayerPath, upper: Dentry): void {
  const indexdir = superblock.indexdir!;
  const temp = createTemp(superblock, { mode: S_IFDIR, rdev: 0, link: '' });
  withCleanup(superblock, temp, () => {
    setPrivateXattr(superblock, temp, XATTR_UPPER, upperHandle(superblock, upper));
    vfsRename(superblock.kernel, indexdir, temp, indexdir, indexOf(superblock, lower), 0);
  });
}

/**
 * The last name is gone: so goes the entry, or a whiteout takes its place. Links that somebody made in the layers
 * behind the overlay's back keep it.
 *
 * @see ovl_cleanup_index()
 */
export function cleanupIndex(inode: OverlayInode): void {
  const { superblock } = inode;
  const upper = inode.upper!.inode!;
  if (!isDirectory(upper.mode) && upper.nlink !== 1) {
    inode.nlink = upper.nlink - 1;
    attempt(() => setNlinkUpper(inode));
    return;
  }
  const index = indexOf(superblock, inode.lower[0]!);
  if (superblock.indexesAll) attempt(() => cleanupAndWhiteout(superblock, superblock.indexdir!, index));
  else if (index.inode !== undefined) cleanup(superblock, index);
}
