/** Trees as JSON objects of paths and contents, the form that memfs gives and takes. */
import { posix } from '@jsonjoy.com/fs-node-builtins/lib/path.js';
import { O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY } from '../abi/flags.ts';
import { DT_DIR, DT_REG } from '../abi/mode.ts';
import type { Task } from '../kernel/task.ts';
import { listDirectory, listNames } from './directory-calls.ts';
import { cwdOf, makePath } from './name-calls.ts';
import { dataOf } from './options.ts';
import { removeCalls } from './remove-calls.ts';
import { pathname } from './pathname.ts';
import { readRest, writeAll } from './whole-file-calls.ts';

type Content = string | Uint8Array | null;
type Json = Record<string, Content>;

/** Everything below `paths` (the root unless given): text of files, `null` for an empty directory. */
export function toJSON(task: Task, paths?: unknown, json: Json = {}, relative = false, asBuffer = false): Json {
  const tops = paths === undefined ? ['/'] : (Array.isArray(paths) ? paths : [paths]).map((path) => pathname(path));
  for (const top of tops) {
    const start = posix.resolve(cwdOf(task), top);
    if (task.statIfPresent(start) !== undefined) gather(task, start, json, relative ? start : undefined, asBuffer);
  }
  return json;
}

function gather(task: Task, path: string, json: Json, from: string | undefined, asBuffer: boolean): void {
  const entries = new Map(listDirectory(task, path).map(({ name, type }) => [name, type]));
  const key = (at: string): string => (from === undefined ? at : posix.relative(from, at));
  if (entries.size === 0) json[key(path)] = null;
  for (const [name, type] of entries) {
    const below = posix.join(path, name);
    if (type === DT_DIR) gather(task, below, json, from, asBuffer);
    else if (type === DT_REG) json[key(below)] = content(task, below, asBuffer);
  }
}

function content(task: Task, path: string, asBuffer: boolean): Content {
  const fd = task.open(path, O_RDONLY);
  try {
    const bytes = readRest(task, fd)();
    return asBuffer ? bytes : bytes.toString('utf8');
  } finally {
    task.close(fd);
  }
}

/** Makes a file for each path, and a directory for each `null`; relative paths start at `cwd`. */
export function fromJSON(task: Task, json: Json, cwd = cwdOf(task)): void {
  for (const [name, data] of Object.entries(json)) {
    const path = posix.resolve(cwd, name);
    if (data === null) makePath(task, path, 0o777);
    else {
      makePath(task, posix.dirname(path), 0o777);
      const fd = task.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o666);
      writeAll(task, fd, dataOf(data, 'utf8'))();
      task.close(fd);
    }
  }
}

/** As `fromJSON`, from objects in objects. */
export function fromNestedJSON(task: Task, json: object, cwd = cwdOf(task)): void {
  for (const [name, value] of Object.entries(json)) {
    const path = posix.resolve(cwd, name);
    const isTree = typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
    if (!isTree) fromJSON(task, { [path]: value as Content });
    else {
      makePath(task, path, 0o777);
      fromNestedJSON(task, value, path);
    }
  }
}

/** Removes everything below the root that can be removed. */
export function reset(task: Task): void {
  const { rm } = removeCalls(task);
  for (const name of listNames(task, '/')) rm(`/${name}`, { recursive: true, force: true })();
}
