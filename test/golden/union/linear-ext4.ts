/**
 * The disk under the recordings: ext4 with blocks of 1 KiB and without an index of directories. It lists names as
 * {@link LinearDirectory} says and has one block for the attributes of a file; everything else is our stand-in disk.
 */
import { raise } from '../../../src/abi/errno.ts';
import { isDirectory } from '../../../src/abi/mode.ts';
import { diskKinds } from '../../../src/filesystem/tmpfs/disk-kind.ts';
import { DiskSuperblock } from '../../../src/filesystem/tmpfs/disk-superblock.ts';
import type { TmpfsInode } from '../../../src/filesystem/tmpfs/inode.ts';
import type { TmpfsRecord } from '../../../src/filesystem/tmpfs/record.ts';
import type { Dentry } from '../../../src/kernel/dentry.ts';
import type { FileOperations, OpenFile } from '../../../src/kernel/file.ts';
import type { Inode } from '../../../src/kernel/inode.ts';
import { listDots } from '../../../src/kernel/llseek.ts';
import type { FilesystemType } from '../../../src/kernel/superblock.ts';
import { LinearDirectory } from './linear-directory.ts';

const limits = { maxPages: 2 ** 20, maxInodes: 2 ** 20, mode: 0o755, uid: 0, gid: 0 };
const END_OF_DIRECTORY = 2 ** 31 - 1;
const BLOCK_SIZE = 1024;
/** Of a block of attributes: its header, and the word behind the last entry. @see fs/ext4/xattr.c */
const BLOCK_OVERHEAD = 36;
const ENTRY_SIZE = 16;

const padded = (length: number): number => (length + 3) & ~3;

/** What an attribute takes of its block; the prefix of the name is a number there. */
const attributeSize = (name: string, { length }: Uint8Array): number =>
  ENTRY_SIZE + padded(name.length - name.indexOf('.') - 1) + padded(length);

const directories = new WeakMap<Inode, LinearDirectory>();

function directoryOf(inode: TmpfsInode): LinearDirectory {
  const known = directories.get(inode) ?? new LinearDirectory();
  directories.set(inode, known);
  return known;
}

function follow(inode: TmpfsInode): void {
  directoryOf(inode).follow(new Set([...inode.entries().from()].map(({ name }) => name)));
}

/** Lists in the order of the disk. */
function iterate(file: OpenFile, filldir: Parameters<FileOperations['iterate']>[1]): void {
  const inode = file.inode as TmpfsInode;
  if (!listDots(file, filldir) || file.position === END_OF_DIRECTORY) return;
  for (const [name, offset] of directoryOf(inode).entries()) {
    if (offset < file.position) continue;
    file.position = offset;
    const { ino, type } = inode.entries().get(name)!;
    if (!filldir(name, ino, type)) return;
  }
  file.position = END_OF_DIRECTORY;
}

function limitAttributes(inode: TmpfsInode): void {
  const setxattr = inode.setxattr.bind(inode);
  inode.setxattr = (name, value, flags) => {
    const others = inode.listxattr().filter((other) => other !== name);
    const used = others.reduce((sum, other) => sum + attributeSize(other, inode.getxattr(other)!), 0);
    if (used + attributeSize(name, value) > BLOCK_SIZE - BLOCK_OVERHEAD) raise('ENOSPC');
    setxattr(name, value, flags);
  };
}

function listLinearly(inode: TmpfsInode): void {
  const { fileOperations, mknod, symlink, link, unlink, rename } = inode;
  Object.defineProperty(inode, 'fileOperations', { value: { ...fileOperations, iterate } });
  inode.mknod = (...values) => followed(inode, mknod.apply(inode, values));
  inode.symlink = (...values) => followed(inode, symlink.apply(inode, values));
  inode.link = (...values) => followed(inode, link.apply(inode, values));
  inode.unlink = (dentry) => followed(inode, unlink.call(inode, dentry));
  inode.rename = (old: Dentry, newDir: Inode, dentry: Dentry, flags: number) => {
    renaming = true;
    try {
      rename.call(inode, old, newDir, dentry, flags);
    } finally {
      renaming = false;
    }
    follow(newDir as TmpfsInode);
    follow(inode);
  };
}

/** What is replaced by a rename is unlinked by it, but keeps its place. */
let renaming = false;

function followed<T>(inode: TmpfsInode, result: T): T {
  if (!renaming) follow(inode);
  return result;
}

function onLinearExt4<T extends TmpfsInode | undefined>(inode: T): T {
  if (inode === undefined || Object.hasOwn(inode, 'setxattr')) return inode;
  limitAttributes(inode);
  if (isDirectory(inode.mode)) listLinearly(inode);
  return inode;
}

class LinearExt4Superblock extends DiskSuperblock {
  override newInode(mode: number, uid: number, gid: number, flags = 0, directory?: TmpfsRecord): TmpfsInode {
    return onLinearExt4(super.newInode(mode, uid, gid, flags, directory));
  }

  override inode(ino: number): TmpfsInode | undefined {
    return onLinearExt4(super.inode(ino));
  }
}

/** `mount -t ext4` of a new disk. */
export const linearExt4: FilesystemType = {
  name: 'ext4',
  nodev: true,
  userNamespaceMount: false,
  mount({ kernel, readOnly }) {
    const shape = { type: linearExt4, kind: diskKinds.ext4, limits, ftype: true, projectQuota: false };
    const superblock = new LinearExt4Superblock(kernel, kernel.anonymousDevice(), shape).format();
    superblock.open({ shown: '', quota: 'off' }, readOnly);
    return superblock;
  },
};
