/**
 * A file of the union: the real objects that it shows, topmost first, and the number and link count that it tells.
 *
 * @see fs/aufs/inode.h struct au_iinfo
 */
import { isDirectory, S_IFDIR } from '../../abi/mode.ts';
import type { Attributes, Stat, Timespec } from '../../abi/stat.ts';
import type { Credentials } from '../../kernel/credentials.ts';
import { type Dentry, pin, unpin } from '../../kernel/dentry.ts';
import type { FileOperations } from '../../kernel/file.ts';
import type { Inode } from '../../kernel/inode.ts';
import { aufsPermission, setAufsAttributes, statAufs, touchAufsAtime } from './attributes.ts';
import type { Branch, RealPath } from './branch.ts';
import { createFile, createNode, createSymlink, createTmpfile, makeDirectory } from './create.ts';
import { aufsFileOperations } from './file.ts';
import { linkAufs } from './link.ts';
import { lookupAufs } from './namei.ts';
import { aufsDirectoryOperations, type Listing } from './readdir.ts';
import { removeDirectory, removeFile } from './remove.ts';
import { renameAufs } from './rename.ts';
import type { AufsSuperblock } from './super.ts';
import { removeAufsXattr, setAufsXattr } from './xattr.ts';

export class AufsInode implements Inode {
  readonly superblock: AufsSuperblock;
  readonly ino: number;
  /** As it was last told: see {@link refreshLinks}. */
  nlink = 0;
  /** More than one name was looked up. */
  isAliased = false;
  linkable = false;
  /** The name of a directory. */
  alias: Dentry | undefined = undefined;
  /** The branch in which a directory is opaque. */
  opaqueIn: Branch | undefined = undefined;
  /** A copy, without a name, of a file that was removed before it was written to. @see au_hi_wh() */
  nameless: RealPath | undefined = undefined;
  /** A name in this directory changed. */
  version = 0;
  listing: Listing | undefined = undefined;
  /** When the real directories were last known to be where they belong. */
  verified = -1;
  #stack: readonly RealPath[];
  #holds = 0;
  #isPinned = false;

  constructor(superblock: AufsSuperblock, ino: number, stack: readonly RealPath[]) {
    this.superblock = superblock;
    this.ino = ino;
    this.#stack = stack;
  }

  /** The real objects, topmost first: of a directory those that are merged, of a file the one shown and what it came from. */
  get stack(): readonly RealPath[] {
    return this.#stack;
  }

  set stack(stack: readonly RealPath[]) {
    if (this.#isPinned) {
      for (const { dentry } of stack) pin(dentry);
      for (const { dentry } of this.#stack) unpin(dentry);
    }
    this.#stack = stack;
  }

  get top(): RealPath {
    return this.#stack[0]!;
  }

  /** The topmost real object. */
  get real(): Inode {
    return this.#stack[0]!.dentry.inode!;
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
    return isDirectory(this.mode) ? aufsDirectoryOperations : aufsFileOperations;
  }

  get holds(): number {
    return this.#holds;
  }

  /**
   * While somebody holds the inode it holds the real names; a merely cached one does not. A directory, held with each
   * open file below it, keeps its many names from then on as long as it exists.
   */
  set holds(count: number) {
    this.#holds = count;
    if (count > 0) this.#pin();
    else if (this.superblock.unnamed.delete(this)) this.superblock.evict(this);
    else if (!isDirectory(this.mode) || this.nlink === 0) this.letGo();
  }

  /** Gives up the real names, unless somebody holds the inode. */
  letGo(): void {
    if (!this.#isPinned || this.#holds > 0) return;
    this.#isPinned = false;
    for (const { dentry } of this.#stack) unpin(dentry);
    if (this.nameless !== undefined) unpin(this.nameless.dentry);
  }

  #pin(): void {
    if (this.#isPinned) return;
    this.#isPinned = true;
    for (const { dentry } of this.#stack) pin(dentry);
    if (this.nameless !== undefined) pin(this.nameless.dentry);
  }

  /** The real object in one branch. @see au_h_iptr() */
  realIn(branch: Branch): RealPath | undefined {
    const stack = this.#stack;
    // an object lies at the index of its branch, or before it
    for (let i = Math.min(branch.index, stack.length - 1); i >= 0; i--) {
      const path = stack[i]!;
      if (path.branch === branch) return path;
      if (path.branch.index < branch.index) return undefined;
    }
    return undefined;
  }

  /** The inode got an object in a branch. @see au_set_h_iptr() */
  addReal(path: RealPath): void {
    const { branch } = path;
    const others = this.#stack.filter((each) => each.branch !== branch);
    const at = others.findIndex((each) => each.branch.index > branch.index);
    this.stack = at < 0 ? [...others, path] : [...others.slice(0, at), path, ...others.slice(at)];
    this.superblock.setNumber(path, this.ino);
  }

  removeReal(branch: Branch): void {
    this.stack = this.#stack.filter((each) => each.branch !== branch);
  }

  /** Nothing below `branch` is shown any more; the numbers of what was are free for others. */
  cutBelow(branch: Branch): void {
    const kept = this.#stack.filter((each) => each.branch.index <= branch.index);
    if (kept.length === this.#stack.length) return;
    for (const path of this.#stack) if (!kept.includes(path)) this.superblock.forgetNumber(path);
    this.stack = kept;
  }

  /** A removed file was copied up. */
  setNameless(path: RealPath): void {
    if (this.#isPinned) pin(path.dentry);
    this.nameless = path;
  }

  /**
   * Takes the link count over from the real objects: of a directory the sum of all subdirectories in all branches. A
   * pseudo-linked file counts its names itself. @see au_cpup_attr_nlink()
   */
  refreshLinks(force = false): void {
    const { real } = this;
    if (!isDirectory(real.mode)) {
      if (force || !this.superblock.isPlinked(this)) this.nlink = real.nlink;
      return;
    }
    let links = real.nlink;
    for (let i = 1; i < this.#stack.length; i++) {
      const { nlink } = this.#stack[i]!.dentry.inode!;
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
