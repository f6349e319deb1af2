/** lseek(2) and copy_file_range(2). @see fs/read_write.c */
import { raise } from '../abi/errno.ts';
import { O_APPEND } from '../abi/flags.ts';
import { isDirectory, isFifo, isRegular } from '../abi/mode.ts';
import type { OpenFile } from './file.ts';
import type { Kernel } from './kernel.ts';
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
  if (start < 0 || target < 0) raise('EINVAL');
  let count = Math.max(0, Math.min(length, from.inode.size - start));
  if (count > 0) count = prepareWrite(kernel, to, count, target);
  if (from.inode === to.inode && target + count > start && target < start + count) raise('EINVAL');
  const done = count === 0 ? 0 : spliceRange(from, start, to, target, count);
  if (offsetFrom === undefined) from.position += done;
  if (offsetTo === undefined) to.position += done;
  return done;
}
