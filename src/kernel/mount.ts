/**
 * Mounts and mount namespaces: where filesystems hang in the tree. All propagation is private.
 *
 * @see fs/namespace.c
 */
import { raise } from '../abi/errno.ts';
import {
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_RDONLY,
  MS_RELATIME,
} from '../abi/flags.ts';
import { type Dentry, pin, unpin } from './dentry.ts';
import { notifyUnmount } from './inotify.ts';
import type { Kernel } from './kernel.ts';
import type { Superblock } from './superblock.ts';
import type { UserNamespace } from './user-namespace.ts';

/** The flags that belong to a mount, not to the filesystem below it. */
export const MOUNT_FLAGS =
  MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_NOSYMFOLLOW;

/** A place in the tree: a dentry as seen through a mount. */
export interface Path {
  readonly mount: Mount;
  readonly dentry: Dentry;
}

export class Mount {
  readonly id: number;
  readonly superblock: Superblock;
  /** What of the filesystem is shown: its root, or a directory or file below it (bind). */
  readonly root: Dentry;
  /** The first word of the line in /proc/mounts. */
  readonly source: string;
  flags: number;
  parent: Mount | undefined = undefined;
  mountpoint: Dentry | undefined = undefined;
  namespace: MountNamespace | undefined = undefined;
  /** The mounts that stand on names of this one. */
  readonly children = new Map<Dentry, Mount>();
  /** How many open files, roots and working directories lie in it: what makes umount say EBUSY. */
  users = 0;
  /** How many files are open for writing: what makes a remount to read-only say EBUSY. */
  writers = 0;
  /** Detached while somebody still used it. @see MNT_DETACH */
  lazy = false;
  /** Flags that cannot be changed: they came from a more privileged namespace. @see MNT_LOCK_READONLY … */
  lockedFlags = 0;
  /** It hides something from the namespace, and so cannot go alone. @see MNT_LOCKED */
  locked = false;
  /** Nobody has used it since it was marked. @see MNT_EXPIRE */
  expiring = false;

  constructor(superblock: Superblock, root: Dentry, source: string, flags: number, id?: number) {
    this.id = id ?? superblock.kernel.nextMountId();
    this.superblock = superblock;
    this.root = root;
    this.source = source;
    this.flags = flags;
    superblock.active++;
    pin(root);
  }

  get readOnly(): boolean {
    return (this.flags & MS_RDONLY) !== 0 || this.superblock.readOnly;
  }

  /** Lets go of the filesystem; the last one to go shuts it down. */
  drop(): void {
    unpin(this.root);
    dropSuperblock(this.superblock);
  }
}

/** Somebody stands in the mount or has a file of it open. @see mntget() */
export function useMount(mount: Mount): void {
  mount.users++;
}

/** Ends a {@link useMount}; a mount that was detached while in use goes with its last user. @see mntput() */
export function unuseMount(mount: Mount): void {
  mount.users--;
  mount.expiring = false;
  if (mount.users === 0 && mount.namespace === undefined && mount.lazy) mount.drop();
}

/** Ends one use of a superblock. @see deactivate_super() */
export function dropSuperblock(superblock: Superblock): void {
  superblock.active--;
  if (superblock.active > 0) return;
  const { kernel } = superblock;
  kernel.superblocks.delete(superblock);
  if (kernel.watches > 0) notifyUnmount(kernel, superblock);
  superblock.shutdown();
}

/** Refuses to write through a read-only mount or to a read-only filesystem. @see mnt_want_write() */
export function wantWrite(mount: Mount): void {
  if (mount.readOnly) raise('EROFS');
}

/** The tree of mounts that a group of tasks sees. */
export class MountNamespace {
  readonly kernel: Kernel;
  /** Whose root may change it. */
  readonly userNamespace: UserNamespace;
  root!: Mount;
  readonly mounts: Mount[] = [];

  constructor(kernel: Kernel, userNamespace: UserNamespace) {
    this.kernel = kernel;
    this.userNamespace = userNamespace;
  }

  /** Puts `mount` on top of `at`; without `at` it is the root of the namespace. */
  attach(mount: Mount, at?: Path): void {
    if (at === undefined) this.root = mount;
    else {
      mount.parent = at.mount;
      mount.mountpoint = at.dentry;
      at.mount.children.set(at.dentry, mount);
      at.dentry.mounted++;
      pin(at.dentry);
    }
    mount.namespace = this;
    this.mounts.push(mount);
  }

  /** Takes `mount` out of the tree; what lies in it stays usable to those who hold it. */
  detach(mount: Mount): void {
    const { parent, mountpoint } = mount;
    if (parent !== undefined && mountpoint !== undefined) {
      parent.children.delete(mountpoint);
      mountpoint.mounted--;
      unpin(mountpoint);
    }
    mount.parent = undefined;
    mount.mountpoint = undefined;
    mount.namespace = undefined;
    this.mounts.splice(this.mounts.indexOf(mount), 1);
  }

  /** The mount and everything that is mounted below it, parents first. */
  *subtree(mount: Mount): IterableIterator<Mount> {
    yield mount;
    for (const child of mount.children.values()) yield* this.subtree(child);
  }
}

/** Takes the mount and all below it out of the namespace; what is in use stays with its users. @see umount_tree() */
export function detachTree(namespace: MountNamespace, mount: Mount): void {
  for (const below of [...namespace.subtree(mount)].reverse()) {
    namespace.detach(below);
    if (below.users === 0) below.drop();
    else below.lazy = true;
  }
}

/** The mount that covers `path`, followed to the topmost. @see traverse_mounts() */
export function crossMounts(path: Path): Path {
  let { mount, dentry } = path;
  while (dentry.mounted > 0) {
    const above = mount.children.get(dentry);
    if (above === undefined) break;
    mount = above;
    dentry = above.root;
  }
  return mount === path.mount ? path : { mount, dentry };
}

/** Something within `directory` is hidden by a mount that cannot go. @see has_locked_children() */
export function hasLockedChildren({ mount, dentry: directory }: Path): boolean {
  for (const [dentry, child] of mount.children) if (child.locked && dentry.isWithin(directory)) return true;
  return false;
}

/**
 * A mount of `path` for a union's own use: in no namespace, without atime.
 *
 * @throws Errno EINVAL where it would show what a locked mount hides
 * @see clone_private_mount()
 */
export function clonePrivateMount(path: Path): Mount {
  if (hasLockedChildren(path)) raise('EINVAL');
  return new Mount(path.mount.superblock, path.dentry, path.mount.source, path.mount.flags | MS_NOATIME);
}
