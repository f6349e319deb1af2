/**
 * A fork in progress: what stands in the new kernel for each held object of the old one. Dentries are a cache that the
 * new kernel starts without; only those that something holds are made again, through here.
 */
import { Dentry } from './dentry.ts';
import type { Inode } from './inode.ts';
import type { Kernel } from './kernel.ts';
import type { Superblock } from './superblock.ts';

export class Fork {
  readonly kernel: Kernel;
  readonly #superblocks = new Map<Superblock, Superblock>();
  readonly #dentries = new Map<Dentry, Dentry>();
  readonly #inodes = new Map<Inode, Inode>();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  superblock(old: Superblock): Superblock {
    let made = this.#superblocks.get(old);
    if (made === undefined) {
      made = old.fork(this);
      this.#superblocks.set(old, made);
      made.active = old.active;
    }
    return made;
  }

  inode(old: Inode): Inode {
    let made = this.#inodes.get(old);
    if (made === undefined) {
      this.superblock(old.superblock);
      made = old.superblock.forkInode(this, old);
      this.#inodes.set(old, made);
      made.holds = old.holds;
    }
    return made;
  }

  dentry(old: Dentry): Dentry {
    let made = this.#dentries.get(old);
    if (made !== undefined) return made;
    const superblock = this.superblock(old.superblock);
    made = this.#dentries.get(old);
    if (made !== undefined) return made;
    made = old.isRoot && old === old.superblock.root ? superblock.root : this.#child(old, superblock);
    this.#dentries.set(old, made);
    return made;
  }

  #child(old: Dentry, superblock: Superblock): Dentry {
    const parent = old.isRoot ? undefined : this.dentry(old.parent);
    const known = old.hashed ? parent?.children?.get(old.name) : undefined;
    if (known !== undefined) return known;
    const made = new Dentry(superblock, old.name, parent, old.inode && this.inode(old.inode));
    if (old.hashed) made.hash();
    return made;
  }
}
