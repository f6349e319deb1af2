/** Options of a mounted union change, one after the other. @see fs/aufs/opts.c au_opts_remount() */
import { raise } from '../../abi/errno.ts';
import type { ReconfigureRequest } from '../../kernel/superblock.ts';
import type { Branch } from './branch.ts';
import { addBranch } from './branch-add.ts';
import { changeBranch } from './branch-change.ts';
import { deleteBranch } from './branch-delete.ts';
import { applyOption, type AufsConfig } from './config.ts';
import { withMountErrors } from './mount-error.ts';
import { type ResolvedOption, resolveOptions } from './option-paths.ts';
import { parseOptions } from './params.ts';
import { dropPlinks } from './plink.ts';
import type { AufsSuperblock } from './super.ts';
import { initBranchRoot } from './whiteout.ts';

/**
 * Carries the options of a remount out. The first one that is refused ends it; what came before it stays.
 *
 * @throws Errno EINVAL for options that are not known or that cannot be carried out; EBUSY for a branch in use; ENOSPC,
 *   EDOM, E2BIG, ERANGE; ENOENT, ENOTDIR … for a branch to go or to change that is not there
 */
export function remountAufs(superblock: AufsSuperblock, { data, readOnly, resolve }: ReconfigureRequest): void {
  const options = resolveOptions(parseOptions(data, { readOnly, remount: true }), resolve);
  for (const resolved of options) checkTruncated(superblock, resolved);
  withMountErrors(() => {
    try {
      for (const resolved of options) carryOut(superblock, resolved);
    } finally {
      for (const branch of superblock.branches) verify(superblock, branch);
    }
  });
  superblock.readOnly = readOnly;
}

/** The files of inode numbers that are to be cut belong to branches; there is nothing to cut here. */
function checkTruncated({ branches }: AufsSuperblock, { option, place }: ResolvedOption): void {
  if (option.kind !== 'set') return;
  if (option.name === 'trunc_xino' && !branches.some(({ root }) => root === place!.dentry)) raise('EINVAL');
  if (option.name === 'itrunc_xino' && option.value >>> 0 >= branches.length) raise('EINVAL');
}

function carryOut(superblock: AufsSuperblock, resolved: ResolvedOption): void {
  if (changeBranches(superblock, resolved, true)) return;
  const { option } = resolved;
  if (option.kind === 'flag' && option.name === 'plink' && !option.value) dropPlinks(superblock);
  applyOption(superblock.config, option);
}

/** Carries out what an option says of a branch; answers whether it says anything of one. */
export function changeBranches(
  superblock: AufsSuperblock,
  { option, place }: ResolvedOption,
  isRemount: boolean,
): boolean {
  if (option.kind === 'add') addBranch(superblock, option, place!, isRemount);
  else if (option.kind === 'del') deleteBranch(superblock, place!, isRemount);
  else if (option.kind === 'mod') changeBranch(superblock, place!, option.permission, isRemount);
  else return false;
  return true;
}

/** A writable branch has at its root what the options ask for. @see au_opts_verify() */
function verify({ kernel, config }: AufsSuperblock, branch: Branch): void {
  if (branch.writable && !isReady(branch, config)) initBranchRoot(kernel, branch, config.plink);
}

function isReady({ parts, permission }: Branch, { plink }: AufsConfig): boolean {
  return (parts?.base !== undefined) === permission.linkWhiteouts && (parts?.plnk !== undefined) === plink;
}
