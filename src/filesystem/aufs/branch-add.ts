/** A branch comes into a union. @see fs/aufs/branch.c au_br_add() */
import { raise } from '../../abi/errno.ts';
import { NAME_MAX } from '../../abi/flags.ts';
import { type Path, wantWrite } from '../../kernel/mount.ts';
import { Branch } from './branch.ts';
import type { AddOption } from './option.ts';
import { refreshUnion } from './refresh.ts';
import type { AufsSuperblock } from './super.ts';
import { initBranchRoot } from './whiteout.ts';

/** How many branches a union can have. @see AUFS_BRANCH_MAX */
export const BRANCHES_MAX = 127;

/** What a branch is never taken from. @see au_test_fs_unsuppoted() */
const UNSUPPORTED: ReadonlySet<string> = new Set(['proc', 'sysfs', 'ramfs']);

/**
 * Puts a branch into the union. A directory that is a branch already stays as it is on a remount.
 *
 * @throws Errno EINVAL for what can be no branch; ENOSPC for one too many; EDOM for a place that is none; EROFS and
 *   whatever else the branch's filesystem gives when a writable branch is prepared
 */
export function addBranch(superblock: AufsSuperblock, option: AddOption, place: Path, isRemount: boolean): void {
  const { kernel, branches, config } = superblock;
  if (branches.some(({ root }) => root === place.dentry)) return isRemount ? undefined : raise('EINVAL');
  const index = option.index ?? branches.length;
  checkPlace(branches, index);
  checkNewBranch(branches, place, option);
  const branch = new Branch(superblock.nextBranchId(), place, option.permission);
  try {
    if (branch.writable) {
      wantWrite(branch.mount);
      initBranchRoot(kernel, branch, config.plink);
    }
  } catch (error) {
    branch.drop();
    throw error;
  }
  superblock.branches = numbered(branches.toSpliced(index, 0, branch));
  refreshUnion(superblock);
}

/** The branches know their places. */
export function numbered(branches: readonly Branch[]): readonly Branch[] {
  for (const [i, branch] of branches.entries()) branch.index = i;
  return branches;
}

/** There is room, and no gap. */
function checkPlace({ length }: readonly Branch[], index: number): void {
  if (index >= BRANCHES_MAX || length >= BRANCHES_MAX) raise('ENOSPC');
  if (index < 0 || index > length) raise('EDOM');
}

/** @see test_add() */
function checkNewBranch(branches: readonly Branch[], { dentry }: Path, { permission }: AddOption): void {
  const { superblock } = dentry;
  if (dentry.inode!.nlink === 0) raise('ENOENT');
  if (superblock.stackDepth > 0 || UNSUPPORTED.has(superblock.type.name)) raise('EINVAL');
  if (permission.access === 'rw') {
    if (superblock.readOnly || superblock.statfs().namelen < NAME_MAX) raise('EINVAL');
  }
  if (branches.some(({ root }) => root.isWithin(dentry) || dentry.isWithin(root))) raise('EINVAL');
}
