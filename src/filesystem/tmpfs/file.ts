/** Open files and directories of tmpfs. @see mm/shmem.c shmem_file_operations, fs/libfs.c simple_offset_dir_operations */
import { raise } from '../../abi/errno.ts';
import { FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, SEEK_DATA, SEEK_HOLE } from '../../abi/flags.ts';
import type { ExtentMap } from '../../kernel/extent-map.ts';
import { directoryLlseek, genericFileLlseek, listDots } from '../../kernel/llseek.ts';
import type { FileOperations, OpenFile } from '../../kernel/file.ts';
import { fileAccessed } from '../../kernel/atime.ts';
import { removePrivileges } from '../../kernel/setattr.ts';
import { allocate, changeData, roomFor } from './allocation.ts';
import { END_OF_DIRECTORY } from './directory.ts';
import type { TmpfsInode } from './inode.ts';
import { TmpfsMapping } from './mapping.ts';

const inodeOf = (file: OpenFile): TmpfsInode => file.inode as TmpfsInode;

function writeData(
  inode: TmpfsInode,
  position: number,
  length: number,
  put: (data: ExtentMap, room: number) => void,
): number {
  if (length === 0) return 0;
  const record = inode.edit();
  const now = inode.superblock.kernel.now();
  record.mtime = now;
  record.ctime = now;
  const room = roomFor(inode, record.editData(), position, length);
  if (room === 0) raise(inode.superblock.refusal(record));
  changeData(inode, (data) => put(data, room));
  record.size = Math.max(record.size, position + room);
  return room;
}

export const regularOperations: FileOperations = {
  open() {},
  release() {},
  read(file, into, position) {
    const { record } = inodeOf(file);
    const length = Math.max(0, Math.min(into.length, record.size - position));
    if (length > 0) {
      const part = length === into.length ? into : into.subarray(0, length);
      const data = inodeOf(file).data();
      if (data === undefined) part.fill(0);
      else data.read(part, position);
    }
    fileAccessed(file);
    return length;
  },
  write(file, bytes, position) {
    return writeData(inodeOf(file), position, bytes.length, (data, room) =>
      data.write(room === bytes.length ? bytes : bytes.subarray(0, room), position),
    );
  },
  writeExtents(file, source, sourceOffset, length, position) {
    return writeData(inodeOf(file), position, length, (data, room) =>
      data.copyRange(source, sourceOffset, position, room),
    );
  },
  iterate: () => raise('ENOTDIR'),
  llseek(file, offset, whence) {
    if (whence === SEEK_DATA || whence === SEEK_HOLE) return seekExtent(inodeOf(file), offset, whence);
    return genericFileLlseek(file, offset, whence);
  },
  fallocate(file, mode, offset, length) {
    if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) !== 0) raise('EOPNOTSUPP');
    const inode = inodeOf(file);
    if ((mode & FALLOC_FL_PUNCH_HOLE) !== 0) changeData(inode, (data) => data.punch(offset, length));
    else allocate(inode, offset, length, (mode & FALLOC_FL_KEEP_SIZE) !== 0);
    removePrivileges(inode.superblock.kernel, file.dentry);
    const record = inode.edit();
    record.mtime = inode.superblock.kernel.now();
    record.ctime = record.mtime;
  },
  fsync() {},
  ioctl: () => raise('ENOTTY'),
  mmap(file) {
    fileAccessed(file);
    return new TmpfsMapping(inodeOf(file));
  },
};

/** @see mapping_seek_hole_data() */
function seekExtent(inode: TmpfsInode, offset: number, whence: number): number {
  const { size } = inode.record;
  if (offset < 0 || offset >= size) raise('ENXIO');
  const data = inode.data();
  if (whence === SEEK_DATA) return data?.seekData(offset, size) ?? raise('ENXIO');
  return data?.seekHole(offset, size) ?? offset;
}

/** Where a listing stopped, so that going on needs no search. */
interface Place {
  readonly offset: number;
  readonly rank: number;
}

export const directoryOperations: FileOperations = {
  ...regularOperations,
  read: () => raise('EISDIR'),
  write: () => raise('EISDIR'),
  fallocate: () => raise('EISDIR'),
  mmap: () => raise('ENODEV'),
  iterate(file, filldir) {
    const { superblock } = inodeOf(file);
    if (!listDots(file, filldir, superblock.dotType) || file.position === END_OF_DIRECTORY) return;
    const entries = inodeOf(file).entries();
    const place = file.note as Place | undefined;
    const known = place !== undefined && place.offset === file.position && entries.stands(place.rank, place.offset);
    for (const entry of entries.from(known ? place.rank : entries.rankAt(file.position))) {
      file.position = entry.offset;
      if (!filldir(entry.name, entry.ino, entry.type)) {
        file.note = { offset: entry.offset, rank: entry.rank } satisfies Place;
        return;
      }
    }
    file.position = END_OF_DIRECTORY;
  },
  llseek(file, offset, whence) {
    file.note = undefined;
    return directoryLlseek(file, offset, whence);
  },
};
