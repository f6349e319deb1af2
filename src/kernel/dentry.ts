/**
 * The dentry cache: names that have been looked up, found or not. A dentry without an inode is negative: the name is
 * known to be missing. The cache may forget what nobody holds; it never holds truth of its own.
 *
 * @see fs/dcache.c
 */
import { isDirectory } from '../abi/mode.ts';
import { hold, type Inode, release } from './inode.ts';
import type { Superblock } from './superblock.ts';

/**
 * A name in a directory, looked up: with an inode, or negative when there is none. Filesystems make the one of their
 * root.
 */
export class Dentry {
  readonly superblock: Superblock;
  name: string;
  parent: Dentry;
  inode: Inode | undefined;
  /** In its parent's cache; a deleted or replaced name is not. */
  hashed: boolean;
  children: Map<string, Dentry> | undefined;
  /** How many mounts in all namespaces stand on this name. */
  mounted: number;
  /** How many open files, mounts, tasks and pinned children hold this name; see {@link pin}. */
  pins: number;
  /** What the filesystem itself keeps with the name (Linux's d_fsdata): a value, which a forked machine has too. */
  note: unknown;

  constructor(superblock: Superblock, name: string, parent: Dentry | undefined, inode: Inode | undefined) {
    this.superblock = superblock;
    this.name = name;
    this.parent = parent ?? this;
    this.inode = inode;
    this.hashed = false;
    this.children = undefined;
    this.mounted = 0;
    this.pins = 0;
    this.note = undefined;
  }

  get isRoot(): boolean {
    return this.parent === this;
  }

  /** From the root of the filesystem, which itself is `''`. */
  get path(): string {
    let path = '';
    for (let at: Dentry = this; !at.isRoot; at = at.parent) path = `/${at.name}${path}`;
    return path;
  }

  /** Puts the name into its parent's cache. @see d_rehash() */
  hash(): void {
    const siblings = this.parent.children ?? (this.parent.children = new Map());
    siblings.set(this.name, this);
    this.hashed = true;
  }

  /** Takes the name out of its parent's cache: the next lookup asks the filesystem. @see d_drop() */
  drop(): void {
    if (!this.hashed) return;
    this.hashed = false;
    this.parent.children!.delete(this.name);
    if (this.inode !== undefined && isDirectory(this.inode.mode)) this.superblock.kernel.directoryMoves++;
  }

  /** Takes over the place of `target`, which loses it. @see d_move() */
  move(target: Dentry): void {
    target.drop();
    this.drop();
    this.name = target.name;
    this.#setParent(target.parent);
    this.hash();
  }

  /** A pinned name holds its parent, whichever that is. */
  #setParent(parent: Dentry): void {
    const before = this.parent;
    this.parent = parent;
    if (this.pins === 0 || before === parent) return;
    pin(parent);
    unpin(before);
  }

  /** Swaps places with `other`. @see d_exchange() */
  exchange(other: Dentry): void {
    const { name, parent } = this;
    this.drop();
    other.drop();
    this.name = other.name;
    this.#setParent(other.parent);
    other.name = name;
    other.#setParent(parent);
    this.hash();
    other.hash();
  }

  /** This dentry is `ancestor` or lies below it. */
  isWithin(ancestor: Dentry): boolean {
    for (let at: Dentry = this; ; at = at.parent) {
      if (at === ancestor) return true;
      if (at.isRoot) return false;
    }
  }
}

/** Holds a name, its inode and the directories above it. @see dget() */
export function pin(dentry: Dentry): void {
  if (dentry.pins++ > 0) return;
  if (dentry.inode !== undefined) hold(dentry.inode);
  if (!dentry.isRoot) pin(dentry.parent);
}

/** Ends a {@link pin}. @see dput() */
export function unpin(dentry: Dentry): void {
  if (--dentry.pins > 0) return;
  if (dentry.inode !== undefined) release(dentry.inode);
  if (!dentry.isRoot) unpin(dentry.parent);
}
