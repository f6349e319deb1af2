/**
 * A fork in progress: what stands in the new kernel for each held object of the old one. Dentries are a cache that the
 * new kernel starts without; only those that something holds are made again, through here. Holders pin what they hold
 * anew, so that counts come out by themselves.
 */
import type { Credentials } from './credentials.ts';
import { Dentry } from './dentry.ts';
import { grabFile, OpenFile } from './file.ts';
import { forkFlock } from './flock.ts';
import type { Inode } from './inode.ts';
import type { Kernel } from './kernel.ts';
import { Mount, MountNamespace, type Path } from './mount.ts';
import type { Superblock } from './superblock.ts';
import type { UserNamespace } from './user-namespace.ts';

/** A fork in progress. Each method answers what stands in the new kernel for an object of the old one, made once. */
export class Fork {
  readonly kernel: Kernel;
  readonly #renumbers: boolean;
  readonly #superblocks = new Map<Superblock, Superblock>();
  readonly #dentries = new Map<Dentry, Dentry>();
  readonly #inodes = new Map<Inode, Inode>();
  readonly #mounts = new Map<Mount, Mount>();
  readonly #namespaces = new Map<MountNamespace, MountNamespace>();
  readonly #files = new Map<OpenFile, OpenFile>();
  readonly #userNamespaces = new Map<UserNamespace, UserNamespace>();
  readonly #credentials = new Map<Credentials, Credentials>();

  /** `renumbers`: filesystems come from elsewhere and get device numbers of the new kernel. */
  constructor(kernel: Kernel, renumbers = false) {
    this.kernel = kernel;
    this.#renumbers = renumbers;
  }

  /** The device number of a filesystem in the new kernel. */
  device(old: number): number {
    return this.#renumbers ? this.kernel.anonymousDevice() : old;
  }

  superblock(old: Superblock): Superblock {
    let made = this.#superblocks.get(old);
    if (made === undefined) {
      made = old.fork(this);
      if (old.flags !== undefined) made.flags = old.flags;
      if (old.userNamespace !== undefined) made.userNamespace = this.userNamespace(old.userNamespace);
      this.#superblocks.set(old, made);
      this.kernel.superblocks.add(made);
    }
    return made;
  }

  userNamespace(old: UserNamespace): UserNamespace {
    if (old.parent === undefined) return old;
    let made = this.#userNamespaces.get(old);
    if (made === undefined) {
      made = old.fork(this.userNamespace(old.parent));
      this.#userNamespaces.set(old, made);
    }
    return made;
  }

  credentials(old: Credentials): Credentials {
    if (old.userNamespace.parent === undefined) return old;
    let made = this.#credentials.get(old);
    if (made === undefined) {
      made = { ...old, userNamespace: this.userNamespace(old.userNamespace) };
      this.#credentials.set(old, made);
    }
    return made;
  }

  inode(old: Inode): Inode {
    let made = this.#inodes.get(old);
    if (made === undefined) {
      this.superblock(old.superblock);
      made = old.superblock.forkInode(this, old);
      this.#inodes.set(old, made);
    }
    return made;
  }

  dentry(old: Dentry): Dentry {
    let made = this.#dentries.get(old);
    if (made !== undefined) return made;
    const superblock = this.superblock(old.superblock);
    made = this.#dentries.get(old);
    if (made !== undefined) return made;
    made = old.isRoot && old === old.superblock.root ? superblock.root : this.#child(old, superblock);
    this.#dentries.set(old, made);
    return made;
  }

  mount(old: Mount): Mount {
    let made = this.#mounts.get(old);
    if (made === undefined) {
      made = new Mount(this.superblock(old.superblock), this.dentry(old.root), old.source, old.flags, old.id);
      made.lazy = old.lazy;
      made.expiring = old.expiring;
      made.lockedFlags = old.lockedFlags;
      made.locked = old.locked;
      this.#mounts.set(old, made);
    }
    return made;
  }

  path(old: Path): Path {
    return { mount: this.mount(old.mount), dentry: this.dentry(old.dentry) };
  }

  namespace(old: MountNamespace): MountNamespace {
    let made = this.#namespaces.get(old);
    if (made === undefined) {
      made = new MountNamespace(this.kernel, this.userNamespace(old.userNamespace));
      this.#namespaces.set(old, made);
      for (const mount of old.mounts) {
        const at = mount.parent && { mount: mount.parent, dentry: mount.mountpoint! };
        made.attach(this.mount(mount), at && this.path(at));
      }
    }
    return made;
  }

  file(old: OpenFile): OpenFile {
    let made = this.#files.get(old);
    if (made === undefined) {
      const dentry = this.dentry(old.dentry);
      made = new OpenFile(
        this.mount(old.mount),
        dentry,
        this.inode(old.inode),
        old.flags,
        this.credentials(old.credentials),
        old.ops,
      );
      this.#files.set(old, made);
      made.position = old.position;
      made.references = 0;
      made.note = old.note;
      grabFile(made);
      old.ops.fork?.(this, old, made);
      forkFlock(old, made);
    }
    return made;
  }

  #child(old: Dentry, superblock: Superblock): Dentry {
    const inode = old.inode && this.inode(old.inode);
    const parent = old.isRoot ? undefined : this.dentry(old.parent);
    const known = this.#dentries.get(old) ?? (old.hashed ? parent?.children?.get(old.name) : undefined);
    return known ?? this.name(old, new Dentry(superblock, old.name, parent, inode));
  }

  /** `made` is the new kernel's name for `old`: filesystems whose inodes know a name of theirs make it themselves. */
  name(old: Dentry, made: Dentry): Dentry {
    this.#dentries.set(old, made);
    made.note = old.note;
    if (old.hashed) made.hash();
    return made;
  }
}
