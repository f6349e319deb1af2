/**
 * Data-only layers: nobody sees their names; a file of a layer above that has no data finds its own there, by an
 * absolute redirect that is followed when the data is first asked for.
 *
 * @see Documentation/filesystems/overlayfs.rst "Data-only lower layers", fs/overlayfs/namei.c ovl_verify_lowerdata()
 */
import { Errno, type ErrnoCode, raise } from '../../abi/errno.ts';
import { isDirectory, isRegular, isSymlink } from '../../abi/mode.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import { checkPermission, MAY_EXEC } from '../../kernel/permission.ts';
import type { Layer, LayerPath } from './entry.ts';
import type { OverlayInode } from './inode.ts';
import { validateVerity } from './metacopy.ts';
import { asMounter } from './real-file.ts';
import type { OverlaySuperblock } from './super.ts';

/** Makes sure of the data before it is used. @throws Errno EIO, ENOENT, EXDEV, ELOOP, ENOTDIR */
export function verifyLowerData(inode: OverlayInode): void {
  findLowerData(inode);
  validateVerity(inode);
}

/** @see ovl_maybe_lookup_lowerdata() */
function findLowerData(inode: OverlayInode): void {
  const { superblock } = inode;
  if (superblock.lowerdataRedirects.size === 0) return;
  const redirect = superblock.lowerdataRedirects.get(inode);
  if (redirect === undefined) return;
  const found = asMounter(superblock, () => lookupDataLayers(superblock, redirect));
  superblock.lowerdataRedirects.delete(inode);
  inode.setLowerData(found);
}

/** The topmost data-only layer that has the file; else the error of the last one. @see ovl_lookup_data_layers() */
function lookupDataLayers(superblock: OverlaySuperblock, redirect: string): LayerPath {
  let refusal: ErrnoCode = 'ENOENT';
  for (const layer of superblock.lowerLayers.slice(superblock.lowerLayers.length - superblock.dataLayers)) {
    try {
      return { dentry: lookupDataLayer(superblock, layer, redirect), layer };
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      refusal = error.code;
    }
  }
  raise(refusal);
}

/** Walks from the root of the layer, without leaving it and without following symlinks. @see ovl_lookup_data_layer() */
function lookupDataLayer({ kernel }: OverlaySuperblock, { root }: Layer, redirect: string): Dentry {
  let at = root;
  const parts = redirect.slice(1).split('/');
  for (const [i, part] of parts.entries()) {
    checkPermission(kernel, at.inode!, MAY_EXEC);
    if (part === '..') at = at === root ? raise('EXDEV') : at.parent;
    else if (part !== '.') at = lookupDentry(at, part);
    if (at.inode === undefined) raise('ENOENT');
    if (i === parts.length - 1) break;
    if (isSymlink(at.inode.mode)) raise('ELOOP');
    if (!isDirectory(at.inode.mode)) raise('ENOTDIR');
  }
  return isRegular(at.inode!.mode) ? at : raise('ENOENT');
}
