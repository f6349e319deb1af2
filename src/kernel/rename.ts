/** Names that move. @see fs/namei.c vfs_rename() */
import { raise } from '../abi/errno.ts';
import { IN_ATTRIB, IN_MOVE_SELF, IN_MOVED_FROM, IN_MOVED_TO, RENAME_EXCHANGE } from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import { traceMetadata } from './create.ts';
import type { Dentry } from './dentry.ts';
import { dropIfUnused, type Inode } from './inode.ts';
import { notify } from './inotify.ts';
import type { Kernel } from './kernel.ts';
import { detachMounts, isLocalMountpoint } from './mountpoint.ts';
import { checkMayCreate, checkMayDelete, checkPermission, MAY_WRITE } from './permission.ts';

/**
 * Moves the name `old` in `oldDirectory` to `target` in `newDirectory`. The caller has checked that neither lies within
 * the other, and RENAME_NOREPLACE.
 *
 * @param flags sum of RENAME_…
 */
export function vfsRename(
  kernel: Kernel,
  oldDirectory: Dentry,
  old: Dentry,
  newDirectory: Dentry,
  target: Dentry,
  flags: number,
): void {
  if (old.inode === target.inode) return;
  checkRename(kernel, oldDirectory, old, newDirectory, target, flags);
  const replaced = target.inode;
  const { name } = old;
  const newName = target.name;
  traceMetadata('rename', oldDirectory.inode!, name);
  oldDirectory.inode!.rename(old, newDirectory.inode!, target, flags);
  if ((flags & RENAME_EXCHANGE) !== 0) old.exchange(target);
  else {
    old.move(target);
    detachMounts(kernel, target);
  }
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  notifyRename(kernel, oldDirectory, name, newDirectory, newName, old, exchange ? undefined : replaced);
  if (exchange) notifyRename(kernel, newDirectory, newName, oldDirectory, name, target, undefined);
  else if (replaced !== undefined) dropIfUnused(replaced);
}

function checkRename(
  kernel: Kernel,
  oldDirectory: Dentry,
  old: Dentry,
  newDirectory: Dentry,
  target: Dentry,
  flags: number,
): void {
  const source: Inode = old.inode ?? raise('ENOENT');
  const isDir = isDirectory(source.mode);
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  const targetIsDir = target.inode !== undefined && isDirectory(target.inode.mode);
  checkMayDelete(kernel, oldDirectory, old, isDir);
  if (target.inode === undefined) checkMayCreate(kernel, newDirectory, target);
  else checkMayDelete(kernel, newDirectory, target, exchange ? targetIsDir : isDir);
  if (oldDirectory !== newDirectory) {
    if (isDir) checkPermission(kernel, source, MAY_WRITE);
    if (exchange && targetIsDir) checkPermission(kernel, target.inode!, MAY_WRITE);
  }
  if (isLocalMountpoint(kernel, old) || isLocalMountpoint(kernel, target)) raise('EBUSY');
}

/** @see fsnotify_move() */
function notifyRename(
  kernel: Kernel,
  oldDirectory: Dentry,
  name: string,
  newDirectory: Dentry,
  newName: string,
  moved: Dentry,
  replaced: Inode | undefined,
): void {
  if (kernel.watches === 0) return;
  const cookie = kernel.nextCookie();
  const isDir = isDirectory(moved.inode!.mode);
  notify(kernel, oldDirectory.inode!, IN_MOVED_FROM, name, isDir, cookie);
  notify(kernel, newDirectory.inode!, IN_MOVED_TO, newName, isDir, cookie);
  if (replaced !== undefined) notify(kernel, replaced, IN_ATTRIB, undefined, isDirectory(replaced.mode));
  notify(kernel, moved.inode!, IN_MOVE_SELF, undefined, false);
}
