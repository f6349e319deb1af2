/**
 * Pseudo-links: a file with several names is copied up once, and the copy is kept under a name of its own in
 * `.wh..wh.plnk`, from where it gets its other names when they are first used.
 *
 * @see fs/aufs/plink.c, Documentation/filesystems/aufs/design/02struct.txt
 */
import { attempt } from '../../abi/errno.ts';
import { vfsLink } from '../../kernel/link.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { hold, release } from '../../kernel/inode.ts';
import { vfsUnlink } from '../../kernel/unlink.ts';
import type { RealPath } from './branch.ts';
import type { AufsInode } from './inode.ts';
import { findReal } from './real-lookup.ts';
import type { AufsSuperblock } from './super.ts';
import { asUnion } from './whiteout.ts';

const plinkName = (inode: AufsInode, real: RealPath): string => `${inode.ino}.${real.dentry.inode!.ino}`;

/** The name that the copy of a pseudo-linked file is kept under. @see au_plink_lkup() */
export function findPlink(inode: AufsInode, real: RealPath): Dentry | undefined {
  const directory = real.branch.parts?.plnk;
  return directory && findReal(directory, plinkName(inode, real));
}

/**
 * Keeps the copy of a file that has more names. Where that is refused the file is copied up all the same, and its other
 * names stay with the lower one. @see au_plink_append()
 */
export function addPlink(inode: AufsInode, real: RealPath): void {
  const { superblock } = inode;
  const directory = real.branch.parts?.plnk;
  if (superblock.plinks.has(inode) || directory === undefined) return;
  hold(inode);
  superblock.plinks.add(inode);
  if (attempt(() => asUnion(superblock.kernel, () => makePlink(directory, plinkName(inode, real), real)))) return;
  superblock.plinks.delete(inode);
  release(inode);
}

/** @see do_whplink() */
function makePlink(directory: Dentry, name: string, real: RealPath): void {
  const { kernel } = directory.superblock;
  let dentry = lookupDentry(directory, name);
  if (dentry.inode !== undefined && dentry.inode !== real.dentry.inode) {
    vfsUnlink(kernel, directory, dentry);
    dentry = lookupDentry(directory, name);
  }
  if (dentry.inode === undefined) vfsLink(kernel, real.dentry, directory, dentry);
}

/** Forgets all pseudo-links; what is kept of them in branches stays. @see au_plink_put() */
export function dropPlinks({ plinks }: AufsSuperblock): void {
  const inodes = [...plinks];
  plinks.clear();
  for (const inode of inodes) release(inode);
}
