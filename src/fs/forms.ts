/** Every call in its three forms: synchronous, with a callback, as a promise. */
import { Buffer } from '@jsonjoy.com/fs-node-builtins/lib/internal/buffer.js';
import { withCode } from '@jsonjoy.com/fs-node-utils/lib/argErrors.js';
import { validateFunction } from '@jsonjoy.com/fs-node-utils/lib/validators.js';
import type { Task } from '../kernel/task.ts';
import { attributeCalls, statCalls } from './attribute-calls.ts';
import { descriptorCalls } from './descriptor-calls.ts';
import { directoryCalls } from './directory-calls.ts';
import { renamed } from './failure.ts';
import { nameCalls } from './name-calls.ts';
import { pathname } from './pathname.ts';
import { removeCalls } from './remove-calls.ts';
import { callbackForm, type Prepare, promised, settle, syncForm } from './settle.ts';
import { wholeFileCalls } from './whole-file-calls.ts';

export type Method = (...given: any[]) => any;
export type Methods = Record<string, Method>;

export function allCalls(task: Task) {
  return {
    ...statCalls(task),
    ...attributeCalls(task),
    ...nameCalls(task),
    ...removeCalls(task),
    ...descriptorCalls(task),
    ...wholeFileCalls(task),
    ...directoryCalls(task),
  };
}

export type Calls = ReturnType<typeof allCalls>;

/** How many arguments come before the callback; −1 where it may take the place of any of them. */
const arities: Readonly<Record<string, number>> = {
  stat: 2,
  lstat: 2,
  fstat: 2,
  statfs: 2,
  access: 2,
  chmod: 2,
  fchmod: 2,
  chown: 3,
  lchown: 3,
  fchown: 3,
  utimes: 3,
  lutimes: 3,
  futimes: 3,
  link: 2,
  symlink: 3,
  unlink: 1,
  rename: 2,
  mkdir: 2,
  mkdtemp: 2,
  readlink: 2,
  rm: 2,
  rmdir: 2,
  open: 3,
  close: 1,
  fsync: 1,
  fdatasync: 1,
  ftruncate: 2,
  readFile: -1,
  writeFile: -1,
  appendFile: -1,
  truncate: 2,
  copyFile: 3,
  readdir: 2,
  opendir: 2,
};

/** The calls that Node offers in all plain forms, under Node's names. */
export function plainMethods(calls: Calls): Methods {
  const methods: Methods = {};
  for (const [name, arity] of Object.entries(arities)) {
    const prepare = (calls as Record<string, Prepare>)[name]!;
    methods[`${name}Sync`] = named(`${name}Sync`, syncForm(prepare));
    methods[name] = named(name, callbackForm(prepare, arity));
  }
  return methods;
}

function named<T extends Method>(name: string, method: T): T {
  return Object.defineProperty(method, 'name', { value: name });
}

/** The symbol under which `util.promisify` finds a form of one's own. */
const PROMISIFY = Symbol.for('nodejs.util.promisify.custom');

/** Calls whose forms have shapes of their own. */
export function unusualMethods(task: Task, calls: Calls): Methods {
  const realpath = Object.assign(callbackForm(calls.realpath, 2), { native: callbackForm(calls.realpathNative, 2) });
  const realpathSync = Object.assign(syncForm(calls.realpath), { native: syncForm(calls.realpathNative) });
  return {
    realpath: named('realpath', realpath as Method),
    realpathSync: named('realpathSync', realpathSync as Method),
    read: transfer(calls.read, 'read', 'bytesRead', readArguments),
    write: transfer(calls.write, 'write', 'bytesWritten', writeArguments),
    readv: transfer(calls.readv, 'readv', 'bytesRead', (given) => [given, given[1]]),
    writev: transfer(calls.writev, 'writev', 'bytesWritten', (given) => [given, given[1]]),
    readSync: syncForm(calls.read),
    writeSync: syncForm(calls.write),
    readvSync: syncForm(calls.readv),
    writevSync: syncForm(calls.writev),
    existsSync: (path: unknown): boolean => exists(task, path),
    exists: existsForm(task),
    opendirSync: (path: unknown, options?: unknown) => {
      try {
        return calls.opendir(path, options)();
      } catch (error) {
        throw renamed(error, 'opendir');
      }
    },
    mkdtempDisposableSync: (prefix: unknown, options?: unknown) => {
      const path = calls.mkdtemp(prefix, options)();
      const remove = calls.rm(path, { recursive: true, force: true });
      return { path, remove, [Symbol.dispose]: remove };
    },
    openAsBlob: (path: unknown, options?: unknown) => promised(calls.openAsBlob(path, options)),
  };
}

function exists(task: Task, path: unknown): boolean {
  try {
    return task.statIfPresent(pathname(path)) !== undefined;
  } catch {
    return false;
  }
}

function existsForm(task: Task): Method {
  const form = (path: unknown, callback: unknown): void => {
    validateFunction(callback, 'cb');
    settle(
      () => exists(task, path),
      (_error, found) => (callback as Method)(found),
    );
  };
  return Object.defineProperty(form, PROMISIFY, { value: (path: unknown) => promised(() => exists(task, path)) });
}

/** A callback form that tells the buffer beside the count; promisified, it answers both by name. */
function transfer(
  prepare: Prepare,
  name: string,
  count: string,
  read: (given: readonly any[]) => [readonly any[], unknown],
): Method {
  const form = (...given: any[]): void => {
    const at = given.findIndex((argument) => typeof argument === 'function');
    if (at === -1) validateFunction(given.at(-1), 'cb');
    const [args, buffer] = read(given.slice(0, at));
    settle(prepare(...args), (error, done) => given[at](error, error ? 0 : done, buffer));
  };
  const promise = async (...given: any[]): Promise<object> => {
    const [args, buffer] = read(given);
    return { [count]: await promised(prepare(...args)), buffer };
  };
  return named(name, Object.defineProperty(form, PROMISIFY, { value: promise }));
}

/** `read` may leave out the buffer, and may take it among its options. */
function readArguments(given: readonly any[]): [readonly any[], unknown] {
  const [fd, second, ...rest] = given;
  if (ArrayBuffer.isView(second)) return [given, second];
  const options = second ?? {};
  const buffer = options.buffer ?? Buffer.alloc(16384);
  return [[fd, buffer, rest.length > 0 ? rest : options].flat(), buffer];
}

/** A string may be followed by a position and an encoding. */
function writeArguments(given: readonly any[]): [readonly any[], unknown] {
  return [given, given[1]];
}

/** Node on Linux has the name and no system call for it. */
export const lchmodPromise = async (): Promise<never> => {
  throw withCode(new Error('The lchmod() method is not implemented'), 'ERR_METHOD_NOT_IMPLEMENTED');
};
