/**
 * One more name for a file. A file of a lower branch is copied up under the new name and becomes a pseudo-link: the old
 * name comes up when it is next used.
 *
 * @see fs/aufs/i_op_add.c aufs_link()
 */
import { raise } from '../../abi/errno.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { vfsLink } from '../../kernel/link.ts';
import { vfsUnlink } from '../../kernel/unlink.ts';
import type { RealPath } from './branch.ts';
import { copyUp, copyUpParents, restoreTimes } from './copy-up.ts';
import { type NewName, orUndo, prepareName } from './create.ts';
import { aufsInode, realOfName, setEntry, topIndex } from './entry.ts';
import type { AufsInode } from './inode.ts';
import { addPlink, findPlink } from './plink.ts';
import { findReal } from './real-lookup.ts';
import { branchUnlessHidden, writableBranch } from './target.ts';
import { asUnion, removeWhiteout } from './whiteout.ts';

/** Names the inode of `old` too. Answers the inode of the new name, which is looked up anew where a whiteout was. */
export function linkAufs(old: Dentry, dentry: Dentry): AufsInode | undefined {
  const inode = aufsInode(old);
  const { superblock } = inode;
  if (!old.hashed && !inode.linkable) raise('ENOENT');
  const top = inode.top.branch;
  const branch = branchUnlessHidden(superblock, dentry, top.index) ?? sourceOr(old, dentry);
  const name = prepareName(dentry, branch);
  if (superblock.config.plink) linkTogether(old, dentry, name);
  else linkCopied(old, name);
  orUndo(
    () => {
      if (name.whitedOut) removeWhiteout(superblock, name.directory, dentry.name);
    },
    () => takeBack(name),
  );
  setEntry(dentry, branch.index, -1);
  aufsInode(dentry.parent).directoryModified();
  inode.nlink++;
  inode.isAliased = true;
  return name.whitedOut ? undefined : inode;
}

/** Where the source lies if that is above the place of the new name, else by the policy. @see au_wr_dir() */
function sourceOr(old: Dentry, dentry: Dentry) {
  const { branches } = aufsInode(old).superblock;
  const source = branches[topIndex(old)]!;
  return source.index < topIndex(dentry) && source.writable ? source : writableBranch(dentry);
}

/** A link to the copy that is there, or a copy under the new name. @see au_cpup_or_link() */
function linkTogether(old: Dentry, dentry: Dentry, { branch, directory, real }: NewName): void {
  const inode = aufsInode(old);
  const { superblock } = inode;
  const { kernel } = superblock;
  const source = sourceOf(old);
  if (branch.index >= source.branch.index) {
    asUnion(kernel, () => vfsLink(kernel, source.dentry, directory, real));
    return;
  }
  const known = inode.realIn(branch);
  if (known !== undefined && known.dentry.inode!.nlink > 0) {
    const linked = known.dentry.hashed ? known.dentry : (findPlink(inode, known) ?? raise('EIO'));
    asUnion(kernel, () => vfsLink(kernel, linked, directory, real));
    addPlink(inode, known);
    return;
  }
  copyUnderNewName(inode, dentry, source, branch);
  addPlink(inode, inode.realIn(branch)!);
}

/** The dentry of the new name has the inode while its object is copied. */
function copyUnderNewName(inode: AufsInode, dentry: Dentry, source: RealPath, branch: RealPath['branch']): void {
  dentry.inode = inode;
  try {
    copyUp(dentry, branch, { source, keepNumber: true });
  } finally {
    dentry.inode = undefined;
  }
}

/** The real object that is linked to. */
function sourceOf(old: Dentry): RealPath {
  const inode = aufsInode(old);
  const { top } = inode;
  if (top.dentry.hashed || inode.linkable) return top;
  const { branches } = inode.superblock;
  return realOfName(old, top.branch) ?? realOfName(old, branches[topIndex(old)]!) ?? inode.nameless ?? top;
}

/** Without pseudo-links the old name is copied up first. @see au_cpup_before_link() */
function linkCopied(old: Dentry, { branch, directory, real }: NewName): void {
  const inode = aufsInode(old);
  const { kernel } = inode.superblock;
  if (branch.index < inode.top.branch.index) {
    copyUpParents(old, branch);
    copyUp(old, branch, { keepTimes: true });
  }
  const source = realOfName(old, branch) ?? raise('ENOENT');
  asUnion(kernel, () => vfsLink(kernel, source.dentry, directory, real));
}

function takeBack({ directory, real, times }: NewName): void {
  const { kernel } = directory.superblock;
  asUnion(kernel, () => {
    const made = findReal(directory, real.name);
    if (made !== undefined) vfsUnlink(kernel, directory, made);
  });
  restoreTimes(directory, times);
}
