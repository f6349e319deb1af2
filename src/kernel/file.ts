/**
 * Open files: Linux's `struct file` and the contract of its `file_operations`.
 *
 * Life cycle: the kernel makes an {@link OpenFile} with `ops` chosen by type, calls `ops.open`, and `ops.release` when
 * the last descriptor is closed. Positions and lengths are bytes; the kernel has checked access mode, negative
 * positions and size limits.
 */
import { O_ACCMODE, O_PATH, O_RDONLY, O_RDWR, O_WRONLY } from '../abi/flags.ts';
import type { Credentials } from './credentials.ts';
import { isRegular } from '../abi/mode.ts';
import { type Dentry, pin, unpin } from './dentry.ts';
import type { Fork } from './fork.ts';
import type { ExtentMap } from './extent-map.ts';
import type { Inode } from './inode.ts';
import type { Mapping } from './mmap.ts';
import { type Mount, unuseMount, useMount } from './mount.ts';

/** An open file: what descriptors stand for. Copies of a descriptor share it, with its position and flags. */
export class OpenFile {
  readonly mount: Mount;
  readonly dentry: Dentry;
  readonly inode: Inode;
  /** What open(2) was given, later changed by fcntl(2). */
  flags: number;
  position = 0;
  /** The credentials of the opener. */
  readonly credentials: Credentials;
  readonly ops: FileOperations;
  readonly readable: boolean;
  readonly writable: boolean;
  /** How many descriptors and mappings share this open file. */
  references = 1;
  /** What the filesystem keeps with the open file (Linux's private_data). */
  note: unknown = undefined;

  constructor(
    mount: Mount,
    dentry: Dentry,
    inode: Inode,
    flags: number,
    credentials: Credentials,
    ops: FileOperations,
  ) {
    this.mount = mount;
    this.dentry = dentry;
    this.inode = inode;
    this.flags = flags;
    this.credentials = credentials;
    this.ops = ops;
    const access = flags & O_ACCMODE;
    const named = (flags & O_PATH) !== 0;
    this.readable = !named && (access === O_RDONLY || access === O_RDWR);
    this.writable = !named && (access === O_WRONLY || access === O_RDWR);
  }
}

/** Takes one entry of a listing; answers false when it wants no more (that entry is then not taken). */
export type Filldir = (name: string, ino: number | bigint, type: number) => boolean;

/** What a filesystem does with its open files. The kernel has checked access mode, positions and size limits. */
export interface FileOperations {
  /** @throws Errno whatever opening gives; the file is then never released */
  open(file: OpenFile): void;
  /** The last descriptor is closed. */
  release(file: OpenFile): void;
  /** Fills `into` from `position`; answers how many bytes there were, 0 at the end. */
  read(file: OpenFile, into: Uint8Array, position: number): number;
  /** Writes at `position` (the kernel has moved it to the end for O_APPEND). @throws Errno ENOSPC, EFBIG */
  write(file: OpenFile, bytes: Uint8Array, position: number): number;
  /**
   * Lists from `file.position`, which is kept at the entry to come: it is set before each call of `filldir`, and the
   * kernel reports it as the `off` of the entry before. Starts with `.` and `..`.
   */
  iterate(file: OpenFile, filldir: Filldir): void;
  /** The new position for lseek(2); SEEK_DATA and SEEK_HOLE too. @throws Errno EINVAL, ENXIO */
  llseek(file: OpenFile, offset: number, whence: number): number;
  /** @throws Errno EOPNOTSUPP, ENOSPC */
  fallocate(file: OpenFile, mode: number, offset: number, length: number): void;
  /** Stores what is dirty; with `dataOnly` the attributes need not be. @throws Errno EIO, ENOSPC */
  fsync(file: OpenFile, dataOnly: boolean): void;
  /** @throws Errno ENOTTY for requests it does not know */
  ioctl(file: OpenFile, request: number, argument: unknown): unknown;
  /** The data that a mapping of this file shares; `shared`: what is written there is to reach the file. @throws Errno ENODEV */
  mmap(file: OpenFile, shared?: boolean): Mapping;
  /**
   * Writes a range of another file's data by sharing its extents, in a time that does not depend on its length; what
   * were holes are allocated, as a write of zeros would. Files without extents of their own leave it out, and the
   * kernel moves bytes. @throws Errno ENOSPC
   */
  writeExtents?(file: OpenFile, source: ExtentMap, sourceOffset: number, length: number, position: number): number;
  /** Carries what `note` holds into a forked machine; left out where it may be shared. */
  fork?(fork: Fork, old: OpenFile, made: OpenFile): void;
  /** The file of a layer where the data of a union's file is at present: what the kernel itself copies from. */
  backing?(file: OpenFile): OpenFile;
  /** Where O_APPEND writes to, in bytes, where that is not the end of what `backing` answers. */
  end?(file: OpenFile): number;
  /** The open file that a mapping is of, where it is another one than this. */
  mapped?(file: OpenFile): OpenFile;
  /** Called for each close(2) of a descriptor. */
  flush?(file: OpenFile): void;
}

export const countsAsWriter = (file: OpenFile): boolean => file.writable && isRegular(file.inode.mode);

/** An open file holds its name and its mount. */
export function grabFile(file: OpenFile): OpenFile {
  useMount(file.mount);
  if (countsAsWriter(file)) file.mount.writers++;
  pin(file.dentry);
  return file;
}

export function letGoOfFile(file: OpenFile): void {
  if (countsAsWriter(file)) file.mount.writers--;
  unuseMount(file.mount);
  unpin(file.dentry);
}
