/**
 * What is put over memfs's own members, on the instance, with the reason for each. Whatever is not named here is
 * memfs's: the volume itself, `toJSON` and its kin, snapshots, `watchFile`, and the iterator of `promises.watch`.
 */
import type { Volume } from '@jsonjoy.com/fs-node';
import type { Task } from '../kernel/task.ts';
import { fastMethods } from './fast-calls.ts';
import { allCalls, type Calls, type Methods, plainMethods, unusualMethods } from './forms.ts';
import { promiseMethods } from './promises.ts';
import { makeReadStream, makeWriteStream, type StreamFs } from './stream.ts';
import { treeMethods } from './tree-calls.ts';
import { FSWatcher, statWatcherFor, watchMethod } from './watcher.ts';

export interface Override {
  /** Why memfs's own would not do. */
  readonly reason: string;
  /** Members of the volume and of `fs`. */
  readonly members?: Methods;
  /** Members of `fs.promises`. */
  readonly promises?: Methods;
}

const pick = (from: Methods, names: readonly string[]): Methods =>
  Object.fromEntries(
    names.flatMap((name) => [name, `${name}Sync`].flatMap((at) => (from[at] ? [[at, from[at]]] : []))),
  );

const attributes = ['stat', 'lstat', 'fstat', 'statfs'];
const names = ['link', 'symlink', 'unlink', 'rename', 'mkdir', 'readlink', 'realpath', 'access', 'exists'];
const owners = ['chmod', 'fchmod', 'chown', 'lchown', 'fchown', 'utimes', 'lutimes', 'futimes'];
const data = ['open', 'close', 'read', 'write', 'readv', 'writev', 'fsync', 'fdatasync', 'ftruncate'];
const wholes = ['readFile', 'writeFile', 'appendFile', 'truncate', 'copyFile', 'openAsBlob'];

/** Every override, later ones over earlier ones. */
export function overridesFor(task: Task, volume: Volume): readonly Override[] {
  const calls: Calls = allCalls(task);
  const general = { ...plainMethods(calls), ...unusualMethods(task, calls) };
  const tree = treeMethods(task, calls, volume);
  const streams = {
    ReadStream: makeReadStream(general as unknown as StreamFs),
    WriteStream: makeWriteStream(general as unknown as StreamFs),
  };
  return [
    {
      reason: 'memfs makes up dev, blocks and blksize, derives nanoseconds from milliseconds, and invents statfs',
      members: pick(general, attributes),
    },
    {
      reason:
        'memfs loses bytes of names that are no UTF-8, takes back a different error, syscall or path, checks other ' +
        'arguments than Node, and answers no WouldBlock',
      members: pick(general, [...names, ...owners, ...data, ...wholes]),
    },
    {
      reason:
        'memfs sorts and builds an entry for each name, asks the host for its working directory, and lists `/` badly',
      members: pick(general, ['readdir', 'opendir']),
    },
    { reason: 'memfs draws on Math.random', members: pick(general, ['mkdtemp', 'mkdtempDisposable']) },
    { reason: 'memfs has no maxRetries, retryDelay and ERR_FS_EISDIR', members: pick(general, ['rm', 'rmdir']) },
    {
      reason:
        'memfs resolves relative paths by the working directory of the host; its cp moves all bytes through memory',
      members: tree.methods,
      promises: tree.promises,
    },
    {
      reason: 'memfs streams know no signal, no ready event and no flush, and cannot be called as functions',
      members: {
        ...(streams as unknown as Methods),
        FileReadStream: streams.ReadStream as never,
        FileWriteStream: streams.WriteStream as never,
        createReadStream: (path, options) => new streams.ReadStream(path, options),
        createWriteStream: (path, options) => new streams.WriteStream(path, options),
      },
    },
    {
      reason: "memfs hears only of changes that it made itself; the machine's inotify hears of every task",
      members: {
        watch: watchMethod(task),
        FSWatcher: FSWatcher as never,
        StatWatcher: statWatcherFor(volume) as never,
      },
    },
    {
      reason: 'memfs lacks FileHandle#readLines, and its promises go through the callback forms',
      promises: promiseMethods(task, calls, streams),
    },
    { reason: 'speed: no closure for the calls that are made most', members: fastMethods(task, general) },
    {
      reason: 'Node on Linux has the name lchmod without a function',
      members: { lchmod: undefined, lchmodSync: undefined } as never,
    },
  ];
}
