/**
 * Whiteouts and the work directory: objects are built there under a passing name and moved into place.
 *
 * @see fs/overlayfs/dir.c
 */
import { attempt, Errno, raise } from '../../abi/errno.ts';
import { RENAME_EXCHANGE } from '../../abi/flags.ts';
import { isDirectory, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../abi/mode.ts';
import { isWhiteout, WHITEOUT_DEV, WHITEOUT_MODE } from '../../abi/whiteout.ts';
import { vfsCreate, vfsMkdir, vfsMknod, vfsSymlink } from '../../kernel/create.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import { vfsLink } from '../../kernel/link.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import { vfsRename } from '../../kernel/rename.ts';
import { vfsRemove } from '../../kernel/unlink.ts';
import type { OverlaySuperblock } from './super.ts';
import { isXattrWhiteout, type XattrSpace } from './xattr.ts';

/** What a real object is to be. */
export interface ObjectParams {
  /** Type and permission bits. */
  readonly mode: number;
  readonly rdev: number;
  /** The target of a symlink. */
  readonly link: string;
  /** One more name for this object, instead of a new one. */
  readonly hardlink?: Dentry | undefined;
}

/** A character device 0/0, or an empty file with the mark. @see ovl_path_is_whiteout() */
export const isRealWhiteout = (space: XattrSpace, real: Inode): boolean =>
  isWhiteout(real.mode, real.rdev) || isXattrWhiteout(space, real);

/** Makes a real object. @see ovl_create_real() */
export function createReal(
  superblock: OverlaySuperblock,
  directory: Dentry,
  name: string,
  params: ObjectParams,
): Dentry {
  const { kernel } = superblock;
  const dentry = lookupDentry(directory, name);
  if (dentry.inode !== undefined) raise('ESTALE');
  if (params.hardlink !== undefined) vfsLink(kernel, params.hardlink, directory, dentry);
  else if ((params.mode & S_IFMT) === S_IFREG) vfsCreate(kernel, directory, dentry, params.mode);
  else if ((params.mode & S_IFMT) === S_IFDIR) vfsMkdir(kernel, directory, dentry, params.mode);
  else if ((params.mode & S_IFMT) === S_IFLNK) vfsSymlink(kernel, directory, dentry, params.link);
  else vfsMknod(kernel, directory, dentry, params.mode, params.rdev);
  return dentry;
}

/** Makes an object in the work directory. @see ovl_create_temp() */
export function createTemp(superblock: OverlaySuperblock, params: ObjectParams): Dentry {
  return createReal(superblock, superblock.workdir!, superblock.nextTempName(), params);
}

/** Takes a real object away as well as it can be done. @see ovl_cleanup() */
export function cleanup(superblock: OverlaySuperblock, dentry: Dentry): boolean {
  return attempt(() => vfsRemove(superblock.kernel, dentry.parent, dentry));
}

/** Runs the steps that finish an object in the work directory, and takes it away if one is refused. */
export function withCleanup(superblock: OverlaySuperblock, temp: Dentry, steps: () => void): void {
  try {
    steps();
  } catch (error) {
    if (error instanceof Errno) cleanup(superblock, temp);
    throw error;
  }
}

/** A whiteout in the work directory: a link to the shared one where links can be made. @see ovl_whiteout() */
function takeWhiteout(superblock: OverlaySuperblock): Dentry {
  if (superblock.whiteout === undefined) {
    superblock.keepWhiteout(createTemp(superblock, { mode: WHITEOUT_MODE, rdev: WHITEOUT_DEV, link: '' }));
  }
  const shared = superblock.whiteout!;
  if (superblock.sharesWhiteout) {
    try {
      return createTemp(superblock, { mode: WHITEOUT_MODE, rdev: WHITEOUT_DEV, link: '', hardlink: shared });
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      if (error.code !== 'EMLINK') superblock.sharesWhiteout = false;
    }
  }
  superblock.giveWhiteout(shared);
  return shared;
}

/** Puts a whiteout in the place of `target`, which may be missing. @see ovl_cleanup_and_whiteout() */
export function cleanupAndWhiteout(superblock: OverlaySuperblock, directory: Dentry, target: Dentry): void {
  const whiteout = takeWhiteout(superblock);
  const exchanges = target.inode !== undefined && isDirectory(target.inode.mode);
  withCleanup(superblock, whiteout, () => {
    vfsRename(superblock.kernel, superblock.workdir!, whiteout, directory, target, exchanges ? RENAME_EXCHANGE : 0);
  });
  if (exchanges) cleanup(superblock, target);
}
