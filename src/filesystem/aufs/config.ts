/** The options that hold for a mounted union. @see fs/aufs/sbinfo.c au_si_alloc(), fs/aufs/opts.h AuOpt_Def */

import type { AufsOption, FlagName, SetOption } from './option.ts';
import type { CopyUpPolicy, CreatePolicy, DirectBranchAccess } from './policy.ts';

/** The options of a mounted union, besides its branches. */
export interface AufsConfig {
  /** A file with several names is copied up once, and its names are kept together. */
  plink: boolean;
  /** Of a directory only the topmost branch's permission bits count. */
  dirperm1: boolean;
  /** Direct I/O is handed on to the branch. */
  dio: boolean;
  /** Inode numbers are kept in files; without it they are as they come. */
  xino: boolean;
  /** The file that `xino=` names; without it it lies in the first writable branch. */
  xinoPath: string | undefined;
  truncXino: boolean;
  udba: DirectBranchAccess;
  /** When a new directory gets the opaque mark: `a` always, `w` only in place of a whiteout. */
  diropq: 'a' | 'w';
  create: CreatePolicy;
  cpup: CopyUpPolicy;
  /** statfs(2) tells the sum over all branches. */
  sum: boolean;
  warnPerm: boolean;
  verbose: boolean;
  /** Whiteouts are listed. */
  shwh: boolean;
  acl: boolean;
  /** From how many whiteouts in a directory on its removal is left to somebody else. */
  dirwh: number;
  /** How long a listing is kept, in seconds. */
  rdcache: number;
  /** The size of the blocks that listings are kept in, in bytes. */
  rdblk: number;
  /** The number of hash buckets for names of a listing. */
  rdhash: number;
}

/** @see AUFS_DIRWH_DEF */
export const DIRWH_DEFAULT = 3;
/** Seconds. @see AUFS_RDCACHE_DEF */
export const RDCACHE_DEFAULT = 10;
/** Bytes. @see AUFS_RDBLK_DEF */
export const RDBLK_DEFAULT = 512;
/** @see AUFS_RDHASH_DEF */
export const RDHASH_DEFAULT = 32;

/** What holds without any option. */
export const defaultConfig = (): AufsConfig => ({
  plink: true,
  dirperm1: false,
  dio: false,
  xino: true,
  xinoPath: undefined,
  truncXino: false,
  udba: 'reval',
  diropq: 'w',
  create: { name: 'tdp' },
  cpup: 'tdp',
  sum: false,
  warnPerm: true,
  verbose: false,
  shwh: false,
  acl: false,
  dirwh: DIRWH_DEFAULT,
  rdcache: RDCACHE_DEFAULT,
  rdblk: RDBLK_DEFAULT,
  rdhash: RDHASH_DEFAULT,
});

/** Which field a word sets; the others are done by the superblock. */
const flagFields = {
  plink: 'plink',
  dirperm1: 'dirperm1',
  dio: 'dio',
  sum: 'sum',
  warn_perm: 'warnPerm',
  verbose: 'verbose',
  shwh: 'shwh',
  trunc_xino: 'truncXino',
  acl: 'acl',
} as const satisfies Partial<Record<FlagName, keyof AufsConfig>>;

function applySetOption(config: AufsConfig, option: SetOption): void {
  switch (option.name) {
    case 'udba':
      config.udba = option.value;
      break;
    case 'diropq':
      config.diropq = option.value;
      break;
    case 'create':
      config.create = option.value;
      break;
    case 'cpup':
      config.cpup = option.value;
      break;
    case 'dirwh':
    case 'rdcache':
    case 'rdblk':
    case 'rdhash':
      config[option.name] = option.value;
  }
}

/**
 * Writes an option down in the configuration; what is about branches, and what is done once (`trunc_xib`,
 * `trunc_xino=`, `itrunc_xino=`), leaves it as it is. @see au_opt_simple(), au_opt_xino()
 */
export function applyOption(config: AufsConfig, option: AufsOption): void {
  if (option.kind === 'set') applySetOption(config, option);
  else if (option.kind === 'xino') Object.assign(config, { xino: true, xinoPath: option.path });
  else if (option.kind === 'noxino') Object.assign(config, { xino: false, xinoPath: undefined });
  else if (option.kind === 'flag' && Object.hasOwn(flagFields, option.name)) {
    config[flagFields[option.name as keyof typeof flagFields]] = option.value;
  }
}
