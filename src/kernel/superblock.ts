/**
 * The contract of a mounted filesystem and of a kind of filesystem: Linux's `struct super_block` and
 * `struct file_system_type`.
 *
 * Life cycle: `FilesystemType.mount` makes (or finds) a superblock; mounts hold it; when the last mount goes the kernel
 * calls `shutdown`. Options are remounted with `reconfigure`. A fork of the machine calls `fork` once for each.
 */
import type { DiskQuota, DiskQuotaLimits, QuotaState } from '../abi/quota.ts';
import type { StatFS } from '../abi/stat.ts';
import type { Dentry } from './dentry.ts';
import type { Fork } from './fork.ts';
import type { Inode } from './inode.ts';
import type { Kernel } from './kernel.ts';
import type { Path } from './mount.ts';
import type { UserNamespace } from './user-namespace.ts';

/**
 * One mounted filesystem: Linux's `struct super_block`. Mounts and unions hold it; `shutdown` is called when the
 * last one lets go. @see include/linux/fs.h
 */
export interface Superblock {
  readonly kernel: Kernel;
  readonly type: FilesystemType;
  /** What stat(2) tells as `st_dev`. */
  readonly dev: number;
  readonly root: Dentry;
  /** The whole filesystem refuses writes, whichever mount they come through. */
  readOnly: boolean;
  /** A sum of `MS_SYNCHRONOUS`, `MS_DIRSYNC`, `MS_MANDLOCK` and `MS_LAZYTIME`; here they are only told. */
  flags?: number;
  /** How many union filesystems lie on top of one another here; 0 for a plain one. */
  readonly stackDepth: number;
  /** Longest name in bytes. */
  readonly nameMax: number;
  /** Largest file in bytes; a write beyond gives EFBIG. */
  readonly maxBytes: number;
  /** A name that is not there is remembered in the dentry cache; tmpfs has no use for that. */
  readonly keepsNegativeDentries: boolean;
  /**
   * Whose root may do with the filesystem what the machine's root may with others; the machine's own where it is left
   * out. @see s_user_ns
   */
  userNamespace?: UserNamespace | undefined;
  /** The 16 bytes that name it in file handles and statfs(2), where it has some. @see s_uuid */
  readonly uuid?: Uint8Array | undefined;
  /** Objects are found again by their file handles. @see s_export_op */
  readonly decodesHandles?: boolean;
  /** Left out where there are no quotas. @see s_qcop */
  readonly quotas?: QuotaOperations | undefined;
  /** How many mounts, and unions as their layers, use this superblock. */
  active: number;

  /**
   * What statfs(2) tells: sizes in blocks of `bsize` bytes. `inode` is what was asked for, where the filesystem tells
   * what is left to a project.
   */
  statfs(inode?: Inode): StatFS;
  /** The options for `/proc/mounts`, each with a leading comma; `rw`/`ro` are the kernel's. */
  showOptions(): string;
  /** mount -o remount. @throws Errno EINVAL, leaving everything as it was unless the filesystem says otherwise */
  reconfigure(request: ReconfigureRequest): void;
  /** Writes back what is dirty. */
  sync(): void;
  /** Gives back the memory of pages that lie elsewhere too. @see /proc/sys/vm/drop_caches */
  dropPages?(): void;
  /** Takes back an inode that has neither names nor holders. */
  evict(inode: Inode): void;
  /**
   * No cached name leads to the inode any more: it goes as soon as nobody holds it. A filesystem without this keeps its
   * inodes as long as they exist.
   */
  forget?(inode: Inode): void;
  /**
   * What is cached of a name still holds; else the name has been dropped and is looked up anew. Left out where nobody
   * changes directories but through their names. @see d_revalidate()
   */
  revalidate?(dentry: Dentry): boolean;
  /**
   * What a walk ends at without having looked its name up (by a descriptor or `.`) still stands for its inode. `flags` is
   * a sum of `LOOKUP_…`. Left out where it always does. @see d_weak_revalidate()
   */
  weakRevalidate?(dentry: Dentry, flags: number): boolean;
  /** The live inode of that number, for a fork; `undefined` when there is none. */
  inode(ino: number): Inode | undefined;
  /** Takes back every inode without a name: nobody holds one after a restart. */
  reclaim?(): void;
  /** An inode without a name is still in use: it will have to be removed. @see s_remove_count */
  hasRemovedInodes?(): boolean;
  /** The last mount is gone. */
  shutdown(): void;
  /** The same filesystem in another kernel, in a time that does not depend on what it holds. */
  fork(fork: Fork): Superblock;
  /** The object that stands in the forked kernel for a held inode of this one. */
  forkInode(fork: Fork, inode: Inode): Inode;
  /** What is wrong inside, one sentence each; empty when all is well. */
  check(): string[];
}

/** The quotas of a filesystem. Blocks are of 512 bytes. @see struct quotactl_ops */
export interface QuotaOperations {
  /** What is counted and what holds; `flags` is 0 while nothing is. */
  state(): QuotaState;
  /** @throws Errno ENOSYS, ESRCH while quotas are off, ENOENT for an id that nothing is known of */
  get(kind: number, id: number): DiskQuota;
  /** The lowest id from `id` on that something is known of. @throws Errno as `get` */
  next(kind: number, id: number): DiskQuota;
  /** @throws Errno EROFS, ENOSYS, ESRCH, EINVAL for fields it does not know */
  set(kind: number, id: number, limits: DiskQuotaLimits): void;
}

/** What a remount asks of a mounted filesystem. */
export interface ReconfigureRequest {
  /** The `-o` string without the words that the kernel takes itself (ro, nosuid …). */
  readonly data: string;
  readonly readOnly: boolean;
  /**
   * A path in `data`, as the calling task sees it, symlinks followed. @throws Errno ENOENT, ENOTDIR, ELOOP, EACCES …
   */
  resolve(path: string): Path;
}

/** What mount(2) asks of a filesystem type. */
export interface MountRequest extends ReconfigureRequest {
  readonly kernel: Kernel;
  /** The first word of the line in /proc/mounts. */
  readonly source: string;
}

/**
 * A kind of filesystem: Linux's `struct file_system_type`. A value that is handed to a machine, known there by its
 * name.
 */
export interface FilesystemType {
  readonly name: string;
  /** Needs no block device: "nodev" in /proc/filesystems. */
  readonly nodev: boolean;
  /** May be mounted by root of a user namespace. */
  readonly userNamespaceMount: boolean;
  /** @throws Errno EINVAL for bad options, whatever else mount(2) of this type gives */
  mount(request: MountRequest): Superblock;
}
