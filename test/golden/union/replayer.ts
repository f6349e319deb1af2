/** Replays a recorded case of a union filesystem: results, changes of the raw writable branch, and whole trees. */
import type { FilesystemType } from '../../../src/kernel/superblock.ts';
import type { Task } from '../../../src/kernel/task.ts';
import type { MappedRegion } from '../../../src/kernel/mmap.ts';
import { createMachine } from '../../../src/union/create-machine.ts';
import { type Marks, makeBranch, makeEmptyBranch } from './branch.ts';
import { calls } from './calls.ts';
import { linearExt4 } from './linear-ext4.ts';
import { changeBetween, InodeClasses, treeOf } from './observe.ts';
import type { Answer, Call, RecordedCase, Tree } from './recording.ts';

/** What differs between union filesystems. */
export interface RecordedUnion extends Marks {
  /** What has to be loaded besides what every machine has. */
  readonly filesystems: readonly FilesystemType[];
  /** It gives numbers to inodes itself; else they are those of the disk, which differ from ext4's. */
  readonly numbersInodes: boolean;
  /** Makes what is needed besides the branches; called for each new writable branch, below `/t`. */
  prepare(task: Task): void;
  /** Mounts the branches at `/t/m`, topmost first; the first is the writable one. */
  mount(task: Task, branches: readonly [rw: string, ...ro: string[]], options: string): void;
  /** Writes out what is kept between the branches. */
  flush(task: Task): unknown;
  /** A raw branch in words that are the same wherever it lies. */
  told(tree: Tree): Tree;
}

/** One case under way: a machine with the branches on one disk and the union on top. */
export class Replayer {
  readonly #task: Task;
  readonly #union: RecordedUnion;
  readonly #options: string;
  readonly #names: string[];
  readonly #classes = new InodeClasses();
  readonly #handles = new Map<string, number>();
  readonly #mappings = new Map<string, MappedRegion>();
  #raw: Tree;

  constructor(union: RecordedUnion, recorded: RecordedCase, options: string) {
    this.#union = union;
    this.#options = options;
    this.#names = Object.keys(recorded.branches).filter((name) => name !== 'rw');
    this.#task = createMachine({ seed: 1, filesystems: [linearExt4, ...union.filesystems] }).task;
    this.#task.mkdir('/t');
    this.#task.mount('branches', '/t', 'ext4');
    this.#task.mkdir('/t/m');
    union.prepare(this.#task);
    for (const [name, entries] of Object.entries(recorded.branches)) {
      makeBranch(this.#task, `/t/${name}`, entries, union);
    }
    this.mount();
    this.#raw = this.rawBranch('rw');
  }

  rawBranch(name: string): Tree {
    return this.#union.told(treeOf(this.#task, `/t/${name}`));
  }

  merged(): Tree {
    return treeOf(this.#task, '/t/m', this.#classes);
  }

  /** What lies in a directory of the disk: paths below it with their types. */
  typesOf(name: string): Record<string, string> {
    return Object.fromEntries(Object.entries(treeOf(this.#task, `/t/${name}`)).map(([path, { t }]) => [path, t]));
  }

  mount(): void {
    const lower = this.#names.map((name) => `/t/${name}`);
    this.#union.mount(this.#task, ['/t/rw', ...lower], this.#options);
  }

  umount(): void {
    this.#close();
    this.#task.umount('/t/m');
  }

  remount(): void {
    this.umount();
    this.mount();
  }

  step(call: Call): Answer {
    const result: Answer = {};
    try {
      result.ok = this.#run(call) ?? true;
    } catch (error) {
      result.err = (error as { code?: string }).code ?? String(error);
    }
    const after = this.rawBranch('rw');
    const change = changeBetween(this.#raw, after);
    this.#raw = after;
    if (change !== undefined) result.rw = change;
    return result;
  }

  #close(): void {
    for (const mapping of this.#mappings.values()) mapping.unmap();
    for (const fd of this.#handles.values()) this.#task.close(fd);
    this.#handles.clear();
    this.#mappings.clear();
  }

  /** The writable branch becomes the topmost read-only one, as a committed layer does; a new one takes its place. */
  #stack(): void {
    this.umount();
    const name = `L${this.#names.length + 1}`;
    this.#task.rename('/t/rw', `/t/${name}`);
    this.#union.prepare(this.#task);
    makeEmptyBranch(this.#task, '/t/rw');
    this.#names.unshift(name);
    this.mount();
  }

  #run(call: Call): unknown {
    const group = calls[call.op];
    if (group === undefined) throw new Error(`unknown call ${call.op}`);
    return group(this.#task, call, {
      path: call.p === '.' ? '/t/m' : `/t/m/${call.p}`,
      to: `/t/m/${call.to}`,
      raw: `/t/${call.branch}/${call.p}`,
      rw: '/t/rw',
      fd: this.#handles.get(call.h) ?? -1,
      open: (fd) => void this.#handles.set(call.h, fd),
      mappings: this.#mappings,
      classes: this.#classes,
      stack: () => this.#stack(),
      remount: () => this.remount(),
      flush: () => this.#union.flush(this.#task),
    });
  }
}
