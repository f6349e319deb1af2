/** The course of one sequence on one machine. */
import { Describer } from './describe.ts';
import type { OptionalMask } from './masks.ts';
import type { Caller } from './operations.ts';
import type { SubjectTask } from './subject.ts';
import { mountUnion, type Union, unmountUnion } from './union.ts';

/** Who a sequence begins as. */
export const root: Caller = { uid: 0, gid: 0, groups: [] };

const NO_DESCRIPTOR = 9999;
const FILE_SLOTS = 3;
const DIRECTORY_SLOTS = 2;

/** One sequence on one machine: what has gathered in its course. */
export class Replay {
  readonly task: SubjectTask;
  /** The tree in which the operations work. */
  readonly root: string;
  readonly describer: Describer;
  /** The positions behind the entries that were listed from a descriptor since it stood at the beginning. */
  readonly cookies = new Map<number, number[]>();
  readonly #slots = new Map<number, number>();
  #caller = root;
  #union: Union | undefined;

  constructor(task: SubjectTask, tree: string, union: Union | undefined, masks: Iterable<OptionalMask> = []) {
    this.task = task;
    this.root = tree;
    this.#union = union;
    this.describer = new Describer(masks);
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

  /** Unmounts the union and mounts what `change` makes of it. */
  remount(change: (union: Union) => Union = (union) => union): string {
    const union = this.#union;
    if (union === undefined) return 'no union';
    return this.asRoot(() => {
      const { dev } = this.task.lstat(this.root);
      unmountUnion(this.task, union);
      this.describer.forget(dev);
      this.#union = change(union);
      mountUnion(this.task, this.#union);
      return 'mounted';
    });
  }

  /** The upper layer becomes the topmost lower one, under a fresh upper layer. */
  stack(): string {
    this.closeAll();
    return this.remount((union) => ({ ...union, committed: union.committed + 1 }));
  }
}
