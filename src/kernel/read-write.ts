/** Data in and out of open files. @see fs/read_write.c, mm/filemap.c */
import { raise } from '../abi/errno.ts';
import {
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_UNSHARE_RANGE,
  FALLOC_FL_WRITE_ZEROES,
  FALLOC_FL_ZERO_RANGE,
  IN_ACCESS,
  IN_MODIFY,
  MAX_LFS_FILESIZE,
  O_APPEND,
} from '../abi/flags.ts';
import { isDirectory, isFifo, isRegular } from '../abi/mode.ts';
import { fileAccessed } from './atime.ts';
import type { OpenFile } from './file.ts';
import { S_APPEND, S_IMMUTABLE } from './inode.ts';
import { notify } from './inotify.ts';
import type { Kernel } from './kernel.ts';
import { removePrivileges } from './setattr.ts';

/** How much moves at a time where extents cannot be shared. */
const CHUNK = 1 << 20;

type DataOperation = 'read' | 'write' | 'fallocate' | 'clone';

function traceData(file: OpenFile, op: DataOperation, offset: number, bytes: number): void {
  if (file.inode.superblock.kernel.trace.active) tellData(file, op, offset, bytes);
}

function tellData({ inode }: OpenFile, op: DataOperation, offset: number, bytes: number): void {
  const { superblock, ino } = inode;
  const at = { filesystem: superblock.type.name, dev: superblock.dev, ino };
  superblock.kernel.trace.emit({ kind: 'data', op, ...at, offset, bytes });
}

/** Reads without asking who may; the position stays. */
export function kernelRead(file: OpenFile, into: Uint8Array, position: number): number {
  traceData(file, 'read', position, into.length);
  return file.ops.read(file, into, position);
}

/** Writes without asking who may; the position stays. */
export function kernelWrite(file: OpenFile, bytes: Uint8Array, position: number): number {
  traceData(file, 'write', position, bytes.length);
  return file.ops.write(file, bytes, position);
}

/** Takes set-id bits away and limits a write as a regular file needs it. @see generic_write_checks() */
export function prepareWrite(kernel: Kernel, file: OpenFile, length: number, position: number): number {
  const { inode } = file;
  if (!isRegular(inode.mode) || length === 0) return length;
  const { maxBytes } = inode.superblock;
  if (position >= maxBytes) raise('EFBIG');
  removePrivileges(kernel, file.dentry);
  return Math.min(length, maxBytes - position);
}

/** read(2) at a position. */
export function readAt(kernel: Kernel, file: OpenFile, into: Uint8Array, position: number): number {
  if (!file.readable) raise('EBADF');
  if (isDirectory(file.inode.mode)) raise('EISDIR');
  if (position < 0) raise('EINVAL');
  const done = kernelRead(file, into, position);
  if (kernel.watches > 0 && done > 0) notify(kernel, file.inode, IN_ACCESS, undefined, false, 0, file.dentry);
  return done;
}

/** Where the data ends: that of the file behind a stacked one may have grown under another name. */
const endOf = (file: OpenFile): number => file.ops.end?.(file) ?? (file.ops.backing?.(file) ?? file).inode.size;

/** write(2) at a position; O_APPEND goes to the end. Answers the bytes written and where the position is then. */
export function writeAt(
  kernel: Kernel,
  file: OpenFile,
  bytes: Uint8Array,
  position: number,
): { done: number; end: number } {
  if (!file.writable) raise('EBADF');
  if (position < 0) raise('EINVAL');
  if (bytes.length === 0) return { done: 0, end: position };
  const at = (file.flags & O_APPEND) !== 0 ? endOf(file) : position;
  const length = prepareWrite(kernel, file, bytes.length, at);
  const done = kernelWrite(file, length === bytes.length ? bytes : bytes.subarray(0, length), at);
  if (kernel.watches > 0 && done > 0) notify(kernel, file.inode, IN_MODIFY, undefined, false, 0, file.dentry);
  return { done, end: at + done };
}

/** fallocate(2). @see vfs_fallocate() */
export function allocateRange(kernel: Kernel, file: OpenFile, mode: number, offset: number, length: number): void {
  if (offset < 0 || length <= 0) raise('EINVAL');
  checkFallocateMode(mode);
  if (!file.writable) raise('EBADF');
  const { inode } = file;
  if ((mode & ~FALLOC_FL_KEEP_SIZE) !== 0 && (inode.flags & S_APPEND) !== 0) raise('EPERM');
  if ((inode.flags & S_IMMUTABLE) !== 0) raise('EPERM');
  if (isDirectory(inode.mode)) raise('EISDIR');
  if (!isRegular(inode.mode)) raise(isFifo(inode.mode) ? 'ESPIPE' : 'ENODEV');
  if (offset + length > Math.min(MAX_LFS_FILESIZE, inode.superblock.maxBytes)) raise('EFBIG');
  traceData(file, 'fallocate', offset, length);
  file.ops.fallocate(file, mode, offset, length);
  if (kernel.watches > 0) notify(kernel, inode, IN_MODIFY, undefined, false, 0, file.dentry);
}

/** What fallocate(2) can be asked for; each stands alone, but for FALLOC_FL_KEEP_SIZE. */
const FALLOCATE_OPERATIONS = [
  0,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_ZERO_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_UNSHARE_RANGE,
  FALLOC_FL_WRITE_ZEROES,
];

function checkFallocateMode(mode: number): void {
  const operation = mode & ~FALLOC_FL_KEEP_SIZE;
  const keepsSize = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
  if (!FALLOCATE_OPERATIONS.includes(operation)) raise('EOPNOTSUPP');
  if (operation === FALLOC_FL_PUNCH_HOLE && !keepsSize) raise('EOPNOTSUPP');
  const standsAlone = [FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE, FALLOC_FL_WRITE_ZEROES].includes(operation);
  if (standsAlone && keepsSize) raise('EOPNOTSUPP');
}

/**
 * Copies file data inside the kernel; where both filesystems keep extents they are shared and it takes no longer for
 * a large file. Answers how many bytes there were to copy.
 */
export function spliceRange(
  from: OpenFile,
  fromOffset: number,
  to: OpenFile,
  toOffset: number,
  length: number,
): number {
  const real = from.ops.backing?.(from) ?? from;
  const available = Math.max(0, Math.min(length, real.inode.size - fromOffset));
  if (available === 0) return 0;
  const mapping = to.ops.writeExtents && isRegular(real.inode.mode) ? real.ops.mmap(real) : undefined;
  const source = mapping?.extentsOf ? mapping.extentsOf(fromOffset, available) : mapping?.extents;
  if (source === undefined) return spliceBytes(real, fromOffset, to, toOffset, available);
  traceData(real, 'clone', fromOffset, available);
  traceData(to, 'write', toOffset, available);
  fileAccessed(real);
  return to.ops.writeExtents!(to, source, fromOffset, available, toOffset);
}

function spliceBytes(from: OpenFile, fromOffset: number, to: OpenFile, toOffset: number, length: number): number {
  const buffer = new Uint8Array(Math.min(CHUNK, length));
  let done = 0;
  while (done < length) {
    const got = kernelRead(from, buffer.subarray(0, Math.min(CHUNK, length - done)), fromOffset + done);
    if (got === 0) break;
    done += kernelWrite(to, buffer.subarray(0, got), toOffset + done);
  }
  return done;
}
