/** The tmpfs filesystem type and its superblock: inode table, limits, options. @see mm/shmem.c */
import { type ErrnoCode, raise } from '../../abi/errno.ts';
import { FS_APPEND_FL, FS_IMMUTABLE_FL, FS_NOATIME_FL, FS_NODUMP_FL } from '../../abi/fileattr.ts';
import { MAX_LFS_FILESIZE, NAME_MAX, PAGE_SIZE } from '../../abi/flags.ts';
import { DT_DIR, direntType, isDirectory, isRegular, S_IFDIR } from '../../abi/mode.ts';
import type { StatFS } from '../../abi/stat.ts';
import { Dentry } from '../../kernel/dentry.ts';
import type { Fork } from '../../kernel/fork.ts';
import type { Inode } from '../../kernel/inode.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { filesystemUuid, fsidOf } from '../../kernel/uuid.ts';
import type { FilesystemType, ReconfigureRequest, Superblock } from '../../kernel/superblock.ts';
import { type Epoch, newEpoch, XArray } from '../../kernel/xarray.ts';
import { TmpfsDirectory } from './directory.ts';
import { TmpfsInode } from './inode.ts';
import { defaultTmpfsOptions, parseTmpfsOptions, showTmpfsOptions, type TmpfsOptions } from './options.ts';
import { TmpfsRecord } from './record.ts';

const TMPFS_MAGIC = 0x01021994;
/** What an inode takes of the inode limit; extended attributes take their share too. @see BOGO_INODE_SIZE */
const INODE_SPACE = 1024;
/** What chattr(1) can set; case folding needs a filesystem that was made for it. @see SHMEM_FL_USER_MODIFIABLE */
export const KEPT_FLAGS = FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL;
/** What new files take over from their directory. @see SHMEM_FL_INHERITED */
const INHERITED_FLAGS = FS_NODUMP_FL | FS_NOATIME_FL;

export class TmpfsSuperblock implements Superblock {
  readonly kernel: Kernel;
  readonly type: FilesystemType;
  /** `DT_…` of `.` and `..` in a listing. */
  readonly dotType: number = DT_DIR;
  readonly dev: number;
  root!: Dentry;
  readOnly: boolean;
  readonly stackDepth = 0;
  readonly nameMax = NAME_MAX;
  readonly maxBytes = MAX_LFS_FILESIZE;
  readonly decodesHandles = true;
  readonly keepsNegativeDentries = false;
  active = 0;
  epoch: Epoch;
  inodes: XArray<TmpfsRecord>;
  options: TmpfsOptions;
  usedPages = 0;
  usedInodeSpace = 0;
  #nextIno = 1;
  /** The inode objects that are in use, so that there is one for each number. */
  #live = XArray.empty<TmpfsInode>(newEpoch());

  constructor(kernel: Kernel, dev: number, options: TmpfsOptions, readOnly: boolean, type: FilesystemType = tmpfs) {
    this.type = type;
    this.kernel = kernel;
    this.dev = dev;
    this.options = options;
    this.readOnly = readOnly;
    this.epoch = newEpoch();
    this.inodes = XArray.empty(this.epoch);
  }

  /** Makes the root directory of a new filesystem. */
  format(): this {
    const { mode, uid, gid } = this.options;
    const root = this.newInode(mode | S_IFDIR, uid, gid);
    this.root = new Dentry(this, '', undefined, root);
    return this;
  }

