/**
 * Attributes: those of the topmost object, changed where it can be written.
 *
 * @see fs/aufs/i_op.c
 */
import { raise } from '../../abi/errno.ts';
import { isRegular, isSpecial } from '../../abi/mode.ts';
import type { Attributes, Stat, Timespec } from '../../abi/stat.ts';
import type { Credentials } from '../../kernel/credentials.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { S_IMMUTABLE } from '../../kernel/inode.ts';
import { withCredentials } from '../../kernel/kernel.ts';
import { wantWrite } from '../../kernel/mount.ts';
import { genericPermission, MAY_EXEC, MAY_WRITE, permissionRefusal } from '../../kernel/permission.ts';
import { notifyChange } from '../../kernel/setattr.ts';
import type { Branch, RealPath } from './branch.ts';
import { copyUpForChange, copyUpNameless } from './copy-up.ts';
import { realOfName, topIndex } from './entry.ts';
import type { AufsInode } from './inode.ts';
import { isReadOnlyIn, writableBranch } from './target.ts';

/** What stat(2) tells. @see aufs_getattr() */
export function statAufs(inode: AufsInode, dentry?: Dentry): Stat {
  const { superblock } = inode;
  const stat = inode.real.getattr();
  if (dentry === undefined || isShownBy(inode, dentry)) inode.refreshLinks();
  stat.dev = superblock.dev;
  stat.ino = inode.ino;
  if (stat.ino64 !== undefined) stat.ino64 = undefined;
  stat.nlink = inode.nlink;
  return stat;
}

/** The name shows the topmost object, or a pseudo-link to it; else what was told last is told again. */
function isShownBy(inode: AufsInode, dentry: Dentry): boolean {
  return topIndex(dentry) === inode.top.branch.index || inode.superblock.isPlinked(inode);
}

export function touchAufsAtime(inode: AufsInode, now: Timespec): void {
  if (inode.top.branch.writable) inode.real.touchAtime(now);
}

type Refusal = 'EACCES' | 'EPERM' | 'EROFS' | undefined;

/**
 * What the caller may do is what it may do with the topmost object. Without `dirperm1` a directory is searched and read
 * only where that is allowed in all branches.
 *
 * @see aufs_permission()
 */
export function aufsPermission(inode: AufsInode, credentials: Credentials, mask: number): Refusal {
  const { superblock, top } = inode;
  const writes = (mask & MAY_WRITE) !== 0;
  if (writes || superblock.config.dirperm1 || !inode.isDirectory) {
    const refusal = realRefusal(inode, top, credentials, mask);
    if (refusal !== undefined || !writes || isSpecial(inode.mode)) return refusal;
    return superblock.branches.some((branch) => branch.index <= top.branch.index && branch.writable)
      ? undefined
      : 'EROFS';
  }
  for (const path of inode.stack) {
    const refusal = realRefusal(inode, path, credentials, mask);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** @see h_permission() */
function realRefusal(
  { superblock }: AufsInode,
  { branch, dentry }: RealPath,
  credentials: Credentials,
  mask: number,
): Refusal {
  const real = dentry.inode!;
  const writes = (mask & MAY_WRITE) !== 0;
  if (writes && (real.flags & S_IMMUTABLE) !== 0) return 'EPERM';
  if ((mask & MAY_EXEC) !== 0 && isRegular(real.mode) && (real.mode & 0o111) === 0) return 'EACCES';
  // what lies in a read-only branch is copied before it is written to
  if (writes && !branch.writable) return genericPermission(real, credentials, mask);
  const { kernel } = superblock;
  if (kernel.credentials === credentials) return permissionRefusal(kernel, real, mask) as Refusal;
  return withCredentials(kernel, credentials, () => permissionRefusal(kernel, real, mask)) as Refusal;
}

/**
 * The real object that a change is made to: the one that the name shows where it can be written, else a copy of it.
 *
 * @param length how much of a file's data is wanted
 * @see au_pin_and_icpup()
 */
export function realForChange(inode: AufsInode, dentry: Dentry, length?: number): RealPath {
  const branch = branchForChange(inode, dentry);
  wantWrite(branch.mount);
  if (branch.index === topIndex(dentry)) return realOfName(dentry, branch) ?? raise('ENOENT');
  if (!dentry.hashed && !dentry.isRoot) {
    if (inode.nameless?.branch === branch) return inode.nameless;
    return inode.realIn(branch) ?? copyUpNameless(dentry, branch, length);
  }
  copyUpForChange(dentry, branch, length);
  return realOfName(dentry, branch)!;
}

function branchForChange(inode: AufsInode, dentry: Dentry): Branch {
  const own = inode.superblock.branches[topIndex(dentry)]!;
  const top = inode.top.branch;
  if (own !== top && !isReadOnlyIn(top, inode)) return top;
  return isReadOnlyIn(own, inode) ? writableBranch(dentry) : own;
}

/** @see aufs_setattr() */
export function setAufsAttributes(inode: AufsInode, attributes: Attributes, dentry = inode.alias!): void {
  const { kernel } = inode.superblock;
  const real = realForChange(inode, dentry, attributes.size);
  const { touch = false, killSetid, mode: _, ...rest } = attributes;
  // the real object may have got another mode beside the union
  const changes = killSetid === undefined ? attributes : rest;
  const options = killSetid === undefined ? { force: true, touch } : { force: true, touch, killSetid };
  notifyChange(kernel, real.dentry, changes, options);
}
