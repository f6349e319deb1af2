/** Fifos, and the operations of files that can do nothing. @see fs/pipe.c */
import { raise } from '../abi/errno.ts';
import { FIONREAD, O_ACCMODE, O_NONBLOCK, PAGE_SIZE } from '../abi/flags.ts';
import { fileAccessed } from './atime.ts';
import type { FileOperations, OpenFile } from './file.ts';
import type { Inode } from './inode.ts';
import { WouldBlock } from './would-block.ts';

/** How many pages a fifo takes before a writer has to wait. @see PIPE_DEF_BUFFERS */
const PIPE_BUFFERS = 16;

/** A page of a fifo; what is written takes pages of its own, but for an odd rest that fits behind the last one. */
interface PipeBuffer {
  readonly page: Uint8Array;
  start: number;
  end: number;
}

interface Pipe {
  buffers: PipeBuffer[];
  readers: number;
  writers: number;
}

/** The pipe of each fifo that somebody has open; it belongs to the inode and goes with its last opener. */
const pipes = new WeakMap<Inode, Pipe>();

function pipeOf(inode: Inode): Pipe {
  let pipe = pipes.get(inode);
  if (pipe === undefined) {
    pipe = { buffers: [], readers: 0, writers: 0 };
    pipes.set(inode, pipe);
  }
  return pipe;
}

const nameOf = (inode: Inode): string => `fifo ${inode.ino} on device ${inode.superblock.dev}`;

/** The operations of a file that can neither be read, written nor listed. */
export const refusingOperations: FileOperations = {
  open() {},
  release() {},
  read: () => raise('EINVAL'),
  write: () => raise('EINVAL'),
  iterate: () => raise('ENOTDIR'),
  llseek: () => raise('ESPIPE'),
  fallocate: () => raise('EOPNOTSUPP'),
  fsync: () => raise('EINVAL'),
  ioctl: () => raise('ENOTTY'),
  mmap: () => raise('ENODEV'),
};

/** O_PATH: the descriptor names the object and can do nothing else. */
export const pathOperations: FileOperations = {
  ...refusingOperations,
  read: () => raise('EBADF'),
  write: () => raise('EBADF'),
  iterate: () => raise('EBADF'),
  llseek: () => raise('EBADF'),
  fallocate: () => raise('EBADF'),
  fsync: () => raise('EBADF'),
  ioctl: () => raise('EBADF'),
  mmap: () => raise('EBADF'),
};

export const fifoOperations: FileOperations = {
  ...refusingOperations,
  open(file) {
    const pipe = pipeOf(file.inode);
    const access = file.flags & O_ACCMODE;
    if (access === O_ACCMODE) raise('EINVAL');
    const nonblock = (file.flags & O_NONBLOCK) !== 0;
    if (access === 0 && pipe.writers === 0 && !nonblock) throw new WouldBlock(`a writer of ${nameOf(file.inode)}`);
    if (access === 1 && pipe.readers === 0) {
      if (nonblock) raise('ENXIO');
      throw new WouldBlock(`a reader of ${nameOf(file.inode)}`);
    }
    if (file.readable) pipe.readers++;
    if (file.writable) pipe.writers++;
  },
  release(file) {
    const pipe = pipeOf(file.inode);
    if (file.readable) pipe.readers--;
    if (file.writable) pipe.writers--;
    if (pipe.readers + pipe.writers === 0) pipes.delete(file.inode);
  },
  read(file, into) {
    const pipe = pipeOf(file.inode);
    if (into.length === 0) return 0;
    if (pipe.buffers.length === 0) return emptyRead(file, pipe);
    fileAccessed(file);
    return take(pipe, into);
  },
  write(file, bytes) {
    const pipe = pipeOf(file.inode);
    if (pipe.readers === 0) raise('EPIPE');
    if (bytes.length === 0) return 0;
    const done = put(pipe, bytes);
    if (done === 0) {
      if ((file.flags & O_NONBLOCK) !== 0) raise('EAGAIN');
      throw new WouldBlock(`room in ${nameOf(file.inode)}`);
    }
    file.inode.touchMtime?.(file.inode.superblock.kernel.now());
    return done;
  },
  /** @see pipe_ioctl() */
  ioctl: (file, request) => (request === FIONREAD ? bytesIn(pipeOf(file.inode)) : raise('ENOTTY')),
  fork(_fork, old, made) {
    const pipe = pipeOf(old.inode);
    const twin = pipeOf(made.inode);
    twin.buffers = pipe.buffers.map(({ page, start, end }) => ({ page: page.slice(), start, end }));
    if (made.readable) twin.readers++;
    if (made.writable) twin.writers++;
  },
};

function emptyRead(file: OpenFile, pipe: Pipe): number {
  if (pipe.writers === 0) return 0;
  if ((file.flags & O_NONBLOCK) !== 0) raise('EAGAIN');
  throw new WouldBlock(`bytes in ${nameOf(file.inode)}`);
}

const bytesIn = ({ buffers }: Pipe): number => buffers.reduce((sum, { start, end }) => sum + end - start, 0);

/** Takes as much as there is room for; answers how much. @see anon_pipe_write() */
function put(pipe: Pipe, bytes: Uint8Array): number {
  let done = 0;
  const last = pipe.buffers.at(-1);
  const rest = bytes.length % PAGE_SIZE;
  if (rest > 0 && last !== undefined && last.end + rest <= PAGE_SIZE) {
    last.page.set(bytes.subarray(0, rest), last.end);
    last.end += rest;
    done = rest;
  }
  while (done < bytes.length && pipe.buffers.length < PIPE_BUFFERS) {
    const part = bytes.subarray(done, done + PAGE_SIZE);
    const page = new Uint8Array(PAGE_SIZE);
    page.set(part);
    pipe.buffers.push({ page, start: 0, end: part.length });
    done += part.length;
  }
  return done;
}

function take(pipe: Pipe, into: Uint8Array): number {
  let done = 0;
  while (done < into.length && pipe.buffers.length > 0) {
    const first = pipe.buffers[0]!;
    const part = first.page.subarray(first.start, Math.min(first.end, first.start + into.length - done));
    into.set(part, done);
    done += part.length;
    first.start += part.length;
    if (first.start === first.end) pipe.buffers.shift();
  }
  return done;
}
