/**
 * Names that go. What other branches have of the name is hidden by a whiteout.
 *
 * @see fs/aufs/i_op_del.c
 */
import { Errno, raise } from '../../abi/errno.ts';
import type { Attributes } from '../../abi/stat.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { wantWrite } from '../../kernel/mount.ts';
import { sameType } from '../../kernel/permission.ts';
import { vfsUnlink } from '../../kernel/unlink.ts';
import type { Branch, RealPath } from './branch.ts';
import { copyUpParents, restoreTimes, timesOf } from './copy-up.ts';
import { checkEmpty, whiteoutsIn } from './empty-directory.ts';
import { aufsInode, realOfName, realParent, setStale, setWhiteoutIndex, topIndex, whiteoutIndex } from './entry.ts';
import { searchBranches } from './namei.ts';
import { isReadOnlyIn, writableBranch } from './target.ts';
import { createWhiteout, hideDirectory, removeHidden, removeWhiteout } from './whiteout.ts';

/** A name that is about to go. */
interface Removal {
  readonly branch: Branch;
  readonly directory: Dentry;
  /** The object in the branch that is written to, if it lies there. */
  readonly real: RealPath | undefined;
  /** A whiteout was made. */
  readonly whitedOut: boolean;
  /** Where the name had a whiteout before. */
  readonly whiteoutBefore: number;
  readonly times: Attributes;
}

/**
 * A whiteout is needed for a name that goes from `branch`: another branch below has it too, or it lies there only.
 *
 * @see au_wr_dir_need_wh()
 */
export function needsWhiteout(dentry: Dentry, branch: Branch): boolean {
  if (topIndex(dentry) !== branch.index) {
    copyUpParents(dentry, branch);
    return true;
  }
  return searchBranches(aufsInode(dentry.parent), dentry.name, branch.index + 1).stack.length > 0;
}

/** The branch that a removal writes to. */
function branchOfRemoval(dentry: Dentry): Branch {
  const inode = aufsInode(dentry);
  const own = inode.superblock.branches[topIndex(dentry)]!;
  return isReadOnlyIn(own, inode) ? writableBranch(dentry) : own;
}

/** @see lock_hdir_create_wh() */
function prepareRemoval(dentry: Dentry): Removal {
  const { superblock } = aufsInode(dentry);
  const branch = branchOfRemoval(dentry);
  wantWrite(branch.mount);
  const needed = needsWhiteout(dentry, branch);
  const directory = realParent(dentry, branch)!;
  const real = topIndex(dentry) === branch.index ? realToRemove(dentry, branch) : undefined;
  const times = timesOf(directory.inode!);
  const whiteoutBefore = whiteoutIndex(dentry);
  const whitedOut = needed && createWhiteout(superblock, branch, directory, dentry.name);
  if (needed) setWhiteoutIndex(dentry, branch.index);
  return { branch, directory, real, whitedOut, whiteoutBefore, times };
}

/** The object is still what it was. @throws Errno ENOENT, EIO @see au_may_del() */
function realToRemove(dentry: Dentry, branch: Branch): RealPath {
  const real = realOfName(dentry, branch) ?? raise('ENOENT');
  const { mode, nlink } = real.dentry.inode!;
  if (nlink === 0) raise('ENOENT');
  return sameType(mode, aufsInode(dentry).mode) ? real : raise('EIO');
}

/** Removes the real object; the whiteout goes again if that is refused. */
function remove(dentry: Dentry, removal: Removal, act: (real: RealPath) => void): void {
  const { superblock } = aufsInode(dentry);
  const { directory, real, whitedOut, whiteoutBefore, times } = removal;
  try {
    if (real !== undefined) act(real);
  } catch (error) {
    if (error instanceof Errno && whitedOut) {
      removeWhiteout(superblock, directory, dentry.name);
      setWhiteoutIndex(dentry, whiteoutBefore);
      restoreTimes(directory, times);
    }
    throw error;
  }
}

/** @see aufs_unlink() */
export function removeFile(dentry: Dentry): void {
  const inode = aufsInode(dentry);
  const { kernel } = inode.superblock;
  const removal = prepareRemoval(dentry);
  remove(dentry, removal, ({ dentry: real }) => vfsUnlink(kernel, real.parent, real));
  inode.dropNlink();
  dentry.drop();
  inode.superblock.dropName(inode);
  aufsInode(dentry.parent).directoryModified();
}

/** @see aufs_rmdir() */
export function removeDirectory(dentry: Dentry): void {
  const inode = aufsInode(dentry);
  const { superblock } = inode;
  const whiteouts = checkEmpty(inode);
  const removal = prepareRemoval(dentry);
  remove(dentry, removal, ({ dentry: real }) => {
    hideDirectory(superblock, real);
    removeHidden(superblock, real, whiteoutsIn(whiteouts, removal.branch.index));
    if (!removal.whitedOut) setStale(dentry);
  });
  inode.nlink = 0;
  inode.opaqueIn = undefined;
  aufsInode(dentry.parent).directoryModified();
}
