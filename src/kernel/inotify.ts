/** Watching: events about inodes for those who asked. @see inotify(7), fs/notify/inotify */
import { raise } from '../abi/errno.ts';
import {
  IN_DELETE_SELF,
  IN_EXCL_UNLINK,
  IN_IGNORED,
  IN_ISDIR,
  IN_MASK_ADD,
  IN_MASK_CREATE,
  IN_ONESHOT,
  IN_Q_OVERFLOW,
  IN_UNMOUNT,
} from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import type { Dentry } from './dentry.ts';
import type { Fork } from './fork.ts';
import type { Inode } from './inode.ts';
import type { Kernel } from './kernel.ts';
import type { Superblock } from './superblock.ts';

/** One event of a watch. @see inotify(7) */
export interface InotifyEvent {
  /** The watch that saw it. */
  readonly watch: number;
  /** Sum of IN_…. */
  readonly mask: number;
  /** Ties IN_MOVED_FROM and IN_MOVED_TO together, else 0. */
  readonly cookie: number;
  /** The name within the watched directory. */
  readonly name?: string;
}

/** How many events wait at most. @see /proc/sys/fs/inotify/max_queued_events */
const QUEUE_MAX = 16384;

interface Watch {
  readonly descriptor: number;
  readonly inode: Inode;
  mask: number;
}

/** One inotify instance: its watches and the events that wait to be read. */
export class Inotify {
  readonly #kernel: Kernel;
  readonly #watches = new Map<Inode, Watch>();
  #queue: InotifyEvent[] = [];
  #next = 1;
  /** Called when an event comes in. */
  listener: (() => void) | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * Watches `inode` for `mask`; a second watch of the same inode changes the first.
   *
   * @throws Errno EEXIST with IN_MASK_CREATE
   */
  add(inode: Inode, mask: number): number {
    const known = this.#watches.get(inode);
    if (known !== undefined) {
      if ((mask & IN_MASK_CREATE) !== 0) raise('EEXIST');
      known.mask = (mask & IN_MASK_ADD) !== 0 ? known.mask | mask : mask;
      return known.descriptor;
    }
    const watch = { descriptor: this.#next++, inode, mask };
    this.#watches.set(inode, watch);
    const { watchers } = this.#kernel;
    const instances = watchers.get(inode) ?? new Set<Inotify>();
    watchers.set(inode, instances.add(this));
    this.#kernel.watches++;
    return watch.descriptor;
  }

  /** Ends a watch; false when there is none of that number. */
  remove(descriptor: number): boolean {
    for (const watch of this.#watches.values()) {
      if (watch.descriptor !== descriptor) continue;
      this.end(watch.inode);
      return true;
    }
    return false;
  }

  read(): InotifyEvent[] {
    const events = this.#queue;
    this.#queue = [];
    return events;
  }

  /** The same watches and waiting events in a forked machine; who listens has to say so again. */
  fork(fork: Fork): Inotify {
    const made = new Inotify(fork.kernel);
    for (const { inode, mask, descriptor } of this.#watches.values()) {
      made.#next = descriptor;
      made.add(fork.inode(inode), mask);
    }
    made.#next = this.#next;
    made.#queue = [...this.#queue];
    return made;
  }

  close(): void {
    this.listener = undefined;
    for (const inode of [...this.#watches.keys()]) this.#forget(inode);
  }

  /** @internal An event of `inode`. */
  tell(inode: Inode, mask: number, name: string | undefined, isDir: boolean, cookie: number): void {
    const watch = this.#watches.get(inode);
    if (watch === undefined || (watch.mask & mask) === 0) return;
    const event = { watch: watch.descriptor, mask: isDir ? mask | IN_ISDIR : mask, cookie };
    this.#push(name === undefined ? event : { ...event, name });
    if ((watch.mask & IN_ONESHOT) !== 0) this.end(inode);
  }

  /** @internal Whether the watch of a directory wants to hear of names that are gone. */
  hearsOfUnlinked(inode: Inode): boolean {
    return ((this.#watches.get(inode)?.mask ?? 0) & IN_EXCL_UNLINK) === 0;
  }

  /** @internal The filesystem goes, and the watch with it, whatever it asked for. */
  tellUnmount(inode: Inode): void {
    const mask = isDirectory(inode.mode) ? IN_UNMOUNT | IN_ISDIR : IN_UNMOUNT;
    this.#push({ watch: this.#watches.get(inode)!.descriptor, mask, cookie: 0 });
    this.end(inode);
  }

  /** @internal Ends the watch of `inode`, and says so. */
  end(inode: Inode): void {
    const watch = this.#watches.get(inode);
    if (watch === undefined) return;
    this.#forget(inode);
    this.#push({ watch: watch.descriptor, mask: IN_IGNORED, cookie: 0 });
  }

  #push(event: InotifyEvent): void {
    const last = this.#queue.at(-1);
    const again = last && last.watch === event.watch && last.mask === event.mask && last.name === event.name;
    if (again && event.mask !== IN_IGNORED) return;
    if (this.#queue.length > QUEUE_MAX) return;
    this.#queue.push(this.#queue.length === QUEUE_MAX ? { watch: -1, mask: IN_Q_OVERFLOW, cookie: 0 } : event);
    this.listener?.();
  }

  #forget(inode: Inode): void {
    if (!this.#watches.delete(inode)) return;
    const { watchers } = this.#kernel;
    const instances = watchers.get(inode)!;
    instances.delete(this);
    if (instances.size === 0) watchers.delete(inode);
    this.#kernel.watches--;
  }
}

/**
 * Tells those who watch `inode`, and before them, with a `dentry`, those who watch the directory it lies in.
 *
 * @see __fsnotify_parent()
 */
export function notify(
  kernel: Kernel,
  inode: Inode,
  mask: number,
  name: string | undefined,
  isDir: boolean,
  cookie = 0,
  dentry?: Dentry,
): void {
  if (kernel.watches === 0) return;
  const parent = dentry !== undefined && !dentry.isRoot ? dentry.parent.inode : undefined;
  for (const instance of (parent && kernel.watchers.get(parent)) ?? []) {
    if (dentry!.hashed || instance.hearsOfUnlinked(parent!)) instance.tell(parent!, mask, dentry!.name, isDir, cookie);
  }
  for (const instance of kernel.watchers.get(inode) ?? []) instance.tell(inode, mask, name, isDir, cookie);
}

/** The last name and the last holder of `inode` are gone. @see fsnotify_inoderemove() */
export function notifyRemoved(kernel: Kernel, inode: Inode): void {
  for (const instance of [...(kernel.watchers.get(inode) ?? [])]) {
    instance.tell(inode, IN_DELETE_SELF, undefined, false, 0);
    instance.end(inode);
  }
}

/** A filesystem is shut down: its inodes go, the newest first. @see fsnotify_sb_delete() */
export function notifyUnmount(kernel: Kernel, superblock: Superblock): void {
  const watched = [...kernel.watchers.keys()].filter((inode) => inode.superblock === superblock);
  for (const inode of watched.sort((a, b) => b.ino - a.ino)) {
    for (const instance of [...kernel.watchers.get(inode)!]) instance.tellUnmount(inode);
  }
}
