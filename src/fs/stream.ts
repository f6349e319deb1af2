/**
 * `fs.ReadStream` and `fs.WriteStream`. They are functions and no classes, because libraries that patch `fs` call them
 * on objects of their own. @see lib/internal/fs/streams.js of Node
 */
import { Buffer } from '@jsonjoy.com/fs-node-builtins/lib/internal/buffer.js';
import { Readable, Writable } from '@jsonjoy.com/fs-node-builtins/lib/stream.js';
import { invalidArgType, outOfRange } from '@jsonjoy.com/fs-node-utils/lib/argErrors.js';
import { fdOf, type Options, optionsOf } from './options.ts';
import { pathname } from './pathname.ts';

type Done = (error?: unknown, ...answer: any[]) => void;

/** What a stream needs of its file system: the callback forms. */
export interface StreamFs {
  open(path: any, flags: any, mode: any, done: Done): void;
  close(fd: number, done: Done): void;
  read(fd: number, into: Uint8Array, offset: number, length: number, position: any, done: Done): void;
  write(fd: number, bytes: Uint8Array, offset: number, length: number, position: any, done: Done): void;
  writev(fd: number, bytes: readonly Uint8Array[], position: any, done: Done): void;
  fsync(fd: number, done: Done): void;
}

/** A `FileHandle`, as far as a stream uses one. */
interface Handle {
  readonly fd: number;
  close(): Promise<void>;
  on(event: 'close', listener: () => void): unknown;
}

/** `this` of both streams. */
type FileStream = any;

const isHandle = (value: unknown): value is Handle =>
  typeof value === 'object' && value !== null && typeof (value as Handle).fd === 'number';

function checkPosition(value: unknown, name: string): void {
  if (typeof value !== 'number') throw invalidArgType(name, 'of type number', value);
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
  if (value < 0) throw outOfRange(name, '>= 0 && <= 9007199254740991', value);
}

/** Takes over what both directions share: where the bytes are and who closes. */
function prepare(stream: FileStream, fs: StreamFs, path: unknown, options: Options, flags: string): void {
  const hidden = (name: string, value: unknown): void => {
    Object.defineProperty(stream, name, { value, writable: true, configurable: true });
  };
  hidden('_fs', options['fs'] ?? fs);
  hidden('_handle', undefined);
  if (options['fd'] === undefined || options['fd'] === null) {
    stream['fd'] = null;
    stream['path'] = path instanceof Uint8Array ? path : pathname(path);
    stream['flags'] = options['flags'] ?? flags;
    stream['mode'] = options['mode'] ?? 0o666;
    return;
  }
  if (!isHandle(options['fd'])) {
    stream['fd'] = fdOf(options['fd']);
    return;
  }
  const handle = options['fd'];
  stream['_handle'] = handle;
  stream['fd'] = handle.fd;
  handle.on('close', () => stream.destroy());
}

/** Opens unless a descriptor was given. */
function construct(this: any, done: Done): void {
  if (typeof this['fd'] === 'number') {
    done();
    return;
  }
  this['_fs'].open(this['path'], this['flags'], this['mode'], (error: unknown, fd: number) => {
    if (error) {
      done(error);
      return;
    }
    this['fd'] = fd;
    done();
    this.emit('open', fd);
    this.emit('ready');
  });
}

/** Closes what is open; a handle closes itself. */
function closeStream(stream: FileStream, error: unknown, done: Done): void {
  const fd = stream['fd'];
  if (fd === null) {
    done(error);
    return;
  }
  const closed: Done = (failure) => done(error ?? failure);
  const close = (): void => {
    if (stream['_handle'] === undefined) stream['_fs'].close(fd, closed);
    else stream['_handle'].close().then(() => done(error), closed);
  };
  stream['fd'] = null;
  if (stream['flush']) stream['_fs'].fsync(fd, (failure: unknown) => (failure ? closed(failure) : close()));
  else close();
}

