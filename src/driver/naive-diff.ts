/**
 * Makes a whole driver of one that can only create, show and remove layers: what a layer changed is found by comparing
 * its tree with its parent's.
 *
 * @see moby daemon/graphdriver/fsdiff.go (NaiveDiffDriver)
 */
import type { Timespec } from '../abi/stat.ts';
import type { Change } from '../archive/change.ts';
import { compareTrees } from '../archive/compare-trees.ts';
import { changesSize, exportChanges, packTree } from '../archive/export-changes.ts';
import { machineOwnerNames, type OwnerNames } from '../archive/owner-names.ts';
import { LayerUnpacker } from '../archive/unpack.ts';
import type { Task } from '../kernel/task.ts';
import type { CreateOptions, DiffWriter, Driver, ProtoDriver } from './driver.ts';

/** What comparing is done with. */
export interface NaiveDiffParts {
  /** The daemon: the task that the driver works with. */
  readonly task: Task;
  /** The names in the headers of a diff; those of the task's own /etc/passwd and /etc/group unless given. */
  readonly names?: OwnerNames;
}

/**
 * A whole driver.
 *
 * A layer without a parent is packed as it stands. The size of a layer that is taken in is the sum of the sizes in its
 * headers; that of a diff is the sum of what was added or changed. A diff ends when the clock has passed into the next
 * second, counted from its start, since a change in the same second could not be told from what the tar holds.
 */
export function naiveDiff(proto: ProtoDriver, parts: NaiveDiffParts): Driver {
  return new NaiveDiffDriver(proto, parts);
}

class NaiveDiffDriver implements Driver {
  readonly #proto: ProtoDriver;
  readonly #task: Task;
  readonly #names: OwnerNames;

  constructor(proto: ProtoDriver, { task, names }: NaiveDiffParts) {
    this.#proto = proto;
    this.#task = task;
    this.#names = names ?? machineOwnerNames(task);
  }

  *diff(id: string, parent?: string): Generator<Uint8Array, void> {
    if (parent === undefined) {
      yield* this.#showing(id, (root) => packTree(this.#task, root, this.#names));
      return;
    }
    const start = this.#task.clockGettime();
    let shown = false;
    try {
      yield* this.#showing(id, (root) => {
        shown = true;
        const changes = this.#shown(parent, (parentRoot) => compareTrees(this.#task, root, parentRoot));
        return exportChanges(this.#task, root, changes, this.#names);
      });
    } finally {
      if (shown) this.#waitForNextSecond(start);
    }
  }

  changes(id: string, parent?: string): readonly Change[] {
    return this.#shown(id, (root) => {
      if (parent === undefined) return compareTrees(this.#task, root);
      return this.#shown(parent, (parentRoot) => compareTrees(this.#task, root, parentRoot));
    });
  }

  applyDiff(id: string): DiffWriter {
    const root = this.#proto.get(id);
    try {
      return new NaiveDiffWriter(new LayerUnpacker(this.#task, root, { form: 'plain', breakout: 'contain' }), () =>
        this.#proto.put(id),
      );
    } catch (error) {
      this.#proto.put(id);
      throw error;
    }
  }

  diffSize(id: string, parent?: string): number {
    const changes = this.changes(id, parent);
    return this.#shown(id, (root) => changesSize(this.#task, root, changes));
  }

  #shown<T>(id: string, look: (root: string) => T): T {
    const root = this.#proto.get(id);
    try {
      return look(root);
    } finally {
      this.#proto.put(id);
    }
  }

  /** As `#shown`, until the last piece is read or nobody asks for more. */
  *#showing(id: string, read: (root: string) => Iterable<Uint8Array>): Generator<Uint8Array, void> {
    const root = this.#proto.get(id);
    try {
      yield* read(root);
    } finally {
      this.#proto.put(id);
    }
  }

  #waitForNextSecond({ sec }: Timespec): void {
    const now = this.#task.clockGettime();
    if (now.sec !== sec) return;
    this.#task.nanosleep(now.nsec === 0 ? { sec: 1, nsec: 0 } : { sec: 0, nsec: 1e9 - now.nsec });
  }

  get name(): string {
    return this.#proto.name;
  }
  get home(): string {
    return this.#proto.home;
  }
  get features(): Driver['features'] {
    return this.#proto.features;
  }
  create(id: string, parent?: string, options?: CreateOptions): void {
    this.#proto.create(id, parent, options);
  }
  createReadWrite(id: string, parent?: string, options?: CreateOptions): void {
    this.#proto.createReadWrite(id, parent, options);
  }
  get(id: string, mountLabel?: string): string {
    return this.#proto.get(id, mountLabel);
  }
  put(id: string): void {
    this.#proto.put(id);
  }
  exists(id: string): boolean {
    return this.#proto.exists(id);
  }
  remove(id: string): void {
    this.#proto.remove(id);
  }
  status(): readonly (readonly [string, string])[] {
    return this.#proto.status();
  }
  metadata(id: string): Readonly<Record<string, string>> | undefined {
    return this.#proto.metadata(id);
  }
  cleanup(): void {
    this.#proto.cleanup();
  }
  leftovers(): readonly string[] {
    return this.#proto.leftovers?.() ?? [];
  }
}

/** Unpacks into the layer's directory, and hides the layer again when that is over. */
class NaiveDiffWriter implements DiffWriter {
  readonly #unpacker: LayerUnpacker;
  readonly #put: () => void;
  #over = false;

  constructor(unpacker: LayerUnpacker, put: () => void) {
    this.#unpacker = unpacker;
    this.#put = put;
  }

  write(chunk: Uint8Array): void {
    this.#unpacker.write(chunk);
  }

  end(): number {
    const { size } = this.#unpacker.end();
    this.#over = true;
    this.#put();
    return size;
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    try {
      this.#unpacker.abort();
    } finally {
      this.#put();
    }
  }
}
