/**
 * Open regular files: each access goes to the real file, which is opened again when the object was copied up since.
 *
 * @see fs/overlayfs/file.c
 */
import { raise } from '../../abi/errno.ts';
import { O_NOATIME, SEEK_CUR, SEEK_SET } from '../../abi/flags.ts';
import { compareTimespec } from '../../abi/stat.ts';
import { fileAccessed } from '../../kernel/atime.ts';
import type { ExtentMap } from '../../kernel/extent-map.ts';
import type { FileOperations, OpenFile } from '../../kernel/file.ts';
import type { Fork } from '../../kernel/fork.ts';
import type { Inode } from '../../kernel/inode.ts';
import type { Mapping } from '../../kernel/mmap.ts';
import { closeFile } from '../../kernel/open.ts';
import { kernelRead, kernelWrite } from '../../kernel/read-write.ts';
import { removePrivileges } from '../../kernel/setattr.ts';
import { vfsFsync } from '../../kernel/sync.ts';
import { copyUpForOpen } from './copy-up.ts';
import { shouldSync } from './config.ts';
import { isMerge, setUpperAlias } from './entry.ts';
import type { OverlayInode } from './inode.ts';
import { verifyLowerData } from './lower-data.ts';
import { lowerDataOf, realDataOf } from './metacopy.ts';
import { asMounter, followFlags, openPath } from './real-file.ts';
import { forkRealFile, writeRealExtents } from '../../kernel/stacked-file.ts';

/** The real files of an object that was copied up while it was open. @see struct ovl_file */
class CopiedUpFile {
  /** What was opened first. */
  readonly lower: OpenFile;
  readonly upper: OpenFile;

  constructor(lower: OpenFile, upper: OpenFile) {
    this.lower = lower;
    this.upper = upper;
  }
}

const inodeOf = (file: OpenFile): OverlayInode => file.inode as OverlayInode;

/** Opens the real object that the data lies in. @see ovl_path_realdata() */
function openRealFile(file: OpenFile): OpenFile {
  const inode = inodeOf(file);
  const { superblock, upper } = inode;
  if (upper !== undefined && !inode.metacopy) return openPath(superblock, superblock.upperMount, upper, file.flags);
  const { dentry, layer } = lowerDataOf(inode)!;
  return openPath(superblock, layer.mount, dentry, file.flags);
}

/** The file that was opened first: what mappings are made of. */
const firstFile = ({ note }: OpenFile): OpenFile => (note instanceof CopiedUpFile ? note.lower : (note as OpenFile));

/** The file where the data is now; in kernels before 4.19 the one that was opened. @see ovl_real_file() */
function realFile(file: OpenFile): OpenFile {
  const inode = inodeOf(file);
  if (!inode.superblock.kernel.profile.stackedFileOperations)
    return realFileOf(file, firstFile(file).inode, openRealFile);
  verifyLowerData(inode);
  return realFileOf(file, realDataOf(inode), openRealFile);
}

/** The file of the upper object, even if that has no data. */
function upperFile(file: OpenFile): OpenFile {
  const { superblock, upper } = inodeOf(file);
  return realFileOf(file, upper!.inode!, () => openPath(superblock, superblock.upperMount, upper!, file.flags));
}

/** The file that was opened first or that of the upper object, which is opened when it is first wanted. @see ovl_real_file_path() */
function realFileOf(file: OpenFile, wanted: Inode, open: (file: OpenFile) => OpenFile): OpenFile {
  const { note } = file;
  let real = firstFile(file);
  if (real.inode !== wanted) {
    if (note instanceof CopiedUpFile) real = note.upper;
    else {
      const upper = open(file);
      file.note = new CopiedUpFile(real, upper);
      real = upper;
    }
    if (real.inode !== wanted) raise('EIO');
  }
  if (file.flags !== real.flags) followFlags(file, real);
  return real;
}

