/**
 * The contract of a file within a filesystem: Linux's `struct inode` with its `inode_operations`.
 *
 * A filesystem implements it; the system calls and the union filesystems consume it, so that unions nest.
 *
 * Words. An inode is known by its number within its superblock and there is one object for it while anyone holds it.
 * A {@link Dentry} is a name in a directory; directory operations take the dentry of the name, as in Linux: it tells
 * name and parent, and a filesystem may keep its own note in `dentry.note`. The kernel alone changes the dentry cache.
 *
 * Who checks what. The caller (`kernel/vfs`) has checked existence, type, permission, mount and superblock read-only
 * state, name length and the sticky bit. A filesystem checks only what it alone can know, and refuses with `raise`
 * before any effect. It updates times and link counts of all inodes involved, directories included.
 *
 * Owners. New inodes belong to `inodeInitOwner(kernel, dir, mode)` (`kernel/permission.ts`), which reads the
 * credentials that are in force: a union filesystem overrides them and its layers then see the mounter.
 *
 * @see include/linux/fs.h, Documentation/filesystems/vfs.rst
 */
import type { FileAttributes } from '../abi/fileattr.ts';
import type { Attributes, Stat, StatxAttributes, Timespec } from '../abi/stat.ts';
import type { Credentials } from './credentials.ts';
import type { Dentry } from './dentry.ts';
import type { FileOperations } from './file.ts';
import { notifyRemoved } from './inotify.ts';
import type { Superblock } from './superblock.ts';

/** `i_flags` that change what calls are allowed. */
export const S_APPEND = 4;
export const S_IMMUTABLE = 8;
export const S_NOATIME = 2;

/**
 * A file within a filesystem, known by its number: Linux's `struct inode` with its `inode_operations`.
 *
 * The caller has checked existence, type, permission, read-only state, name length and the sticky bit. The inode checks
 * what it alone can know, refuses with `raise` before any effect, and updates the times and link counts of all inodes
 * involved. @see include/linux/fs.h, Documentation/filesystems/vfs.rst
 */
export interface Inode {
  readonly superblock: Superblock;
  readonly ino: number;
  /** Type and permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  /** Device number of a device node, else 0. */
  readonly rdev: number;
  /** Bytes. */
  readonly size: number;
  /** Sum of `S_APPEND`, `S_IMMUTABLE`, `S_NOATIME`. */
  readonly flags: number;
  readonly atime: Timespec;
  readonly mtime: Timespec;
  readonly ctime: Timespec;
  /** What an open regular file or directory does; the kernel serves devices and fifos itself. */
  readonly fileOperations: FileOperations;
  /** How many open files, mounts, working directories and unions hold this inode; see {@link hold}. */
  holds: number;
  /** Made by O_TMPFILE and may still be given a name. @see I_LINKABLE */
  linkable: boolean;
  /** The one name of a directory in the cache, where more than one may lead to it. @see __d_find_any_alias() */
  readonly alias?: Dentry | undefined;

  /**
   * Every attribute as stat(2) tells it; `dentry` is the name by which the inode was reached, or that of an open file.
   *
   * @throws Errno ESTALE where that no longer stands for it
   */
  getattr(dentry?: Dentry): Stat;
  /**
   * Sets attributes. The kernel has cleared set-id bits and filled in `ctime`. `dentry` is the name by which the inode
   * was reached, as for extended attributes: a union copies that one up. @throws Errno ENOSPC, EFBIG
   */
  setattr(attributes: Attributes, dentry?: Dentry): void;
  /** Marks an access at `now`; the kernel has applied relatime. */
  touchAtime(now: Timespec): void;
  /** Marks a write to a fifo; a union leaves its layers as they are and has none. @see file_update_time() */
  touchMtime?(now: Timespec): void;
  /** Replaces the rule of mode bits. Answers the refusal or nothing. `mask` is a sum of MAY_… */
  permission?(credentials: Credentials, mask: number): 'EACCES' | 'EPERM' | 'EROFS' | undefined;

