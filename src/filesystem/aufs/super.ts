/**
 * A mounted union: its branches, its live inodes and the numbers that they have.
 *
 * @see fs/aufs/super.c, struct au_sbinfo
 */
import { isDirectory } from '../../abi/mode.ts';
import type { StatFS } from '../../abi/stat.ts';
import { Dentry } from '../../kernel/dentry.ts';
import type { Fork } from '../../kernel/fork.ts';
import { dropIfUnused, type Inode } from '../../kernel/inode.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { LOOKUP_EMPTY, LOOKUP_OPEN } from '../../kernel/namei.ts';
import type { FilesystemType, ReconfigureRequest, Superblock } from '../../kernel/superblock.ts';
import { syncFilesystem } from '../../kernel/sync.ts';
import type { Branch, RealPath } from './branch.ts';
import { checkAufs } from './check.ts';
import type { AufsConfig } from './config.ts';
import { isStale, isWhitedOut, setEntry } from './entry.ts';
import { forkAufs, forkAufsInode } from './fork.ts';
import { AufsInode } from './inode.ts';
import { FIRST_INO, type InodeNumbers, ROOT_INO } from './inode-number.ts';
import { isTorn, isValid } from './namei.ts';
import { dropPlinks } from './plink.ts';
import { remountAufs } from './remount.ts';
import { showOptions } from './show-options.ts';
import { AUFS_SUPER_MAGIC, NAME_LENGTH_MAX, statBranches } from './statfs.ts';

/** What a mount or a fork gives a union. */
export interface AufsParts {
  readonly kernel: Kernel;
  readonly type: FilesystemType;
  readonly config: AufsConfig;
  readonly dev: number;
  /** What sysfs and /proc/mounts know the union by. */
  readonly si: bigint;
  readonly numbers: InodeNumbers;
}

export class AufsSuperblock implements Superblock {
  readonly kernel: Kernel;
  readonly type: FilesystemType;
  readonly config: AufsConfig;
  readonly dev: number;
  readonly si: bigint;
  readonly numbers: InodeNumbers;
  readonly nameMax = NAME_LENGTH_MAX;
  readonly maxBytes = Number.MAX_SAFE_INTEGER;
  readonly stackDepth = 1;
  readonly keepsNegativeDentries = true;
  readOnly = false;
  active = 0;
  root!: Dentry;
  /** Topmost first. */
  branches: readonly Branch[] = [];
  /** Live inodes by their number. */
  readonly inodes = new Map<number, AufsInode>();
  /** Held inodes that no cached name leads to any more. */
  readonly unnamed = new Set<AufsInode>();
  /** Files that are copied up once for all their names, each held. */
  readonly plinks = new Set<AufsInode>();
  #lastBranchId = 0;
  #temporaries = 0;

  constructor({ kernel, type, config, dev, si, numbers }: AufsParts) {
    this.kernel = kernel;
    this.type = type;
    this.config = config;
    this.dev = dev;
    this.si = si;
    this.numbers = numbers;
  }

  /** A number for a branch that comes in. */
  nextBranchId(): number {
    return ++this.#lastBranchId;
  }

  /** A number for a hidden name. */
  nextTemporary(): number {
    this.#temporaries = (this.#temporaries + 1) & 0xffff;
    return this.#temporaries;
  }

  /** Goes on with the numbers of `old`. */
  continueCounters(old: AufsSuperblock): void {
    this.#lastBranchId = old.#lastBranchId;
    this.#temporaries = old.#temporaries;
  }

  branchWithId(id: number): Branch | undefined {
    return this.branches.find((branch) => branch.id === id);
  }

  /** The root shows the roots of all branches. */
  makeRoot(inode?: AufsInode): void {
    const stack = this.branches.map((branch) => ({ branch, dentry: branch.root }));
    const root = inode ?? new AufsInode(this, ROOT_INO, stack);
    root.refreshLinks(true);
    this.inodes.set(ROOT_INO, root);
    this.#setRootNumbers(root.stack);
    this.root = new Dentry(this, '', undefined, root);
    setEntry(this.root, 0, -1);
    root.alias = this.root;
  }

