/** What ioctl(2) of a union's directories answers. @see fs/aufs/ioctl.c aufs_ioctl_dir(), include/uapi/linux/aufs_type.h */
import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { raise } from '../../abi/errno.ts';
import { isCapable } from '../../kernel/credentials.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { pathUpFrom } from '../../kernel/namei.ts';
import type { Branch } from './branch.ts';
import { permissionBits } from './branch-permission.ts';
import { dropPlinks } from './plink.ts';
import type { AufsSuperblock } from './super.ts';

/** Answers a {@link BranchInfo} for each branch, the topmost first; any directory of the union will do. */
export const AUFS_CTL_BRINFO = 0x50004105;
/**
 * The union forgets its pseudo-links; for root alone. AUFS of today has `/proc/fs/aufs/plink_maint` in its place.
 */
export const AUFS_CTL_PLINK_CLEAN = 0x4101;

/** What is known of a branch. @see union aufs_brinfo */
export interface BranchInfo {
  /** Stays the same when other branches come and go. */
  readonly id: number;
  /** A sum of `AuBrPerm_*` and attributes; see `permissionOfBits`. */
  readonly perm: number;
  /** From the root of the task that asks. */
  readonly path: string;
}

function branchPath({ current }: Kernel, { mount, root }: Branch): string {
  const place = { mount, dentry: root };
  return pathUpFrom(current?.fs.root ?? { mount, dentry: mount.root }, place).path;
}

/** @see au_brinfo() */
const branchInfo = ({ kernel, branches }: AufsSuperblock): BranchInfo[] =>
  branches.map((branch) => ({
    id: branch.id,
    perm: permissionBits(branch.permission),
    path: branchPath(kernel, branch),
  }));

/** @throws Errno ENOTTY for requests that it does not know, EACCES for a user who may not clean pseudo-links */
export function directoryIoctl(superblock: AufsSuperblock, request: number): BranchInfo[] | undefined {
  if (request === AUFS_CTL_BRINFO) return branchInfo(superblock);
  if (request !== AUFS_CTL_PLINK_CLEAN) raise('ENOTTY');
  if (!isCapable(superblock.kernel.credentials, CAP_SYS_ADMIN)) raise('EACCES');
  if (superblock.config.plink) dropPlinks(superblock);
  return undefined;
}
