/** Inodes of tmpfs: handles on rows of the inode table. @see mm/shmem.c, fs/libfs.c */
import { raise } from '../../abi/errno.ts';
import {
  PAGE_SIZE,
  PATH_MAX,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
  XATTR_CREATE,
  XATTR_REPLACE,
} from '../../abi/flags.ts';
import {
  type FileAttributes,
  FS_APPEND_FL,
  FS_IMMUTABLE_FL,
  FS_NODUMP_FL,
  STATX_ATTR_APPEND,
  STATX_ATTR_IMMUTABLE,
  STATX_ATTR_NODUMP,
} from '../../abi/fileattr.ts';
import { isDirectory, isRegular, S_IFLNK, S_IFMT } from '../../abi/mode.ts';
import type { Attributes, Stat, StatxAttributes, Timespec } from '../../abi/stat.ts';
import { WHITEOUT_DEV, WHITEOUT_MODE } from '../../abi/whiteout.ts';
import { XATTR_SECURITY_PREFIX, XATTR_TRUSTED_PREFIX, XATTR_USER_PREFIX } from '../../abi/xattr.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { countCopy } from '../../kernel/epoch.ts';
import type { ExtentMap } from '../../kernel/extent-map.ts';
import type { FileOperations } from '../../kernel/file.ts';
import { attributesOfFlags, FS_XFLAG_COMMON, inodeFlags } from '../../kernel/fileattr.ts';
import type { Inode } from '../../kernel/inode.ts';
import { utf8Length } from '../../kernel/lookup.ts';
import { unmapBehind } from '../../kernel/mmap.ts';
import { inodeInitOwner } from '../../kernel/permission.ts';
import type { TmpfsDirectory } from './directory.ts';
import { directoryOperations, regularOperations } from './file.ts';
import { symlinkPages, type TmpfsRecord } from './record.ts';
import type { TmpfsSuperblock } from './super.ts';

/** What an entry adds to the size of its directory. @see BOGO_DIRENT_SIZE */
const ENTRY_SIZE = 20;
const XATTR_PREFIXES = [XATTR_USER_PREFIX, XATTR_TRUSTED_PREFIX, XATTR_SECURITY_PREFIX];

export class TmpfsInode implements Inode {
  readonly superblock: TmpfsSuperblock;
  record: TmpfsRecord;
  holds = 0;
  linkable = false;

  constructor(superblock: TmpfsSuperblock, record: TmpfsRecord) {
    this.superblock = superblock;
    this.record = record;
  }

  get ino(): number {
    return this.record.ino;
  }
  get mode(): number {
    return this.record.mode;
  }
  get uid(): number {
    return this.record.uid;
  }
  get gid(): number {
    return this.record.gid;
  }
  get nlink(): number {
    return this.record.nlink;
  }
  get rdev(): number {
    return this.record.rdev;
  }
  get size(): number {
    return this.record.size;
  }
  get flags(): number {
    const { flags } = this.record;
    return flags === 0 ? 0 : inodeFlags(flags);
  }
  get atime(): Timespec {
    return this.record.atime;
  }
  get mtime(): Timespec {
    return this.record.mtime;
  }
  get ctime(): Timespec {
    return this.record.ctime;
  }
  get fileOperations(): FileOperations {
    return isDirectory(this.record.mode) ? directoryOperations : regularOperations;
  }

  /** The row, ready to be written in the filesystem's epoch. */
  edit(): TmpfsRecord {
    const { superblock, record } = this;
    if (record.epoch === superblock.epoch) return record;
    const copy = record.copy(superblock.epoch);
    if (superblock.inodes.get(record.ino) !== undefined) superblock.inodes.set(record.ino, copy);
    this.record = copy;
    return copy;
  }

  getattr(): Stat {
    const { record } = this;
    return {
      dev: this.superblock.dev,
      ino: record.ino,
      mode: record.mode,
      nlink: record.nlink,
      uid: record.uid,
      gid: record.gid,
      rdev: record.rdev,
      size: record.size,
      blksize: PAGE_SIZE,
      blocks: record.pages * 8,
      atime: record.atime,
      mtime: record.mtime,
      ctime: record.ctime,
      btime: record.btime,
    };
  }

