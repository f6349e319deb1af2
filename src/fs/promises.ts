/** `fs.promises`. */
import { Buffer } from '@jsonjoy.com/fs-node-builtins/lib/internal/buffer.js';
import type { Readable, Writable } from '@jsonjoy.com/fs-node-builtins/lib/stream.js';
import type { Task } from '../kernel/task.ts';
import { abortError } from './failure.ts';
import { FileHandle, type HandleParts } from './file-handle.ts';
import { type Calls, lchmodPromise, type Methods } from './forms.ts';
import { type Options, optionsOf } from './options.ts';
import { type Prepare, promised, promiseForm } from './settle.ts';

const plain = [
  ...['stat', 'lstat', 'statfs', 'access', 'chmod', 'chown', 'lchown', 'utimes', 'lutimes', 'link', 'symlink'],
  ...['unlink', 'rename', 'mkdir', 'mkdtemp', 'readlink', 'rm', 'rmdir', 'truncate', 'copyFile', 'readdir', 'opendir'],
] as const satisfies readonly (keyof Calls)[];

interface Streams {
  readonly ReadStream: new (path: unknown, options?: unknown) => Readable;
  readonly WriteStream: new (path: unknown, options?: unknown) => Writable;
}

export function promiseMethods(task: Task, calls: Calls, streams: Streams): Methods {
  const methods: Methods = {};
  for (const name of plain) methods[name] = promiseForm(calls[name]);
  const writeFile = (file: unknown, data: unknown, options?: unknown, flag = 'w'): Promise<void> =>
    writeWhole(calls, file, data, optionsOf(options), flag);
  const parts: HandleParts = { task, calls: calls as Record<string, Prepare>, ...streams, writeFile };
  return {
    ...methods,
    realpath: promiseForm(calls.realpathNative),
    lchmod: lchmodPromise,
    mkdtempDisposable: async (prefix: unknown, options?: unknown) => {
      const path = await promised(calls.mkdtemp(prefix, options));
      const remove = (): Promise<void> => promised(calls.rm(path, { recursive: true, force: true }));
      return { path, remove, [Symbol.asyncDispose]: remove };
    },
    open: async (path: unknown, flags?: unknown, mode?: unknown): Promise<FileHandle> =>
      new FileHandle(parts, await promised(calls.open(path, flags, mode))),
    readFile: async (file: unknown, options?: unknown): Promise<string | Buffer> => {
      const given = options as Options | null | undefined;
      if (file instanceof FileHandle) return file.readFile(options);
      return promised(calls.readFile(file, options), given?.['signal']);
    },
    writeFile: async (file: unknown, data: unknown, options?: unknown): Promise<void> =>
      file instanceof FileHandle ? file.writeFile(data, options) : writeFile(file, data, options),
    appendFile: async (file: unknown, data: unknown, options?: unknown): Promise<void> =>
      file instanceof FileHandle ? file.appendFile(data, options) : writeFile(file, data, options, 'a'),
  };
}

/** Writes data that may also come piece by piece. */
async function writeWhole(calls: Calls, file: unknown, data: unknown, given: Options, flag: string): Promise<void> {
  const options = { ...given, flag: given['flag'] || flag };
  const signal = given['signal'] as AbortSignal | undefined;
  if (!isPieces(data)) return promised(calls.writeFile(file, data, options), signal);
  const fd = typeof file === 'number' ? file : await promised(calls.open(file, options.flag, given['mode']));
  try {
    for await (const piece of data) {
      if (signal?.aborted) throw abortError(signal);
      await promised(
        calls.writeFile(fd, typeof piece === 'string' ? Buffer.from(piece, given['encoding']) : piece, undefined),
        signal,
      );
    }
  } finally {
    if (typeof file !== 'number') await promised(calls.close(fd));
  }
}

function isPieces(data: unknown): data is AsyncIterable<unknown> {
  if (typeof data !== 'object' || data === null || ArrayBuffer.isView(data)) return false;
  return Symbol.asyncIterator in data || Symbol.iterator in data;
}
