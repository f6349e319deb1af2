/** `fs.watch`, `fs.watchFile` and what they answer. */
import { EventEmitter } from '@jsonjoy.com/fs-node-builtins/lib/events.js';
import { StatWatcher as MemfsStatWatcher, type Volume } from '@jsonjoy.com/fs-node';
import { posix } from '@jsonjoy.com/fs-node-builtins/lib/path.js';
import { watchIgnoreToMatcher } from '@jsonjoy.com/fs-node-utils/lib/watchIgnore.js';
import { validateFunction } from '@jsonjoy.com/fs-node-utils/lib/validators.js';
import { IN_ATTRIB, IN_MODIFY } from '../abi/flags.ts';
import type { Task } from '../kernel/task.ts';
import { renamed } from './failure.ts';
import { type Options, optionsOf } from './options.ts';
import { encodeName, pathname } from './pathname.ts';
import { BigIntStats, noStats, Stats } from './stats.ts';
import { type Change, TreeWatch } from './tree-watch.ts';

type Ignored = (name: string) => boolean;

/** Far enough away that the timer which keeps the process alive never fires. */
const FOREVER = 0x7fffffff;

/** `fs.FSWatcher`: emits `change` (`'rename'` or `'change'`, name), `error` and `close`. */
export class FSWatcher extends EventEmitter {
  #watch: TreeWatch | undefined;
  #alive: ReturnType<typeof setInterval> | undefined;

  /** @internal Begins; Node's own has the same private start. */
  start(task: Task, path: string, options: Options): void {
    const { recursive, encoding, persistent, ignore } = options;
    const ignored: Ignored = ignore === undefined ? () => false : (watchIgnoreToMatcher(ignore) as Ignored);
    try {
      this.#watch = new TreeWatch(task, path, recursive === true, (change) =>
        this.#tell(path, change, encoding, ignored),
      );
    } catch (error) {
      const told = renamed(error, 'watch', path);
      throw Object.assign(told as Error, { filename: path });
    }
    if (persistent !== false) this.ref();
  }

  #tell(path: string, change: Change, encoding: string | undefined, ignored: Ignored): void {
    const name = change.name === '' ? posix.basename(path) : change.name;
    if (ignored(name)) return;
    const type = (change.mask & (IN_ATTRIB | IN_MODIFY)) !== 0 ? 'change' : 'rename';
    this.emit('change', type, encodeName(name, encoding));
  }

  /** Keeps the process alive while the watcher is open. */
  ref(): this {
    if (this.#watch !== undefined) this.#alive ??= setInterval(() => {}, FOREVER);
    return this;
  }

  unref(): this {
    clearInterval(this.#alive);
    this.#alive = undefined;
    return this;
  }

  close(): void {
    if (this.#watch === undefined) return;
    this.#watch.close();
    this.#watch = undefined;
    this.unref();
    queueMicrotask(() => this.emit('close'));
  }
}

export function watchMethod(task: Task) {
  return (path: unknown, given?: unknown, third?: unknown): FSWatcher => {
    const listener = typeof given === 'function' ? given : third;
    if (listener !== undefined) validateFunction(listener, 'listener');
    const options = optionsOf(typeof given === 'function' ? undefined : given);
    const name = pathname(path);
    const watcher = new FSWatcher();
    if (listener !== undefined) watcher.on('change', listener as (...told: unknown[]) => void);
    const signal = options['signal'] as AbortSignal | undefined;
    if (signal?.aborted) {
      queueMicrotask(() => watcher.emit('close'));
      return watcher;
    }
    watcher.start(task, name, options);
    const stop = (): void => watcher.close();
    signal?.addEventListener('abort', stop, { once: true });
    watcher.once('close', () => signal?.removeEventListener('abort', stop));
    return watcher;
  };
}

/** `fs.StatWatcher` over this volume, whose answers for a missing file are of our own `Stats`, too. */
export function statWatcherFor(volume: Volume): new () => MemfsStatWatcher {
  return class StatWatcher extends MemfsStatWatcher {
    constructor() {
      super(volume);
    }
    override emit(event: string | symbol, ...told: any[]): boolean {
      const ours = (stats: unknown): unknown =>
        stats instanceof Stats || stats instanceof BigIntStats ? stats : noStats(typeof sizeOf(stats) === 'bigint');
      return super.emit(event, ...(event === 'change' ? told.map(ours) : told));
    }
  };
}

const sizeOf = (stats: unknown): unknown => (stats as { size?: unknown } | undefined)?.size;
