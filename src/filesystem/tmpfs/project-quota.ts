/**
 * Projects of a disk: which one each inode belongs to, what they use, and what they may use.
 *
 * @see fs/xfs/xfs_trans_dquot.c, fs/xfs/xfs_qm_syscalls.c, fs/quota/dquot.c
 */
import { CAP_FOWNER, CAP_SYS_RESOURCE } from '../../abi/capability.ts';
import { type ErrnoCode, raise } from '../../abi/errno.ts';
import { PAGE_SIZE } from '../../abi/flags.ts';
import * as quota from '../../abi/quota.ts';
import type { DiskQuota, DiskQuotaLimits, QuotaState } from '../../abi/quota.ts';
import type { StatFS } from '../../abi/stat.ts';
import { isCapable } from '../../kernel/credentials.ts';
import type { QuotaOperations } from '../../kernel/superblock.ts';
import { XArray } from '../../kernel/xarray.ts';
import type { DiskSuperblock } from './disk-superblock.ts';

/** Blocks of 512 bytes in a page. */
const BLOCKS = PAGE_SIZE / 512;
const LIMITS = quota.FS_DQ_BHARD | quota.FS_DQ_BSOFT | quota.FS_DQ_IHARD | quota.FS_DQ_ISOFT;

/** Quotas are off, use is counted, or limits hold as well. */
export type QuotaMode = 'off' | 'counted' | 'enforced';

/** What one project uses and may use; 0 is no limit. */
interface ProjectRow {
  readonly id: number;
  readonly pages: number;
  readonly inodes: number;
  /** Blocks of 512 bytes. */
  readonly blkHardlimit: number;
  readonly blkSoftlimit: number;
  readonly inoHardlimit: number;
  readonly inoSoftlimit: number;
}

const NO_LIMITS = { blkHardlimit: 0, blkSoftlimit: 0, inoHardlimit: 0, inoSoftlimit: 0 };
const emptyRow = (id: number): ProjectRow => ({ id, pages: 0, inodes: 0, ...NO_LIMITS });
const isUnused = (row: ProjectRow): boolean =>
  row.pages === 0 &&
  row.inodes === 0 &&
  (Object.keys(NO_LIMITS) as (keyof typeof NO_LIMITS)[]).every((k) => row[k] === 0);

export class ProjectQuotas implements QuotaOperations {
  mode: QuotaMode = 'off';
  readonly #superblock: DiskSuperblock;
  /** The project of each inode that has one. */
  #projects: XArray<number>;
  #rows: XArray<ProjectRow>;

  constructor(superblock: DiskSuperblock) {
    this.#superblock = superblock;
    this.#projects = XArray.empty(superblock.epoch);
    this.#rows = XArray.empty(superblock.epoch);
  }

  /** Takes over the tables of another disk, which both have in epochs of their own. */
  shareFrom(other: ProjectQuotas): void {
    this.mode = other.mode;
    this.#projects = other.#projects.own(this.#superblock.epoch);
    this.#rows = other.#rows.own(this.#superblock.epoch);
    other.#projects = other.#projects.own(other.#superblock.epoch);
    other.#rows = other.#rows.own(other.#superblock.epoch);
  }

