/** open, close, read, write and what else takes a descriptor. */
import { getReadSyncArgs, getVectorArgs, getWriteSyncArgs } from '@jsonjoy.com/fs-node/lib/readWriteArgs.js';
import { validateInteger } from '@jsonjoy.com/fs-node-utils/lib/validators.js';
import type { Task } from '../kernel/task.ts';
import { refusal } from './failure.ts';
import { fdOf, flagsOf, modeOf } from './options.ts';
import { pathname } from './pathname.ts';
import type { Prepare } from './settle.ts';
import { waitingOpen } from './waiting-open.ts';

/** The part of a view that a call may touch, as bytes. */
export function bytesOf(view: ArrayBufferView, offset = 0, length = view.byteLength - offset): Uint8Array {
  if (offset === 0 && length === view.byteLength && view instanceof Uint8Array) return view;
  return new Uint8Array(view.buffer, view.byteOffset + offset, length);
}

/** Reads at `position`, or at the descriptor's own where it is `null`. */
export function readBytes(task: Task, fd: number, into: Uint8Array, position: number | null): number {
  return position === null ? task.read(fd, into) : task.pread(fd, into, position);
}

export function writeBytes(task: Task, fd: number, bytes: Uint8Array, position: number | null): number {
  return position === null ? task.write(fd, bytes) : task.pwrite(fd, bytes, position);
}

export function descriptorCalls(task: Task) {
  const withFd =
    (serve: (fd: number) => void): Prepare =>
    (fd) => {
      const number = fdOf(fd);
      return () => serve(number);
    };
  return {
    open: (path, flags, mode) => {
      const name = pathname(path);
      const [how, bits] = [flagsOf(flags), modeOf(mode, 0o666)];
      return waitingOpen(task, name, how, bits);
    },
    close: withFd((fd) => task.close(fd)),
    fsync: withFd((fd) => task.fsync(fd)),
    fdatasync: withFd((fd) => task.fdatasync(fd)),
    ftruncate: (fd, size) => {
      const number = fdOf(fd);
      if (size !== undefined && size !== null) validateInteger(size, 'len');
      return () => task.ftruncate(number, Math.max(0, size ?? 0));
    },
    read: (...given) => {
      const number = fdOf(given[0]);
      const args = getReadSyncArgs(given.length, given[1], given[2], given[3], given[4]);
      return () => {
        if (args.length === 0) return 0;
        return readBytes(task, number, bytesOf(args.buffer, args.offset, args.length), args.position);
      };
    },
    write: (fd, data, offset, length, position) => {
      const number = fdOf(fd);
      const [, buffer, start, count, at] = getWriteSyncArgs(number, data, offset, length, position);
      return () => writeBytes(task, number, bytesOf(buffer, start, count), at);
    },
    readv: (fd, views, position) => {
      const number = fdOf(fd);
      const at = getVectorArgs(views, position);
      return () => {
        if (views.length === 0) throw refusal('EINVAL', 'read');
        return vector(views, at, (bytes, where) => readBytes(task, number, bytes, where));
      };
    },
    writev: (fd, views, position) => {
      const number = fdOf(fd);
      const at = getVectorArgs(views, position);
      return () => vector(views, at, (bytes, where) => writeBytes(task, number, bytes, where));
    },
  } satisfies Record<string, Prepare>;
}

/** Serves one view after the other until one is not filled or emptied. */
function vector(
  views: readonly ArrayBufferView[],
  position: number | null,
  serve: (bytes: Uint8Array, position: number | null) => number,
): number {
  let total = 0;
  for (const view of views) {
    let done: number;
    try {
      done = serve(bytesOf(view), position === null ? null : position + total);
    } catch (error) {
      if (total > 0) break;
      throw error;
    }
    total += done;
    if (done < view.byteLength) break;
  }
  return total;
}
