/**
 * A file of the union: the real objects that it shows, topmost first, and the number and link count that it tells.
 *
 * @see fs/aufs/inode.h struct au_iinfo
 */
import { isDirectory, S_IFDIR } from '../../abi/mode.ts';
import type { Attributes, Stat, Timespec } from '../../abi/stat.ts';
import type { Credentials } from '../../kernel/credentials.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { FileOperations } from '../../kernel/file.ts';
import type { Inode } from '../../kernel/inode.ts';
import { aufsPermission, setAufsAttributes, statAufs, touchAufsAtime } from './attributes.ts';
import type { Branch, RealPath } from './branch.ts';
import { createFile, createNode, createSymlink, createTmpfile, makeDirectory } from './create.ts';
import { aufsFileOperations } from './file.ts';
import { linkAufs } from './link.ts';
import { lookupAufs } from './namei.ts';
import { aufsDirectoryOperations, type Listing } from './readdir.ts';
import { RealStack } from './real-stack.ts';
import { removeDirectory, removeFile } from './remove.ts';
import { renameAufs } from './rename.ts';
import type { AufsSuperblock } from './super.ts';
import { removeAufsXattr, setAufsXattr } from './xattr.ts';

const ALIASED = 1;
const LINKABLE = 2;

/** What only a directory has. */
class DirectoryPart {
  alias: Dentry | undefined = undefined;
  opaqueIn: Branch | undefined = undefined;
  version = 0;
  listing: Listing | undefined = undefined;
  verified = -1;
}

export class AufsInode extends RealStack implements Inode {
  readonly superblock: AufsSuperblock;
  readonly ino: number;
  /** As it was last told: see {@link refreshLinks}. */
  nlink = 0;
  #holds = 0;
  #state = 0;
  #directory: DirectoryPart | undefined;

  constructor(superblock: AufsSuperblock, ino: number, stack: readonly RealPath[]) {
    super(stack);
    this.superblock = superblock;
    this.ino = ino;
    this.#directory = isDirectory(this.real.mode) ? new DirectoryPart() : undefined;
  }

  get isDirectory(): boolean {
    return this.#directory !== undefined;
  }

