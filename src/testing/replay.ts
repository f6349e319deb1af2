/** The course of one sequence on one machine. */
import { ErrnoException } from '../abi/errno.ts';
import { AT_FDCWD, MS_RDONLY, MS_REMOUNT } from '../abi/flags.ts';
import { Describer } from './describe.ts';
import type { OptionalMask } from './masks.ts';
import type { Caller } from './operations.ts';
import { attempt, type Region, type Subject, type SubjectTask } from './subject.ts';
import { clearGuard, listsLayerNumbers, mountUnion, type Union, unmountUnion } from './union.ts';

/** Who a sequence begins as. */
export const root: Caller = { uid: 0, gid: 0, groups: [] };

const NO_DESCRIPTOR = 9999;
const FILE_SLOTS = 3;
const DIRECTORY_SLOTS = 2;
const CWD_SLOT = 5;
const REGIONS = 2;

/** One sequence on one machine: what has gathered in its course. */
export class Replay {
  readonly subject: Subject;
  readonly task: SubjectTask;
  /** The tree in which the operations work. */
  readonly root: string;
  readonly describer: Describer;
  /** The positions behind the entries that were listed from a descriptor since it stood at the beginning. */
  readonly cookies = new Map<number, number[]>();
  readonly #slots = new Map<number, number>();
  readonly #regions = new Map<number, Region>();
  #caller = root;
  #union: Union | undefined;
  #mounted = true;

  constructor(subject: Subject, tree: string, union: Union | undefined, masks: Iterable<OptionalMask> = []) {
    this.subject = subject;
    this.task = subject.task;
    this.root = tree;
    this.#union = union;
    this.describer = new Describer(masks);
    this.describer.entriesApart = union !== undefined && listsLayerNumbers(union);
  }

  get union(): Union | undefined {
    return this.#union;
  }

  /** The path of a name in the tree; `''` is the tree itself. */
  path(name: string): string {
    return name === '' ? this.root : `${this.root}/${name}`;
  }

  /** The descriptor in `slot`, or the next one in the same bank that is open, or one that is not open. */
  descriptor(slot: number): number {
    const [first, size] = slot < FILE_SLOTS ? [0, FILE_SLOTS] : [FILE_SLOTS, DIRECTORY_SLOTS];
    for (let step = 0; step < size; step++) {
      const fd = this.#slots.get(first + ((slot - first + step) % size));
      if (fd !== undefined) return fd;
    }
    return NO_DESCRIPTOR;
  }

  /** The directory that a path starts from. */
  directory(slot: number): number {
    return slot === CWD_SLOT ? AT_FDCWD : this.descriptor(slot);
  }

  /** Where the working directory is when it is nowhere in the tree. */
  get home(): string {
    return `${this.root.slice(0, this.root.lastIndexOf('/'))}/home`;
  }

  /** Keeps a mapping and ends the one that was there. */
  map(at: number, region: Region): string {
    this.#regions.get(at)?.unmap();
    this.#regions.set(at, region);
    return 'mapped';
  }

  /** The mapping of that number, or the other one. @throws Errno EFAULT */
  region(at: number): Region {
    const region = this.#regions.get(at) ?? this.#regions.get((at + 1) % REGIONS);
    if (region === undefined) throw new ErrnoException('EFAULT', 'mapping');
    return region;
  }

  unmap(at: number): string {
    const region = this.region(at);
    for (const [key, held] of this.#regions) if (held === region) this.#regions.delete(key);
    region.unmap();
    return 'done';
  }

  /** Puts `fd` into `slot` and closes what was there. */
  keep(slot: number, fd: number): string {
    const before = this.#slots.get(slot);
    this.#slots.set(slot, fd);
    if (before !== undefined) this.#release(before);
    return 'descriptor';
  }

  /** Closes what is in a slot, or beside it. */
  close(slot: number): string {
    const fd = this.descriptor(slot);
    this.#release(fd);
    for (const [at, held] of this.#slots) if (held === fd) this.#slots.delete(at);
    return 'done';
  }

  /** Closes every descriptor of the sequence. */
  closeAll(): string {
    for (const fd of this.#slots.values()) this.#release(fd);
    this.#slots.clear();
    return 'closed';
  }

  /** Gives up whatever holds the tree: descriptors, mappings, the working directory. */
  letGo(): string {
    for (const region of this.#regions.values()) region.unmap();
    this.#regions.clear();
    this.asRoot(() => this.task.chdir(this.home));
    return this.closeAll();
  }

  #release(fd: number): void {
    this.cookies.delete(fd);
    this.task.close(fd);
  }

  /** Makes somebody else the caller. */
  become(caller: Caller): string {
    this.#change(caller);
    this.#caller = caller;
    return 'done';
  }

  /** Changes the caller by way of root, who alone may. */
  #change(caller: Caller): void {
    this.task.setfsuid(0);
    this.task.setgroups(caller.groups);
    this.task.setfsgid(caller.gid);
    this.task.setfsuid(caller.uid);
  }

  /** Runs `action` as root, whoever the caller is at the time. */
  asRoot<T>(action: () => T): T {
    if (this.#caller === root) return action();
    this.#change(root);
    try {
      return action();
    } finally {
      this.#change(this.#caller);
    }
  }

  /**
   * Unmounts the union and mounts what `change` makes of it. Where that is refused, it is mounted as it was before, the
   * mark of a volatile mount removed, and the refusal is told.
   */
  remount(change: (union: Union) => Union = (union) => union): string {
    const union = this.#union;
    if (union === undefined) return 'no union';
    return this.asRoot(() => {
      if (this.#mounted) unmountUnion(this.task, union);
      this.#mounted = false;
      this.describer.forget();
      this.#mount(change(union), union);
      return 'mounted';
    });
  }

  #mount(union: Union, before: Union): void {
    try {
      this.#union = union;
      mountUnion(this.task, union);
      this.#mounted = true;
      this.describer.entriesApart = listsLayerNumbers(union);
    } catch (error) {
      clearGuard(this.task, union);
      clearGuard(this.task, before);
      this.#union = before;
      this.#mounted = attempt(() => mountUnion(this.task, before)) === undefined;
      throw error;
    }
  }

  /** Makes the mounted union read-only, or writable again. */
  reconfigure(readOnly: boolean): string {
    const flags = (this.#union?.flags ?? 0) | MS_REMOUNT | (readOnly ? MS_RDONLY : 0);
    this.asRoot(() => this.task.mount('none', this.root, '', '', flags));
    return 'done';
  }

  /** The upper layer becomes the topmost lower one, under a fresh upper layer. */
  stack(options?: string): string {
    this.letGo();
    return this.remount((union) => ({
      ...union,
      committed: union.committed + 1,
      options: options ?? union.options,
    }));
  }
}
