/** Inodes of proc. Nothing can be made, removed or renamed there; owners and modes may be changed until it is gone. */
import { raise } from '../../abi/errno.ts';
import { isDirectory } from '../../abi/mode.ts';
import type { Attributes, Stat, Timespec } from '../../abi/stat.ts';
import { decodeName, encodeName } from '../../abi/name-bytes.ts';
import { fileAccessed } from '../../kernel/atime.ts';
import type { Credentials } from '../../kernel/credentials.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { FileOperations, OpenFile } from '../../kernel/file.ts';
import type { Inode } from '../../kernel/inode.ts';
import { directoryLlseek, genericFileLlseek, listDots } from '../../kernel/llseek.ts';
import { genericPermission } from '../../kernel/permission.ts';
import { ReadOnlyInode } from '../../kernel/read-only-inode.ts';
import type { ProcNode } from './node.ts';
import { RevalidatedNames } from './revalidated-names.ts';
import type { ProcSuperblock } from './super.ts';

/** @see proc_fill_super() */
const BLOCK_SIZE = 1024;

export class ProcInode extends ReadOnlyInode {
  readonly superblock: ProcSuperblock;
  readonly node: ProcNode;
  readonly ino: number;
  atime: Timespec;
  mtime: Timespec;
  ctime: Timespec;
  #changed: Attributes = {};

  constructor(superblock: ProcSuperblock, node: ProcNode, ino: number) {
    super();
    this.superblock = superblock;
    this.node = node;
    this.ino = ino;
    this.atime = this.mtime = this.ctime = superblock.kernel.now();
  }

  get mode(): number {
    return this.#changed.mode ?? this.node.mode;
  }
  get uid(): number {
    return this.#changed.uid ?? this.node.owner?.(this.superblock.kernel).uid ?? 0;
  }
  get gid(): number {
    return this.#changed.gid ?? this.node.owner?.(this.superblock.kernel).gid ?? 0;
  }
  get nlink(): number {
    return this.node.kind === 'directory' ? this.node.nlink(this.superblock.kernel) : 1;
  }
  get rdev(): number {
    return 0;
  }
  get size(): number {
    return this.node.size?.(this.superblock.kernel) ?? 0;
  }
  get fileOperations(): FileOperations {
    return isDirectory(this.mode) ? directoryOperations : textOperations;
  }

  getattr(): Stat {
    const { ino, mode, nlink, uid, gid, size, atime, mtime, ctime } = this;
    const { dev } = this.superblock;
    return { dev, ino, mode, nlink, uid, gid, rdev: 0, size, blksize: BLOCK_SIZE, blocks: 0, atime, mtime, ctime };
  }

  /** What belongs to a task keeps its mode. @see proc_setattr(), proc_notify_change() */
  override setattr(attributes: Attributes): void {
    const ofTask = this.node.owner !== undefined;
    if (ofTask && attributes.mode !== undefined) raise('EPERM');
    const { mode, uid, gid, atime, mtime, ctime } = attributes;
    this.#changed = { ...this.#changed };
    if (mode !== undefined) this.#changed.mode = mode;
    if (uid !== undefined) this.#changed.uid = uid;
    if (gid !== undefined) this.#changed.gid = gid;
    this.atime = atime ?? this.atime;
    this.mtime = mtime ?? this.mtime;
    this.ctime = ctime ?? this.ctime;
  }

  permission(credentials: Credentials, mask: number): 'EACCES' | 'EPERM' | 'EROFS' | undefined {
    const { node } = this;
    return node.permission === undefined
      ? genericPermission(this, credentials, mask)
      : node.permission(credentials, mask);
  }

  override touchAtime(now: Timespec): void {
    this.atime = now;
  }

