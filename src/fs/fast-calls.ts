/**
 * The synchronous calls that programs make most, without the closure that the other forms are made of. They read their
 * common arguments and go straight through the door; anything unusual takes the general way.
 */
import { Buffer } from '@jsonjoy.com/fs-node-builtins/lib/internal/buffer.js';
import { O_APPEND, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY } from '../abi/flags.ts';
import type { Task } from '../kernel/task.ts';
import { namesIn } from './directory-calls.ts';
import type { Methods } from './forms.ts';
import { fdOf, flagsOf, modeOf } from './options.ts';
import { pathname, sortedText } from './pathname.ts';
import { statsOf } from './stats.ts';

const WRITE = O_WRONLY | O_CREAT | O_TRUNC;
const APPEND = O_WRONLY | O_CREAT | O_APPEND;

/** @param general the same methods with every argument that Node knows */
export function fastMethods(task: Task, general: Methods): Methods {
  const { statSync, lstatSync, fstatSync, readFileSync, writeFileSync, appendFileSync } = general;
  const { readSync, writeSync, readdirSync, mkdirSync } = general;
  return {
    statSync: (path, options) =>
      options === undefined ? statsOf(task.stat(pathname(path))) : statSync!(path, options),
    lstatSync: (path, options) =>
      options === undefined ? statsOf(task.lstat(pathname(path))) : lstatSync!(path, options),
    fstatSync: (fd, options) => (options === undefined ? statsOf(task.fstat(fdOf(fd))) : fstatSync!(fd, options)),
    openSync: (path, flags, mode) =>
      task.open(pathname(path), flagsOf(flags), mode === undefined ? 0o666 : modeOf(mode)),
    closeSync: (fd) => task.close(fdOf(fd)),
    readFileSync: (path, options) => {
      const encoding = options === undefined ? '' : options;
      if (typeof path !== 'string' || !(encoding === '' || encoding === 'utf8' || encoding === 'utf-8')) {
        return readFileSync!(path, options);
      }
      const bytes = readRegular(task, pathname(path));
      if (bytes === undefined) return readFileSync!(path, options);
      return encoding === '' ? bytes : bytes.toString('utf8');
    },
    writeFileSync: (path, data, options) => {
      if (options !== undefined || typeof path !== 'string') writeFileSync!(path, data, options);
      else if (!writeWhole(task, path, data, WRITE)) writeFileSync!(path, data);
    },
    appendFileSync: (path, data, options) => {
      if (options !== undefined || typeof path !== 'string') appendFileSync!(path, data, options);
      else if (!writeWhole(task, path, data, APPEND)) appendFileSync!(path, data);
    },
    readSync: (...given) => {
      const [fd, into, offset, length, position] = given;
      const whole = given.length === 5 && offset === 0 && into instanceof Uint8Array && length === into.length;
      if (!whole || length === 0 || typeof fd !== 'number') return readSync!(...given);
      if (position === null) return task.read(fdOf(fd), into);
      return Number.isSafeInteger(position) && position >= 0
        ? task.pread(fdOf(fd), into, position)
        : readSync!(...given);
    },
    writeSync: (...given) => {
      const [fd, data] = given;
      if (given.length !== 2 || !(data instanceof Uint8Array) || typeof fd !== 'number') return writeSync!(...given);
      return task.write(fdOf(fd), data);
    },
    readdirSync: (path, options) =>
      options === undefined ? sortedText(namesIn(task, pathname(path))) : readdirSync!(path, options),
    mkdirSync: (path, options) =>
      options === undefined ? task.mkdir(pathname(path), 0o777) : mkdirSync!(path, options),
    unlinkSync: (path) => task.unlink(pathname(path)),
    rmdirSync: general['rmdirSync']!,
    renameSync: (from, to) => task.rename(pathname(from, 'oldPath'), pathname(to, 'newPath')),
  };
}

/** The bytes of a file whose size tells how many there are; `undefined` for any other. */
function readRegular(task: Task, path: string): Buffer | undefined {
  const fd = task.open(path, O_RDONLY);
  try {
    const { size } = task.fstat(fd);
    if (size === 0) return undefined;
    const bytes = Buffer.allocUnsafe(size);
    return task.read(fd, bytes) === size ? bytes : undefined;
  } finally {
    task.close(fd);
  }
}

/** Writes at one go; false where the data is of another kind. */
function writeWhole(task: Task, path: string, data: unknown, flags: number): boolean {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
  if (!(bytes instanceof Uint8Array)) return false;
  const fd = task.open(pathname(path), flags, 0o666);
  try {
    for (let at = 0; at < bytes.length; ) at += task.write(fd, at === 0 ? bytes : bytes.subarray(at));
  } finally {
    task.close(fd);
  }
  return true;
}
