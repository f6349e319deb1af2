/** rm and rmdir, with what they do below a directory. @see lib/internal/fs/rimraf.js of Node */
import {
  validateBoolean,
  validateInt32,
  validateObject,
  validateUint32,
} from '@jsonjoy.com/fs-node-utils/lib/validators.js';
import { AT_SYMLINK_NOFOLLOW } from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import type { Task } from '../kernel/task.ts';
import { namesIn } from './directory-calls.ts';
import { isDirectoryError, isRefusal } from './failure.ts';
import type { Options } from './options.ts';
import { pathname } from './pathname.ts';
import type { Prepare } from './settle.ts';

interface RemoveOptions {
  readonly force: boolean;
  readonly recursive: boolean;
  readonly maxRetries: number;
  /** Milliseconds of the machine's time, times the number of the attempt. */
  readonly retryDelay: number;
}

const defaults: RemoveOptions = { force: false, recursive: false, maxRetries: 0, retryDelay: 100 };

export function removeCalls(task: Task) {
  return {
    rm: (path, options) => {
      const name = pathname(path);
      const read = removeOptions(options);
      return () => remove(task, name, read);
    },
    rmdir: (path, options) => {
      const name = pathname(path);
      const read = removeOptions(options);
      return () => {
        if (read.recursive && isDirectory(task.lstat(name).mode)) patiently(task, read, () => removeTree(task, name));
        else task.rmdir(name);
      };
    },
  } satisfies Record<string, Prepare>;
}

function removeOptions(options: unknown): RemoveOptions {
  if (options === undefined) return defaults;
  validateObject(options, 'options');
  const read = { ...defaults, ...(options as Options) };
  validateBoolean(read.recursive, 'options.recursive');
  validateInt32(read.retryDelay, 'options.retryDelay', 0);
  validateUint32(read.maxRetries, 'options.maxRetries');
  validateBoolean(read.force, 'options.force');
  return read;
}

function remove(task: Task, path: string, options: RemoveOptions): void {
  if (!options.force || !options.recursive) {
    const stat = options.force ? task.statIfPresent(path, AT_SYMLINK_NOFOLLOW) : task.lstat(path);
    if (stat !== undefined && isDirectory(stat.mode) && !options.recursive) throw isDirectoryError(path);
  }
  patiently(task, options, () => removeTree(task, path));
}

/** Removes whatever is there; what is gone already is fine. */
function removeTree(task: Task, path: string): void {
  const stat = task.statIfPresent(path, AT_SYMLINK_NOFOLLOW);
  if (stat === undefined) return;
  try {
    if (isDirectory(stat.mode)) removeDirectory(task, path);
    else task.unlink(path);
  } catch (error) {
    if (!isRefusal(error, 'ENOENT')) throw error;
  }
}

function removeDirectory(task: Task, path: string): void {
  try {
    task.rmdir(path);
    return;
  } catch (error) {
    if (!isRefusal(error, 'ENOTEMPTY', 'EEXIST', 'EPERM')) throw error;
  }
  for (const name of namesIn(task, path)) removeTree(task, path.endsWith('/') ? path + name : `${path}/${name}`);
  task.rmdir(path);
}

/** Tries again while the machine's time goes on, as often as the caller allows. */
function patiently(task: Task, options: RemoveOptions, attempt: () => void): void {
  for (let tries = 1; ; tries++) {
    try {
      return attempt();
    } catch (error) {
      const passing = isRefusal(error, 'EBUSY', 'EMFILE', 'ENFILE', 'ENOTEMPTY', 'EPERM');
      if (!passing || tries > options.maxRetries) throw error;
      sleep(task, tries * options.retryDelay);
    }
  }
}

function sleep(task: Task, milliseconds: number): void {
  task.nanosleep({ sec: Math.trunc(milliseconds / 1000), nsec: (milliseconds % 1000) * 1_000_000 });
}
