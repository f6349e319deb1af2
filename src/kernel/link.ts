/** One more name for a file. @see fs/namei.c vfs_link() */
import { raise } from '../abi/errno.ts';
import { IN_ATTRIB, IN_CREATE } from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import { traceMetadata } from './create.ts';
import type { Dentry } from './dentry.ts';
import { S_APPEND, S_IMMUTABLE } from './inode.ts';
import { notify } from './inotify.ts';
import type { Kernel } from './kernel.ts';
import { instantiate } from './lookup.ts';
import { checkMayCreate } from './permission.ts';

/** Names the inode of `old` in `directory` too. @throws Errno EXDEV, EPERM for a directory, ENOENT for a nameless file */
export function vfsLink(kernel: Kernel, old: Dentry, directory: Dentry, dentry: Dentry): void {
  const inode = old.inode ?? raise('ENOENT');
  checkMayCreate(kernel, directory, dentry);
  if (directory.superblock !== inode.superblock) raise('EXDEV');
  if ((inode.flags & (S_APPEND | S_IMMUTABLE)) !== 0) raise('EPERM');
  if (isDirectory(inode.mode)) raise('EPERM');
  if (inode.nlink === 0 && !inode.linkable) raise('ENOENT');
  traceMetadata('link', directory.inode!, dentry.name);
  const linked = directory.inode!.link(old, dentry);
  if (linked === undefined) dentry.drop();
  else instantiate(dentry, linked);
  inode.linkable = false;
  notify(kernel, inode, IN_ATTRIB, undefined, false);
  notify(kernel, directory.inode!, IN_CREATE, dentry.name, false);
}
