/**
 * What held names and inodes show after branches came or went. Names that nobody holds were forgotten before.
 *
 * @see fs/aufs/super.c au_remount_refresh(), fs/aufs/dentry.c au_refresh_dentry(), fs/aufs/inode.c au_refresh_hinode()
 */
import { Errno } from '../../abi/errno.ts';
import { isDirectory } from '../../abi/mode.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { sameType } from '../../kernel/permission.ts';
import type { Branch } from './branch.ts';
import { aufsInode, setEntry } from './entry.ts';
import type { AufsInode } from './inode.ts';
import { type Found, searchBranches } from './namei.ts';
import type { AufsSuperblock } from './super.ts';

/** Has everything that is held show the branches as they are now; a union that is not mounted yet shows nothing. */
export function refreshUnion(superblock: AufsSuperblock): void {
  const { root, branches } = superblock;
  if (root === undefined) return;
  const inode = aufsInode(root);
  setStack(inode, {
    stack: branches.map((branch) => ({ branch, dentry: branch.root })),
    whiteout: -1,
    opaqueIn: undefined,
  });
  setEntry(root, 0, -1);
  for (const held of heldInodes(superblock)) forgetGoneBranches(held);
  refreshChildren(root);
}

const heldInodes = ({ inodes, unnamed }: AufsSuperblock): Set<AufsInode> => new Set([...inodes.values(), ...unnamed]);

/** @see au_ii_refresh() */
function forgetGoneBranches(inode: AufsInode): void {
  const { branches } = inode.superblock;
  const isThere = (branch: Branch): boolean => branches[branch.index] === branch;
  if (!inode.stack.every(({ branch }) => isThere(branch)))
    inode.stack = inode.stack.filter(({ branch }) => isThere(branch));
  if (inode.opaqueIn !== undefined && !isThere(inode.opaqueIn)) inode.opaqueIn = undefined;
}

function setStack(inode: AufsInode, { stack, opaqueIn }: Found): void {
  const { superblock } = inode;
  for (const path of stack) superblock.setNumber(path, inode.ino);
  inode.stack = stack;
  inode.opaqueIn = opaqueIn;
  inode.verified = -1;
  inode.directoryModified();
  inode.refreshLinks(true);
}

function refreshChildren(directory: Dentry): void {
  for (const dentry of [...(directory.children?.values() ?? [])]) refreshName(dentry);
}

/** @see au_refresh_by_dinfo() */
function refreshName(dentry: Dentry): void {
  const inode = dentry.inode as AufsInode | undefined;
  const found = search(dentry);
  if (inode === undefined || found === undefined || !isStillShown(inode, found)) {
    hide(dentry);
    return;
  }
  setEntry(dentry, found.stack[0]!.branch.index, found.whiteout);
  if (!isDirectory(inode.mode)) return;
  setStack(inode, found);
  refreshChildren(dentry);
}

function search(dentry: Dentry): Found | undefined {
  try {
    return searchBranches(aufsInode(dentry.parent), dentry.name);
  } catch (error) {
    if (error instanceof Errno) return undefined;
    throw error;
  }
}

/** Something of that type is there, and no file above hides the one that is held. */
function isStillShown(inode: AufsInode, { stack: [first] }: Found): boolean {
  if (first === undefined || !sameType(first.dentry.inode!.mode, inode.mode)) return false;
  return isDirectory(inode.mode) || inode.stack.some(({ dentry }) => dentry.inode === first.dentry.inode);
}

/** The name, and all below it, is looked up anew; who holds it keeps what it was. @see au_hide() */
function hide(dentry: Dentry): void {
  for (const child of [...(dentry.children?.values() ?? [])]) hide(child);
  dentry.drop();
  (dentry.inode as AufsInode | undefined)?.letGo();
}
