/** Giving memory back: names that nobody holds, pages that lie elsewhere too. @see fs/dcache.c, fs/drop_caches.c */
import type { Dentry } from './dentry.ts';
import type { Inode } from './inode.ts';
import type { Kernel } from './kernel.ts';
import type { Superblock } from './superblock.ts';

const DROP_PAGES = 1;
const DROP_NAMES = 2;

/** What a number written to /proc/sys/vm/drop_caches asks for. @see drop_caches_sysctl_handler() */
export function dropCaches({ superblocks }: Kernel, what: number): void {
  if ((what & DROP_PAGES) !== 0) for (const superblock of superblocks) superblock.dropPages?.();
  if ((what & DROP_NAMES) !== 0) for (const superblock of superblocks) shrinkDcache(superblock);
}

/** Forgets the names of a filesystem that nobody holds, and the inodes that had no others. @see shrink_dcache_sb() */
export function shrinkDcache(superblock: Superblock): void {
  if (superblock.forget === undefined) return;
  const gone = new Set<Inode>();
  prune(superblock.root, gone);
  for (const inode of inodesBelow(superblock.root)) gone.delete(inode);
  for (const inode of gone) superblock.forget(inode);
}

function prune(directory: Dentry, gone: Set<Inode>): void {
  for (const dentry of [...(directory.children?.values() ?? [])]) {
    prune(dentry, gone);
    if (dentry.pins > 0 || dentry.mounted > 0 || (dentry.children?.size ?? 0) > 0) continue;
    dentry.drop();
    if (dentry.inode !== undefined) gone.add(dentry.inode);
  }
}

function* inodesBelow(dentry: Dentry): IterableIterator<Inode> {
  if (dentry.inode !== undefined) yield dentry.inode;
  for (const child of dentry.children?.values() ?? []) yield* inodesBelow(child);
}
