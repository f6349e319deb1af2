/** One option of mount(2), read but not yet carried out. @see fs/aufs/opts.h struct au_opt */
import type { BranchPermission } from './branch-permission.ts';
import type { CopyUpPolicy, CreatePolicy, DirectBranchAccess } from './policy.ts';

/** A branch comes in. @see struct au_opt_add */
export interface AddOption {
  readonly kind: 'add';
  /** Where it goes, 0 on top; `undefined` below all others. */
  readonly index: number | undefined;
  readonly path: string;
  readonly permission: BranchPermission;
}

/** A branch goes. */
export interface DelOption {
  readonly kind: 'del';
  readonly path: string;
}

/** A branch gets another permission. */
export interface ModOption {
  readonly kind: 'mod';
  readonly path: string;
  readonly permission: BranchPermission;
}

/** What is on or off, and what is done at once when it is given (`trunc_xib`). */
export const flagNames = [
  'plink',
  'dirperm1',
  'dio',
  'sum',
  'warn_perm',
  'verbose',
  'shwh',
  'trunc_xino',
  'trunc_xib',
  'acl',
] as const;
export type FlagName = (typeof flagNames)[number];

/** What has a value, with it. */
export type SetOption = { readonly kind: 'set' } & (
  | { readonly name: 'udba'; readonly value: DirectBranchAccess }
  | { readonly name: 'diropq'; readonly value: 'a' | 'w' }
  | { readonly name: 'create'; readonly value: CreatePolicy }
  | { readonly name: 'cpup'; readonly value: CopyUpPolicy }
  /** Numbers; those of rdcache are seconds, those of rdblk bytes. */
  | { readonly name: 'dirwh' | 'rdcache' | 'rdblk' | 'rdhash'; readonly value: number }
  /** The branch whose inode number file is cut, by its path and by its index. */
  | { readonly name: 'trunc_xino'; readonly value: string }
  | { readonly name: 'itrunc_xino'; readonly value: number }
);

/** One option, as it was given. */
export type AufsOption =
  | AddOption
  | DelOption
  | ModOption
  | { readonly kind: 'xino'; readonly path: string }
  | { readonly kind: 'noxino' }
  | { readonly kind: 'flag'; readonly name: FlagName; readonly value: boolean }
  | SetOption;
