/** lseek(2) and copy_file_range(2). @see fs/read_write.c */
import { raise } from '../abi/errno.ts';
import { O_APPEND, O_DIRECT, O_NOATIME, O_NONBLOCK } from '../abi/flags.ts';
import { isDirectory, isFifo, isRegular } from '../abi/mode.ts';
import type { OpenFile } from './file.ts';
import { S_APPEND, S_IMMUTABLE } from './inode.ts';
import type { Kernel } from './kernel.ts';
import { isOwnerOrCapable } from './permission.ts';
import { prepareWrite, spliceRange } from './read-write.ts';

export function seekFile(file: OpenFile, offset: number, whence: number): number {
  if (whence < 0 || whence > 4) raise('EINVAL');
  if (isFifo(file.inode.mode)) raise('ESPIPE');
  file.position = file.ops.llseek(file, offset, whence);
  return file.position;
}

/** @see vfs_copy_file_range(), generic_copy_file_checks() */
export function copyRange(
  kernel: Kernel,
  from: OpenFile,
  offsetFrom: number | undefined,
  to: OpenFile,
  offsetTo: number | undefined,
  length: number,
): number {
  const start = offsetFrom ?? from.position;
  const target = offsetTo ?? to.position;
  for (const { inode } of [from, to]) if (isDirectory(inode.mode)) raise('EISDIR');
  if (!isRegular(from.inode.mode) || !isRegular(to.inode.mode)) raise('EINVAL');
  if (!from.readable || !to.writable || (to.flags & O_APPEND) !== 0) raise('EBADF');
  checkSameFilesystem(from, to);
  if ((to.inode.flags & S_IMMUTABLE) !== 0) raise('EPERM');
  if (wraps(start, length) || wraps(target, length)) raise('EOVERFLOW');
  let count = start >= from.inode.size ? 0 : Math.min(length, from.inode.size - start);
  checkOverlap(from, start, to, target, count);
  if (start < 0 || target < 0) raise('EINVAL');
  if (count > 0) count = prepareWrite(kernel, to, count, target);
  if (count > 0) checkBehind(from, start, to, target, count);
  const done = count === 0 ? 0 : spliceRange(from, start, to, target, count);
  if (offsetFrom === undefined) from.position += done;
  if (offsetTo === undefined) to.position += done;
  return done;
}

/** A union only wants another union's file: it asks the files behind them. @see generic_copy_file_checks() */
function checkSameFilesystem(from: OpenFile, to: OpenFile): void {
  const isStacked = to.ops.backing !== undefined;
  if (isStacked ? from.ops.backing === undefined : from.inode.superblock !== to.inode.superblock) raise('EXDEV');
}

/** A file is not copied onto itself. */
function checkOverlap(from: OpenFile, start: number, to: OpenFile, target: number, count: number): void {
  if (from.inode === to.inode && target + count > start && target < start + count) raise('EINVAL');
}

/** Two files of a union may stand before one. @see ovl_copyfile() */
function checkBehind(from: OpenFile, start: number, to: OpenFile, target: number, count: number): void {
  const [realFrom, realTo] = [from, to].map((file) => file.ops.backing?.(file));
  if (realFrom === undefined || realTo === undefined) return;
  checkSameFilesystem(realFrom, realTo);
  checkOverlap(realFrom, start, realTo, target, count);
  checkBehind(realFrom, start, realTo, target, count);
}

/** Linux adds as unsigned 64-bit numbers, where a negative position is a huge one. */
const wraps = (position: number, length: number): boolean => position < 0 && position + length >= 0 && length > 0;

/** What fcntl(2) may change. @see SETFL_MASK */
const SETFL_MASK = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;

/** fcntl(F_SETFL). @see setfl() */
export function setFlags(kernel: Kernel, file: OpenFile, flags: number): void {
  const { inode } = file;
  if (((flags ^ file.flags) & O_APPEND) !== 0 && (inode.flags & S_APPEND) !== 0) raise('EPERM');
  const claims = (flags & O_NOATIME) !== 0 && (file.flags & O_NOATIME) === 0;
  if (claims && !isOwnerOrCapable(kernel, inode)) raise('EPERM');
  if ((flags & O_DIRECT) !== 0 && !isRegular(inode.mode)) raise('EINVAL');
  file.flags = (file.flags & ~SETFL_MASK) | (flags & SETFL_MASK);
}
