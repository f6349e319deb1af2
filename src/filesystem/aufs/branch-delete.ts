/** A branch goes from a union, unless something that is in use lies in it. @see fs/aufs/branch.c au_br_del() */
import { raise } from '../../abi/errno.ts';
import { O_PATH } from '../../abi/flags.ts';
import { isDirectory } from '../../abi/mode.ts';
import type { OpenFile } from '../../kernel/file.ts';
import type { Path } from '../../kernel/mount.ts';
import type { Branch } from './branch.ts';
import { numbered } from './branch-add.ts';
import type { AufsInode } from './inode.ts';
import { refreshUnion } from './refresh.ts';
import type { AufsSuperblock } from './super.ts';

/** The union's open files, whoever has them. */
export function openFilesOf(superblock: AufsSuperblock): Set<OpenFile> {
  const found = new Set<OpenFile>();
  for (const { files } of superblock.kernel.tasks) {
    for (const [, file] of files.entries()) {
      if (file.inode.superblock === superblock && (file.flags & O_PATH) === 0) found.add(file);
    }
  }
  return found;
}

/**
 * Takes a branch out of the union; the names that the union has made at its root stay there. On a remount a directory
 * that is no branch is let pass.
 *
 * @throws Errno EBUSY for the last branch, and while something of it is held: an open file or directory, a pseudo-link, a
 *   working directory that no other branch has; ENOENT for no branch
 */
export function deleteBranch(superblock: AufsSuperblock, { dentry }: Path, isRemount: boolean): void {
  const { branches } = superblock;
  const branch = branches.find(({ root }) => root === dentry);
  if (branch === undefined) return isRemount ? undefined : raise('ENOENT');
  if (branches.length === 1 || isBusy(superblock, branch)) raise('EBUSY');
  superblock.branches = numbered(branches.filter((each) => each !== branch));
  refreshUnion(superblock);
  branch.drop();
}

/** @see test_file_busy(), test_children_busy() */
function isBusy(superblock: AufsSuperblock, branch: Branch): boolean {
  for (const file of openFilesOf(superblock)) if (listsBranch(file, branch)) return true;
  for (const inode of superblock.unnamed) if (needsBranch(inode, branch)) return true;
  for (const inode of superblock.inodes.values()) if (needsBranch(inode, branch)) return true;
  return false;
}

/** An open directory, other than the root, has the branch's directory open. @see test_dir_busy() */
function listsBranch({ inode, dentry }: OpenFile, branch: Branch): boolean {
  if (!isDirectory(inode.mode) || dentry.isRoot) return false;
  return (inode as AufsInode).realIn(branch) !== undefined;
}

/** A held file has an object in the branch, or a held directory has no other. @see au_test_ibusy() */
function needsBranch(inode: AufsInode, branch: Branch): boolean {
  if (inode.holds === 0 || inode === inode.superblock.root.inode || inode.realIn(branch) === undefined) return false;
  return !isDirectory(inode.mode) || inode.stack.length === 1;
}
