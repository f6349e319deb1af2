/** Names that go: unlink and rmdir. @see fs/namei.c vfs_unlink(), vfs_rmdir() */
import { raise } from '../abi/errno.ts';
import { IN_ATTRIB, IN_DELETE } from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import { traceMetadata } from './create.ts';
import type { Dentry } from './dentry.ts';
import { dropIfUnused } from './inode.ts';
import { notify } from './inotify.ts';
import type { Kernel } from './kernel.ts';
import { detachMounts, isLocalMountpoint } from './mountpoint.ts';
import { checkMayDelete } from './permission.ts';

export function vfsUnlink(kernel: Kernel, directory: Dentry, dentry: Dentry): void {
  checkMayDelete(kernel, directory, dentry, false);
  if (isLocalMountpoint(kernel, dentry)) raise('EBUSY');
  const inode = dentry.inode!;
  traceMetadata('unlink', directory.inode!, dentry.name);
  directory.inode!.unlink(dentry);
  dentry.drop();
  detachMounts(kernel, dentry);
  notify(kernel, inode, IN_ATTRIB, undefined, false);
  dropIfUnused(inode);
  notify(kernel, directory.inode!, IN_DELETE, dentry.name, false);
}

export function vfsRmdir(kernel: Kernel, directory: Dentry, dentry: Dentry): void {
  checkMayDelete(kernel, directory, dentry, true);
  if (isLocalMountpoint(kernel, dentry)) raise('EBUSY');
  const inode = dentry.inode!;
  traceMetadata('rmdir', directory.inode!, dentry.name);
  directory.inode!.rmdir(dentry);
  dentry.drop();
  detachMounts(kernel, dentry);
  dropIfUnused(inode);
  notify(kernel, directory.inode!, IN_DELETE, dentry.name, true);
}

/** Removes a name, whatever it is of. */
export function vfsRemove(kernel: Kernel, directory: Dentry, dentry: Dentry): void {
  if (isDirectory(dentry.inode!.mode)) vfsRmdir(kernel, directory, dentry);
  else vfsUnlink(kernel, directory, dentry);
}