/** Members that both streams have. */
function define(made: object, base: object, state: '_readableState' | '_writableState', members: object): void {
  const prototype = (made as { prototype: object }).prototype;
  Object.setPrototypeOf(prototype, (base as { prototype: object }).prototype);
  Object.setPrototypeOf(made, base);
  Object.defineProperties(prototype, {
    autoClose: {
      configurable: true,
      get(this: any): boolean {
        return this[state].autoDestroy;
      },
      set(this: any, value: boolean) {
        this[state].autoDestroy = value;
      },
    },
    pending: {
      configurable: true,
      get(this: any): boolean {
        return this.fd === null;
      },
    },
  });
  for (const [name, value] of Object.entries({ _construct: construct, ...members })) {
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}

/** Reads the options and validates the range. */
function readRange(stream: FileStream, { start, end }: Options): void {
  stream['start'] = start;
  stream['end'] = end ?? Infinity;
  stream['pos'] = undefined;
  stream['bytesRead'] = 0;
  if (start !== undefined) {
    checkPosition(start, 'start');
    stream['pos'] = start;
  }
  if (stream['end'] === Infinity) return;
  checkPosition(end, 'end');
  if (start !== undefined && start > end) throw outOfRange('start', `<= "end" (here: ${end})`, start);
}

export function makeReadStream(fs: StreamFs): new (path: unknown, options?: unknown) => Readable {
  function ReadStream(this: any, path: unknown, given?: unknown): unknown {
    if (!(this instanceof ReadStream)) return new (ReadStream as any)(path, given);
    const stream = this as FileStream;
    const options: Record<string, any> = { highWaterMark: 65536, ...optionsOf(given) };
    prepare(stream, fs, path, options, 'r');
    options['autoDestroy'] = options['autoClose'] ?? true;
    readRange(stream, options);
    Reflect.apply(Readable, stream, [options]);
    if (options['encoding']) stream.setEncoding(options['encoding']);
    return undefined;
  }
  define(ReadStream, Readable, '_readableState', readMembers);
  return ReadStream as never;
}

const readMembers = {
  _read(this: any, size: number): void {
    const left = this['end'] - (this['pos'] ?? this['bytesRead']) + 1;
    const length = Math.min(left, size);
    if (length <= 0) {
      this.push(null);
      return;
    }
    const into = Buffer.allocUnsafeSlow(length);
    this['_fs'].read(this['fd'], into, 0, length, this['pos'] ?? null, (error: Error | null, done: number) => {
      if (error) {
        this.destroy(error);
        return;
      }
      if (done === 0) {
        this.push(null);
        return;
      }
      if (this['pos'] !== undefined) this['pos'] += done;
      this['bytesRead'] += done;
      this.push(done === length ? into : Buffer.from(into.subarray(0, done)));
    });
  },
  _destroy(this: any, error: unknown, done: Done): void {
    closeStream(this, error, done);
  },
  close(this: any, done?: Done): void {
    if (done) whenClosed(this, done);
    this.destroy();
  },
};

export function makeWriteStream(fs: StreamFs): new (path: unknown, options?: unknown) => Writable {
  function WriteStream(this: any, path: unknown, given?: unknown): unknown {
    if (!(this instanceof WriteStream)) return new (WriteStream as any)(path, given);
    const stream = this as FileStream;
    const options: Record<string, any> = { ...optionsOf(given), decodeStrings: true };
    prepare(stream, fs, path, options, 'w');
    options['autoDestroy'] = options['autoClose'] ?? true;
    stream['start'] = options['start'];
    stream['pos'] = undefined;
    stream['bytesWritten'] = 0;
    if (options['flush']) Object.defineProperty(stream, 'flush', { value: true });
    if (stream['start'] !== undefined) {
      checkPosition(stream['start'], 'start');
      stream['pos'] = stream['start'];
    }
    Reflect.apply(Writable, stream, [options]);
    if (options['encoding']) stream.setDefaultEncoding(options['encoding']);
    return undefined;
  }
  define(WriteStream, Writable, '_writableState', writeMembers);
  Object.defineProperty(WriteStream.prototype, 'destroySoon', { value: Writable.prototype.end, writable: true });
  return WriteStream as never;
}

/** Writes until all is written: the file system may take a part. */
function writeOut(stream: FileStream, bytes: Uint8Array, from: number, done: Done): void {
  stream['_fs'].write(
    stream['fd'],
    bytes,
    from,
    bytes.length - from,
    stream['pos'] ?? null,
    (error: unknown, count: number) => {
      if (error) {
        done(error);
        return;
      }
      stream['bytesWritten'] += count;
      if (stream['pos'] !== undefined) stream['pos'] += count;
      if (from + count < bytes.length && !stream.destroyed) writeOut(stream, bytes, from + count, done);
      else done();
    },
  );
}

const writeMembers = {
  _write(this: any, data: Uint8Array, _encoding: string, done: Done): void {
    writeOut(this, data, 0, done);
  },
  _writev(this: any, data: readonly { chunk: Uint8Array }[], done: Done): void {
    writeOut(this, Buffer.concat(data.map(({ chunk }) => chunk)), 0, done);
  },
  _destroy(this: any, error: unknown, done: Done): void {
    closeStream(this, error, done);
  },
  close(this: any, done?: Done): void {
    if (done) whenClosed(this, done);
    if (!this['autoClose']) this.on('finish', this.destroy);
    this.end();
  },
};

function whenClosed(stream: FileStream, done: Done): void {
  if (stream.closed) queueMicrotask(() => done());
  else stream.once('close', () => done(stream.errored ?? undefined));
}
