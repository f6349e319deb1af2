/** Watching: events about inodes for those who asked. @see inotify(7), fs/notify/inotify */
import { IN_IGNORED, IN_ISDIR } from '../abi/flags.ts';
import type { Dentry } from './dentry.ts';
import type { Fork } from './fork.ts';
import type { Inode } from './inode.ts';
import type { Kernel } from './kernel.ts';

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

  /** Watches `inode` for `mask`; a second watch of the same inode changes the first. */
  add(inode: Inode, mask: number): number {
    const known = this.#watches.get(inode);
    if (known !== undefined) {
      known.mask = mask;
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
      this.#forget(watch.inode);
      this.#push({ watch: descriptor, mask: IN_IGNORED, cookie: 0 });
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
  }

  #push(event: InotifyEvent): void {
    const last = this.#queue.at(-1);
    const again = last && last.watch === event.watch && last.mask === event.mask && last.name === event.name;
    if (again && last.cookie === event.cookie) return;
    this.#queue.push(event);
    this.listener?.();
  }

  #forget(inode: Inode): void {
    if (!this.#watches.delete(inode)) return;
    this.#kernel.watchers.get(inode)?.delete(this);
    this.#kernel.watches--;
  }
}

/** Tells those who watch `inode`, and with a `dentry` those who watch the directory it lies in. */
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
  for (const instance of kernel.watchers.get(inode) ?? []) instance.tell(inode, mask, name, isDir, cookie);
  const parent = dentry !== undefined && !dentry.isRoot ? dentry.parent.inode : undefined;
  if (parent === undefined) return;
  for (const instance of kernel.watchers.get(parent) ?? []) instance.tell(parent, mask, dentry!.name, isDir, cookie);
}
