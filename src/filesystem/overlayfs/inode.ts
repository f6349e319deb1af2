/**
 * A file of the overlay: its own identity and copies of the attributes of the real object that it shows.
 *
 * @see fs/overlayfs/inode.c, struct ovl_inode
 */
import { isDirectory, S_IFDIR, S_IFLNK, S_IFREG } from '../../abi/mode.ts';
import type { FileAttributes } from '../../abi/fileattr.ts';
import type { Attributes, Stat, StatxAttributes, Timespec } from '../../abi/stat.ts';
import { touchAtime } from '../../kernel/atime.ts';
import type { Credentials } from '../../kernel/credentials.ts';
import { type Dentry, pin, unpin } from '../../kernel/dentry.ts';
import type { FileOperations } from '../../kernel/file.ts';
import type { Inode } from '../../kernel/inode.ts';
import { genericPermission } from '../../kernel/permission.ts';
import { copyUp, setOverlayAttributes } from './copy-up.ts';
import { createObject, createTmpfile, linkObject, makeNode } from './dir.ts';
import { OverlayAttributes } from './attributes.ts';
import { isMerge, isOrigin, type LayerPath } from './entry.ts';
import { overlayFileOperations } from './file.ts';
import { getOverlayFileattr, overlayStatxAttributes, setOverlayFileattr } from './fileattr.ts';
import { dataBlocks, isMetacopy } from './metacopy.ts';
import { lookupOverlay } from './namei.ts';
import { overlayDirectoryOperations } from './readdir.ts';
import { removeObject } from './remove.ts';
import { renameObject } from './rename.ts';
import type { OverlaySuperblock } from './super.ts';
import { inoOf, setIno } from './xino.ts';
import { getOverlayXattr, listOverlayXattrs, removeOverlayXattr, setOverlayXattr } from './xattr.ts';

/** The inode number stays that of the lower object when it is copied up. @see OVL_CONST_INO */
const CONSTANT_INO = 1;
/** The real names are held. */
const PINNED = 2;
const LINKABLE = 4;
const ALIASED = 8;

export class OverlayInode extends OverlayAttributes implements Inode {
  readonly superblock: OverlaySuperblock;
  #holds = 0;
  #state = 0;

  constructor(superblock: OverlaySuperblock, mode: number) {
    super(mode);
    this.superblock = superblock;
  }

  get fileOperations(): FileOperations {
    return isDirectory(this.mode) ? overlayDirectoryOperations : overlayFileOperations;
  }

