/**
 * How a union chooses among several writable branches.
 *
 * @see fs/aufs/wbr_policy.c, fs/aufs/opts.c au_wbr_create_val()
 */

/** `tdp` top-down-parent, `rr` round-robin, `mfs` most-free-space, `td…` top-down first, `p…` with the parent first. */
export type CreatePolicyName = 'tdp' | 'rr' | 'mfs' | 'mfsrr' | 'tdmfs' | 'pmfs' | 'pmfsrr';

/** Where a new object goes. */
export interface CreatePolicy {
  readonly name: CreatePolicyName;
  /** Free bytes below which a branch is left out. */
  readonly watermark?: bigint;
  /** How long a measurement of free space holds, where that was given; 30 seconds otherwise. */
  readonly seconds?: number;
}

/** Where a copy goes: top-down-parent, bottom-up-parent or bottom-up. */
export type CopyUpPolicy = 'tdp' | 'bup' | 'bu';

/** What becomes of changes that are made to a branch beside the union ("user's direct branch access"). */
export type DirectBranchAccess = 'reval' | 'none' | 'notify';

const createNames: Readonly<Record<string, CreatePolicyName>> = {
  tdp: 'tdp',
  'top-down-parent': 'tdp',
  rr: 'rr',
  'round-robin': 'rr',
  mfs: 'mfs',
  'most-free-space': 'mfs',
  tdmfs: 'tdmfs',
  mfsrr: 'mfsrr',
  pmfs: 'pmfs',
  pmfsrr: 'pmfsrr',
};

/** Those that are given a number of free bytes, and those that are only given seconds. */
const withWatermark: ReadonlySet<CreatePolicyName> = new Set(['mfsrr', 'tdmfs', 'pmfsrr']);
const withSeconds: ReadonlySet<CreatePolicyName> = new Set(['mfs', 'pmfs']);

/** @see AUFS_MFS_MAX_SEC */
const MAX_SECONDS = 3600;

/** A number as the kernel reads it: decimal, octal behind `0`, hexadecimal behind `0x`. @see kstrtoll() with base 0 */
export function parseInteger(text: string): bigint | undefined {
  const found = /^([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/.exec(text);
  if (found === null) return undefined;
  const digits = found[2]!;
  const value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return found[1] === '-' ? -value : value;
}

function parseSeconds(text: string): number | undefined {
  const seconds = parseInteger(text);
  return seconds !== undefined && seconds >= 0n && seconds <= MAX_SECONDS ? Number(seconds) : undefined;
}

function parseWatermark(text: string): bigint | undefined {
  const bytes = parseInteger(text);
  return bytes !== undefined && bytes >= 0n && bytes < 1n << 64n ? bytes : undefined;
}

/** What stands behind `create=`; `undefined` when it is not known. */
export function parseCreatePolicy(text: string): CreatePolicy | undefined {
  const [word, ...numbers] = text.split(':');
  const name = Object.hasOwn(createNames, word!) ? createNames[word!]! : undefined;
  if (name === undefined) return undefined;
  const policy: { name: CreatePolicyName; watermark?: bigint; seconds?: number } = { name };
  if (withWatermark.has(name)) {
    const watermark = parseWatermark(numbers.shift() ?? '');
    if (watermark === undefined) return undefined;
    policy.watermark = watermark;
  } else if (!withSeconds.has(name) && numbers.length > 0) return undefined;
  const [given, ...rest] = numbers;
  if (rest.length > 0) return undefined;
  if (given === undefined) return policy;
  const seconds = parseSeconds(given);
  return seconds === undefined ? undefined : { ...policy, seconds };
}

/** A policy as /proc/mounts prints it. @see au_show_wbr_create() */
export function showCreatePolicy({ name, watermark, seconds }: CreatePolicy): string {
  const mark = watermark === undefined ? '' : `:${watermark}`;
  return name + mark + (seconds === undefined ? '' : `:${seconds}`);
}

const copyUpNames: Readonly<Record<string, CopyUpPolicy>> = {
  tdp: 'tdp',
  'top-down-parent': 'tdp',
  bup: 'bup',
  'bottom-up-parent': 'bup',
  bu: 'bu',
  'bottom-up': 'bu',
};

/** What stands behind `cpup=`; `undefined` when it is not known. */
export const parseCopyUpPolicy = (text: string): CopyUpPolicy | undefined =>
  Object.hasOwn(copyUpNames, text) ? copyUpNames[text] : undefined;

const directAccessNames: Readonly<Record<string, DirectBranchAccess>> = {
  reval: 'reval',
  none: 'none',
  notify: 'notify',
  fsnotify: 'notify',
};

/** What stands behind `udba=`; `undefined` when it is not known. */
export const parseDirectBranchAccess = (text: string): DirectBranchAccess | undefined =>
  Object.hasOwn(directAccessNames, text) ? directAccessNames[text] : undefined;
