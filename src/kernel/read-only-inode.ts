/**
 * An inode of a filesystem that nobody can write to. Its superblock is read-only, so that the kernel refuses earlier,
 * with the checks in the order in which Linux makes them; what still comes here gets EROFS.
 *
 * @see fs/squashfs/inode.c, fs/libfs.c
 */
import { raise } from '../abi/errno.ts';
import type { Attributes, Stat, Timespec } from '../abi/stat.ts';
import type { Dentry } from './dentry.ts';
import type { FileOperations } from './file.ts';
import type { Inode } from './inode.ts';
import type { Superblock } from './superblock.ts';

const refuse = (): never => raise('EROFS');

/** An inode that refuses every change with EROFS: what a read-only filesystem extends. */
export abstract class ReadOnlyInode implements Inode {
  abstract readonly superblock: Superblock;
  abstract readonly ino: number;
  abstract readonly mode: number;
  abstract readonly uid: number;
  abstract readonly gid: number;
  abstract readonly nlink: number;
  abstract readonly rdev: number;
  abstract readonly size: number;
  abstract readonly atime: Timespec;
  abstract readonly mtime: Timespec;
  abstract readonly ctime: Timespec;
  abstract readonly fileOperations: FileOperations;
  holds = 0;

  get flags(): number {
    return 0;
  }
  get linkable(): boolean {
    return false;
  }

  abstract getattr(): Stat;
  abstract lookup(dentry: Dentry): Inode | undefined;
  abstract readlink(): string;

  setattr(_attributes: Attributes): void {
    refuse();
  }
  /** Nothing is marked: mounts of a read-only filesystem never ask for it. */
  touchAtime(_now: Timespec): void {}
  create(): Inode {
    return refuse();
  }
  mkdir(): Inode {
    return refuse();
  }
  mknod(): Inode {
    return refuse();
  }
  symlink(): Inode {
    return refuse();
  }
  link(): Inode {
    return refuse();
  }
  unlink(): void {
    refuse();
  }
  rmdir(): void {
    refuse();
  }
  rename(): void {
    refuse();
  }
  tmpfile(): Inode {
    return refuse();
  }
  setxattr(): void {
    refuse();
  }
  removexattr(): void {
    refuse();
  }

  /** No name space is kept unless the filesystem says so. */
  getxattr(_name: string): Uint8Array | undefined {
    return raise('EOPNOTSUPP');
  }
  listxattr(): string[] {
    return [];
  }
}
