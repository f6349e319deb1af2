/** readdir and opendir. */
import { Buffer } from '@jsonjoy.com/fs-node-builtins/lib/internal/buffer.js';
import { posix } from '@jsonjoy.com/fs-node-builtins/lib/path.js';
import { validateBoolean, validateUint32 } from '@jsonjoy.com/fs-node-utils/lib/validators.js';
import { O_DIRECTORY } from '../abi/flags.ts';
import { DT_DIR, isDirectory } from '../abi/mode.ts';
import type { Dirent as KernelDirent } from '../abi/stat.ts';
import type { Task } from '../kernel/task.ts';
import { Dir } from './dir.ts';
import { type Dirent, direntOf } from './dirent.ts';
import { isRefusal, renamed } from './failure.ts';
import { type Options, optionsOf } from './options.ts';
import { bytesOfName, encodeName, pathname, sortNames } from './pathname.ts';
import type { Prepare } from './settle.ts';

type Encoding = string | null | undefined;

export function directoryCalls(task: Task) {
  return {
    readdir: (path, options) => {
      const read = optionsOf(options);
      if (read['recursive'] !== undefined && read['recursive'] !== null) {
        validateBoolean(read['recursive'], 'options.recursive');
      }
      const name = pathname(path);
      return () => readDirectory(task, name, path, read);
    },
    opendir: (path, options) => {
      const { encoding, bufferSize, recursive } = optionsOf(options, { encoding: 'utf8' });
      if (bufferSize !== undefined) validateUint32(bufferSize, 'options.bufferSize', true);
      const name = pathname(path);
      return () => {
        const fd = openDirectory(task, name, 'opendir');
        return new Dir(task, fd, path instanceof Uint8Array ? Buffer.from(path) : name, {
          encoding,
          bufferSize: bufferSize ?? 32,
          recursive: recursive === true,
        });
      };
    },
  } satisfies Record<string, Prepare>;
}

/** A descriptor for listing. @throws ErrnoException of the call that the caller made */
export function openDirectory(task: Task, path: string, syscall: string): number {
  try {
    return task.open(path, O_DIRECTORY);
  } catch (error) {
    throw renamed(error, syscall, path);
  }
}

/** All entries but `.` and `..`, in the filesystem's order. */
export function listDirectory(task: Task, path: string): KernelDirent[] {
  const fd = openDirectory(task, path, 'scandir');
  try {
    const entries = task.getdents(fd);
    return entries.filter(({ name }) => name !== '.' && name !== '..');
  } finally {
    task.close(fd);
  }
}

/** The names in `path`, in the filesystem's order. */
export function namesIn(task: Task, path: string): string[] {
  const fd = openDirectory(task, path, 'scandir');
  try {
    const names: string[] = [];
    for (const { name } of task.getdents(fd)) if (name !== '.' && name !== '..') names.push(name);
    return names;
  } finally {
    task.close(fd);
  }
}

/** The names in `path`, ordered by their bytes. */
export const listNames = (task: Task, path: string): string[] => sortNames(namesIn(task, path));

function readDirectory(task: Task, path: string, given: unknown, options: Options): unknown[] {
  const encoding = options['encoding'] as Encoding;
  if (options['withFileTypes']) return readEntries(task, path, given, options, encoding);
  if (options['recursive']) return readNamesBelow(task, path, encoding);
  const names = listNames(task, path);
  return names.map((name) => encodeName(name, encoding));
}

/** Names of everything below, relative to `path`; follows symlinks to directories, as Node does. */
function readNamesBelow(task: Task, path: string, encoding: Encoding): (string | Buffer)[] {
  const found: string[] = [];
  const queue = [''];
  for (let at = 0; at < queue.length; at++) {
    const below = queue[at]!;
    const directory = below === '' ? path : posix.join(path, below);
    for (const name of listNames(task, directory)) {
      const relative = below === '' ? name : `${below}/${name}`;
      found.push(relative);
      if (leadsToDirectory(task, posix.join(path, relative))) queue.push(relative);
    }
  }
  return found.map((name) => encodeName(name, encoding));
}

/** A symlink that cannot be followed is just a name. */
function leadsToDirectory(task: Task, path: string): boolean {
  try {
    const stat = task.statIfPresent(path);
    return stat !== undefined && isDirectory(stat.mode);
  } catch (error) {
    if (isRefusal(error, 'ELOOP', 'EACCES', 'ENAMETOOLONG')) return false;
    throw error;
  }
}

function readEntries(task: Task, path: string, given: unknown, options: Options, encoding: Encoding): Dirent[] {
  const found: Dirent[] = [];
  const queue = [path];
  for (let at = 0; at < queue.length; at++) {
    const directory = queue[at]!;
    const shown = at > 0 || typeof given === 'string' ? directory : parentShown(directory, given);
    const entries = new Map(listDirectory(task, directory).map((entry) => [entry.name, entry.type]));
    for (const name of sortNames([...entries.keys()])) {
      const type = entries.get(name)!;
      found.push(direntOf(encodeName(name, encoding), type, shown));
      if (options['recursive'] && type === DT_DIR) queue.push(posix.join(directory, name));
    }
  }
  return found;
}

/** The parent is shown in the caller's own words: bytes stay bytes. */
const parentShown = (directory: string, given: unknown): string | Buffer =>
  given instanceof Uint8Array ? bytesOfName(directory) : directory;
