/** stat, access, chmod, chown, utimes and their kin: the arguments as Node reads them, then one system call. */
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW } from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import type { Task } from '../kernel/task.ts';
import { renamed } from './failure.ts';
import { fdOf, idOf, modeOf, smallModeOf } from './options.ts';
import { pathname } from './pathname.ts';
import type { Prepare } from './settle.ts';
import { BigIntStats, StatFs, type Stats, statsOf } from './stats.ts';
import { timespecOf } from './timestamp.ts';

type AnyStats = Stats | BigIntStats;

export function statCalls(task: Task) {
  const shape = (stat: Parameters<typeof statsOf>[0], bigint: boolean): AnyStats =>
    bigint ? new BigIntStats(stat) : statsOf(stat);

  const statCall =
    (flags: number, call: 'stat' | 'lstat'): Prepare =>
    (path, options) => {
      const name = pathname(path);
      const bigint = options?.bigint === true;
      if (options?.throwIfNoEntry !== false) return () => shape(task[call](name), bigint);
      return () => {
        const stat = task.statIfPresent(name, flags);
        if (stat !== undefined) return shape(stat, bigint);
        if (liesBelowFile(task, name)) task[call](name);
        return undefined;
      };
    };

  return {
    stat: statCall(0, 'stat'),
    lstat: statCall(AT_SYMLINK_NOFOLLOW, 'lstat'),
    fstat: (fd, options) => {
      const number = fdOf(fd);
      return () => shape(task.fstat(number), options?.bigint === true);
    },
    statfs: (path, options) => {
      const name = pathname(path);
      return () => new StatFs(task.statfs(name), options?.bigint === true);
    },
    access: (path, mode) => {
      const name = pathname(path);
      const wanted = smallModeOf(mode);
      return () => task.access(name, wanted);
    },
  } satisfies Record<string, Prepare>;
}

export function attributeCalls(task: Task) {
  const utimesCall =
    (flags: number): Prepare =>
    (path, atime, mtime) => {
      const name = pathname(path);
      const [read, written] = [timespecOf(atime), timespecOf(mtime)];
      return () => {
        try {
          task.utimensat(AT_FDCWD, name, read, written, flags);
        } catch (error) {
          throw renamed(error, flags === 0 ? 'utime' : 'lutime', name);
        }
      };
    };

  return {
    chmod: (path, mode) => {
      const name = pathname(path);
      const bits = modeOf(mode);
      return () => task.chmod(name, bits);
    },
    fchmod: (fd, mode) => {
      const number = fdOf(fd);
      const bits = modeOf(mode);
      return () => task.fchmod(number, bits);
    },
    chown: (path, uid, gid) => {
      const name = pathname(path);
      const [user, group] = [idOf(uid, 'uid'), idOf(gid, 'gid')];
      return () => task.chown(name, user, group);
    },
    lchown: (path, uid, gid) => {
      const name = pathname(path);
      const [user, group] = [idOf(uid, 'uid'), idOf(gid, 'gid')];
      return () => task.lchown(name, user, group);
    },
    fchown: (fd, uid, gid) => {
      const number = fdOf(fd);
      const [user, group] = [idOf(uid, 'uid'), idOf(gid, 'gid')];
      return () => task.fchown(number, user, group);
    },
    utimes: utimesCall(0),
    lutimes: utimesCall(AT_SYMLINK_NOFOLLOW),
    futimes: (fd, atime, mtime) => {
      const number = fdOf(fd);
      const [read, written] = [timespecOf(atime), timespecOf(mtime)];
      return () => task.futimens(number, read, written);
    },
  } satisfies Record<string, Prepare>;
}

/** Whether a missing name is missing because something above it is no directory, which `throwIfNoEntry` does not excuse. */
function liesBelowFile(task: Task, path: string): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const above = path.slice(0, end).replace(/\/+$/, '');
    const stat = above === path || above === '' ? undefined : task.statIfPresent(above);
    if (stat !== undefined) return !isDirectory(stat.mode);
  }
  return false;
}
