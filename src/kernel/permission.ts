/**
 * Who may do what: mode bits, capabilities, the sticky bit, immutable files, owners of new files.
 *
 * @see fs/namei.c, Documentation/filesystems/path-lookup.rst
 */
import type { ErrnoCode } from '../abi/errno.ts';
import { raise } from '../abi/errno.ts';
import { CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID } from '../abi/capability.ts';
import { isDirectory, isRegular, isSymlink, S_IFMT, S_ISGID, S_ISUID, S_ISVTX, S_IXGRP, S_IXUGO } from '../abi/mode.ts';
import { type Credentials, isCapable, isCapableOver, isInGroup } from './credentials.ts';
import type { Dentry } from './dentry.ts';
import { type Inode, S_APPEND, S_IMMUTABLE } from './inode.ts';
import { INVALID_ID } from './id-map.ts';
import type { Kernel } from './kernel.ts';
import type { Superblock } from './superblock.ts';
import { fromKgid, fromKuid } from './user-namespace.ts';

export const MAY_EXEC = 1;
export const MAY_WRITE = 2;
export const MAY_READ = 4;

/** The rule of mode bits and capabilities. @see generic_permission() */
export function genericPermission(inode: Inode, credentials: Credentials, mask: number): 'EACCES' | undefined {
  const { mode } = inode;
  let granted = mode & 7;
  if (inode.uid === credentials.fsuid) granted = (mode >> 6) & 7;
  else if (isInGroup(credentials, inode.gid)) granted = (mode >> 3) & 7;
  if ((mask & ~granted & 7) === 0) return undefined;
  if (isDirectory(mode)) {
    if ((mask & MAY_WRITE) === 0 && isCapableOver(credentials, inode, CAP_DAC_READ_SEARCH)) return undefined;
    return isCapableOver(credentials, inode, CAP_DAC_OVERRIDE) ? undefined : 'EACCES';
  }
  if ((mask & 7) === MAY_READ && isCapableOver(credentials, inode, CAP_DAC_READ_SEARCH)) return undefined;
  const executable = (mask & MAY_EXEC) === 0 || (mode & S_IXUGO) !== 0;
  return executable && isCapableOver(credentials, inode, CAP_DAC_OVERRIDE) ? undefined : 'EACCES';
}

/** Why the credentials in force may not use `inode` in the way of `mask`. @see inode_permission() */
export function permissionRefusal(kernel: Kernel, inode: Inode, mask: number): ErrnoCode | undefined {
  if ((mask & MAY_WRITE) !== 0) {
    const { mode } = inode;
    if (inode.superblock.readOnly && (isRegular(mode) || isDirectory(mode) || isSymlink(mode))) return 'EROFS';
    if ((inode.flags & S_IMMUTABLE) !== 0) return 'EPERM';
  }
  if (inode.permission !== undefined) return inode.permission(kernel.credentials, mask);
  return genericPermission(inode, kernel.credentials, mask);
}

/** @throws Errno EACCES, EROFS, EPERM */
export function checkPermission(kernel: Kernel, inode: Inode, mask: number): void {
  const refusal = permissionRefusal(kernel, inode, mask);
  if (refusal !== undefined) raise(refusal);
}

/** May search `directory`: the check of each step of a path walk. @see may_lookup() */
export function searchRefusal(kernel: Kernel, directory: Inode): ErrnoCode | undefined {
  if (directory.permission !== undefined) return directory.permission(kernel.credentials, MAY_EXEC);
  if (isCapableOver(kernel.credentials, directory, CAP_DAC_READ_SEARCH | CAP_DAC_OVERRIDE)) return undefined;
  return genericPermission(directory, kernel.credentials, MAY_EXEC);
}

/** The caller owns `inode` or may act as if. @see inode_owner_or_capable() */
export function isOwnerOrCapable({ credentials }: Kernel, inode: Inode): boolean {
  if (inode.uid === credentials.fsuid) return true;
  return (credentials.capabilities & CAP_FOWNER) !== 0 && fromKuid(credentials.userNamespace, inode.uid) !== INVALID_ID;
}

/** A directory that was removed while someone held it. @see IS_DEADDIR() */
export const isDeadDirectory = (dentry: Dentry): boolean => !dentry.hashed && !dentry.isRoot;

/** May make a new name in `directory`. @see may_create() */
export function checkMayCreate(kernel: Kernel, directory: Dentry, dentry: Dentry): void {
  if (dentry.inode !== undefined) raise('EEXIST');
  if (isDeadDirectory(directory)) raise('ENOENT');
  checkFilesystemIds(kernel, directory.superblock);
  checkPermission(kernel, directory.inode!, MAY_WRITE | MAY_EXEC);
}

