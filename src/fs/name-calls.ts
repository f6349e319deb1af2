/** link, symlink, unlink, rename, mkdir, mkdtemp, rmdir, readlink and realpath. */
import { posix } from '@jsonjoy.com/fs-node-builtins/lib/path.js';
import { withCode } from '@jsonjoy.com/fs-node-utils/lib/argErrors.js';
import { validateBoolean } from '@jsonjoy.com/fs-node-utils/lib/validators.js';
import { isDirectory, isSymlink } from '../abi/mode.ts';
import type { Task } from '../kernel/task.ts';
import { isRefusal, refusal, renamed } from './failure.ts';
import { modeOf, type Options, optionsOf } from './options.ts';
import { encodeName, pathname } from './pathname.ts';
import type { Prepare } from './settle.ts';

export function nameCalls(task: Task) {
  return {
    link: (existing, added) => {
      const [path, newPath] = [pathname(existing, 'existingPath'), pathname(added, 'newPath')];
      return () => task.link(path, newPath);
    },
    symlink: (target, path, type) => {
      checkLinkType(type);
      const [content, name] = [pathname(target, 'target'), pathname(path)];
      return () => task.symlink(content, name);
    },
    unlink: (path) => {
      const name = pathname(path);
      return () => task.unlink(name);
    },
    rename: (from, to) => {
      const [path, newPath] = [pathname(from, 'oldPath'), pathname(to, 'newPath')];
      return () => task.rename(path, newPath);
    },
    mkdir: (path, options) => {
      const { mode, recursive } = directoryOptions(options);
      const name = pathname(path);
      return () => (recursive ? makePath(task, name, mode) : task.mkdir(name, mode));
    },
    mkdtemp: (prefix, options) => {
      const { encoding } = optionsOf(options, { encoding: 'utf8' });
      const start = pathname(prefix, 'prefix');
      return () => encodeName(makeTemporary(task, start), encoding);
    },
    readlink: (path, options) => {
      const { encoding } = optionsOf(options, { encoding: 'utf8' });
      const name = pathname(path);
      return () => encodeName(task.readlink(name), encoding);
    },
    /** The JavaScript form: resolves `..` by text and tells of the component that fails. */
    realpath: (path, options) => {
      const { encoding } = optionsOf(options, { encoding: 'utf8' });
      const name = pathname(path);
      return () => encodeName(walkRealPath(task, posix.resolve(cwdOf(task), name)), encoding);
    },
    realpathNative: (path, options) => {
      const { encoding } = optionsOf(options, { encoding: 'utf8' });
      const name = pathname(path);
      return () => encodeName(task.realpath(name), encoding);
    },
  } satisfies Record<string, Prepare>;
}

/** Windows has types of symlinks; Node checks the word everywhere. */
function checkLinkType(type: unknown): void {
  if (type === undefined || type === null || ['dir', 'file', 'junction'].includes(type as string)) return;
  const words = `Symlink type must be one of "dir", "file", or "junction". Received "${type}"`;
  throw withCode(new Error(words), 'ERR_FS_INVALID_SYMLINK_TYPE');
}

/** The working directory as a path, `/` where it has none any more. */
export function cwdOf(task: Task): string {
  try {
    return task.getcwd();
  } catch {
    return '/';
  }
}

function directoryOptions(options: unknown): { mode: number; recursive: boolean } {
  if (typeof options === 'number' || typeof options === 'string') return { mode: modeOf(options), recursive: false };
  const { mode, recursive } = (options ?? {}) as Options;
  if (recursive !== undefined) validateBoolean(recursive, 'options.recursive');
  return { mode: modeOf(mode, 0o777, 'options.mode'), recursive: recursive === true };
}

/**
 * Makes a directory and those above it that are missing.
 *
 * @returns the first one that was made, `undefined` where none was
 * @see MKDirpSync() of Node
 */
export function makePath(task: Task, path: string, mode: number): string | undefined {
  const missing = [path];
  let first: string | undefined;
  while (missing.length > 0) {
    const next = missing.pop()!;
    try {
      task.mkdir(next, mode);
      if (first === undefined || next.length < first.length) first = next;
    } catch (error) {
      if (isRefusal(error, 'EACCES', 'ENOSPC', 'ENOTDIR', 'EPERM')) throw renamed(error, 'mkdir', path);
      if (isRefusal(error, 'ENOENT')) {
        const above = parentOf(next);
        if (above === next) throw renamed(error, 'mkdir', path);
        missing.push(next, above);
      } else checkStandingDirectory(task, next, error, path, missing.length > 0);
    }
  }
  return first === undefined ? undefined : first.replace(/(?<=[^/])\/+$/, '');
}

/** The path without its last component: text before the last slash, as Node cuts it. */
function parentOf(path: string): string {
  const trimmed = path.replace(/(?<=[^/])\/+$/, '');
  const slash = trimmed.lastIndexOf('/');
  return slash === -1 ? trimmed : slash === 0 ? '/' : trimmed.slice(0, slash);
}

/** What stands in the way of a mkdir is no failure when it is a directory. */
function checkStandingDirectory(task: Task, at: string, error: unknown, path: string, below: boolean): void {
  let mode: number;
  try {
    mode = task.stat(at).mode;
  } catch (unseen) {
    throw renamed(unseen, 'mkdir', path);
  }
  if (isDirectory(mode)) return;
  throw refusal(below && isRefusal(error, 'EEXIST') ? 'ENOTDIR' : 'EEXIST', 'mkdir', path);
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** Makes a directory of a new name by the machine's own randomness. @see mkdtemp(3) */
function makeTemporary(task: Task, prefix: string): string {
  const random = new Uint8Array(6);
  for (let attempt = 0; attempt < 1000; attempt++) {
    task.getrandom(random);
    const path = prefix + Array.from(random, (byte) => LETTERS[byte % LETTERS.length]).join('');
    try {
      task.mkdir(path, 0o700);
      return path;
    } catch (error) {
      if (!isRefusal(error, 'EEXIST')) throw renamed(error, 'mkdtemp', `${prefix}XXXXXX`);
    }
  }
  throw refusal('EEXIST', 'mkdtemp', `${prefix}XXXXXX`);
}

/** An absolute path without symlinks; asks the kernel, and walks only to find out which component failed. */
function walkRealPath(task: Task, path: string): string {
  try {
    return task.realpath(path);
  } catch {
    let reached = '';
    for (const component of path.split('/').filter(Boolean)) {
      reached = `${reached}/${component}`;
      if (isSymlink(task.lstat(reached).mode)) task.stat(reached);
    }
    return task.realpath(path);
  }
}
