/** Layers that stay where they come from, under an overlay: a union takes no longer for layers that hold much. */
import { AT_FDCWD, MNT_DETACH, PAGE_SIZE } from '../abi/flags.ts';
import { concatenate } from '../archive/codecs.ts';
import type { Change } from '../archive/change.ts';
import { changes, packLayer } from '../archive/diff.ts';
import type { Task } from '../kernel/task.ts';
import { chainOfDirectories } from './committed-layer.ts';
import { originOf } from './origin.ts';
import { attachLayers, LOWER, type Stacking, type StackingParts } from './stacking.ts';

const WRITABLE = '/writable';
const UPPER = `${WRITABLE}/upper`;
const WORK = `${WRITABLE}/work`;
const MERGED = '/merged';

/** `/merged` over `/lower/0` (topmost) … and `/writable`. */
export class InPlace implements Stacking {
  readonly merged = MERGED;
  readonly upper = UPPER;
  readonly #parts: StackingParts;
  readonly #task: Task;
  readonly #directories: readonly string[];

  constructor(parts: StackingParts) {
    this.#parts = parts;
    this.#task = parts.machine.task;
    this.#directories = attachLayers(parts);
    this.#task.mkdir(WRITABLE);
    this.#task.mkdir(MERGED);
    this.#mountWritable();
  }

  /** A fresh upperdir with the attributes of the topmost layer's root, and the union over it. */
  #mountWritable(): void {
    const task = this.#task;
    task.mount('writable', WRITABLE, 'tmpfs', 'mode=755');
    task.mkdir(UPPER);
    task.mkdir(WORK);
    const { mode, uid, gid, atime, mtime } = task.stat(this.#directories[0]!);
    task.chmod(UPPER, mode & 0o7777);
    task.chown(UPPER, uid, gid);
    task.utimensat(AT_FDCWD, UPPER, atime, mtime);
    this.#mountUnion();
  }

  /** A mount takes a page of options: where full paths need more, the lowerdirs are told from `/lower`, as Docker does. */
  #mountUnion(): void {
    const escaped = this.#directories.map((directory) => directory.replace(/[\\:,]/g, '\\$&'));
    const options = (lowers: readonly string[]) => `lowerdir=${lowers.join(':')},upperdir=${UPPER},workdir=${WORK}`;
    const full = options(escaped);
    if (full.length < PAGE_SIZE) return this.#task.mount('overlay', MERGED, 'overlay', full);
    this.#task.chdir(LOWER);
    this.#task.mount('overlay', MERGED, 'overlay', options(escaped.map((path) => path.slice(LOWER.length + 1))));
    this.#task.chdir('/');
  }

  changes(): Change[] {
    const shown = (path: string): boolean => originOf(this.#task, this.#directories, path) !== undefined;
    return [...changes(this.#task, UPPER, { exists: shown })];
  }

  pack(): { tar: Uint8Array; parent(): string | undefined } {
    const { layers, tools } = this.#parts;
    return {
      tar: concatenate([...packLayer(this.#task, UPPER, { names: tools.names })]),
      parent: () => chainOfDirectories(this.#task, layers, this.#directories, tools),
    };
  }

  changed(): string {
    return UPPER;
  }

  discard(): void {
    this.#task.umount(MERGED, MNT_DETACH);
    this.#task.umount(WRITABLE, MNT_DETACH);
    this.#mountWritable();
  }

  origin(path: string): number | 'upper' | undefined {
    const index = originOf(this.#task, [UPPER, ...this.#directories], path);
    if (index === undefined) return undefined;
    return index === 0 ? 'upper' : index - 1;
  }
}