  // Directories
  /**
   * The inode of the name, or `undefined`: nothing found is an answer, not an error. The dentry may be given the
   * filesystem's own copy of the name, so that it is kept once.
   */
  lookup(dentry: Dentry): Inode | undefined;
  /**
   * Whether a lookup would surely find nothing: an answer without a dentry, for unions. Who asks many directories for one
   * name gives its `hash`, that is `hashOf(name)` of `kernel/name-table`.
   */
  lacks?(name: string, hash?: number): boolean;
  /** How many names the directory has ever been given: while that stays, no name that was missing is there. */
  readonly additions?: number;
  /** A new regular file. */
  create(dentry: Dentry, mode: number): Inode;
  /** A new directory. @throws Errno ENOSPC */
  mkdir(dentry: Dentry, mode: number): Inode;
  /** A device, fifo or socket; `mode` has the type. */
  mknod(dentry: Dentry, mode: number, rdev: number): Inode;
  /** A new symlink whose text is `target`. @throws Errno ENOSPC */
  symlink(dentry: Dentry, target: string): Inode;
  /** One more name for what `old` names. Answers the inode that the new dentry gets; without one it is forgotten. */
  link(old: Dentry, dentry: Dentry): Inode | undefined;
  /** Removes the name of what is no directory. The inode goes with its last name and holder. */
  unlink(dentry: Dentry): void;
  /** @throws Errno ENOTEMPTY */
  rmdir(dentry: Dentry): void;
  /**
   * Moves `old` (in this directory) to `dentry` (in `newDir`), replacing what is there; `flags` is a sum of
   * RENAME_…. @throws Errno EINVAL for flags it does not know, ENOTEMPTY, EXDEV
   */
  rename(old: Dentry, newDir: Inode, dentry: Dentry, flags: number): void;
  /** A regular file without a name, nlink 0. @throws Errno EOPNOTSUPP */
  tmpfile(mode: number): Inode;

  /** The target of a symlink. */
  readlink(): string;

  // Extended attributes: the kernel has checked name space and permission, flags are XATTR_CREATE, XATTR_REPLACE.
  /** @throws Errno EOPNOTSUPP for a name space the filesystem does not keep */
  getxattr(name: string): Uint8Array | undefined;
  /** @throws Errno EEXIST, ENODATA, EOPNOTSUPP, ENOSPC */
  setxattr(name: string, value: Uint8Array, flags: number, dentry?: Dentry): void;
  /** @throws Errno ENODATA, EOPNOTSUPP */
  removexattr(name: string, dentry?: Dentry): void;
  /** Names as kept, `trusted.` ones included; the kernel hides those from callers without CAP_SYS_ADMIN. */
  listxattr(): string[];

  /** What chattr(1) sets, of a regular file or directory; left out where no attributes are kept. */
  fileattrGet?(): FileAttributes;
  /** The kernel has checked who asks. @throws Errno EOPNOTSUPP for an attribute that cannot be kept */
  fileattrSet?(attributes: FileAttributes, dentry?: Dentry): void;
  /** What statx(2) tells of attributes, and which ones it can tell: sums of `STATX_ATTR_…`. */
  statxAttributes?(): StatxAttributes;
}

/** Keeps an inode alive though its last name may go. @see ihold() */
export function hold(inode: Inode): void {
  inode.holds++;
}

/** Ends a {@link hold}; an inode without names and holders is given back to its filesystem. @see iput() */
export function release(inode: Inode): void {
  inode.holds--;
  dropIfUnused(inode);
}

/** Gives an inode without names and holders back to its filesystem. @see iput_final() */
export function dropIfUnused(inode: Inode): void {
  if (inode.holds > 0 || inode.nlink > 0) return;
  const { superblock } = inode;
  if (superblock.kernel.watches > 0) notifyRemoved(superblock.kernel, inode);
  superblock.evict(inode);
}