  /**
   * A new row of the inode table and its inode; a directory comes with its entries, nlink 2. `flags` is what it takes
   * over of its directory's file attributes. A filesystem with projects asks for the directory.
   *
   * @throws Errno ENOSPC
   */
  newInode(mode: number, uid: number, gid: number, flags = 0, _directory?: TmpfsRecord): TmpfsInode {
    this.takeInodeSpace(INODE_SPACE);
    const record = new TmpfsRecord(this.epoch, this.#nextIno++, mode, uid, gid, this.kernel.now());
    record.flags = flags;
    if (isDirectory(mode)) {
      record.nlink = 2;
      record.size = 40;
      record.content = TmpfsDirectory.empty(this.epoch);
    }
    this.inodes.set(record.ino, record);
    const inode = new TmpfsInode(this, record);
    this.#live.set(record.ino, inode);
    return inode;
  }

  inode(ino: number): TmpfsInode | undefined {
    const live = this.#live.get(ino);
    if (live !== undefined) return live;
    const record = this.inodes.get(ino);
    if (record === undefined) return undefined;
    const inode = new TmpfsInode(this, record);
    this.#live.set(ino, inode);
    return inode;
  }

  /** @throws Errno ENOSPC */
  takeInodeSpace(bytes: number): void {
    const { maxInodes } = this.options;
    if (maxInodes > 0 && this.usedInodeSpace + bytes > maxInodes * INODE_SPACE) raise('ENOSPC');
    this.usedInodeSpace += bytes;
  }

  giveInodeSpace(bytes: number): void {
    this.usedInodeSpace -= bytes;
  }

  /** A further hard link counts as an inode, so that links cannot grow without limit. @see shmem_link() */
  takeLink(): void {
    this.takeInodeSpace(INODE_SPACE);
  }

  giveLink(): void {
    this.giveInodeSpace(INODE_SPACE);
  }

  /** Extended attributes take their share of the inode limit. @throws Errno ENOSPC */
  takeXattrSpace(bytes: number): void {
    this.takeInodeSpace(bytes);
  }

  giveXattrSpace(bytes: number): void {
    this.giveInodeSpace(bytes);
  }

  /** Counts pages that a file has taken, or given back. */
  charge(_record: TmpfsRecord, pages: number): void {
    this.usedPages += pages;
  }

  /** Pages that the file may still take. */
  roomFor(_record: TmpfsRecord): number {
    return this.freePages;
  }

  /** What a file without room is refused with. */
  refusal(_record: TmpfsRecord): ErrnoCode {
    return 'ENOSPC';
  }

  /** `DT_…` of an entry. */
  direntType(mode: number): number {
    return direntType(mode);
  }

  /** What a new file takes over of its directory's file attributes. */
  inheritedFlags(flags: number, _mode: number): number {
    return flags & INHERITED_FLAGS;
  }

  /** What is kept of file attributes. @throws Errno EOPNOTSUPP for one that cannot be */
  keptFlags(flags: number, _mode: number): number {
    return (flags & ~KEPT_FLAGS) === 0 ? flags : raise('EOPNOTSUPP');
  }

  /** Whether a file may get a name in a directory with file attributes. @throws Errno EXDEV */
  admit(_directory: TmpfsInode, _inode: TmpfsInode): void {}

  /** The project of a file. */
  projectOf(_record: TmpfsRecord): number {
    return 0;
  }

  /** @throws Errno EOPNOTSUPP where there are no projects */
  setProject(_record: TmpfsRecord, project: number): void {
    if (project !== 0) raise('EOPNOTSUPP');
  }

  /** Pages that may still be taken. */
  get freePages(): number {
    const { maxPages } = this.options;
    return maxPages > 0 ? Math.max(0, maxPages - this.usedPages) : Number.MAX_SAFE_INTEGER;
  }

  evict(inode: Inode): void {
    const { record } = inode as TmpfsInode;
    if (this.inodes.get(record.ino) === undefined) return;
    this.inodes.delete(record.ino);
    this.#live.delete(record.ino);
    this.charge(record, -record.pages);
    this.giveXattrSpace((inode as TmpfsInode).xattrSpace());
    this.giveInodeSpace(INODE_SPACE);
  }

  get uuid(): Uint8Array {
    return filesystemUuid(this.dev);
  }

  statfs(_inode?: Inode): StatFS {
    const { maxPages, maxInodes } = this.options;
    const bfree = maxPages > 0 ? this.freePages : 0;
    return {
      type: TMPFS_MAGIC,
      bsize: PAGE_SIZE,
      frsize: PAGE_SIZE,
      blocks: maxPages,
      bfree,
      bavail: bfree,
      files: maxInodes,
      ffree: maxInodes > 0 ? Math.floor((maxInodes * INODE_SPACE - this.usedInodeSpace) / INODE_SPACE) : 0,
      namelen: NAME_MAX,
      flags: 0,
      fsid: fsidOf(this.uuid),
    };
  }

  showOptions(): string {
    return showTmpfsOptions(this.options, this.kernel.profile.memory);
  }

  /** Limits may change or go, but not below what is in use, and none comes back. @see shmem_reconfigure() */
  reconfigure({ data }: ReconfigureRequest): void {
    const { profile, credentials } = this.kernel;
    const wanted = parseTmpfsOptions(data, this.options, profile.memory, credentials.userNamespace);
    if (wanted.maxPages > 0 && this.usedPages > wanted.maxPages) raise('EINVAL');
    if (wanted.maxInodes > 0 && this.usedInodeSpace > wanted.maxInodes * INODE_SPACE) raise('EINVAL');
    if (this.options.maxPages === 0 && wanted.maxPages > 0) raise('EINVAL');
    if (this.options.maxInodes === 0 && wanted.maxInodes > 0) raise('EINVAL');
    this.options = { ...this.options, maxPages: wanted.maxPages, maxInodes: wanted.maxInodes };
  }

  hasRemovedInodes(): boolean {
    for (const { nlink } of this.#live.ascending()) if (nlink === 0) return true;
    return false;
  }

  reclaim(): void {
    const nameless = [...this.inodes.ascending()].filter((record) => record.nlink === 0);
    for (const record of nameless) this.evict(this.inode(record.ino)!);
  }

  /** Setting the size of a file is a modification: where it changes, or pages of it may go. @see shmem_setattr() */
  marksTruncation({ size, pages }: TmpfsRecord, wanted: number): boolean {
    return wanted !== size || pages > 0;
  }

  /** Memory is all there is. */
  sync(): void {}

  shutdown(): void {
    this.#live = XArray.empty(newEpoch());
  }

  /** Both sides go on in new epochs; no table is touched. */
  fork(fork: Fork): TmpfsSuperblock {
    return this.shareWith(new TmpfsSuperblock(fork.kernel, fork.device(this.dev), this.options, this.readOnly));
  }

  /** Gives `made` all tables; both go on in new epochs. */
  protected shareWith<T extends TmpfsSuperblock>(made: T): T {
    made.inodes = this.inodes.own(made.epoch);
    made.usedPages = this.usedPages;
    made.usedInodeSpace = this.usedInodeSpace;
    (made as TmpfsSuperblock).#nextIno = this.#nextIno;
    this.epoch = newEpoch();
    this.inodes = this.inodes.own(this.epoch);
    made.root = new Dentry(made, '', undefined, made.inode(this.root.inode!.ino));
    return made;
  }

  forkInode(fork: Fork, inode: Inode): Inode {
    const made = fork.superblock(this) as TmpfsSuperblock;
    const old = inode as TmpfsInode;
    const twin = made.inode(old.ino) ?? new TmpfsInode(made, old.record);
    twin.linkable = old.linkable;
    return twin;
  }

  check(): string[] {
    return checkTmpfs(this);
  }
}

/** Every entry names an inode, link counts are right, and what is used adds up. */
function checkTmpfs(superblock: TmpfsSuperblock): string[] {
  const { name } = superblock.type;
  const wrong: string[] = [];
  const links = new Map<number, number>();
  const count = (ino: number, by: number) => links.set(ino, (links.get(ino) ?? 0) + by);
  let pages = 0;
  for (const record of superblock.inodes.ascending()) {
    pages += record.pages;
    if (!(record.content instanceof TmpfsDirectory)) continue;
    count(record.ino, record.nlink === 0 ? 0 : record === superblock.inodes.get(1) ? 2 : 1);
    for (const entry of record.content.from()) {
      count(entry.ino, 1);
      const child = superblock.inodes.get(entry.ino);
      if (child === undefined)
        wrong.push(`${name}: "${entry.name}" in inode ${record.ino} names the missing inode ${entry.ino}`);
      else if (isDirectory(child.mode)) count(record.ino, 1);
    }
  }
  for (const record of superblock.inodes.ascending()) {
    const found = links.get(record.ino) ?? 0;
    if (found !== record.nlink) wrong.push(`${name}: inode ${record.ino} has nlink ${record.nlink}, counted ${found}`);
    if (record.nlink === 0 && (superblock.inode(record.ino)?.holds ?? 0) === 0)
      wrong.push(`${name}: inode ${record.ino} was lost`);
    if (isRegular(record.mode) && record.size < 0) wrong.push(`${name}: inode ${record.ino} has a negative size`);
  }
  if (pages !== superblock.usedPages)
    wrong.push(`${name}: ${superblock.usedPages} pages are charged, ${pages} are used`);
  return wrong;
}

/** Files in memory: what layers lie on. */
export const tmpfs: FilesystemType = {
  name: 'tmpfs',
  nodev: true,
  userNamespaceMount: true,
  mount({ kernel, data, readOnly }) {
    const { memory } = kernel.profile;
    const { fsuid: uid, fsgid: gid, userNamespace } = kernel.credentials;
    const defaults = { ...defaultTmpfsOptions(memory), uid, gid };
    const options = parseTmpfsOptions(data, defaults, memory, userNamespace);
    return new TmpfsSuperblock(kernel, kernel.anonymousDevice(), options, readOnly).format();
  },
};
