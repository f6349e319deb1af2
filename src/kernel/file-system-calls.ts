/** System calls on descriptors: open, read, write, seek, lock, map, list. */
import { raise } from '../abi/errno.ts';
import { AT_FDCWD, FICLONE, MAP_PRIVATE, MAP_SHARED, PROT_WRITE } from '../abi/flags.ts';
import type { Dirent } from '../abi/stat.ts';
import { truncatePath } from './attribute-calls.ts';
import type { OpenFile } from './file.ts';
import { asksForAttributes, fileattrIoctl } from './fileattr.ts';
import { S_APPEND } from './inode.ts';
import { dropFlock, flockFile } from './flock.ts';
import { isFifo, isRegular } from '../abi/mode.ts';
import { holdMapped, letGoOfMapped } from './mapped-file.ts';
import { MappedRegion } from './mmap.ts';
import { closeFile, openPath } from './open.ts';
import { allocateRange, readAt, writeAt } from './read-write.ts';
import { copyRange, seekFile, setFlags } from './read-write-calls.ts';
import { readDirectory } from './readdir.ts';
import { doTruncate } from './setattr.ts';
import { syncFilesystem, vfsFsync } from './sync.ts';

import { Door } from './door.ts';

export abstract class FileSystemCalls extends Door {
  open(path: string, flags: number, mode = 0o666): number {
    return this.openat(AT_FDCWD, path, flags, mode);
  }

  openat(dirfd: number, path: string, flags: number, mode = 0o666): number {
    return this.call('open', path, undefined, () => {
      const file = openPath(this, dirfd, path, flags, mode);
      try {
        return this.files.install(file);
      } catch (error) {
        closeFile(file);
        throw error;
      }
    });
  }

  close(fd: number): void {
    this.call('close', undefined, undefined, () => this.closeFile(this.files.remove(fd)));
  }

  protected closeFile(file: OpenFile): void {
    file.ops.flush?.(file);
    if (file.references === 1) dropFlock(file);
    closeFile(file);
  }

  dup(fd: number): number {
    return this.call('dup', undefined, undefined, () => {
      const file = this.files.get(fd);
      const made = this.files.install(file);
      file.references++;
      return made;
    });
  }

  dup2(fd: number, newfd: number): number {
    return this.call('dup2', undefined, undefined, () => {
      const file = this.files.get(fd);
      if (newfd < 0 || newfd >= this.files.limit) raise('EBADF');
      if (fd === newfd) return fd;
      file.references++;
      const before = this.files.replace(newfd, file);
      if (before !== undefined) this.closeFile(before);
      return newfd;
    });
  }

  getfl(fd: number): number {
    return this.call('fcntl', undefined, undefined, () => this.files.get(fd).flags);
  }

  setfl(fd: number, flags: number): void {
    this.call('fcntl', undefined, undefined, () => setFlags(this.kernel, this.files.getUsable(fd), flags));
  }

  read(fd: number, into: Uint8Array): number {
    return this.call('read', undefined, undefined, () => {
      const file = this.files.getUsable(fd);
      const done = readAt(this.kernel, file, into, file.position);
      file.position += done;
      return done;
    });
  }

  pread(fd: number, into: Uint8Array, offset: number): number {
    return this.call('read', undefined, undefined, () => {
      if (offset < 0) raise('EINVAL');
      const file = this.files.getUsable(fd);
      checkSeekable(file);
      return readAt(this.kernel, file, into, offset);
    });
  }

  write(fd: number, bytes: Uint8Array): number {
    return this.call('write', undefined, undefined, () => {
      const file = this.files.getUsable(fd);
      const { done, end } = writeAt(this.kernel, file, bytes, file.position);
      file.position = end;
      return done;
    });
  }

  pwrite(fd: number, bytes: Uint8Array, offset: number): number {
    return this.call('write', undefined, undefined, () => {
      if (offset < 0) raise('EINVAL');
      const file = this.files.getUsable(fd);
      checkSeekable(file);
      return writeAt(this.kernel, file, bytes, offset).done;
    });
  }

  lseek(fd: number, offset: number, whence: number): number {
    return this.call('lseek', undefined, undefined, () => seekFile(this.files.getUsable(fd), offset, whence));
  }