  /** More than one name was looked up. */
  get isAliased(): boolean {
    return (this.#state & ALIASED) !== 0;
  }

  set isAliased(aliased: boolean) {
    this.#state = aliased ? this.#state | ALIASED : this.#state & ~ALIASED;
  }

  get linkable(): boolean {
    return (this.#state & LINKABLE) !== 0;
  }

  set linkable(linkable: boolean) {
    this.#state = linkable ? this.#state | LINKABLE : this.#state & ~LINKABLE;
  }

  /** The name of a directory. */
  get alias(): Dentry | undefined {
    return this.#directory?.alias;
  }

  set alias(alias: Dentry | undefined) {
    this.#directory!.alias = alias;
  }

  /** The branch in which a directory is opaque. */
  get opaqueIn(): Branch | undefined {
    return this.#directory?.opaqueIn;
  }

  set opaqueIn(branch: Branch | undefined) {
    this.#directory!.opaqueIn = branch;
  }

  /** How often a name in this directory changed. */
  get version(): number {
    return this.#directory!.version;
  }

  set version(version: number) {
    this.#directory!.version = version;
  }

  get listing(): Listing | undefined {
    return this.#directory?.listing;
  }

  set listing(listing: Listing | undefined) {
    this.#directory!.listing = listing;
  }

  /** When the real directories were last known to be where they belong. */
  get verified(): number {
    return this.#directory!.verified;
  }

  set verified(directoryMoves: number) {
    this.#directory!.verified = directoryMoves;
  }

  get mode(): number {
    return this.real.mode;
  }

  get uid(): number {
    return this.real.uid;
  }

  get gid(): number {
    return this.real.gid;
  }

  get rdev(): number {
    return this.real.rdev;
  }

  get size(): number {
    return this.real.size;
  }

  get flags(): number {
    return this.real.flags;
  }

  get atime(): Timespec {
    return this.real.atime;
  }

  get mtime(): Timespec {
    return this.real.mtime;
  }

  get ctime(): Timespec {
    return this.real.ctime;
  }

  get fileOperations(): FileOperations {
    return this.isDirectory ? aufsDirectoryOperations : aufsFileOperations;
  }

  get holds(): number {
    return this.#holds;
  }

  /**
   * While somebody holds the inode it holds the real names; a merely cached one does not. A directory, held with each
   * open file below it, keeps its many names from then on as long as it can be reached.
   */
  set holds(count: number) {
    this.#holds = count;
    if (count > 0) this.pinReal();
    else if (this.superblock.unnamed.delete(this)) this.superblock.evict(this);
    else if (!this.isDirectory || this.nlink === 0 || !this.#isReached()) this.letGo();
  }

  /** Cached names lead from the root to the directory. */
  #isReached(): boolean {
    let at = this.alias;
    while (at?.hashed) at = at.parent;
    return at?.isRoot ?? false;
  }

  /** Gives up the real names, unless somebody holds the inode. */
  letGo(): void {
    if (this.#holds === 0) this.unpinReal();
  }

  /** The inode got an object in a branch. @see au_set_h_iptr() */
  addReal(path: RealPath): void {
    const { branch } = path;
    const others = this.stack.filter((each) => each.branch !== branch);
    const at = others.findIndex((each) => each.branch.index > branch.index);
    this.stack = at < 0 ? [...others, path] : [...others.slice(0, at), path, ...others.slice(at)];
    this.superblock.setNumber(path, this.ino);
  }

  removeReal(branch: Branch): void {
    this.stack = this.stack.filter((each) => each.branch !== branch);
  }

  /** Nothing below `branch` is shown any more; the numbers of what was are free for others. */
  cutBelow(branch: Branch): void {
    const kept = this.stack.filter((each) => each.branch.index <= branch.index);
    if (kept.length === this.stack.length) return;
    for (const path of this.stack) if (!kept.includes(path)) this.superblock.forgetNumber(path);
    this.stack = kept;
  }

  /**
   * Takes the link count over from the real objects: of a directory the sum of all subdirectories in all branches. A
   * pseudo-linked file counts its names itself. @see au_cpup_attr_nlink()
   */
  refreshLinks(force = false): void {
    const { real } = this;
    if (!this.isDirectory) {
      if (force || !this.superblock.isPlinked(this)) this.nlink = real.nlink;
      return;
    }
    let links = real.nlink;
    const { stack } = this;
    for (let i = 1; i < stack.length; i++) {
      const { nlink } = stack[i]!.dentry.inode!;
      links += nlink < 2 ? nlink : nlink - 2;
    }
    this.nlink = links;
  }

  dropNlink(): void {
    if (this.nlink > 0) this.nlink--;
  }

  /** A name in this directory came or went. */
  directoryModified(): void {
    this.version++;
  }

  getattr(dentry?: Dentry): Stat {
    return statAufs(this, dentry);
  }

  setattr(attributes: Attributes, dentry?: Dentry): void {
    setAufsAttributes(this, attributes, dentry);
  }

  touchAtime(now: Timespec): void {
    touchAufsAtime(this, now);
  }

  touchMtime(now: Timespec): void {
    if (this.top.branch.writable) this.real.touchMtime?.(now);
  }

  permission(credentials: Credentials, mask: number): 'EACCES' | 'EPERM' | 'EROFS' | undefined {
    return aufsPermission(this, credentials, mask);
  }

  lookup(dentry: Dentry): Inode | undefined {
    return lookupAufs(this, dentry);
  }

  create(dentry: Dentry, mode: number): Inode {
    return createFile(dentry, mode);
  }

  mkdir(dentry: Dentry, mode: number): Inode {
    return makeDirectory(this, dentry, (mode & 0o7777) | S_IFDIR);
  }

  mknod(dentry: Dentry, mode: number, rdev: number): Inode {
    return createNode(dentry, mode, rdev);
  }

  symlink(dentry: Dentry, target: string): Inode {
    return createSymlink(dentry, target);
  }

  link(old: Dentry, dentry: Dentry): Inode | undefined {
    return linkAufs(old, dentry);
  }

  unlink(dentry: Dentry): void {
    removeFile(dentry);
  }

  rmdir(dentry: Dentry): void {
    removeDirectory(dentry);
  }

  rename(old: Dentry, _newDir: Inode, dentry: Dentry, flags: number): void {
    renameAufs(old, dentry, flags);
  }

  tmpfile(mode: number): Inode {
    return createTmpfile(this, mode);
  }

  readlink(): string {
    return this.real.readlink();
  }

  getxattr(name: string): Uint8Array | undefined {
    return this.real.getxattr(name);
  }

  listxattr(): string[] {
    return this.real.listxattr();
  }

  setxattr(name: string, value: Uint8Array, flags: number, dentry?: Dentry): void {
    setAufsXattr(this, name, value, flags, dentry);
  }

  removexattr(name: string, dentry?: Dentry): void {
    removeAufsXattr(this, name, dentry);
  }
}