  /** Switches quotas on or off; what is in use is counted anew. @see xfs_qm_quotacheck() */
  start(mode: QuotaMode): void {
    this.mode = mode;
    for (const row of [...this.#rows.ascending()]) this.#rows.set(row.id, { ...row, pages: 0, inodes: 0 });
    if (mode === 'off') return;
    for (const record of this.#superblock.inodes.ascending()) this.#count(this.of(record.ino), record.pages, 1);
  }

  /** The project of an inode. */
  of(ino: number): number {
    return this.#projects.get(ino) ?? 0;
  }

  /** A new inode is of the project. */
  enter(ino: number, project: number): void {
    if (project !== 0) this.#projects.set(ino, project);
    this.#count(project, 0, 1);
  }

  /** An inode without pages goes. */
  leave(ino: number): void {
    this.#count(this.of(ino), 0, -1);
    this.#projects.delete(ino);
  }

  charge(ino: number, pages: number): void {
    this.#count(this.of(ino), pages, 0);
  }

  /** Makes an inode one of another project, with what it uses. @throws Errno where that may not use so much */
  move(ino: number, pages: number, project: number): void {
    const before = this.of(ino);
    if (before === project) return;
    const forced = isCapable(this.#superblock.kernel.credentials, CAP_FOWNER);
    if (!forced && (this.room(project) < pages || !this.hasInode(project))) raise(this.refusal);
    this.#count(before, -pages, -1);
    if (project === 0) this.#projects.delete(ino);
    else this.#projects.set(ino, project);
    this.#count(project, pages, 1);
  }

  /** Pages that a project may still take. */
  room(project: number): number {
    const row = this.#enforced(project);
    if (row === undefined || row.blkHardlimit === 0) return Number.MAX_SAFE_INTEGER;
    return Math.max(0, Math.floor(row.blkHardlimit / BLOCKS) - row.pages);
  }

  /** A project may take one more inode. */
  hasInode(project: number): boolean {
    const row = this.#enforced(project);
    return row === undefined || row.inoHardlimit === 0 || row.inodes < row.inoHardlimit;
  }

  /** xfs tells a full project as it tells a full disk. @see xfs_trans_dqresv() */
  get refusal(): ErrnoCode {
    return this.#superblock.kind.dquots ? 'EDQUOT' : 'ENOSPC';
  }

  /** What statfs(2) tells of a directory whose new files are of the project. @see xfs_fill_statvfs_from_dquot() */
  narrow(told: StatFS, project: number): StatFS {
    const row = this.#rows.get(project);
    if (this.mode !== 'enforced' || row === undefined) return told;
    const blocks = Math.floor((row.blkSoftlimit || row.blkHardlimit) / BLOCKS);
    const files = row.inoSoftlimit || row.inoHardlimit;
    const made = { ...told };
    if (blocks > 0 && told.blocks > blocks) {
      made.blocks = blocks;
      made.bfree = Math.min(told.bfree, Math.max(0, blocks - row.pages));
      made.bavail = made.bfree;
    }
    if (files > 0 && told.files > files) {
      made.files = files;
      made.ffree = Math.min(told.ffree, Math.max(0, files - row.inodes));
    }
    return made;
  }

  state(): QuotaState {
    const counted = this.mode === 'off' ? 0 : quota.FS_QUOTA_PDQ_ACCT;
    return { flags: counted | (this.mode === 'enforced' ? quota.FS_QUOTA_PDQ_ENFD : 0), incoredqs: this.#rows.size };
  }

  get(kind: number, id: number): DiskQuota {
    this.#checkOn(kind);
    const row = this.#rows.get(id) ?? emptyRow(id);
    if (isUnused(row) && !this.#superblock.kind.dquots) raise('ENOENT');
    return told(row);
  }

  next(kind: number, id: number): DiskQuota {
    this.#checkOn(kind);
    for (const row of this.#rows.ascending(id)) if (!isUnused(row)) return told(row);
    return raise('ENOENT');
  }

  set(kind: number, id: number, limits: DiskQuotaLimits): void {
    if (this.#superblock.readOnly) raise('EROFS');
    this.#checkOn(kind);
    const { fieldmask } = limits;
    if ((fieldmask & ~LIMITS) !== 0) raise('EINVAL');
    if (fieldmask === 0) return;
    const row = this.#rows.get(id) ?? emptyRow(id);
    const blocks = (count: number): number =>
      this.#superblock.kind.dquots ? count : Math.ceil(count / BLOCKS) * BLOCKS;
    const pick = (flag: number, given: number | undefined, before: number): number =>
      (fieldmask & flag) === 0 ? before : (given ?? 0);
    const blk = pair(
      blocks(pick(quota.FS_DQ_BHARD, limits.blkHardlimit, row.blkHardlimit)),
      blocks(pick(quota.FS_DQ_BSOFT, limits.blkSoftlimit, row.blkSoftlimit)),
    );
    const ino = pair(
      pick(quota.FS_DQ_IHARD, limits.inoHardlimit, row.inoHardlimit),
      pick(quota.FS_DQ_ISOFT, limits.inoSoftlimit, row.inoSoftlimit),
    );
    this.#rows.set(id, {
      ...row,
      ...(blk && { blkHardlimit: blk.hard, blkSoftlimit: blk.soft }),
      ...(ino && { inoHardlimit: ino.hard, inoSoftlimit: ino.soft }),
    });
  }

  #checkOn(kind: number): void {
    const { dquots } = this.#superblock.kind;
    if (this.mode === 'off') raise(dquots ? 'ESRCH' : 'ENOSYS');
    if (kind !== quota.PRJQUOTA) raise('ESRCH');
  }

  #count(project: number, pages: number, inodes: number): void {
    if (this.mode === 'off') return;
    const row = this.#rows.get(project) ?? emptyRow(project);
    this.#rows.set(project, { ...row, pages: row.pages + pages, inodes: row.inodes + inodes });
  }

  /** The row whose limits hold. Nothing holds for what belongs to no project; ext4 lets root pass. @see ignore_hardlimit() */
  #enforced(project: number): ProjectRow | undefined {
    if (this.mode !== 'enforced' || project === 0) return undefined;
    const { kind, kernel } = this.#superblock;
    return kind.dquots && isCapable(kernel.credentials, CAP_SYS_RESOURCE) ? undefined : this.#rows.get(project);
  }
}

/** A hard limit below the soft one is passed over, without a word to the caller. @see xfs_setqlim_limits() */
const pair = (hard: number, soft: number): { hard: number; soft: number } | undefined =>
  hard !== 0 && hard < soft ? undefined : { hard, soft };

const told = ({ pages, inodes, ...row }: ProjectRow): DiskQuota => ({
  ...row,
  flags: quota.FS_PROJ_QUOTA,
  bcount: pages * BLOCKS,
  icount: inodes,
});
