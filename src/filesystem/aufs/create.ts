/**
 * New names: made in a writable branch, whose whiteout of that name goes.
 *
 * @see fs/aufs/i_op_add.c
 */
import { Errno, raise } from '../../abi/errno.ts';
import { S_IFMT } from '../../abi/mode.ts';
import type { Attributes } from '../../abi/stat.ts';
import { vfsCreate, vfsMkdir, vfsMknod, vfsSymlink, vfsTmpfile } from '../../kernel/create.ts';
import { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import { wantWrite } from '../../kernel/mount.ts';
import { vfsRemove } from '../../kernel/unlink.ts';
import type { Branch, RealPath } from './branch.ts';
import { copyUpParents, restoreTimes, timesOf } from './copy-up.ts';
import { aufsInode, realParent, setEntry, topIndex, whiteoutIndex } from './entry.ts';
import type { AufsInode } from './inode.ts';
import { writableBranch } from './target.ts';
import { asUnion, createOpaqueMark, removeOpaqueMark, removeWhiteout } from './whiteout.ts';

/** Where a new name is made. */
export interface NewName {
  readonly branch: Branch;
  readonly directory: Dentry;
  /** The name in the branch, missing as yet. */
  readonly real: Dentry;
  /** The branch has a whiteout of the name, which is to go. */
  readonly whitedOut: boolean;
  /** The times that the directory had. */
  readonly times: Attributes;
}

/**
 * Makes the directory of a new name ready in a branch, which the policy chooses unless it is given.
 *
 * @throws Errno EROFS; EEXIST for what somebody has put there beside the union
 * @see lock_hdir_lkup_wh()
 */
export function prepareName(dentry: Dentry, wanted?: Branch): NewName {
  const branch = wanted ?? writableBranch(dentry);
  wantWrite(branch.mount);
  if (realParent(dentry, branch) === undefined) copyUpParents(dentry, branch);
  const directory = realParent(dentry, branch)!;
  const real = lookupDentry(directory, dentry.name);
  if (real.inode !== undefined) raise(topIndex(dentry) === branch.index ? 'EEXIST' : 'EIO');
  const whitedOut = whiteoutIndex(dentry) === branch.index;
  return { branch, directory, real, whitedOut, times: timesOf(directory.inode!) };
}

/** Undoes what was made when a later step is refused. */
export function orUndo<T>(steps: () => T, undo: () => void): T {
  try {
    return steps();
  } catch (error) {
    if (error instanceof Errno) undo();
    throw error;
  }
}

/** The whiteout goes and the name gets its inode. @see epilog() */
function finish(dentry: Dentry, { branch, directory, real, whitedOut }: NewName): AufsInode {
  const parent = aufsInode(dentry.parent);
  const { superblock } = parent;
  if (whitedOut) removeWhiteout(superblock, directory, dentry.name);
  const inode = superblock.inodeOf([{ branch, dentry: real }], true);
  setEntry(dentry, branch.index, -1);
  parent.directoryModified();
  return inode;
}

function takeBack({ real, directory, times }: NewName): void {
  const { kernel } = directory.superblock;
  asUnion(kernel, () => vfsRemove(kernel, directory, real));
  restoreTimes(directory, times);
}

/** @see add_simple() */
function addName(dentry: Dentry, make: (name: NewName) => void): AufsInode {
  const name = prepareName(dentry);
  make(name);
  return orUndo(
    () => finish(dentry, name),
    () => takeBack(name),
  );
}

/** A new regular file. */
export function createFile(dentry: Dentry, mode: number): AufsInode {
  const { kernel } = dentry.superblock;
  return addName(dentry, ({ directory, real }) => vfsCreate(kernel, directory, real, mode & ~S_IFMT));
}

/** A new device, fifo or socket. */
export function createNode(dentry: Dentry, mode: number, rdev: number): AufsInode {
  const { kernel } = dentry.superblock;
  return addName(dentry, ({ directory, real }) => vfsMknod(kernel, directory, real, mode, rdev));
}

export function createSymlink(dentry: Dentry, target: string): AufsInode {
  const { kernel } = dentry.superblock;
  return addName(dentry, ({ directory, real }) => vfsSymlink(kernel, directory, real, target));
}

/** A new directory: opaque where a whiteout was, as what it hid must not come back. @see aufs_mkdir() */
export function makeDirectory({ superblock }: AufsInode, dentry: Dentry, mode: number): AufsInode {
  const { kernel, config } = superblock;
  const name = prepareName(dentry);
  const { branch, directory, real } = name;
  vfsMkdir(kernel, directory, real, mode & ~S_IFMT);
  const isOpaque = name.whitedOut || config.diropq === 'a';
  const inode = orUndo(
    () => {
      if (isOpaque) createOpaqueMark(superblock, branch, real);
      return finish(dentry, name);
    },
    () => {
      removeOpaqueMark(superblock, real);
      takeBack(name);
    },
  );
  if (isOpaque) inode.opaqueIn = branch;
  inode.alias = dentry;
  return inode;
}

/** A regular file without a name, in the branch where one would be made. @see aufs_tmpfile() */
export function createTmpfile(parent: AufsInode, mode: number): Inode {
  const { superblock } = parent;
  const { kernel } = superblock;
  const dentry = new Dentry(superblock, '', parent.alias ?? superblock.root, undefined);
  setEntry(dentry, parent.top.branch.index, -1);
  const branch = writableBranch(dentry);
  wantWrite(branch.mount);
  copyUpParents(dentry, branch);
  const directory = realParent(dentry, branch)!;
  const real = vfsTmpfile(kernel, directory, mode & ~S_IFMT, true);
  const nameless: RealPath = { branch, dentry: new Dentry(real.superblock, `#${real.ino}`, directory, real) };
  const inode = superblock.inodeOf([nameless], true);
  inode.nlink = 0;
  return inode;
}
