/** Watching a file, a directory or a whole tree through inotify(7). */
import { posix } from '@jsonjoy.com/fs-node-builtins/lib/path.js';
import {
  IN_ATTRIB,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_IGNORED,
  IN_ISDIR,
  IN_MODIFY,
  IN_MOVE_SELF,
  IN_MOVED_FROM,
  IN_MOVED_TO,
} from '../abi/flags.ts';
import { DT_DIR } from '../abi/mode.ts';
import type { InotifyEvent } from '../kernel/inotify.ts';
import type { Task } from '../kernel/task.ts';
import { listDirectory } from './directory-calls.ts';
import { isRefusal } from './failure.ts';

/** What libuv asks for. @see uv_fs_event_start() */
const MASK =
  IN_ATTRIB | IN_CREATE | IN_MODIFY | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_MOVED_FROM | IN_MOVED_TO;

/** One thing that happened: `name` is relative to what is watched, empty for the watched thing itself. */
export interface Change {
  readonly mask: number;
  readonly name: string;
  readonly cookie: number;
}

export class TreeWatch {
  readonly #task: Task;
  readonly #path: string;
  readonly #recursive: boolean;
  readonly #tell: (change: Change) => void;
  readonly #fd: number;
  /** Where each watch stands, relative to the top. */
  readonly #places = new Map<number, string>();
  #due = false;
  #closed = false;

  /** @throws ErrnoException of inotify_add_watch where there is nothing to watch */
  constructor(task: Task, path: string, recursive: boolean, tell: (change: Change) => void) {
    this.#task = task;
    this.#path = path;
    this.#recursive = recursive;
    this.#tell = tell;
    this.#fd = task.inotifyInit();
    try {
      this.#places.set(task.inotifyAddWatch(this.#fd, path, MASK), '');
    } catch (error) {
      task.close(this.#fd);
      throw error;
    }
    if (recursive) this.#watchBelow('', false);
    task.inotifyListen(this.#fd, () => this.#soon());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#task.close(this.#fd);
  }

  /** The listener is called in the middle of a system call: the events are read behind it. */
  #soon(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      if (this.#closed) return;
      for (const event of this.#task.inotifyRead(this.#fd)) if (!this.#closed) this.#serve(event);
    });
  }

  #serve(event: InotifyEvent): void {
    const place = this.#places.get(event.watch);
    if (place === undefined) return;
    if ((event.mask & IN_IGNORED) !== 0) {
      this.#places.delete(event.watch);
      return;
    }
    const self = event.name === undefined;
    if (self && place !== '' && (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB)) !== 0) return;
    const name = self ? place : place === '' ? event.name! : `${place}/${event.name}`;
    this.#tell({ mask: event.mask, name, cookie: event.cookie });
    if (this.#recursive && (event.mask & IN_ISDIR) !== 0) this.#follow(event.mask, name);
  }

  /** A directory came or went inside the tree. */
  #follow(mask: number, name: string): void {
    if ((mask & (IN_CREATE | IN_MOVED_TO)) !== 0) {
      this.#watch(name);
      this.#watchBelow(name, (mask & IN_CREATE) !== 0);
    } else if ((mask & IN_MOVED_FROM) !== 0) this.#forget(name);
  }

  #watch(name: string): void {
    try {
      this.#places.set(this.#task.inotifyAddWatch(this.#fd, posix.join(this.#path, name), MASK), name);
    } catch (error) {
      if (!isRefusal(error, 'ENOENT', 'ENOTDIR', 'EACCES')) throw error;
    }
  }

  /** Watches the directories below `name`; what stood there before it was watched is told as new. */
  #watchBelow(name: string, tell: boolean): void {
    let entries: ReturnType<typeof listDirectory>;
    try {
      entries = listDirectory(this.#task, posix.join(this.#path, name));
    } catch (error) {
      if (isRefusal(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return;
      throw error;
    }
    for (const entry of entries) {
      const below = name === '' ? entry.name : `${name}/${entry.name}`;
      if (tell) this.#tell({ mask: IN_CREATE, name: below, cookie: 0 });
      if (entry.type !== DT_DIR) continue;
      this.#watch(below);
      this.#watchBelow(below, tell);
    }
  }

  #forget(name: string): void {
    for (const [watch, place] of [...this.#places]) {
      if (place !== name && !place.startsWith(`${name}/`)) continue;
      this.#places.delete(watch);
      this.#task.inotifyRemoveWatch(this.#fd, watch);
    }
  }
}
