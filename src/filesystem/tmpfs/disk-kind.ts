/** The filesystems that a disk may present itself as: how statfs(2), /proc/mounts and quotas tell them apart. */
import { raise } from '../../abi/errno.ts';
import type { QuotaMode } from './project-quota.ts';

export type DiskName = 'ext4' | 'xfs' | 'btrfs';

export interface DiskKind {
  /** `f_type` of statfs(2). */
  readonly magic: number;
  /** Bytes of disk for each inode that mkfs makes, or lets there be; 0 where there is no limit. */
  readonly bytesPerInode: number;
  /** st_dev is a number of no device. */
  readonly anonymous: boolean;
  /** Files may belong to projects, whether or not there are quotas. */
  readonly projects: boolean;
  /** Quotas are those of fs/quota/dquot.c: a full project gives EDQUOT, root passes. */
  readonly dquots: boolean;
  /** To set the size that a file has is a modification too. @see ext4_truncate(), xfs_setattr_size() */
  readonly marksEveryTruncation: boolean;
  /** Options that are read, besides those of quotas; `true` where they are shown. */
  readonly words: Readonly<Record<string, boolean>>;
  readonly quotaWords: Readonly<Record<string, QuotaMode>>;
  /** What stands in /proc/mounts, each with a leading comma. */
  show(words: string, mode: QuotaMode): string;
}

export const diskKinds: Readonly<Record<DiskName, DiskKind>> = {
  ext4: {
    magic: 0xef53,
    bytesPerInode: 16_384,
    anonymous: false,
    projects: false,
    dquots: true,
    marksEveryTruncation: true,
    words: { discard: true, norecovery: true, 'data=ordered': false, 'errors=remount-ro': false },
    quotaWords: { prjquota: 'enforced', noquota: 'off' },
    show: (words, mode) => words + (mode === 'off' ? '' : ',quota,prjquota'),
  },
  xfs: {
    magic: 0x58465342,
    bytesPerInode: 2048,
    anonymous: false,
    projects: true,
    dquots: false,
    marksEveryTruncation: false,
    words: { nouuid: true, discard: true, attr2: false, inode64: false },
    quotaWords: { pquota: 'enforced', prjquota: 'enforced', pqnoenforce: 'counted', noquota: 'off' },
    show: (words, mode) => `${words},inode64,logbufs=8,logbsize=32k,${XFS_QUOTA_SHOWN[mode]}`,
  },
  btrfs: {
    magic: 0x9123683e,
    bytesPerInode: 0,
    anonymous: true,
    projects: false,
    dquots: false,
    marksEveryTruncation: false,
    words: {},
    quotaWords: {},
    show: () => ',space_cache=v2,subvolid=5,subvol=/',
  },
};

const XFS_QUOTA_SHOWN: Readonly<Record<QuotaMode, string>> = {
  off: 'noquota',
  counted: 'pqnoenforce',
  enforced: 'prjquota',
};

/** What a mount asks for. */
export interface DiskMountOptions {
  /** The words that /proc/mounts shows, each with a leading comma. */
  readonly shown: string;
  readonly quota: QuotaMode;
}

/** @throws Errno EINVAL for a word that is not known, and for quotas where there are none */
export function parseDiskOptions(kind: DiskKind, data: string, quotas: boolean): DiskMountOptions {
  const given = data.split(',').filter((word) => word !== '');
  let mode: QuotaMode = 'off';
  for (const word of given) {
    if (word in kind.quotaWords) mode = kind.quotaWords[word]!;
    else if (!(word in kind.words)) raise('EINVAL');
  }
  if (mode !== 'off' && !quotas) raise('EINVAL');
  const shown = Object.keys(kind.words).filter((word) => kind.words[word] && given.includes(word));
  return { shown: shown.map((word) => `,${word}`).join(''), quota: mode };
}