  /** A missing name is an error here, not a name to be made: making it gives ENOENT too. @see proc_lookup_de() */
  lookup(dentry: Dentry): Inode {
    this.prepare(dentry.parent);
    const node = this.node.kind === 'directory' ? this.node.find(this.superblock.kernel, dentry.name) : undefined;
    const inode = this.superblock.inodeOf(node ?? raise('ENOENT'));
    inode.prepare(dentry);
    return inode;
  }

  /** Names come and go by themselves: what is in the cache is checked each time. */
  prepare(dentry: Dentry): void {
    const { node } = this;
    if (node.kind !== 'directory' || dentry.children instanceof RevalidatedNames) return;
    dentry.children = new RevalidatedNames((name) => node.find(this.superblock.kernel, name)?.mode);
  }

  readlink(): string {
    return this.node.kind === 'link' ? this.node.target(this.superblock.kernel) : raise('EINVAL');
  }

  /** Nobody removes or renames here, whoever asks. @see may_delete(), vfs_unlink() */
  override unlink(): void {
    raise('EPERM');
  }
  override rmdir(): void {
    raise('EPERM');
  }
  override rename(): void {
    raise('EPERM');
  }
  override link(): Inode {
    return raise('EPERM');
  }
  override tmpfile(): Inode {
    return raise('EOPNOTSUPP');
  }
  override setxattr(): void {
    raise('EOPNOTSUPP');
  }
  override removexattr(): void {
    raise('EOPNOTSUPP');
  }

  /** Carries what was changed into a forked machine. */
  copyTo(twin: ProcInode): void {
    twin.#changed = this.#changed;
    twin.atime = this.atime;
    twin.mtime = this.mtime;
    twin.ctime = this.ctime;
  }
}

const inodeOf = (file: OpenFile): ProcInode => file.inode as ProcInode;

/** Text is made when a read begins at the start, and goes on from what was made then. @see seq_read() */
const textOperations: FileOperations = {
  open(file) {
    const { node, superblock } = inodeOf(file);
    if (node.kind === 'text' && file.writable) node.openForWriting?.(superblock.kernel);
  },
  release() {},
  read(file, into, position) {
    const { node, superblock } = inodeOf(file);
    if (node.kind !== 'text') raise('EINVAL');
    if (position === 0 || file.note === undefined) file.note = encodeName(node.text(superblock.kernel));
    const bytes = (file.note as Uint8Array).subarray(position, position + into.length);
    into.set(bytes);
    fileAccessed(file);
    return bytes.length;
  },
  write(file, bytes, position) {
    const { node, superblock } = inodeOf(file);
    if (node.kind !== 'text' || node.write === undefined) raise('EINVAL');
    if (position !== 0) return node.ignoresLaterWrites ? bytes.length : raise('EINVAL');
    node.write(superblock.kernel, file.credentials, decodeName(bytes));
    return bytes.length;
  },
  iterate: () => raise('ENOTDIR'),
  llseek(file, offset, whence) {
    return whence === 0 || whence === 1 ? genericFileLlseek(file, offset, whence) : raise('EINVAL');
  },
  fallocate: () => raise('EOPNOTSUPP'),
  fsync: () => raise('EINVAL'),
  ioctl: () => raise('ENOTTY'),
  mmap: () => raise('ENODEV'),
};

const directoryOperations: FileOperations = {
  ...textOperations,
  read: () => raise('EISDIR'),
  write: () => raise('EISDIR'),
  llseek: directoryLlseek,
  iterate(file, filldir) {
    if (!listDots(file, filldir)) return;
    const { node, superblock } = inodeOf(file);
    if (node.kind !== 'directory') return;
    const { kernel } = superblock;
    let end = file.position;
    for (const { name, position } of node.entries(kernel)) {
      if (position < file.position) continue;
      const found = node.find(kernel, name);
      if (found === undefined) continue;
      file.position = position;
      if (!filldir(name, superblock.inodeOf(found).ino, found.mode >> 12)) return;
      end = position + 1;
    }
    file.position = end;
  },
};
