/** Takes away mounts, and directories with whatever is mounted in them. @see moby/sys mount/mount_unix.go, moby pkg/system/rm.go (EnsureRemoveAll) */
import { MNT_DETACH } from '../abi/flags.ts';
import { removeAll } from '../archive/unpack-entry.ts';
import type { Task } from '../kernel/task.ts';
import { FS_MAGIC_OVERLAY } from './backing-filesystem.ts';
import { isMounted } from './reference-counter.ts';
import { isErrno, unlessRefused } from './refusal.ts';
import { readTextIfPresent } from './text-file.ts';

/**
 * Unmounts `target` if it is a mount point, else every mount below it, the deepest first. The mounts are read from
 * `/proc/self/mountinfo`; a machine without it has none but `target`.
 */
export function unmountBelow(task: Task, target: string): void {
  if (detach(task, target)) return;
  const mounts = mountPoints(task).filter((path) => path === target || path.startsWith(`${target}/`));
  for (const path of mounts.sort((a, b) => b.length - a.length)) detach(task, path);
}

/** Whether `target` was a mount point that could be taken away. */
const detach = (task: Task, target: string): boolean =>
  unlessRefused(() => {
    task.umount(target, MNT_DETACH);
    return true;
  }, false);

/** Unmounts the overlay at `merged` where there is one: without /proc nobody tells what is mounted. */
export function detachOverlay(task: Task, merged: string): void {
  if (isMounted(task, FS_MAGIC_OVERLAY, merged)) task.umount(merged, MNT_DETACH);
}

/** In mountinfo a space stands as `\040`, and so do its likes. */
const unescapePath = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

function mountPoints(task: Task): string[] {
  const lines = (readTextIfPresent(task, '/proc/self/mountinfo') ?? '').split('\n');
  return lines.filter((line) => line !== '').map((line) => unescapePath(line.split(' ')[4]!));
}

/** How often something busy is unmounted before it is left. */
const ATTEMPTS = 50;

/** Removes a directory of a driver's home and all that is in it; what is mounted there is unmounted. */
export function removeDirectory(task: Task, directory: string): void {
  unmountBelow(task, directory);
  for (let attempt = 0; ; attempt++) {
    try {
      removeAll(task, directory);
      return;
    } catch (error) {
      const busy = isErrno(error, 'EBUSY') && attempt < ATTEMPTS ? error.path : undefined;
      if (busy === undefined || !detach(task, busy)) throw error;
    }
  }
}
