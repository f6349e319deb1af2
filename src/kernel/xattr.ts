/** Extended attributes: name spaces and who may use them. @see fs/xattr.c */
import { CAP_SETFCAP, CAP_SYS_ADMIN } from '../abi/capability.ts';
import { type ErrnoCode, raise } from '../abi/errno.ts';
import { IN_ATTRIB, XATTR_CREATE, XATTR_NAME_MAX, XATTR_REPLACE, XATTR_SIZE_MAX } from '../abi/flags.ts';
import { isDirectory, isRegular, S_ISVTX } from '../abi/mode.ts';
import {
  XATTR_SECURITY_CAPABILITY,
  XATTR_SECURITY_PREFIX,
  XATTR_SYSTEM_PREFIX,
  XATTR_TRUSTED_PREFIX,
  XATTR_USER_PREFIX,
} from '../abi/xattr.ts';
import { traceMetadata } from './create.ts';
import { isCapable, isCapableIn, isCapableOver } from './credentials.ts';
import type { Dentry } from './dentry.ts';
import { fileCapabilitiesAsTold, fileCapabilitiesToKeep } from './file-capabilities.ts';
import { type Inode, S_APPEND, S_IMMUTABLE } from './inode.ts';
import { notify } from './inotify.ts';
import type { Kernel } from './kernel.ts';
import { utf8Length } from './lookup.ts';
import { checkPermission, isOwnerOrCapable, MAY_READ, MAY_WRITE } from './permission.ts';
import { initUserNamespace } from './user-namespace.ts';

/** The value of an attribute. @throws Errno ENODATA, EOPNOTSUPP, EACCES, EPERM */
export const vfsGetxattr = (kernel: Kernel, dentry: Dentry, name: string): Uint8Array =>
  inodeGetxattr(kernel, dentry.inode!, name);

/** As {@link vfsGetxattr}, for an inode that is reached without a name. */
export function inodeGetxattr(kernel: Kernel, inode: Inode, name: string): Uint8Array {
  return inodeFindXattr(kernel, inode, name) ?? raise('ENODATA');
}

/** As {@link inodeGetxattr}; `undefined` where there is no such attribute. */
export function inodeFindXattr(kernel: Kernel, inode: Inode, name: string): Uint8Array | undefined {
  checkXattrPermission(kernel, inode, name, MAY_READ);
  const value = inode.getxattr(name);
  if (value === undefined || name !== XATTR_SECURITY_CAPABILITY) return value;
  return fileCapabilitiesAsTold(kernel, inode, value);
}

/** @throws Errno EEXIST, ENODATA (by flags), EOPNOTSUPP, EPERM, EACCES */
export function vfsSetxattr(kernel: Kernel, dentry: Dentry, name: string, value: Uint8Array, flags: number): void {
  const inode = dentry.inode!;
  const kept = name === XATTR_SECURITY_CAPABILITY ? fileCapabilitiesToKeep(kernel, inode, value) : value;
  checkXattrPermission(kernel, inode, name, MAY_WRITE);
  traceMetadata('setxattr', inode, name);
  inode.setxattr(name, kept, flags, dentry);
  notify(kernel, inode, IN_ATTRIB, undefined, isDirectory(inode.mode), 0, dentry);
}

export function vfsRemovexattr(kernel: Kernel, dentry: Dentry, name: string): void {
  const inode = dentry.inode!;
  checkXattrPermission(kernel, inode, name, MAY_WRITE);
  if (name === XATTR_SECURITY_CAPABILITY && !isCapableOver(kernel.credentials, inode, CAP_SETFCAP)) raise('EPERM');
  traceMetadata('removexattr', inode, name);
  inode.removexattr(name, dentry);
  notify(kernel, inode, IN_ATTRIB, undefined, isDirectory(inode.mode), 0, dentry);
}

/** The names that the caller may see: `trusted.` ones need CAP_SYS_ADMIN. */
export const vfsListxattr = (kernel: Kernel, dentry: Dentry): string[] => inodeListxattr(kernel, dentry.inode!);

/** As {@link vfsListxattr}, for an inode that is reached without a name. */
export function inodeListxattr(kernel: Kernel, inode: Inode): string[] {
  const names = inode.listxattr();
  if (isCapable(kernel.credentials, CAP_SYS_ADMIN)) return names;
  return names.filter((name) => !name.startsWith(XATTR_TRUSTED_PREFIX));
}

/** What is checked before the object is looked for. @see import_xattr_name() */
export function checkXattrName(name: string): void {
  if (name.length === 0 || utf8Length(name) > XATTR_NAME_MAX) raise('ERANGE');
}

/** @see setxattr_copy() */
export function checkXattrArguments(name: string, value: Uint8Array, flags: number): void {
  if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0) raise('EINVAL');
  checkXattrName(name);
  if (value.length > XATTR_SIZE_MAX) raise('E2BIG');
}

/** @see xattr_permission() */
function checkXattrPermission(kernel: Kernel, inode: Inode, name: string, mask: number): void {
  if (mask === MAY_WRITE) {
    if (inode.superblock.readOnly) raise('EROFS');
    if ((inode.flags & (S_IMMUTABLE | S_APPEND)) !== 0) raise('EPERM');
  }
  if (name.startsWith(XATTR_SECURITY_PREFIX)) {
    const free = mask === MAY_READ || name === XATTR_SECURITY_CAPABILITY;
    const namespace = inode.superblock.userNamespace ?? initUserNamespace;
    if (!free && !isCapableIn(kernel.credentials, namespace, CAP_SYS_ADMIN)) raise('EPERM');
    return;
  }
  if (name.startsWith(XATTR_SYSTEM_PREFIX)) return;
  if (name.startsWith(XATTR_TRUSTED_PREFIX)) {
    if (!isCapable(kernel.credentials, CAP_SYS_ADMIN)) raise(refusal(mask));
    return;
  }
  if (name.startsWith(XATTR_USER_PREFIX)) checkUserAttribute(kernel, inode, mask);
  checkPermission(kernel, inode, mask);
}

const refusal = (mask: number): ErrnoCode => (mask === MAY_WRITE ? 'EPERM' : 'ENODATA');

/** `user.` attributes: only regular files and directories carry them, in sticky directories only for the owner. */
function checkUserAttribute(kernel: Kernel, inode: Inode, mask: number): void {
  if (!isRegular(inode.mode) && !isDirectory(inode.mode)) raise(refusal(mask));
  const sticky = isDirectory(inode.mode) && (inode.mode & S_ISVTX) !== 0;
  if (sticky && mask === MAY_WRITE && !isOwnerOrCapable(kernel, inode)) raise('EPERM');
}