/**
 * The filesystem can keep the ids of the one who makes a file.
 *
 * @throws Errno EOVERFLOW @see fsuidgid_has_mapping()
 */
function checkFilesystemIds({ credentials }: Kernel, { userNamespace }: Superblock): void {
  if (userNamespace === undefined) return;
  const { fsuid, fsgid } = credentials;
  if (fromKuid(userNamespace, fsuid) === INVALID_ID || fromKgid(userNamespace, fsgid) === INVALID_ID)
    raise('EOVERFLOW');
}

/** May take a name out of `directory`; `asDirectory` when it has to be a directory. @see may_delete() */
export function checkMayDelete(kernel: Kernel, directory: Dentry, victim: Dentry, asDirectory: boolean): void {
  const inode = victim.inode ?? raise('ENOENT');
  const parent = directory.inode!;
  checkPermission(kernel, parent, MAY_WRITE | MAY_EXEC);
  if ((parent.flags & S_APPEND) !== 0) raise('EPERM');
  if (isStickyRefusal(kernel, parent, inode) || (inode.flags & (S_APPEND | S_IMMUTABLE)) !== 0) raise('EPERM');
  if (asDirectory) {
    if (!isDirectory(inode.mode)) raise('ENOTDIR');
    if (victim.isRoot) raise('EBUSY');
  } else if (isDirectory(inode.mode)) raise('EISDIR');
  if (isDeadDirectory(directory)) raise('ENOENT');
}

/** In a sticky directory only owners may remove or rename. @see check_sticky() */
function isStickyRefusal(kernel: Kernel, directory: Inode, inode: Inode): boolean {
  if ((directory.mode & S_ISVTX) === 0) return false;
  const { fsuid } = kernel.credentials;
  if (inode.uid === fsuid || directory.uid === fsuid) return false;
  return !isCapableOver(kernel.credentials, inode, CAP_FOWNER);
}

/** The owner and mode of a new file in `directory`. @see inode_init_owner() */
export function inodeInitOwner(
  kernel: Kernel,
  directory: Inode,
  mode: number,
): { uid: number; gid: number; mode: number } {
  const { fsuid, fsgid } = kernel.credentials;
  if ((directory.mode & S_ISGID) === 0) return { uid: fsuid, gid: fsgid, mode };
  return { uid: fsuid, gid: directory.gid, mode: isDirectory(mode) ? mode | S_ISGID : mode };
}

/** Takes the set-group-id bit from a new executable of a foreign group. @see mode_strip_sgid() */
export function stripSetgid(kernel: Kernel, directory: Inode, mode: number): number {
  if ((mode & (S_ISGID | S_IXGRP)) !== (S_ISGID | S_IXGRP)) return mode;
  if (isDirectory(mode) || (directory.mode & S_ISGID) === 0) return mode;
  if (isInGroup(kernel.credentials, directory.gid) || isCapableOver(kernel.credentials, directory, CAP_FSETID))
    return mode;
  return mode & ~S_ISGID;
}

/** The mode that a new object gets: what the umask takes does not count for the set-group-id bit. @see vfs_prepare_mode() */
export const prepareMode = (kernel: Kernel, directory: Inode, mode: number, umask: number): number =>
  stripSetgid(kernel, directory, mode) & ~umask;

/** The mode without the bits that a write or a change of owner takes away. @see setattr_should_drop_suidgid() */
export function modeWithoutSetid(kernel: Kernel, inode: Inode): number {
  let { mode } = inode;
  if (!isRegular(mode)) return mode;
  const privileged = isCapable(kernel.credentials, CAP_FSETID);
  if (privileged) return mode;
  if ((mode & S_ISUID) !== 0) mode &= ~S_ISUID;
  return dropsSetgid(kernel, inode) ? mode & ~S_ISGID : mode;
}

/** @see setattr_should_drop_sgid() */
export function dropsSetgid(kernel: Kernel, inode: Inode): boolean {
  if ((inode.mode & S_ISGID) === 0) return false;
  if ((inode.mode & S_IXGRP) !== 0) return true;
  return !isInGroup(kernel.credentials, inode.gid) && !isCapableOver(kernel.credentials, inode, CAP_FSETID);
}

export const sameType = (a: number, b: number): boolean => ((a ^ b) & S_IFMT) === 0;
