/** Disk quotas, what quotactl(2) speaks of: commands, kinds of quota, flags, and the forms of answers and limits. */

/** Quotas of users, groups and projects. */
export const USRQUOTA = 0;
export const GRPQUOTA = 1;
export const PRJQUOTA = 2;

/** A command for one kind of quota: the first argument of quotactl(2). */
export const QCMD = (command: number, kind: number): number => command * 256 + kind;

/** Answers a {@link DiskQuota}: limits and use of one id. */
export const Q_XGETQUOTA = 0x5803;
/** Takes a {@link DiskQuotaLimits}. */
export const Q_XSETQLIM = 0x5804;
/** Answers a {@link QuotaState}. */
export const Q_XGETQSTAT = 0x5805;
/** Stores what is dirty: nothing is, answers nothing. */
export const Q_XQUOTASYNC = 0x5807;
/** As `Q_XGETQSTAT`. */
export const Q_XGETQSTATV = 0x5808;
/** As `Q_XGETQUOTA`, of the lowest id from the given one on that has limits or use. */
export const Q_XGETNEXTQUOTA = 0x5809;

/** `flags` of a {@link QuotaState}: use is counted (`ACCT`), limits hold (`ENFD`). */
export const FS_QUOTA_UDQ_ACCT = 1;
export const FS_QUOTA_UDQ_ENFD = 2;
export const FS_QUOTA_GDQ_ACCT = 4;
export const FS_QUOTA_GDQ_ENFD = 8;
export const FS_QUOTA_PDQ_ACCT = 16;
export const FS_QUOTA_PDQ_ENFD = 32;

/** `flags` of a {@link DiskQuota}: whose quota it is. */
export const FS_USER_QUOTA = 1;
export const FS_PROJ_QUOTA = 2;
export const FS_GROUP_QUOTA = 4;

/** `fieldmask` of {@link DiskQuotaLimits}: which of the limits are set. */
export const FS_DQ_ISOFT = 1;
export const FS_DQ_IHARD = 2;
export const FS_DQ_BSOFT = 4;
export const FS_DQ_BHARD = 8;

/** What Q_XSETQLIM sets. Blocks are of 512 bytes, 0 is no limit. @see struct fs_disk_quota */
export interface DiskQuotaLimits {
  /** Sum of `FS_DQ_…`: what is not named stays. */
  readonly fieldmask: number;
  readonly blkHardlimit?: number;
  readonly blkSoftlimit?: number;
  readonly inoHardlimit?: number;
  readonly inoSoftlimit?: number;
}

/** What Q_XGETQUOTA answers. Blocks are of 512 bytes. @see struct fs_disk_quota */
export interface DiskQuota {
  /** The user, group or project. */
  readonly id: number;
  /** `FS_USER_QUOTA`, `FS_GROUP_QUOTA` or `FS_PROJ_QUOTA` */
  readonly flags: number;
  /** 0 for no limit. */
  readonly blkHardlimit: number;
  readonly blkSoftlimit: number;
  readonly inoHardlimit: number;
  readonly inoSoftlimit: number;
  /** Blocks in use. */
  readonly bcount: number;
  /** Inodes in use. */
  readonly icount: number;
}

/** What Q_XGETQSTAT answers. @see struct fs_quota_stat */
export interface QuotaState {
  /** Sum of `FS_QUOTA_…`. */
  readonly flags: number;
  /** How many ids have limits or use. */
  readonly incoredqs: number;
}
