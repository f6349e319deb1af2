/** Opening the objects of layers. @see fs/overlayfs/util.c ovl_path_open(), fs/overlayfs/file.c */
import { O_ACCMODE, O_APPEND, O_NOATIME, O_RDONLY } from '../../abi/flags.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { OpenFile } from '../../kernel/file.ts';
import { S_APPEND } from '../../kernel/inode.ts';
import { withCredentials } from '../../kernel/kernel.ts';
import type { Mount } from '../../kernel/mount.ts';
import { openReal } from '../../kernel/open.ts';
import { checkPermission, isOwnerOrCapable, MAY_READ, MAY_WRITE } from '../../kernel/permission.ts';
import { SETFL_MASK } from '../../kernel/stacked-file.ts';
import type { OverlaySuperblock } from './super.ts';
import { raise } from '../../abi/errno.ts';

/** Opens an object of a layer for the mounter, without marking an access where that is allowed. */
export function openPath(superblock: OverlaySuperblock, mount: Mount, dentry: Dentry, flags: number): OpenFile {
  const { kernel, mounter } = superblock;
  const before = kernel.credentials;
  kernel.credentials = mounter;
  try {
    checkPermission(kernel, dentry.inode!, accessMask(flags));
    const noAtime = isOwnerOrCapable(kernel, dentry.inode!) ? O_NOATIME : 0;
    return openReal(mount, dentry, flags | noAtime, mounter);
  } finally {
    kernel.credentials = before;
  }
}

function accessMask(flags: number): number {
  const access = flags & O_ACCMODE;
  if (access === O_RDONLY) return MAY_READ;
  return access === 1 ? MAY_WRITE : MAY_READ | MAY_WRITE;
}

/** The real file takes over flags that were changed since it was opened. @see ovl_change_flags() */
export function followFlags(file: OpenFile, real: OpenFile): void {
  if (((file.flags ^ real.flags) & SETFL_MASK) === 0) return;
  if (((file.flags ^ real.flags) & O_APPEND) !== 0 && (real.inode.flags & S_APPEND) !== 0) raise('EPERM');
  real.flags = (real.flags & ~SETFL_MASK) | (file.flags & SETFL_MASK);
}

/** Acts on real files as the mounter. */
export const asMounter = <T>(superblock: OverlaySuperblock, act: () => T): T =>
  withCredentials(superblock.kernel, superblock.mounter, act);
