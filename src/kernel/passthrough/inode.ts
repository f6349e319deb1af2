/** Inodes of a passthrough filesystem: handles on what is known of files outside. @see fs/fuse/inode.c */
import { raise } from '../../abi/errno.ts';
import { isDirectory, isSymlink } from '../../abi/mode.ts';
import type { Stat, Timespec } from '../../abi/stat.ts';
import type { Dentry } from '../dentry.ts';
import type { FileOperations } from '../file.ts';
import type { Inode } from '../inode.ts';
import type { PageCache } from '../page-cache.ts';
import { ReadOnlyInode } from '../read-only-inode.ts';
import { directoryOperations, regularOperations } from './file.ts';
import type { PassthroughSuperblock } from './super.ts';
import type { PassthroughRecord } from './tree.ts';

export class PassthroughInode extends ReadOnlyInode {
  readonly superblock: PassthroughSuperblock;
  readonly record: PassthroughRecord;

  constructor(superblock: PassthroughSuperblock, record: PassthroughRecord) {
    super();
    this.superblock = superblock;
    this.record = record;
  }

  get ino(): number {
    return this.record.ino;
  }
  get mode(): number {
    return this.record.stat.mode;
  }
  get uid(): number {
    return this.record.stat.uid;
  }
  get gid(): number {
    return this.record.stat.gid;
  }
  get nlink(): number {
    return this.record.stat.nlink;
  }
  get rdev(): number {
    return this.record.stat.rdev;
  }
  get size(): number {
    return this.record.stat.size;
  }
  get atime(): Timespec {
    return this.record.stat.atime;
  }
  get mtime(): Timespec {
    return this.record.stat.mtime;
  }
  get ctime(): Timespec {
    return this.record.stat.ctime;
  }
  get fileOperations(): FileOperations {
    return isDirectory(this.mode) ? directoryOperations : regularOperations;
  }

  getattr(): Stat {
    const { ino, stat } = this.record;
    return {
      dev: this.superblock.dev,
      ino,
      mode: stat.mode,
      nlink: stat.nlink,
      uid: stat.uid,
      gid: stat.gid,
      rdev: stat.rdev,
      size: stat.size,
      blksize: stat.blksize,
      blocks: stat.blocks,
      atime: stat.atime,
      mtime: stat.mtime,
      ctime: stat.ctime,
      btime: stat.btime,
    };
  }

  lookup(dentry: Dentry): Inode | undefined {
    const { tree } = this.superblock;
    const record = tree.lookup(this.record, dentry.name);
    return record && this.superblock.inodeOf(record);
  }

  readlink(): string {
    return isSymlink(this.mode) ? this.superblock.tree.readlink(this.record) : raise('EINVAL');
  }

  /** The data of a regular file. */
  pages(): PageCache {
    return this.superblock.tree.pages(this.record);
  }
}
