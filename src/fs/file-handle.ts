/** `FileHandle`: what `fs.promises.open` answers. @see lib/internal/fs/promises.js of Node */
import type { Buffer } from '@jsonjoy.com/fs-node-builtins/lib/internal/buffer.js';
import { EventEmitter } from '@jsonjoy.com/fs-node-builtins/lib/events.js';
import type { Readable, Writable } from '@jsonjoy.com/fs-node-builtins/lib/stream.js';
import { getHandleReadArgs, getHandleWriteArgs } from '@jsonjoy.com/fs-node/lib/readWriteArgs.js';
import type { Task } from '../kernel/task.ts';
import { bytesOf, readBytes, writeBytes } from './descriptor-calls.ts';
import { closedError } from './failure.ts';
import { Lines } from './lines.ts';
import { optionsOf } from './options.ts';
import { type Prepare, promised } from './settle.ts';

/** What a handle is given by its file system. */
export interface HandleParts {
  readonly task: Task;
  readonly calls: Readonly<Record<string, Prepare>>;
  readonly ReadStream: new (path: unknown, options?: unknown) => Readable;
  readonly WriteStream: new (path: unknown, options?: unknown) => Writable;
  writeFile(file: unknown, data: unknown, options?: unknown): Promise<void>;
}

/** How much a web stream reads at a time. */
const CHUNK = 16384;

export class FileHandle extends EventEmitter {
  readonly #parts: HandleParts;
  #fd: number;
  #users = 1;
  #closing: Promise<void> | undefined;
  /** Called with the descriptor once the last user has left. */
  #free: ((fd: number) => void) | undefined;
  #streamed = false;

  constructor(parts: HandleParts, fd: number) {
    super();
    this.#parts = parts;
    this.#fd = fd;
  }

  /** The descriptor, −1 behind `close`. */
  get fd(): number {
    return this.#fd;
  }

  getAsyncId(): number {
    return this.#fd;
  }

  appendFile(data: unknown, options?: unknown): Promise<void> {
    return this.writeFile(data, options);
  }

  chmod(mode: unknown): Promise<void> {
    return this.#do('fchmod', 'fchmod', mode);
  }

  chown(uid: unknown, gid: unknown): Promise<void> {
    return this.#do('fchown', 'fchown', uid, gid);
  }

  datasync(): Promise<void> {
    return this.#do('fdatasync', 'fdatasync');
  }

  sync(): Promise<void> {
    return this.#do('fsync', 'fsync');
  }

  stat(options?: unknown): Promise<unknown> {
    return this.#do('fstat', 'fstat', options);
  }

  truncate(size?: unknown): Promise<void> {
    return this.#do('ftruncate', 'ftruncate', size);
  }

  utimes(atime: unknown, mtime: unknown): Promise<void> {
    return this.#do('futimes', 'futimes', atime, mtime);
  }

  readFile(options?: unknown): Promise<string | Buffer> {
    return this.#do('readFile', 'readFile', options);
  }

  async writeFile(data: unknown, options?: unknown): Promise<void> {
    this.#checkOpen('writeFile');
    await this.#using(() => this.#parts.writeFile(this.#fd, data, options));
  }

  async read(into?: unknown, offset?: unknown, length?: unknown, position?: unknown): Promise<unknown> {
    this.#checkOpen('read');
    const args = getHandleReadArgs(into as never, offset as never, length as never, position as never);
    const bytes = bytesOf(args.buffer, args.offset, args.length);
    const work = () => (args.length === 0 ? 0 : readBytes(this.#parts.task, this.#fd, bytes, args.position));
    return { bytesRead: await this.#using(() => promised(work)), buffer: args.buffer };
  }

  async write(data: unknown, offset?: unknown, length?: unknown, position?: unknown): Promise<unknown> {
    this.#checkOpen('write');
    const args = getHandleWriteArgs(data as never, offset as never, length as never, position as never);
    if (args === null) return { bytesWritten: 0, buffer: data };
    const bytes = bytesOf(args.buffer, args.offset, args.length);
    const work = () => writeBytes(this.#parts.task, this.#fd, bytes, args.position);
    return { bytesWritten: await this.#using(() => promised(work)), buffer: data };
  }

  async readv(buffers: unknown, position?: unknown): Promise<unknown> {
    return { bytesRead: await this.#do('readv', 'readv', buffers, position), buffers };
  }

  async writev(buffers: unknown, position?: unknown): Promise<unknown> {
    return { bytesWritten: await this.#do('writev', 'writev', buffers, position), buffers };
  }

  createReadStream(options?: unknown): Readable {
    return new this.#parts.ReadStream(undefined, { ...optionsOf(options), fd: this });
  }

  createWriteStream(options?: unknown): Writable {
    return new this.#parts.WriteStream(undefined, { ...optionsOf(options), fd: this });
  }

  /** The file line by line; ends of line are `\n`, `\r\n` and `\r`. */
  readLines(options?: unknown): Lines {
    return new Lines(this.createReadStream(options));
  }

  readableWebStream(options: { autoClose?: boolean } = {}): ReadableStream<Uint8Array> {
    if (this.#fd === -1) throw invalidState('The FileHandle is closed');
    if (this.#closing !== undefined) throw invalidState('The FileHandle is closing');
    if (this.#streamed) throw invalidState('The FileHandle is locked');
    this.#streamed = true;
    this.#users++;
    const leave = async (): Promise<void> => {
      this.#leave();
      if (options.autoClose) await this.close();
    };
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const chunk = new Uint8Array(CHUNK);
        const done = await promised(() => this.#parts.task.read(this.#fd, chunk));
        if (done > 0) controller.enqueue(chunk.subarray(0, done));
        else {
          controller.close();
          await leave();
        }
      },
      cancel: leave,
    });
  }

  /** Closes once nobody uses the handle any more. */
  async close(): Promise<void> {
    if (this.#fd === -1) return;
    if (this.#closing === undefined) {
      const free = new Promise<number>((resolve) => {
        this.#free = resolve;
      });
      this.#closing = free.then((fd) => promised(() => this.#parts.task.close(fd)));
      this.#leave();
      this.emit('close');
    }
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #checkOpen(syscall: string): void {
    if (this.#fd === -1) throw closedError(syscall);
  }

  #leave(): void {
    this.#users--;
    if (this.#users > 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    this.#free?.(fd);
  }

  async #using<T>(act: () => Promise<T>): Promise<T> {
    this.#users++;
    try {
      return await act();
    } finally {
      this.#leave();
    }
  }

  async #do(call: string, syscall: string, ...given: unknown[]): Promise<any> {
    this.#checkOpen(syscall);
    const signal = (given[0] as { signal?: AbortSignal } | null | undefined)?.signal;
    return this.#using(() => promised(this.#parts.calls[call]!(this.#fd, ...given), signal));
  }
}

const invalidState = (message: string): Error =>
  Object.assign(new Error(`Invalid state: ${message}`), { code: 'ERR_INVALID_STATE' });