  /** @see shmem_setattr() */
  setattr(attributes: Attributes): void {
    const record = this.edit();
    const { size } = attributes;
    if (attributes.mode !== undefined) record.mode = attributes.mode;
    if (attributes.uid !== undefined) record.uid = attributes.uid;
    if (attributes.gid !== undefined) record.gid = attributes.gid;
    if (attributes.atime !== undefined) record.atime = attributes.atime;
    if (attributes.mtime !== undefined) record.mtime = attributes.mtime;
    const { ctime } = attributes;
    if (size !== undefined && isRegular(record.mode)) {
      const changes = this.superblock.marksTruncation(record, size);
      this.resize(record, size);
      if (changes) record.mtime = attributes.mtime ?? this.superblock.kernel.now();
    }
    if (ctime !== undefined) record.ctime = ctime;
  }

  /** Pages behind the new end go, those reserved behind an unchanged one too. @see shmem_setattr() */
  private resize(record: TmpfsRecord, size: number): void {
    if (size <= record.size && record.content !== undefined) {
      const data = record.editData();
      const before = data.pages;
      data.truncate(size);
      unmapBehind(this, size);
      this.superblock.charge(record, data.pages - before);
    }
    record.size = size;
  }

  touchAtime(now: Timespec): void {
    if (!this.superblock.readOnly) this.edit().atime = now;
  }

  touchMtime(now: Timespec): void {
    const record = this.edit();
    record.mtime = now;
    record.ctime = now;
  }

  lookup(dentry: Dentry): Inode | undefined {
    const entry = this.entries().get(dentry.name);
    if (entry === undefined) return undefined;
    dentry.name = entry.name;
    return this.superblock.inode(entry.ino);
  }

  lacks(name: string, hash?: number): boolean {
    return !(this.record.content as TmpfsDirectory).has(name, hash);
  }

  get additions(): number {
    return (this.record.content as TmpfsDirectory).additions;
  }

  /** The entries of this directory, for reading. */
  entries(): TmpfsDirectory {
    return this.record.content as TmpfsDirectory;
  }

  create(dentry: Dentry, mode: number): Inode {
    return this.mknod(dentry, mode, 0);
  }

  mkdir(dentry: Dentry, mode: number): Inode {
    const inode = this.mknod(dentry, mode, 0);
    this.edit().nlink++;
    return inode;
  }

  mknod(dentry: Dentry, mode: number, rdev: number): Inode {
    const inode = this.newChild(mode);
    inode.record.rdev = rdev;
    this.addName(dentry.name, inode);
    return inode;
  }

  symlink(dentry: Dentry, target: string): Inode {
    const { superblock } = this;
    const length = utf8Length(target);
    if (length + 1 > PATH_MAX) raise('ENAMETOOLONG');
    const pages = symlinkPages(target);
    if (pages > superblock.freePages) raise('ENOSPC');
    const inode = this.newChild(S_IFLNK | 0o777);
    superblock.charge(inode.record, pages);
    inode.record.content = target;
    inode.record.size = length;
    this.addName(dentry.name, inode);
    return inode;
  }

  link(old: Dentry, dentry: Dentry): Inode {
    const inode = old.inode as TmpfsInode;
    if (this.record.flags !== 0) this.superblock.admit(this, inode);
    if (inode.nlink > 0) this.superblock.takeLink();
    const record = inode.edit();
    record.nlink++;
    record.ctime = this.superblock.kernel.now();
    this.addName(dentry.name, inode);
    return inode;
  }

  unlink(dentry: Dentry): void {
    const inode = dentry.inode as TmpfsInode;
    if (inode.nlink > 1 && !isDirectory(inode.mode)) this.superblock.giveLink();
    this.removeName(dentry.name);
    const record = inode.edit();
    record.nlink--;
    record.ctime = this.record.ctime;
  }

