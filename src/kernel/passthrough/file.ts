/** Open files and directories of a passthrough filesystem. */
import { raise } from '../../abi/errno.ts';
import { fileAccessed } from '../atime.ts';
import type { FileOperations, OpenFile } from '../file.ts';
import { directoryLlseek, genericFileLlseek, listDots } from '../llseek.ts';
import { Readahead } from '../readahead.ts';
import type { PassthroughInode } from './inode.ts';

const inodeOf = (file: OpenFile): PassthroughInode => file.inode as PassthroughInode;

/** How the open file reads ahead. */
function readaheadOf(file: OpenFile): Readahead {
  file.note ??= new Readahead();
  return file.note as Readahead;
}

export const regularOperations: FileOperations = {
  open() {},
  release() {},
  read(file, into, position) {
    const done = inodeOf(file).pages().read(into, position, readaheadOf(file));
    fileAccessed(file);
    return done;
  },
  write: () => raise('EROFS'),
  iterate: () => raise('ENOTDIR'),
  llseek: genericFileLlseek,
  fallocate: () => raise('EROFS'),
  fsync() {},
  ioctl: () => raise('ENOTTY'),
  mmap(file) {
    const pages = inodeOf(file).pages();
    return {
      size: pages.size,
      get extents() {
        return pages.extents();
      },
      extentsOf: (offset, length) => pages.extents(offset, length),
      read(into, offset) {
        into.fill(0, pages.read(into, offset));
      },
      write: () => raise('EROFS'),
    };
  },
  fork(_fork, old, made) {
    made.note = (old.note as Readahead | undefined)?.copy();
  },
};

export const directoryOperations: FileOperations = {
  ...regularOperations,
  read: () => raise('EISDIR'),
  write: () => raise('EISDIR'),
  fallocate: () => raise('EISDIR'),
  mmap: () => raise('ENODEV'),
  llseek: directoryLlseek,
  iterate(file, filldir) {
    if (!listDots(file, filldir)) return;
    const { superblock, record } = inodeOf(file);
    const entries = superblock.tree.entries(record);
    for (; file.position - 2 < entries.length; file.position++) {
      const entry = entries[file.position - 2]!;
      const { ino, type } = superblock.tree.complete(record, entry);
      if (!filldir(entry.name, ino, type)) return;
    }
  },
};
