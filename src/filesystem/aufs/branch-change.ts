/** A branch gets another permission. @see fs/aufs/branch.c au_br_mod() */
import { raise } from '../../abi/errno.ts';
import { isRegular } from '../../abi/mode.ts';
import { type Path, wantWrite } from '../../kernel/mount.ts';
import type { Branch } from './branch.ts';
import { openFilesOf } from './branch-delete.ts';
import { type BranchPermission, isSamePermission } from './branch-permission.ts';
import { refreshUnion } from './refresh.ts';
import type { AufsSuperblock } from './super.ts';
import { initBranchRoot } from './whiteout.ts';

/**
 * Gives a branch another permission. A branch that becomes writable gets what the union needs at its root, and loses it
 * when it is writable no more. On a remount a directory that is no branch is let pass.
 *
 * @throws Errno EINVAL where a branch that is to be writable cannot be; EBUSY where a file of the union is mapped while a
 *   branch becomes read-only; ENOENT for no branch
 */
export function changeBranch(
  superblock: AufsSuperblock,
  { dentry }: Path,
  permission: BranchPermission,
  isRemount: boolean,
): void {
  const branch = superblock.branches.find(({ root }) => root === dentry);
  if (branch === undefined) return isRemount ? undefined : raise('ENOENT');
  const becomesWritable = permission.access === 'rw';
  if (becomesWritable && dentry.superblock.readOnly) raise('EINVAL');
  if (isSamePermission(branch.permission, permission)) return;
  if (branch.writable && !becomesWritable && hasMappedFile(superblock)) raise('EBUSY');
  const hidBefore = branch.hides;
  if (branch.writable || becomesWritable) prepareRoot(superblock, branch, permission);
  branch.permission = permission;
  if (branch.hides !== hidBefore) refreshUnion(superblock);
}

/** The branch keeps its permission where its root cannot be prepared for another one. @see au_br_init_wh() */
function prepareRoot({ kernel, config }: AufsSuperblock, branch: Branch, permission: BranchPermission): void {
  const before = branch.permission;
  wantWrite(branch.mount);
  try {
    branch.permission = permission;
    initBranchRoot(kernel, branch, config.plink);
  } finally {
    branch.permission = before;
  }
}

/** @see au_br_mod_files_ro() */
function hasMappedFile(superblock: AufsSuperblock): boolean {
  for (const file of openFilesOf(superblock)) {
    if (isRegular(file.inode.mode) && (file.ops.mapped?.(file).references ?? 0) > 1) return true;
  }
  return false;
}
