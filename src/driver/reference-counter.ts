/**
 * How often each directory is shown: a driver mounts for the first `get` and unmounts with the last `put`.
 *
 * @see moby daemon/graphdriver/counter.go (RefCounter), driver_linux.go (fsChecker)
 */
import type { Task } from '../kernel/task.ts';
import { fsMagicOf } from './backing-filesystem.ts';
import { unlessRefused } from './refusal.ts';

/** Whether what lies at `path` is of the filesystem whose `f_type` is `magic`; not so where there is nothing. */
export const isMounted = (task: Task, magic: number, path: string): boolean =>
  unlessRefused(() => fsMagicOf(task, path) === magic, false);

/**
 * Counts the holders of mount points. A mount point that is already mounted when it is first asked for was left by an
 * earlier start of the daemon and counts one more.
 */
export class ReferenceCounter {
  readonly #isMounted: (path: string) => boolean;
  readonly #counts = new Map<string, number>();

  constructor(isMounted: (path: string) => boolean) {
    this.#isMounted = isMounted;
  }

  /** One more holder; answers how many there are. */
  increment(path: string): number {
    return this.#change(path, 1);
  }

  /** One holder less; answers how many are left, below 0 where there was none. */
  decrement(path: string): number {
    return this.#change(path, -1);
  }

  /** The mount point is gone, and its holders with it. */
  forget(path: string): void {
    this.#counts.delete(path);
  }

  #change(path: string, step: number): number {
    const before = this.#counts.get(path) ?? (this.#isMounted(path) ? 1 : 0);
    const count = before + step;
    if (count > 0) this.#counts.set(path, count);
    else this.#counts.delete(path);
    return count;
  }
}
