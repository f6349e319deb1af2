/**
 * Which branch a change goes to: that of the object or of its parent where it is writable, else the nearest writable
 * one above.
 *
 * @see fs/aufs/wbr_policy.c, fs/aufs/i_op.c au_wr_dir()
 */
import { raise } from '../../abi/errno.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { S_IMMUTABLE } from '../../kernel/inode.ts';
import type { Branch } from './branch.ts';
import { aufsInode, topIndex, whiteoutIndex } from './entry.ts';
import type { AufsInode } from './inode.ts';
import type { AufsSuperblock } from './super.ts';

/** Nothing of the inode can be changed in the branch. @see au_test_ro() */
export const isReadOnlyIn = (branch: Branch, inode: AufsInode | undefined): boolean =>
  !branch.writable || ((inode?.realIn(branch)?.dentry.inode?.flags ?? 0) & S_IMMUTABLE) !== 0;

/**
 * The writable branch for a name, by the policy "top-down-parent": where the name lies, else the topmost branch above
 * that has its directory, else the nearest one above.
 *
 * @throws Errno EROFS
 * @see au_wbr_create_tdp(), au_wbr_copyup_tdp()
 */
export function writableBranch(dentry: Dentry): Branch {
  const { branches } = aufsInode(dentry.isRoot ? dentry : dentry.parent).superblock;
  const top = topIndex(dentry);
  if (branches[top]!.writable) return branches[top]!;
  for (const { branch } of aufsInode(dentry.parent).stack) {
    if (branch.index >= top) break;
    if (branch.writable) return branch;
  }
  const above = nearestWritable(branches, top - 1);
  return branches[notBehindOpaque(dentry, above)]!;
}

/** @see au_wbr_bu() */
function nearestWritable(branches: readonly Branch[], from: number): number {
  for (let i = from; i >= 0; i--) if (branches[i]!.writable) return i;
  return raise('EROFS');
}

/** Nothing is made where an opaque directory above would hide it. @see au_wbr_nonopq() */
function notBehindOpaque(dentry: Dentry, index: number): number {
  let found = index;
  for (let at = dentry.parent; !at.isRoot; at = at.parent) {
    const opaque = aufsInode(at).opaqueIn?.index;
    if (opaque !== undefined && opaque < found) found = opaque;
  }
  return found;
}

/**
 * The branch with index `wanted`, unless nothing can be made there: it is read-only, or an opaque directory or a whiteout
 * above would hide the new name. @see au_wbr()
 */
export function branchUnlessHidden(superblock: AufsSuperblock, dentry: Dentry, wanted: number): Branch | undefined {
  const branch = superblock.branches[wanted]!;
  const opaque = aufsInode(dentry.parent).opaqueIn?.index ?? wanted;
  const whiteout = whiteoutIndex(dentry);
  if (!branch.writable || opaque < wanted || (whiteout >= 0 && whiteout < wanted)) return undefined;
  return branch;
}
