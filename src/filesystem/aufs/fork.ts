/** A union in a forked machine: held inodes with what they show, numbers shared until one side changes them. */
import { Dentry } from '../../kernel/dentry.ts';
import type { Fork } from '../../kernel/fork.ts';
import { hold } from '../../kernel/inode.ts';
import type { RealPath } from './branch.ts';
import { AufsInode } from './inode.ts';
import type { AufsParts, AufsSuperblock } from './super.ts';

export function forkAufs(old: AufsSuperblock, fork: Fork, make: (parts: AufsParts) => AufsSuperblock): AufsSuperblock {
  const { type, si, config } = old;
  const made = make({
    kernel: fork.kernel,
    type,
    si,
    config: { ...config },
    dev: fork.device(old.dev),
    numbers: old.numbers.fork(fork),
  });
  made.branches = old.branches.map((branch) => branch.fork(fork));
  made.readOnly = old.readOnly;
  made.continueCounters(old);
  made.makeRoot(forkObject(made, old.root.inode as AufsInode, fork));
  made.root.note = old.root.note;
  for (const inode of old.plinks) {
    const twin = forkObject(made, inode, fork);
    hold(twin);
    made.plinks.add(twin);
  }
  return made;
}

/** The counterpart of a held inode. */
export function forkAufsInode(old: AufsSuperblock, fork: Fork, inode: AufsInode): AufsInode {
  const superblock = fork.superblock(old) as AufsSuperblock;
  if (inode === old.root.inode) return superblock.root.inode as AufsInode;
  const known = superblock.inodes.get(inode.ino);
  if (known !== undefined && known.nlink === inode.nlink && superblock.plinks.has(known)) return known;
  const made = forkObject(superblock, inode, fork);
  if (old.unnamed.has(inode)) superblock.unnamed.add(made);
  const { alias } = inode;
  if (alias !== undefined)
    made.alias = fork.name(alias, new Dentry(superblock, alias.name, fork.dentry(alias.parent), made));
  return made;
}

function forkObject(superblock: AufsSuperblock, old: AufsInode, fork: Fork): AufsInode {
  const forkPath = ({ branch, dentry }: RealPath): RealPath => ({
    branch: superblock.branchWithId(branch.id)!,
    dentry: fork.dentry(dentry),
  });
  const made = new AufsInode(superblock, old.ino, old.stack.map(forkPath));
  const { nlink, isAliased, linkable, nameless } = old;
  Object.assign(made, { nlink, isAliased, linkable });
  if (old.isDirectory) {
    made.version = old.version;
    made.listing = old.listing;
    made.opaqueIn = old.opaqueIn && superblock.branchWithId(old.opaqueIn.id);
  }
  made.nameless = nameless && forkPath(nameless);
  if (old.superblock.inodes.get(old.ino) === old) superblock.inodes.set(old.ino, made);
  return made;
}
