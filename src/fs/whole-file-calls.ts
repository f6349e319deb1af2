/** readFile, writeFile, appendFile, truncate, copyFile and openAsBlob: calls that open, work and close. */
import { Buffer } from '@jsonjoy.com/fs-node-builtins/lib/internal/buffer.js';
import { withNativeCode } from '@jsonjoy.com/fs-node-utils/lib/argErrors.js';
import { validateBoolean } from '@jsonjoy.com/fs-node-utils/lib/validators.js';
import { FICLONE, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY } from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import type { Task } from '../kernel/task.ts';
import { WouldBlock } from '../kernel/would-block.ts';
import { renamed, refusal } from './failure.ts';
import { dataOf, fdOf, flagsOf, modeOf, type Options, optionsOf, smallModeOf } from './options.ts';
import { pathname } from './pathname.ts';
import type { Prepare, Work } from './settle.ts';
import { waitingOpen } from './waiting-open.ts';

const COPYFILE_EXCL = 1;
const COPYFILE_FICLONE = 2;
const COPYFILE_FICLONE_FORCE = 4;
/** How much is read at a time where the size says nothing. */
const CHUNK = 65536;

/** Reads what is left of `fd`; keeps what it has where it would block. */
export function readRest(task: Task, fd: number): Work<Buffer> {
  const parts: Uint8Array[] = [];
  let expected: number | undefined;
  return () => {
    expected ??= task.fstat(fd).size;
    for (;;) {
      const part = Buffer.allocUnsafe(parts.length === 0 && expected > 0 ? expected : CHUNK);
      const done = task.read(fd, part);
      if (done > 0) parts.push(done === part.length ? part : part.subarray(0, done));
      if (done === 0 || (parts.length === 1 && done === expected)) break;
    }
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  };
}

/** Writes all of `bytes` to `fd`; goes on where it stopped. */
export function writeAll(task: Task, fd: number, bytes: Uint8Array): Work<void> {
  let at = 0;
  return () => {
    while (at < bytes.length) at += task.write(fd, at === 0 ? bytes : bytes.subarray(at));
  };
}

/** Opens once, does the work of the descriptor, and closes unless the work is to go on later. */
function opened<T>(task: Task, open: Work<number>, work: (fd: number) => Work<T>): Work<T> {
  let fd: number | undefined;
  let act: Work<T> | undefined;
  const whole = (): T => {
    fd ??= open();
    let answer: T;
    try {
      act ??= work(fd);
      answer = act();
    } catch (error) {
      if (!(error instanceof WouldBlock)) task.close(fd);
      throw error;
    }
    task.close(fd);
    return answer;
  };
  const abandon = (): void => {
    open.abandon?.();
    if (fd !== undefined) task.close(fd);
  };
  return Object.assign(whole, { abandon });
}

/** The work on a file that is named by a path or by a descriptor of the caller's. */
function onFile<T>(task: Task, file: unknown, flags: number, mode: number, work: (fd: number) => Work<T>): Work<T> {
  if (typeof file === 'number') return work(fdOf(file));
  const name = pathname(file);
  return opened(task, waitingOpen(task, name, flags, mode), work);
}

const inEncoding = (bytes: Buffer, encoding: string | null | undefined): Buffer | string =>
  encoding && encoding !== 'buffer' ? bytes.toString(encoding as BufferEncoding) : bytes;

export function wholeFileCalls(task: Task) {
  const writing = (file: unknown, data: unknown, options: Options, word: string): Work<void> => {
    const flush = options['flush'] ?? false;
    validateBoolean(flush, 'options.flush');
    const bytes = dataOf(data, options['encoding']);
    return onFile(task, file, flagsOf(options['flag'] || word), modeOf(options['mode'], 0o666), (fd) => {
      const write = writeAll(task, fd, bytes);
      if (!flush) return write;
      return () => {
        write();
        task.fsync(fd);
      };
    });
  };

  return {
    readFile: (file, options) => {
      const { encoding, flag } = optionsOf(options);
      const read = onFile(task, file, flagsOf(flag), 0o666, (fd) => readRest(task, fd));
      return Object.assign(() => inEncoding(read(), encoding), { abandon: () => read.abandon?.() });
    },
    writeFile: (file, data, options) => writing(file, data, optionsOf(options), 'w'),
    appendFile: (file, data, options) => writing(file, data, optionsOf(options), 'a'),
    truncate: (path, size) => {
      const length = Math.max(0, size ?? 0);
      return onFile(task, path, O_RDWR, 0o666, (fd) => () => task.ftruncate(fd, length));
    },
    copyFile: (from, to, mode) => {
      const [path, dest] = [pathname(from, 'src'), pathname(to, 'dest')];
      const flags = smallModeOf(mode);
      return () => {
        try {
          copy(task, path, dest, flags);
        } catch (error) {
          throw renamed(error, 'copyfile', path, dest);
        }
      };
    },
    openAsBlob: (path, options) => {
      const name = pathname(path);
      const read = opened(
        task,
        () => openForBlob(task, name),
        (fd) => readRest(task, fd),
      );
      return () => new Blob([read()] as ConstructorParameters<typeof Blob>[0], { type: options?.type ?? '' });
    },
  } satisfies Record<string, Prepare>;
}

function openForBlob(task: Task, path: string): number {
  try {
    return task.open(path, O_RDONLY);
  } catch (error) {
    if (error instanceof WouldBlock) throw error;
    throw withNativeCode(new TypeError('Unable to open file as blob'), 'ERR_INVALID_ARG_VALUE');
  }
}

/** @see uv__fs_copyfile() */
function copy(task: Task, path: string, dest: string, flags: number): void {
  const source = task.open(path, O_RDONLY);
  let target: number | undefined;
  try {
    const { mode, dev, ino } = task.fstat(source);
    const exclusive = (flags & COPYFILE_EXCL) !== 0;
    target = task.open(dest, O_WRONLY | O_CREAT | (exclusive ? O_EXCL : 0), mode & 0o7777);
    const there = task.fstat(target);
    if (there.dev === dev && there.ino === ino) return;
    if (!exclusive) task.ftruncate(target, 0);
    task.fchmod(target, mode & 0o7777);
    if (isDirectory(mode)) throw refusal('EISDIR', 'copyfile');
    if (!cloned(task, source, target, flags)) copyData(task, source, target);
  } catch (error) {
    if (target !== undefined) task.unlink(dest);
    throw error;
  } finally {
    task.close(source);
    if (target !== undefined) task.close(target);
  }
}

/** Shares the data where the filesystem can and the caller wishes it. */
function cloned(task: Task, source: number, target: number, flags: number): boolean {
  if ((flags & (COPYFILE_FICLONE | COPYFILE_FICLONE_FORCE)) === 0) return false;
  try {
    task.ioctl(target, FICLONE, source);
    return true;
  } catch (error) {
    if ((flags & COPYFILE_FICLONE_FORCE) !== 0) throw error;
    return false;
  }
}

/** Filesystems share no data with one another: there it is read and written. */
function copyData(task: Task, source: number, target: number): void {
  const { size } = task.fstat(source);
  for (let left = size; left > 0; ) {
    const done = copyPart(task, source, target, left);
    if (done === 0) return;
    left -= done;
  }
}

function copyPart(task: Task, source: number, target: number, length: number): number {
  try {
    return task.copyFileRange(source, undefined, target, undefined, length);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EXDEV') throw error;
  }
  const part = new Uint8Array(Math.min(CHUNK, length));
  const got = task.read(source, part);
  for (let at = 0; at < got; ) at += task.write(target, part.subarray(at, got));
  return got;
}
