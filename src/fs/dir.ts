/** An open directory that is read entry by entry. @see lib/internal/fs/dir.js of Node */
import { posix } from '@jsonjoy.com/fs-node-builtins/lib/path.js';
import { withCode } from '@jsonjoy.com/fs-node-utils/lib/argErrors.js';
import { validateFunction } from '@jsonjoy.com/fs-node-utils/lib/validators.js';
import { O_DIRECTORY } from '../abi/flags.ts';
import { DT_DIR } from '../abi/mode.ts';
import type { Dirent as KernelDirent } from '../abi/stat.ts';
import type { Task } from '../kernel/task.ts';
import { type Dirent, direntOf } from './dirent.ts';
import { renamed } from './failure.ts';
import { encodeName, nameOfBytes } from './pathname.ts';
import { promised, settle, type Work } from './settle.ts';

interface DirOptions {
  readonly encoding?: string | undefined;
  /** How many entries one system call brings. */
  readonly bufferSize: number;
  readonly recursive: boolean;
}

/** A directory that is being read: its descriptor and the entries that have come. */
interface Level {
  readonly fd: number;
  readonly path: string;
  waiting: KernelDirent[];
}

const closedError = (): Error => withCode(new Error('Directory handle was closed'), 'ERR_DIR_CLOSED');
const busyError = (): Error =>
  withCode(
    new Error('Cannot do synchronous work on directory handle with concurrent asynchronous operations'),
    'ERR_DIR_CONCURRENT_OPERATION',
  );

type Callback<T> = (error: unknown, value?: T) => void;

/** `fs.Dir` */
export class Dir {
  readonly #task: Task;
  readonly #path: string | Buffer;
  readonly #options: DirOptions;
  readonly #levels: Level[];
  #closed = false;
  /** Asynchronous calls on their way. */
  #pending = 0;

  constructor(task: Task, fd: number, path: string | Buffer, options: DirOptions) {
    this.#task = task;
    this.#path = path;
    this.#options = options;
    this.#levels = [{ fd, path: typeof path === 'string' ? path : nameOfBytes(path), waiting: [] }];
  }

  get path(): string | Buffer {
    return this.#path;
  }

  readSync(): Dirent | null {
    this.#checkIdle();
    return this.#next();
  }

  read(callback?: Callback<Dirent | null>): Promise<Dirent | null> | undefined {
    if (callback !== undefined) validateFunction(callback, 'callback');
    if (this.#closed) throw closedError();
    return this.#soon(() => this.#next(), callback);
  }

  closeSync(): void {
    this.#checkIdle();
    this.#close();
  }

  close(callback?: Callback<void>): Promise<void> | undefined {
    if (callback !== undefined) validateFunction(callback, 'callback');
    return this.#soon(() => {
      if (this.#closed) throw closedError();
      this.#close();
    }, callback);
  }

  async *entries(): AsyncGenerator<Dirent, undefined> {
    try {
      for (let entry = await this.read(); entry; entry = await this.read()) yield entry;
    } finally {
      await this.close();
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<Dirent, undefined> {
    return this.entries();
  }

  [Symbol.dispose](): void {
    if (!this.#closed) this.closeSync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) await this.close();
  }

  #checkIdle(): void {
    if (this.#closed) throw closedError();
    if (this.#pending > 0) throw busyError();
  }

  #soon<T>(work: Work<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
    this.#pending++;
    const counted = (): T => {
      this.#pending--;
      return work();
    };
    if (callback === undefined) return promised(counted);
    settle(counted, (error, value) => (error ? callback(error) : callback(null, value)));
    return undefined;
  }

  #next(): Dirent | null {
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const entry = this.#entryOf(level);
      if (entry !== undefined) return this.#shown(level, entry);
      if (this.#levels.length === 1) return null;
      this.#task.close(level.fd);
      this.#levels.pop();
    }
    return null;
  }

  /** The next entry of a directory; there are none behind the end. */
  #entryOf(level: Level): KernelDirent | undefined {
    for (;;) {
      if (level.waiting.length === 0) {
        level.waiting = this.#task.getdents(level.fd, this.#options.bufferSize).reverse();
        if (level.waiting.length === 0) return undefined;
      }
      const entry = level.waiting.pop()!;
      if (entry.name !== '.' && entry.name !== '..') return entry;
    }
  }

  #shown(level: Level, entry: KernelDirent): Dirent {
    if (this.#options.recursive && entry.type === DT_DIR) {
      const path = posix.join(level.path, entry.name);
      this.#levels.push({ fd: this.#open(path), path, waiting: [] });
    }
    return direntOf(encodeName(entry.name, this.#options.encoding), entry.type, level.path);
  }

  #open(path: string): number {
    try {
      return this.#task.open(path, O_DIRECTORY);
    } catch (error) {
      throw renamed(error, 'opendir', path);
    }
  }

  #close(): void {
    this.#closed = true;
    for (const level of this.#levels) this.#task.close(level.fd);
  }
}