  /**
   * The file of numbers is made anew for each branch, and branches on one filesystem share it: only the root of the
   * lowest is known there, and a listing gives the others a number of their own. @see au_xino_set_br()
   */
  #setRootNumbers(stack: readonly RealPath[]): void {
    const known = new Set<Superblock>();
    for (const path of stack.toReversed()) {
      if (!known.has(path.dentry.superblock)) this.setNumber(path, ROOT_INO);
      known.add(path.dentry.superblock);
    }
  }

  /** The number of an object of a branch is that of an inode. @see au_xino_write() */
  setNumber({ dentry }: RealPath, ino: number): void {
    if (this.config.xino) this.numbers.set(dentry.superblock, dentry.inode!.ino, ino);
  }

  forgetNumber({ dentry }: RealPath): void {
    this.numbers.delete(dentry.superblock, dentry.inode!.ino);
  }

  /** The number that a listing tells of an object. @see au_ino() */
  numberFor(filesystem: Superblock, realIno: number): number {
    if (!this.config.xino) return this.kernel.uniqueIno(FIRST_INO);
    const known = this.numbers.get(filesystem, realIno);
    if (known !== undefined) return known;
    const ino = this.numbers.take();
    this.numbers.set(filesystem, realIno, ino);
    return ino;
  }

  /**
   * The inode that shows these real objects, topmost first: one object has one inode, unless `isNew`.
   *
   * @see au_new_inode()
   */
  inodeOf(stack: readonly RealPath[], isNew: boolean): AufsInode {
    const top = stack[0]!.dentry;
    const real = top.inode!;
    if (this.config.xino) {
      const ino = this.numbers.get(top.superblock, real.ino);
      const known = ino === undefined ? undefined : this.inodes.get(ino);
      if (ino !== undefined && known === undefined) return this.#makeInode(ino, stack);
      if (known !== undefined && !isNew && known.nlink > 0 && shows(known, real)) {
        this.unnamed.delete(known);
        known.isAliased = true;
        return known;
      }
    }
    return this.#makeInode(this.config.xino ? this.numbers.take() : this.kernel.uniqueIno(FIRST_INO), stack);
  }

  #makeInode(ino: number, stack: readonly RealPath[]): AufsInode {
    const inode = new AufsInode(this, ino, stack);
    for (const path of stack) this.setNumber(path, ino);
    inode.refreshLinks(true);
    this.inodes.set(ino, inode);
    return inode;
  }

  revalidate(dentry: Dentry): boolean {
    if (dentry.mounted > 0 || this.config.udba === 'none' || isValid(dentry)) return true;
    dentry.drop();
    letGoBelow(dentry);
    if (dentry.inode !== undefined) dropIfUnused(dentry.inode);
    return false;
  }

  /** What was removed is refused, unless it is opened or a descriptor of it is asked. @see aufs_d_revalidate() */
  weakRevalidate(dentry: Dentry, flags: number): boolean {
    if (dentry.hashed || dentry.isRoot) return true;
    const isRefused = (flags & (LOOKUP_OPEN | LOOKUP_EMPTY)) === 0 && (isStale(dentry) || isWhitedOut(dentry));
    return !isRefused && (this.config.udba === 'none' || !isTorn(dentry));
  }

  /** The file is copied up once for all its names. */
  isPlinked(inode: AufsInode): boolean {
    return this.plinks.size > 0 && this.plinks.has(inode);
  }

  statfs(): StatFS {
    return { ...statBranches(this.branches, this.config.sum), type: AUFS_SUPER_MAGIC, namelen: NAME_LENGTH_MAX };
  }

  showOptions(): string {
    return showOptions(this.config, this.si);
  }

  reconfigure(request: ReconfigureRequest): void {
    remountAufs(this, request);
  }

  sync(): void {
    for (const branch of this.branches) if (branch.writable) syncFilesystem(branch.mount.superblock);
  }

  forget(inode: Inode): void {
    if (inode.holds > 0) this.unnamed.add(inode as AufsInode);
    else this.evict(inode);
  }

  /**
   * A name of the inode has gone from the cache: without another one, and without holders, the inode goes too, and is
   * made anew when it is looked up. @see generic_delete_inode()
   */
  dropName(inode: AufsInode): void {
    if (inode.nlink > 0 && !(inode.isAliased && this.#hasName(inode))) this.forget(inode);
  }

  /** The number of a removed inode is free, and its objects have none any more. @see aufs_destroy_inode() */
  evict(inode: Inode): void {
    const gone = inode as AufsInode;
    const isRemoved = gone.nlink === 0;
    if (isRemoved && gone.isAliased && this.#hasName(gone)) return;
    this.unnamed.delete(gone);
    if (this.inodes.get(gone.ino) !== gone) return;
    this.inodes.delete(gone.ino);
    if (isRemoved && this.config.xino) this.numbers.free(gone.ino);
    for (const path of gone.stack) if (isRemoved || path.dentry.inode!.nlink === 0) this.forgetNumber(path);
    if (gone.isDirectory) gone.listing = undefined;
    gone.letGo();
  }

  /** Another cached name leads to the inode. */
  #hasName(inode: AufsInode): boolean {
    const search = (dentry: Dentry): boolean => {
      for (const child of dentry.children?.values() ?? []) {
        if ((child.inode === inode && child.hashed) || search(child)) return true;
      }
      return false;
    };
    return search(this.root);
  }

  inode(ino: number): Inode | undefined {
    return this.inodes.get(ino);
  }

  hasRemovedInodes(): boolean {
    for (const { nlink, holds } of this.inodes.values()) if (nlink === 0 && holds > 0) return true;
    return false;
  }

  shutdown(): void {
    dropPlinks(this);
    for (const inode of this.inodes.values()) inode.letGo();
    this.inodes.clear();
    this.unnamed.clear();
    for (const branch of this.branches) branch.drop();
  }

  fork(fork: Fork): Superblock {
    return forkAufs(this, fork, (parts) => new AufsSuperblock(parts));
  }

  forkInode(fork: Fork, inode: Inode): Inode {
    return forkAufsInode(this, fork, inode as AufsInode);
  }

  check(): string[] {
    return checkAufs(this);
  }
}

/** The inode shows the real object. @see reval_inode() */
const shows = (inode: AufsInode, real: Inode): boolean =>
  isDirectory(inode.mode) === isDirectory(real.mode) && inode.stack.some(({ dentry }) => dentry.inode === real);

/** What is only cached of a name that has gone, and of all below it, holds nothing in the branches any more. */
function letGoBelow({ inode, children }: Dentry): void {
  (inode as AufsInode | undefined)?.letGo();
  for (const child of children?.values() ?? []) letGoBelow(child);
}
