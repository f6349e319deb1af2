/** Fifos, and the operations of files that can do nothing. @see fs/pipe.c */
import { raise } from '../abi/errno.ts';
import { FIONREAD, O_ACCMODE, O_NONBLOCK } from '../abi/flags.ts';
import { fileAccessed } from './atime.ts';
import type { FileOperations, OpenFile } from './file.ts';
import type { Inode } from './inode.ts';
import { WouldBlock } from './would-block.ts';

/** Bytes that a fifo takes before a writer has to wait. */
const PIPE_SIZE = 65536;

interface Pipe {
  chunks: Uint8Array[];
  length: number;
  readers: number;
  writers: number;
}

/** The pipe of each fifo that somebody has open; it belongs to the inode and goes with its last opener. */
const pipes = new WeakMap<Inode, Pipe>();

function pipeOf(inode: Inode): Pipe {
  let pipe = pipes.get(inode);
  if (pipe === undefined) {
    pipe = { chunks: [], length: 0, readers: 0, writers: 0 };
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
    if (pipe.length === 0) return emptyRead(file, pipe);
    fileAccessed(file);
    return take(pipe, into);
  },
  write(file, bytes) {
    const pipe = pipeOf(file.inode);
    if (pipe.readers === 0) raise('EPIPE');
    const room = PIPE_SIZE - pipe.length;
    const whole = bytes.length <= room;
    if (!whole && (room === 0 || bytes.length <= 4096)) {
      if ((file.flags & O_NONBLOCK) !== 0) raise('EAGAIN');
      throw new WouldBlock(`room in ${nameOf(file.inode)}`);
    }
    const taken = whole ? bytes.slice() : bytes.slice(0, room);
    if (taken.length > 0) pipe.chunks.push(taken);
    pipe.length += taken.length;
    if (taken.length > 0) file.inode.touchMtime?.(file.inode.superblock.kernel.now());
    return taken.length;
  },
  /** @see pipe_ioctl() */
  ioctl: (file, request) => (request === FIONREAD ? pipeOf(file.inode).length : raise('ENOTTY')),
  fork(_fork, old, made) {
    const pipe = pipeOf(old.inode);
    const twin = pipeOf(made.inode);
    twin.chunks = [...pipe.chunks];
    twin.length = pipe.length;
    if (made.readable) twin.readers++;
    if (made.writable) twin.writers++;
  },
};

function emptyRead(file: OpenFile, pipe: Pipe): number {
  if (pipe.writers === 0) return 0;
  if ((file.flags & O_NONBLOCK) !== 0) raise('EAGAIN');
  throw new WouldBlock(`bytes in ${nameOf(file.inode)}`);
}

function take(pipe: Pipe, into: Uint8Array): number {
  let done = 0;
  while (done < into.length && pipe.chunks.length > 0) {
    const first = pipe.chunks[0]!;
    const part = first.subarray(0, into.length - done);
    into.set(part, done);
    done += part.length;
    if (part.length === first.length) pipe.chunks.shift();
    else pipe.chunks[0] = first.subarray(part.length);
  }
  pipe.length -= done;
  return done;
}