  truncate(path: string, size: number): void {
    this.call('truncate', path, undefined, () => truncatePath(this, path, size));
  }

  ftruncate(fd: number, size: number): void {
    this.call('ftruncate', undefined, undefined, () => {
      if (size < 0) raise('EINVAL');
      const file = this.files.getUsable(fd);
      if (!isRegular(file.inode.mode) || !file.writable) raise('EINVAL');
      if ((file.inode.flags & S_APPEND) !== 0) raise('EPERM');
      if (size > file.inode.superblock.maxBytes) raise('EFBIG');
      doTruncate(this.kernel, file.dentry, size, true);
    });
  }

  fallocate(fd: number, mode: number, offset: number, length: number): void {
    this.call('fallocate', undefined, undefined, () =>
      allocateRange(this.kernel, this.files.getUsable(fd), mode, offset, length),
    );
  }

  protected flush(call: string, fd: number, dataOnly: boolean): void {
    this.call(call, undefined, undefined, () => vfsFsync(this.files.getUsable(fd), dataOnly));
  }

  fsync(fd: number): void {
    this.flush('fsync', fd, false);
  }

  fdatasync(fd: number): void {
    this.flush('fdatasync', fd, true);
  }

  sync(): void {
    this.call('sync', undefined, undefined, () => {
      for (const superblock of this.kernel.superblocks) syncFilesystem(superblock);
    });
  }

  syncfs(fd: number): void {
    this.call('syncfs', undefined, undefined, () => syncFilesystem(this.files.getUsable(fd).inode.superblock));
  }

  copyFileRange(
    fdIn: number,
    offsetIn: number | undefined,
    fdOut: number,
    offsetOut: number | undefined,
    length: number,
  ): number {
    return this.call('copy_file_range', undefined, undefined, () =>
      copyRange(this.kernel, this.files.getUsable(fdIn), offsetIn, this.files.getUsable(fdOut), offsetOut, length),
    );
  }

  flock(fd: number, operation: number): void {
    this.call('flock', undefined, undefined, () => flockFile(() => this.files.getUsable(fd), operation));
  }

  mmap(fd: number, offset: number, length: number, protection: number, flags: number): MappedRegion {
    return this.call('mmap', undefined, undefined, () => {
      if (offset % 4096 !== 0) raise('EINVAL');
      const file = this.files.getUsable(fd);
      const shared = (flags & MAP_SHARED) !== 0;
      if (length <= 0 || shared === ((flags & MAP_PRIVATE) !== 0)) raise('EINVAL');
      const writable = (protection & PROT_WRITE) !== 0;
      if (shared && writable && !file.writable) raise('EACCES');
      if (shared && file.writable && (file.inode.flags & S_APPEND) !== 0) raise('EACCES');
      if (!file.readable) raise('EACCES');
      const mapping = file.ops.mmap(file, shared);
      return new MappedRegion(holdMapped(file), mapping, offset, length, writable, shared, () => letGoOfMapped(file));
    });
  }

  /** No filesystem shares data of files on request yet. @see vfs_clone_file_range() */
  #clone(into: OpenFile, fd: number): never {
    const from = this.files.getUsable(fd);
    return raise(from.inode.superblock === into.inode.superblock ? 'EOPNOTSUPP' : 'EXDEV');
  }

  ioctl(fd: number, request: number, argument?: unknown): unknown {
    return this.call('ioctl', undefined, undefined, () => {
      const file = this.files.getUsable(fd);
      if (request === FICLONE) return this.#clone(file, argument as number);
      if (asksForAttributes(request)) return fileattrIoctl(this.kernel, file, request, argument);
      return file.ops.ioctl(file, request, argument);
    });
  }

  getdents(fd: number, count = Number.MAX_SAFE_INTEGER): Dirent[] {
    return this.call('getdents', undefined, undefined, () => readDirectory(this.files.getUsable(fd), count));
  }
}

/** A position makes no sense in a fifo. */
function checkSeekable(file: OpenFile): void {
  if (isFifo(file.inode.mode)) raise('ESPIPE');
}
