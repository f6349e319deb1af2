/** New names: create, mkdir, mknod, symlink, tmpfile. @see fs/namei.c vfs_create(), vfs_mkdir(), vfs_mknod() … */
import { CAP_MKNOD } from '../abi/capability.ts';
import { raise } from '../abi/errno.ts';
import { IN_CREATE } from '../abi/flags.ts';
import {
  isBlockDevice,
  isCharacterDevice,
  isDirectory,
  S_IALLUGO,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
  S_ISVTX,
  S_IRWXUGO,
} from '../abi/mode.ts';
import { isWhiteout } from '../abi/whiteout.ts';
import { isCapable } from './credentials.ts';
import type { Dentry } from './dentry.ts';
import type { Inode } from './inode.ts';
import { notify } from './inotify.ts';
import type { Kernel } from './kernel.ts';
import { instantiate } from './lookup.ts';
import { checkMayCreate, checkPermission, MAY_EXEC, MAY_WRITE, stripSetgid } from './permission.ts';
import type { MetadataOperation } from './trace.ts';

/** Tells the trace that a directory is about to change. */
export function traceMetadata(op: MetadataOperation, inode: Inode, name?: string): void {
  if (inode.superblock.kernel.trace.active) tellMetadata(op, inode, name);
}

function tellMetadata(op: MetadataOperation, { superblock, ino }: Inode, name?: string): void {
  const at = { op, filesystem: superblock.type.name, dev: superblock.dev, ino };
  superblock.kernel.trace.emit(name === undefined ? { kind: 'metadata', ...at } : { kind: 'metadata', ...at, name });
}

function finish(kernel: Kernel, directory: Dentry, dentry: Dentry, inode: Inode): void {
  instantiate(dentry, inode);
  notify(kernel, directory.inode!, IN_CREATE, dentry.name, isDirectory(inode.mode));
}

/** Makes a regular file; `mode` without the type, the umask taken off. */
export function vfsCreate(kernel: Kernel, directory: Dentry, dentry: Dentry, mode: number): void {
  checkMayCreate(kernel, directory, dentry);
  const parent = directory.inode!;
  traceMetadata('create', parent, dentry.name);
  const bits = stripSetgid(kernel, parent, (mode & S_IALLUGO) | S_IFREG);
  finish(kernel, directory, dentry, parent.create(dentry, bits));
}

export function vfsMkdir(kernel: Kernel, directory: Dentry, dentry: Dentry, mode: number): void {
  checkMayCreate(kernel, directory, dentry);
  const parent = directory.inode!;
  traceMetadata('mkdir', parent, dentry.name);
  finish(kernel, directory, dentry, parent.mkdir(dentry, (mode & (S_IRWXUGO | S_ISVTX)) | S_IFDIR));
}

/** Makes a device, fifo or socket. A whiteout needs no right of its own. @throws Errno EPERM without CAP_MKNOD */
export function vfsMknod(kernel: Kernel, directory: Dentry, dentry: Dentry, mode: number, rdev: number): void {
  checkMayCreate(kernel, directory, dentry);
  const isDevice = isCharacterDevice(mode) || isBlockDevice(mode);
  if (isDevice && !isWhiteout(mode, rdev) && !isCapable(kernel.credentials, CAP_MKNOD)) raise('EPERM');
  const parent = directory.inode!;
  traceMetadata('mknod', parent, dentry.name);
  const bits = stripSetgid(kernel, parent, (mode & S_IALLUGO) | (mode & S_IFMT));
  finish(kernel, directory, dentry, parent.mknod(dentry, bits, isDevice ? rdev : 0));
}

export function vfsSymlink(kernel: Kernel, directory: Dentry, dentry: Dentry, target: string): void {
  checkMayCreate(kernel, directory, dentry);
  traceMetadata('symlink', directory.inode!, dentry.name);
  finish(kernel, directory, dentry, directory.inode!.symlink(dentry, target));
}

/** A regular file without a name in the filesystem of `directory`. `linkable` unless O_EXCL was given. */
export function vfsTmpfile(kernel: Kernel, directory: Dentry, mode: number, linkable: boolean): Inode {
  const parent = directory.inode!;
  checkPermission(kernel, parent, MAY_WRITE | MAY_EXEC);
  traceMetadata('tmpfile', parent);
  const inode = parent.tmpfile(stripSetgid(kernel, parent, (mode & S_IALLUGO) | S_IFREG));
  inode.linkable = linkable;
  return inode;
}
