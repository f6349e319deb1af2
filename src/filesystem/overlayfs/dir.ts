/**
 * New names: they are made in the upper layer, over a whiteout by way of the work directory.
 *
 * @see fs/overlayfs/dir.c
 */
import { attempt, raise } from '../../abi/errno.ts';
import { RENAME_EXCHANGE } from '../../abi/flags.ts';
import { isDirectory, isSymlink } from '../../abi/mode.ts';
import { isWhiteout } from '../../abi/whiteout.ts';
import { vfsTmpfile } from '../../kernel/create.ts';
import type { Credentials } from '../../kernel/credentials.ts';
import { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import { withCredentials } from '../../kernel/kernel.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import { inodeInitOwner } from '../../kernel/permission.ts';
import { vfsRename } from '../../kernel/rename.ts';
import { notifyChange } from '../../kernel/setattr.ts';
import { copyUp } from './copy-up.ts';
import { isMerge, isOrigin, isWhiteoutEntry, NO_LOWER, overlayInode, setOpaqueFlag, setUpperAlias } from './entry.ts';
import type { OverlayInode } from './inode.ts';
import { changeLinks } from './link-change.ts';
import { allowsOfflineChanges } from './config.ts';
import { isMetacopy } from './metacopy.ts';
import { setRedirect } from './redirect.ts';
import type { OverlaySuperblock } from './super.ts';
import { cleanup, createReal, createTemp, isRealWhiteout, type ObjectParams, withCleanup } from './whiteout.ts';
import { setImpure, setOpaqueMark } from './xattr.ts';

/** The mounter's rights with the owner that a new object is to have. @see ovl_override_creator_creds() */
const creatorOf = (mounter: Credentials, uid: number, gid: number): Credentials => ({
  ...mounter,
  fsuid: uid,
  fsgid: gid,
});

/** @see ovl_create_object() */
export function createObject(
  directory: OverlayInode,
  dentry: Dentry,
  mode: number,
  rdev: number,
  link: string,
): OverlayInode {
  const { superblock } = directory;
  const { kernel, mounter } = superblock;
  copyUp(dentry.parent);
  superblock.wantUpperWrite();
  const owner = inodeInitOwner(kernel, directory, mode);
  const params = { mode: owner.mode, rdev, link };
  const creator = creatorOf(mounter, owner.uid, owner.gid);
  const real = withCredentials(kernel, creator, () => createRealAt(superblock, dentry, params));
  directory.directoryModified(false);
  setUpperAlias(dentry);
  return nameInode(superblock, dentry, real);
}

function nameInode(superblock: OverlaySuperblock, dentry: Dentry, real: Dentry): OverlayInode {
  const inode = superblock.getInode({ upper: real, lower: NO_LOWER });
  inode.alias = dentry;
  return inode;
}

/** @throws Errno EPERM for what would be a whiteout */
export function makeNode(directory: OverlayInode, dentry: Dentry, mode: number, rdev: number): OverlayInode {
  if (isWhiteout(mode, rdev)) raise('EPERM');
  return createObject(directory, dentry, mode, rdev, '');
}

function createRealAt(superblock: OverlaySuperblock, dentry: Dentry, params: ObjectParams): Dentry {
  return isWhiteoutEntry(dentry)
    ? createOverWhiteout(superblock, dentry, params)
    : createUpper(superblock, dentry, params);
}

/** @see ovl_create_upper() */
function createUpper(superblock: OverlaySuperblock, dentry: Dentry, params: ObjectParams): Dentry {
  const parent = overlayInode(dentry.parent);
  const real = createReal(superblock, parent.upper!, dentry.name, params);
  const seals = isMerge(parent) && isDirectory(params.mode) && !allowsOfflineChanges(superblock.config);
  if (!seals) return real;
  attempt(() => {
    if (setOpaqueMark(superblock, real)) setOpaqueFlag(dentry);
  });
  return real;
}

/** Builds the object in the work directory and puts it in the whiteout's place. @see ovl_create_over_whiteout() */
function createOverWhiteout(superblock: OverlaySuperblock, dentry: Dentry, params: ObjectParams): Dentry {
  const { kernel } = superblock;
  const upperDirectory = overlayInode(dentry.parent).upper!;
  const upper = lookupDentry(upperDirectory, dentry.name);
  if (upper.inode === undefined || !isRealWhiteout(superblock, upper.inode)) raise('ESTALE');
  const temp = createTemp(superblock, params);
  const isNew = params.hardlink === undefined;
  const isDir = isNew && isDirectory(params.mode);
  withCleanup(superblock, temp, () => {
    const { mode } = params;
    if (isNew && !isSymlink(mode) && temp.inode!.mode !== mode) notifyChange(kernel, temp, { mode });
    if (isDir && !setOpaqueMark(superblock, temp)) raise('EIO');
    vfsRename(kernel, superblock.workdir!, temp, upperDirectory, upper, isDir ? RENAME_EXCHANGE : 0);
  });
  if (isDir) {
    setOpaqueFlag(dentry);
    cleanup(superblock, upper);
  }
  return temp;
}

/** One more name in the upper layer; its dentry does not stay in the cache. @see ovl_link() */
export function linkObject(old: Dentry, dentry: Dentry): void {
  const inode = overlayInode(old);
  const parent = overlayInode(dentry.parent);
  const { superblock } = inode;
  copyUp(old);
  copyUp(dentry.parent);
  changeLinks(old, () => {
    const params = { mode: inode.mode, rdev: inode.rdev, link: '', hardlink: inode.upper! };
    withCredentials(superblock.kernel, superblock.mounter, () => {
      if (isMetacopy(inode)) setRedirect(superblock, old, false);
      if (isOrigin(inode)) setImpure(superblock, parent);
      createRealAt(superblock, dentry, params);
    });
    parent.directoryModified(false);
    setUpperAlias(dentry);
    inode.nlink++;
  });
}

/** A nameless file of the upper layer. @see ovl_tmpfile() */
export function createTmpfile(directory: OverlayInode, mode: number): Inode {
  const { superblock } = directory;
  const { kernel, mounter } = superblock;
  if (!superblock.hasTmpfile) raise('EOPNOTSUPP');
  directory.copyUp();
  superblock.wantUpperWrite();
  const owner = inodeInitOwner(kernel, directory, mode);
  const upperDirectory = directory.upper!;
  const real = withCredentials(kernel, creatorOf(mounter, owner.uid, owner.gid), () =>
    vfsTmpfile(kernel, upperDirectory, owner.mode, true),
  );
  const upper = new Dentry(real.superblock, `#${real.ino}`, upperDirectory, real);
  const inode = superblock.getInode({ upper, lower: NO_LOWER });
  inode.alias = new Dentry(superblock, upper.name, directory.alias!, inode);
  setUpperAlias(inode.alias);
  return inode;
}
