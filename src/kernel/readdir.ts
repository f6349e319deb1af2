/** Listings. @see fs/readdir.c */
import { Errno, raise } from '../abi/errno.ts';
import { IN_ACCESS } from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import type { Dirent } from '../abi/stat.ts';
import type { Filldir, OpenFile } from './file.ts';
import { notify } from './inotify.ts';
import { isDeadDirectory } from './permission.ts';
import { fileAccessed } from './atime.ts';

/** Lists an open directory from its position. @throws Errno ENOENT for a removed one. @see iterate_dir() */
export function iterateDirectory(file: OpenFile, filldir: Filldir): void {
  if (isDeadDirectory(file.dentry)) raise('ENOENT');
  try {
    file.ops.iterate(file, filldir);
  } finally {
    fileAccessed(file);
  }
}

/** getdents64(2): at most `count` entries, each with the position behind it. */
export function readDirectory(file: OpenFile, count: number): Dirent[] {
  if (!isDirectory(file.inode.mode)) raise('ENOTDIR');
  const entries: { name: string; ino: number; ino64?: bigint; type: number; off: number }[] = [];
  const add: Filldir = (name, ino, type) => {
    if (entries.length > 0) entries[entries.length - 1]!.off = file.position;
    if (entries.length >= count) return false;
    if (typeof ino === 'number') entries.push({ name, ino, type, off: 0 });
    else entries.push({ name, ino: Number(ino), ino64: ino, type, off: 0 });
    return true;
  };
  // a call that fails behind its first entry answers what it has; the next one goes on from there
  for (let known = -1; known !== entries.length && entries.length < count; ) {
    known = entries.length;
    try {
      iterateDirectory(file, add);
      break;
    } catch (error) {
      if (!(error instanceof Errno) || entries.length === known) throw error;
    }
  }
  const last = entries.at(-1);
  if (last !== undefined && last.off === 0) last.off = file.position;
  const { kernel } = file.inode.superblock;
  if (kernel.watches > 0) notify(kernel, file.inode, IN_ACCESS, undefined, true, 0, file.dentry);
  return entries;
}