/** The overlay's file takes over the times of the upper one and notes the access. @see ovl_file_accessed() */
function accessed(file: OpenFile): void {
  const inode = inodeOf(file);
  const upper = inode.upper?.inode;
  if (upper === undefined || (file.flags & O_NOATIME) !== 0) return;
  if (compareTimespec(inode.mtime, upper.mtime) !== 0) inode.mtime = upper.mtime;
  if (compareTimespec(inode.ctime, upper.ctime) !== 0) inode.ctime = upper.ctime;
  fileAccessed(file);
}

class OverlayFileOperations implements FileOperations {
  open(file: OpenFile): void {
    const inode = inodeOf(file);
    verifyLowerData(inode);
    // a nameless file was made in the upper layer
    if (inode.upper !== undefined && !file.dentry.hashed) setUpperAlias(file.dentry);
    copyUpForOpen(file.dentry, file.flags);
    file.note = openRealFile(file);
  }

  release(file: OpenFile): void {
    const { note } = file;
    if (note instanceof CopiedUpFile) closeFile(note.upper);
    closeFile(firstFile(file));
  }

  read(file: OpenFile, into: Uint8Array, position: number): number {
    if (into.length === 0) return 0;
    const done = kernelRead(realFile(file), into, position);
    accessed(file);
    return done;
  }

  write(file: OpenFile, bytes: Uint8Array, position: number): number {
    if (bytes.length === 0) return 0;
    const inode = inodeOf(file);
    try {
      return kernelWrite(realFile(file), bytes, position);
    } finally {
      inode.copyAttributes();
    }
  }

  writeExtents(file: OpenFile, source: ExtentMap, from: number, length: number, position: number): number {
    const inode = inodeOf(file);
    const real = realFile(file);
    try {
      return writeRealExtents(real, source, from, length, position);
    } finally {
      inode.copyAttributes();
    }
  }

  backing(file: OpenFile): OpenFile {
    return realFile(file);
  }

  /** Only directories are listed. */
  iterate(): void {}

  llseek(file: OpenFile, offset: number, whence: number): number {
    if (offset === 0 && whence === SEEK_CUR) return file.position;
    if (offset === 0 && whence === SEEK_SET) return 0;
    const real = realFile(file);
    real.position = file.position;
    return real.ops.llseek(real, offset, whence);
  }

  fallocate(file: OpenFile, mode: number, offset: number, length: number): void {
    const inode = inodeOf(file);
    const { superblock } = inode;
    inode.copyAttributes();
    removePrivileges(superblock.kernel, file.dentry);
    const real = realFile(file);
    try {
      asMounter(superblock, () => real.ops.fallocate(real, mode, offset, length));
    } finally {
      inode.copyAttributes();
    }
  }

  /** What lies in a lower layer is never written back. */
  fsync(file: OpenFile, dataOnly: boolean): void {
    const inode = inodeOf(file);
    if (!shouldSync(inode.superblock.config)) return;
    if (inode.upper === undefined || (dataOnly && isMerge(inode))) return;
    const real = inode.superblock.kernel.profile.stackedFileOperations ? upperFile(file) : firstFile(file);
    vfsFsync(real, dataOnly);
  }

  ioctl(file: OpenFile, request: number, argument: unknown): unknown {
    const real = realFile(file);
    return real.ops.ioctl(real, request, argument);
  }

  /** A mapping stays with the file that was opened, whatever is copied up. @see ovl_mmap() */
  mmap(file: OpenFile): Mapping {
    const first = firstFile(file);
    const mapping = first.ops.mmap(first);
    accessed(file);
    return mapping;
  }

  mapped(file: OpenFile): OpenFile {
    return firstFile(file);
  }

  fork(fork: Fork, old: OpenFile, made: OpenFile): void {
    const { note } = old;
    made.note =
      note instanceof CopiedUpFile
        ? new CopiedUpFile(forkRealFile(fork, note.lower), forkRealFile(fork, note.upper))
        : forkRealFile(fork, note as OpenFile);
  }

  flush(file: OpenFile): void {
    const real = realFile(file);
    real.ops.flush?.(real);
  }
}

export const overlayFileOperations: FileOperations = new OverlayFileOperations();
