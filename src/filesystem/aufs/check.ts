/** What is wrong inside a mounted union: for tests, after faults were put in. */
import { isDirectory } from '../../abi/mode.ts';
import { sameType } from '../../kernel/permission.ts';
import type { AufsInode } from './inode.ts';
import type { AufsSuperblock } from './super.ts';

/** One sentence for each fault. */
export function checkAufs(superblock: AufsSuperblock): string[] {
  const faults: string[] = [];
  for (const inode of superblock.inodes.values()) checkInode(inode, faults);
  for (const inode of superblock.plinks) {
    if (inode.holds === 0) faults.push(`pseudo-linked inode ${inode.ino} is not held`);
  }
  for (const [i, branch] of superblock.branches.entries()) {
    if (branch.index !== i) faults.push(`branch ${branch.id} takes itself for number ${branch.index}, not ${i}`);
  }
  return faults;
}

function checkInode({ ino, stack, superblock }: AufsInode, faults: string[]): void {
  const first = stack[0]?.dentry.inode;
  if (first === undefined) {
    faults.push(`inode ${ino} shows no real object`);
    return;
  }
  for (const [i, { branch, dentry }] of stack.entries()) {
    if (!superblock.branches.includes(branch)) faults.push(`inode ${ino} shows an object of a branch that is gone`);
    if (i > 0 && stack[i - 1]!.branch.index >= branch.index) faults.push(`inode ${ino} has its branches in disorder`);
    if (!sameType(dentry.inode!.mode, first.mode)) faults.push(`inode ${ino} shows objects of different types`);
    if (isDirectory(first.mode) && dentry.superblock !== branch.mount.superblock)
      faults.push(`inode ${ino} shows an object outside of its branch`);
  }
}