  rmdir(dentry: Dentry): void {
    const inode = dentry.inode as TmpfsInode;
    if (inode.entries().size > 0) raise('ENOTEMPTY');
    this.unlink(dentry);
    inode.edit().nlink--;
    this.edit().nlink--;
  }

  rename(old: Dentry, newDir: Inode, dentry: Dentry, flags: number): void {
    if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) !== 0) raise('EINVAL');
    const target = newDir as TmpfsInode;
    if (target.record.flags !== 0) this.superblock.admit(target, old.inode as TmpfsInode);
    if ((flags & RENAME_EXCHANGE) !== 0) this.exchange(old, target, dentry);
    else this.move(old, target, dentry, (flags & RENAME_WHITEOUT) !== 0);
  }

  /** @see shmem_rename2() */
  private move(old: Dentry, newDir: TmpfsInode, dentry: Dentry, whiteout: boolean): void {
    const { superblock } = this;
    const inode = old.inode as TmpfsInode;
    const replaced = dentry.inode as TmpfsInode | undefined;
    const isDir = isDirectory(inode.mode);
    if (replaced !== undefined && isDirectory(replaced.mode) && replaced.entries().size > 0) raise('ENOTEMPTY');
    const mark = whiteout ? this.newWhiteout() : undefined;
    let offset: number | undefined;
    if (replaced !== undefined) {
      offset = newDir.entries().get(dentry.name)!.offset;
      newDir.unlink(dentry);
      if (isDir) {
        replaced.edit().nlink--;
        this.edit().nlink--;
      }
    } else if (isDir) {
      this.edit().nlink--;
      newDir.edit().nlink++;
    }
    this.removeName(old.name);
    offset ??= newDir.edit().editDirectory().takeOffset();
    if (mark !== undefined) this.addName(old.name, mark);
    newDir.addName(dentry.name, inode, offset);
    inode.edit().ctime = superblock.kernel.now();
  }

  private newWhiteout(): TmpfsInode {
    const inode = this.newChild(WHITEOUT_MODE);
    inode.record.rdev = WHITEOUT_DEV;
    return inode;
  }

  /** Names keep their offsets and change their inodes. @see simple_offset_rename_exchange() */
  private exchange(old: Dentry, newDir: TmpfsInode, dentry: Dentry): void {
    const inode = old.inode as TmpfsInode;
    const other = dentry.inode as TmpfsInode;
    const oldOffset = this.removeName(old.name);
    const newOffset = newDir.removeName(dentry.name);
    if (this !== newDir) {
      const [a, b] = [isDirectory(inode.mode) ? 1 : 0, isDirectory(other.mode) ? 1 : 0];
      this.edit().nlink += b - a;
      newDir.edit().nlink += a - b;
    }
    this.addName(old.name, other, oldOffset);
    newDir.addName(dentry.name, inode, newOffset);
    const now = this.superblock.kernel.now();
    inode.edit().ctime = now;
    other.edit().ctime = now;
  }

  tmpfile(mode: number): Inode {
    const inode = this.newChild(mode);
    inode.record.nlink = 0;
    return inode;
  }

  /** A new inode for a name in this directory, or for none; it takes some file attributes over. */
  private newChild(mode: number): TmpfsInode {
    const { superblock, record } = this;
    const owner = inodeInitOwner(superblock.kernel, this, mode);
    const flags = record.flags === 0 ? 0 : superblock.inheritedFlags(record.flags, mode);
    return superblock.newInode(owner.mode, owner.uid, owner.gid, flags, record);
  }

  private addName(name: string, inode: TmpfsInode, offset?: number): void {
    const record = this.edit();
    record.editDirectory().add(name, inode.ino, this.superblock.direntType(inode.mode), offset);
    this.changed(record, ENTRY_SIZE);
  }

  /** Answers the offset that the name had. */
  private removeName(name: string): number {
    const record = this.edit();
    const { offset } = record.editDirectory().remove(name);
    this.changed(record, -ENTRY_SIZE);
    return offset;
  }

  private changed(record: TmpfsRecord, grown: number): void {
    const now = this.superblock.kernel.now();
    record.size += grown;
    record.mtime = now;
    record.ctime = now;
  }

  readlink(): string {
    return (this.record.mode & S_IFMT) === S_IFLNK ? (this.record.content as string) : raise('EINVAL');
  }

  getxattr(name: string): Uint8Array | undefined {
    checkHandler(name);
    return this.record.xattrs?.get(name)?.slice();
  }

  setxattr(name: string, value: Uint8Array, flags: number): void {
    checkHandler(name);
    const before = this.record.xattrs?.get(name);
    if (before === undefined && (flags & XATTR_REPLACE) !== 0) raise('ENODATA');
    if (before !== undefined && (flags & XATTR_CREATE) !== 0) raise('EEXIST');
    this.superblock.takeXattrSpace(spaceOf(name, value));
    if (before !== undefined) this.superblock.giveXattrSpace(spaceOf(name, before));
    const record = this.edit();
    countCopy(record.epoch, 2 * (record.xattrs?.size ?? 0));
    record.xattrs = new Map(record.xattrs).set(name, value.slice());
    record.ctime = this.superblock.kernel.now();
  }

  removexattr(name: string): void {
    checkHandler(name);
    const before = this.record.xattrs?.get(name) ?? raise('ENODATA');
    this.superblock.giveXattrSpace(spaceOf(name, before));
    const record = this.edit();
    countCopy(record.epoch, 2 * (record.xattrs?.size ?? 0));
    const left = new Map(record.xattrs);
    left.delete(name);
    record.xattrs = left.size > 0 ? left : undefined;
    record.ctime = this.superblock.kernel.now();
  }

  /** In falling order, as the tree that Linux keeps them in is walked. @see rbtree_simple_xattr_cmp() */
  listxattr(): string[] {
    return [...(this.record.xattrs?.keys() ?? [])].sort((a, b) => (a < b ? 1 : -1));
  }

  fileattrGet(): FileAttributes {
    return { ...attributesOfFlags(this.record.flags), projid: this.superblock.projectOf(this.record) };
  }

  /** @see shmem_fileattr_set() */
  fileattrSet(wanted: FileAttributes): void {
    const { flags, xflags, extsize, projid, cowextsize } = wanted;
    if ((xflags & ~FS_XFLAG_COMMON) !== 0 || extsize !== 0 || cowextsize !== 0) raise('EOPNOTSUPP');
    const kept = this.superblock.keptFlags(flags, this.record.mode);
    this.superblock.setProject(this.record, projid);
    const record = this.edit();
    record.flags = kept;
    record.ctime = this.superblock.kernel.now();
  }

  /** @see shmem_getattr() */
  statxAttributes(): StatxAttributes {
    const { flags } = this.record;
    let attributes = 0;
    if ((flags & FS_APPEND_FL) !== 0) attributes |= STATX_ATTR_APPEND;
    if ((flags & FS_IMMUTABLE_FL) !== 0) attributes |= STATX_ATTR_IMMUTABLE;
    if ((flags & FS_NODUMP_FL) !== 0) attributes |= STATX_ATTR_NODUMP;
    return { attributes, attributesMask: STATX_ATTR_APPEND | STATX_ATTR_IMMUTABLE | STATX_ATTR_NODUMP };
  }

  /** What the attributes take of the inode limit. */
  xattrSpace(): number {
    let bytes = 0;
    for (const [name, value] of this.record.xattrs ?? []) bytes += spaceOf(name, value);
    return bytes;
  }

  /** The extents of a regular file, for reading. */
  data(): ExtentMap | undefined {
    return this.record.content as ExtentMap | undefined;
  }
}

/** @see simple_xattr_space() */
const spaceOf = (name: string, value: Uint8Array): number => 40 + utf8Length(name) + value.length;

/** @see xattr_resolve_name() */
function checkHandler(name: string): void {
  const prefix = XATTR_PREFIXES.find((known) => name.startsWith(known)) ?? raise('EOPNOTSUPP');
  if (name === prefix) raise('EINVAL');
}
