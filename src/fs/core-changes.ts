/** The stream of changes that memfs's core has, made from inotify while somebody listens. */
import {
  IN_ATTRIB,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_MODIFY,
  IN_MOVED_FROM,
  IN_MOVED_TO,
} from '../abi/flags.ts';
import type { Task } from '../kernel/task.ts';
import { Link } from './node.ts';
import { type Change, TreeWatch } from './tree-watch.ts';

/** memfs's numbers for what can happen. */
const kinds: readonly (readonly [mask: number, type: number])[] = [
  [IN_CREATE, 0],
  [IN_DELETE | IN_DELETE_SELF, 1],
  [IN_MODIFY, 2],
  [IN_ATTRIB, 3],
];
const DELETED = 1;
const CREATED = 0;
const MOVED = 4;

export interface CoreEvent {
  readonly type: number;
  /** The components of the path, the first one empty. */
  readonly steps: readonly string[];
  readonly link: Link;
  readonly oldSteps?: readonly string[];
}

type Listener = (event: CoreEvent) => void;

export class CoreChanges {
  readonly #task: Task;
  readonly #listeners = new Set<Listener>();
  /** Links that a watcher holds: it compares them by identity. */
  readonly #links = new Map<string, Link>();
  #watch: TreeWatch | undefined;
  /** Where something was moved from, until it is known where to. */
  #moving: Change | undefined;

  constructor(task: Task) {
    this.#task = task;
  }

  /** @returns ends it */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    this.#watch ??= new TreeWatch(this.#task, '/', true, (change) => this.#serve(change));
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#watch?.close();
      this.#watch = undefined;
      this.#links.clear();
    };
  }

  emit(event: CoreEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** @internal The link at `path`; the same one again for those who watch. */
  keep(call: string, path: string, make: (path: string) => Link): Link {
    if (call !== 'watch') return make(path);
    const link = this.#links.get(path) ?? make(path);
    this.#links.set(path, link);
    return link;
  }

  #serve(change: Change): void {
    const { mask, name, cookie } = change;
    const moved = this.#moving;
    if (moved !== undefined && (moved.cookie !== cookie || (mask & IN_MOVED_TO) === 0)) {
      this.#moving = undefined;
      this.#tell(DELETED, moved.name);
    }
    if ((mask & IN_MOVED_FROM) !== 0) {
      this.#moving = change;
      queueMicrotask(() => {
        if (this.#moving !== change) return;
        this.#moving = undefined;
        this.#tell(DELETED, name);
      });
    } else if ((mask & IN_MOVED_TO) !== 0) {
      this.#moving = undefined;
      if (moved?.cookie === cookie) this.#tell(MOVED, name, ['', ...moved.name.split('/')]);
      else this.#tell(CREATED, name);
    } else for (const [bits, type] of kinds) if ((mask & bits) !== 0) this.#tell(type, name);
  }

  #tell(type: number, name: string, oldSteps?: readonly string[]): void {
    const path = `/${name}`;
    const link = this.#links.get(path) ?? new Link(this.#task, path);
    const steps = name === '' ? [''] : path.split('/');
    this.emit({ type, steps, link, ...(oldSteps === undefined ? {} : { oldSteps }) });
  }
}
