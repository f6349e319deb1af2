/** The superblock of a disk that presents itself as ext4, xfs or btrfs, and keeps its files as tmpfs does. */
import { type ErrnoCode, raise } from '../../abi/errno.ts';
import { FS_NOATIME_FL, FS_NODUMP_FL, FS_PROJINHERIT_FL, FS_SYNC_FL } from '../../abi/fileattr.ts';
import {
  DT_DIR,
  DT_UNKNOWN,
  direntType,
  isDirectory,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFMT,
  S_IFSOCK,
} from '../../abi/mode.ts';
import type { StatFS } from '../../abi/stat.ts';
import { Dentry } from '../../kernel/dentry.ts';
import type { Fork } from '../../kernel/fork.ts';
import type { Inode } from '../../kernel/inode.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { FilesystemType, QuotaOperations, ReconfigureRequest } from '../../kernel/superblock.ts';
import type { DiskKind, DiskMountOptions } from './disk-kind.ts';
import { parseDiskOptions } from './disk-kind.ts';
import type { TmpfsInode } from './inode.ts';
import { ProjectQuotas } from './project-quota.ts';
import type { TmpfsRecord } from './record.ts';
import type { StandInDisk } from './stand-in-disk.ts';
import { KEPT_FLAGS, TmpfsSuperblock } from './super.ts';
import type { TmpfsOptions } from './options.ts';

const KEPT = KEPT_FLAGS | FS_SYNC_FL | FS_PROJINHERIT_FL;
const INHERITED = FS_NODUMP_FL | FS_NOATIME_FL | FS_SYNC_FL;
/** What a directory with projects lets in without one: nobody has given it one. @see xfs_link() */
const SPECIAL: ReadonlySet<number> = new Set([S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK]);

/** What a disk is, whoever mounts it. */
export interface DiskShape {
  readonly type: FilesystemType;
  readonly kind: DiskKind;
  readonly limits: TmpfsOptions;
  /** Directory entries tell the type of what they name. */
  readonly ftype: boolean;
  /** Quotas of projects can be switched on. */
  readonly projectQuota: boolean;
}

export class DiskSuperblock extends TmpfsSuperblock {
  readonly shape: DiskShape;
  override readonly dotType: number;
  /** What it lies on; a snapshot in another machine lies on nothing. */
  disk: StandInDisk | undefined;
  readonly projects: ProjectQuotas;
  #mounted: DiskMountOptions = { shown: '', quota: 'off' };

  constructor(kernel: Kernel, dev: number, shape: DiskShape) {
    super(kernel, dev, shape.limits, false, shape.type);
    this.shape = shape;
    this.dotType = shape.ftype ? DT_DIR : DT_UNKNOWN;
    this.projects = new ProjectQuotas(this);
  }

  get kind(): DiskKind {
    return this.shape.kind;
  }

  /** The disk is mounted, after it lay unmounted: names of nobody are gone. */
  open(options: DiskMountOptions, readOnly: boolean): void {
    this.#mounted = options;
    this.readOnly = readOnly;
    this.root = new Dentry(this, '', undefined, this.inode(this.root.inode!.ino));
    this.reclaim();
    this.projects.start(options.quota);
  }

  get quotas(): QuotaOperations | undefined {
    return this.shape.projectQuota || this.kind.dquots ? this.projects : undefined;
  }

  override marksTruncation({ size }: TmpfsRecord, wanted: number): boolean {
    return wanted !== size || this.kind.marksEveryTruncation;
  }

  override newInode(mode: number, uid: number, gid: number, flags = 0, directory?: TmpfsRecord): TmpfsInode {
    const inherits = directory !== undefined && (directory.flags & FS_PROJINHERIT_FL) !== 0;
    const project = inherits ? this.projects.of(directory.ino) : 0;
    if (!this.projects.hasInode(project)) raise(this.projects.refusal);
    const inode = super.newInode(mode, uid, gid, flags);
    this.projects.enter(inode.ino, project);
    return inode;
  }

  override evict(inode: Inode): void {
    const known = this.inodes.get(inode.ino) !== undefined;
    super.evict(inode);
    if (known) this.projects.leave(inode.ino);
  }

  /** Attributes lie in the inode. */
  override takeXattrSpace(): void {}
  override giveXattrSpace(): void {}
  /** A name is an entry of a directory, no inode. */
  override takeLink(): void {}
  override giveLink(): void {}

  override charge(record: TmpfsRecord, pages: number): void {
    super.charge(record, pages);
    this.projects.charge(record.ino, pages);
  }

  override roomFor(record: TmpfsRecord): number {
    return Math.min(this.freePages, this.projects.room(this.projects.of(record.ino)));
  }

  override refusal(): ErrnoCode {
    return this.freePages === 0 ? 'ENOSPC' : this.projects.refusal;
  }

  override direntType(mode: number): number {
    return this.shape.ftype ? direntType(mode) : DT_UNKNOWN;
  }

  override inheritedFlags(flags: number, mode: number): number {
    return flags & (isDirectory(mode) ? INHERITED | FS_PROJINHERIT_FL : INHERITED);
  }

  override keptFlags(flags: number, mode: number): number {
    if ((flags & ~KEPT) !== 0) raise('EOPNOTSUPP');
    return isDirectory(mode) ? flags : flags & ~FS_PROJINHERIT_FL;
  }

  /** @see xfs_link(), xfs_rename(), ext4_link() */
  override admit({ record: directory }: TmpfsInode, { record }: TmpfsInode): void {
    if ((directory.flags & FS_PROJINHERIT_FL) === 0) return;
    const project = this.projects.of(record.ino);
    if (project === this.projects.of(directory.ino)) return;
    if (this.kind.dquots || project !== 0 || !SPECIAL.has(record.mode & S_IFMT)) raise('EXDEV');
  }

  override projectOf(record: TmpfsRecord): number {
    return this.projects.of(record.ino);
  }

  override setProject(record: TmpfsRecord, project: number): void {
    if (project !== 0 && !this.kind.projects && !this.shape.projectQuota) raise('EOPNOTSUPP');
    this.projects.move(record.ino, record.pages, project);
  }

  override statfs(inode?: Inode): StatFS {
    const told = { ...super.statfs(), type: this.kind.magic };
    const record = (inode as TmpfsInode | undefined)?.record;
    if (record === undefined || (record.flags & FS_PROJINHERIT_FL) === 0) return told;
    return this.projects.narrow(told, this.projects.of(record.ino));
  }

  override showOptions(): string {
    return this.kind.show(this.#mounted.shown, this.#mounted.quota);
  }

  /** Options are read; what is mounted stays as it is. @see xfs_fs_reconfigure() */
  override reconfigure({ data }: ReconfigureRequest): void {
    parseDiskOptions(this.kind, data, this.shape.projectQuota);
  }

  override fork(fork: Fork): DiskSuperblock {
    return this.disk?.twinIn(fork.kernel)?.superblock ?? this.copyTo(fork.kernel, fork.device(this.dev));
  }

  /** The same files in another kernel. */
  copyTo(kernel: Kernel, dev: number): DiskSuperblock {
    const made = this.shareWith(new DiskSuperblock(kernel, dev, this.shape));
    made.readOnly = this.readOnly;
    made.#mounted = this.#mounted;
    made.projects.shareFrom(this.projects);
    return made;
  }
}