  get linkable(): boolean {
    return (this.#state & LINKABLE) !== 0;
  }

  set linkable(linkable: boolean) {
    this.#state = linkable ? this.#state | LINKABLE : this.#state & ~LINKABLE;
  }

  get constantIno(): boolean {
    return (this.#state & CONSTANT_INO) !== 0;
  }

  set constantIno(constant: boolean) {
    this.#state = constant ? this.#state | CONSTANT_INO : this.#state & ~CONSTANT_INO;
  }

  /** More than one name in the cache may lead to it. */
  get isAliased(): boolean {
    return (this.#state & ALIASED) !== 0;
  }

  set isAliased(aliased: boolean) {
    this.#state = aliased ? this.#state | ALIASED : this.#state & ~ALIASED;
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
    if (count > 0) {
      if ((this.#state & PINNED) === 0) this.#pin();
    } else if (this.superblock.unnamed.delete(this)) this.superblock.evict(this);
    else if (!isDirectory(this.mode) || this.nlink === 0) this.letGo();
  }

  /** Gives up the real names, unless somebody holds the inode. */
  letGo(): void {
    if ((this.#state & PINNED) === 0 || this.#holds > 0) return;
    this.#state &= ~PINNED;
    if (this.upper !== undefined) unpin(this.upper);
    for (const { dentry } of this.lower) unpin(dentry);
  }

  #pin(): void {
    this.#state |= PINNED;
    if (this.upper !== undefined) pin(this.upper);
    for (const { dentry } of this.lower) pin(dentry);
  }

  /** The inode got an upper object. @see ovl_inode_update() */
  setUpper(upper: Dentry): void {
    this.upper = upper;
    if ((this.#state & PINNED) !== 0) pin(upper);
  }

  /** The lower object that the data lies in was found. @see ovl_dentry_set_lowerdata() */
  setLowerData(path: LayerPath): void {
    this.lower = [...this.lower, path];
    if ((this.#state & PINNED) !== 0) pin(path.dentry);
  }

  /** A name in this directory changed; `impurity` when one that came from a lower layer did. @see ovl_dir_modified() */
  directoryModified(impurity: boolean): void {
    this.copyAttributes();
    if (this.mayHaveWhiteouts || impurity) this.version++;
  }

  /** One name less. @see drop_nlink() */
  dropNlink(): void {
    if (this.nlink === 0) return;
    this.superblock.makeKnown(this);
    this.nlink--;
  }

  /** @see ovl_getattr() */
  getattr(): Stat {
    const stat = this.real.getattr();
    const { superblock } = this;
    if (this.isLean && superblock.sameFilesystem) {
      stat.dev = superblock.dev;
      return stat;
    }
    const isDir = isDirectory(this.mode);
    let fsid = 0;
    if (!isDir || superblock.sameDevice) {
      if (this.upper === undefined) fsid = this.lowerLayer!.fsid;
      else if (isOrigin(this)) fsid = this.#takeOriginIno(stat, isDir);
    }
    superblock.mapDeviceAndIno(this, stat, fsid);
    if (isMetacopy(this)) stat.blocks = dataBlocks(this, stat.size, stat.blksize);
    if (isDir && isMerge(this)) stat.nlink = 1;
    if (!isDir && this.indexed) stat.nlink = this.nlink;
    return stat;
  }

  /** The number of the lower object that this one came from, unless others may have come from it too. */
  #takeOriginIno(stat: Stat, isDir: boolean): number {
    const origin = this.lowerInode!;
    const told = origin.superblock.stackDepth === 0 ? origin : origin.getattr();
    const isOnly = this.indexed || (!this.superblock.indexesAll && (isDir || told.nlink === 1));
    if (!isOnly) return 0;
    setIno(stat, inoOf(told));
    return this.lowerLayer!.fsid;
  }

  setattr(attributes: Attributes, dentry?: Dentry): void {
    setOverlayAttributes(this, attributes, dentry);
  }

  /** The upper object notes the access; lower ones are never touched. @see ovl_update_time() */
  touchAtime(_now: Timespec): void {
    if (this.upper === undefined) return;
    const real = this.upper.inode!;
    touchAtime(this.superblock.upperMount, real);
    this.atime = real.atime;
  }

  /** The caller's right to the overlay's file, then the mounter's right to the real one. @see ovl_permission() */
  permission(credentials: Credentials, mask: number): 'EACCES' | 'EPERM' | 'EROFS' | undefined {
    return genericPermission(this, credentials, mask) ?? this.superblock.mounterRefusal(this, mask);
  }

  lookup(dentry: Dentry): Inode | undefined {
    return lookupOverlay(this, dentry);
  }

  create(dentry: Dentry, mode: number): Inode {
    return createObject(this, dentry, (mode & 0o7777) | S_IFREG, 0, '');
  }

  mkdir(dentry: Dentry, mode: number): Inode {
    return createObject(this, dentry, (mode & 0o7777) | S_IFDIR, 0, '');
  }

  mknod(dentry: Dentry, mode: number, rdev: number): Inode {
    return makeNode(this, dentry, mode, rdev);
  }

  symlink(dentry: Dentry, target: string): Inode {
    return createObject(this, dentry, S_IFLNK | 0o777, 0, target);
  }

  link(old: Dentry, dentry: Dentry): undefined {
    linkObject(old, dentry);
  }

  unlink(dentry: Dentry): void {
    removeObject(dentry, false);
  }

  rmdir(dentry: Dentry): void {
    removeObject(dentry, true);
  }

  rename(old: Dentry, _newDir: Inode, dentry: Dentry, flags: number): void {
    renameObject(old, dentry, flags);
  }

  tmpfile(mode: number): Inode {
    return createTmpfile(this, mode);
  }

  readlink(): string {
    return this.real.readlink();
  }

  getxattr(name: string): Uint8Array | undefined {
    return getOverlayXattr(this, name);
  }

  setxattr(name: string, value: Uint8Array, flags: number, dentry?: Dentry): void {
    setOverlayXattr(this, name, value, flags, dentry);
  }

  removexattr(name: string, dentry?: Dentry): void {
    removeOverlayXattr(this, name, dentry);
  }

  listxattr(): string[] {
    return listOverlayXattrs(this);
  }

  fileattrGet(): FileAttributes {
    return getOverlayFileattr(this);
  }

  fileattrSet(wanted: FileAttributes, dentry?: Dentry): void {
    setOverlayFileattr(this, wanted, dentry);
  }

  statxAttributes(): StatxAttributes {
    return overlayStatxAttributes(this);
  }

  /** Copies the object up by the name that it was reached by, else by the one that it is known by. */
  copyUp(dentry = this.alias!): void {
    copyUp(dentry);
  }
}
