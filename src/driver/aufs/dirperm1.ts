/** Whether this AUFS knows the mount option `dirperm1`, found out by trying. @see moby daemon/graphdriver/aufs/aufs.go (useDirperm) */
import { listPaths } from '../../archive/list-names.ts';
import type { Task } from '../../kernel/task.ts';
import type { DriverLog } from '../driver.ts';
import { inTemporary } from '../make-directory.ts';
import { isErrno } from '../refusal.ts';
import { XINO } from './mount.ts';
import { unmount } from './unmount.ts';

/** Where Go makes temporary directories. */
const TMP = '/tmp';
const PREFIX = 'docker-aufs-';

/** Mounts a branch with the option for a moment; a machine without `/tmp` does not support it. */
export function supportsDirperm1(task: Task, log?: DriverLog): boolean {
  if (task.statIfPresent(TMP) === undefined) return false;
  return inTemporary(task, TMP, `${PREFIX}base`, (base) =>
    inTemporary(task, TMP, `${PREFIX}union`, (union) => mountsWithDirperm1(task, base, union, log)),
  );
}

function mountsWithDirperm1(task: Task, base: string, union: string, log: DriverLog | undefined): boolean {
  try {
    task.mount('none', union, 'aufs', `br:${base},dirperm1,${XINO}`);
  } catch (error) {
    if (isErrno(error, 'EINVAL')) return false;
    throw error;
  }
  unmount(task, union, log);
  return true;
}

/** Directories in which something was tried out, here or for the driver's features, and that could not be removed. */
export function triedDirectories(task: Task, home: string): string[] {
  return [...matching(task, TMP, /^docker-aufs-(base|union)[0-9]+$/), ...matching(task, home, /^feature-check[0-9]+$/)];
}

function matching(task: Task, directory: string, pattern: RegExp): string[] {
  return task.statIfPresent(directory) === undefined ? [] : listPaths(task, directory, (name) => pattern.test(name));
}
