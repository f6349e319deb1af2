/**
 * A forked machine and its parent go different ways and stay what two machines are that were never forked. Clocks and
 * ids are simulated, so results, numbers and times are compared as they are.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Timespec } from '../../../src/abi/stat.ts';
import { MS_NOATIME } from '../../../src/abi/flags.ts';
import { aufs } from '../../../src/filesystem/aufs/index.ts';
import { dropCaches } from '../../../src/kernel/shrink.ts';
import { createMachine } from '../../../src/union/create-machine.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import { buildLayer } from '../../../src/testing/build.ts';
import { applyOperation } from '../../../src/testing/calls.ts';
import { Describer } from '../../../src/testing/describe.ts';
import type { Operation } from '../../../src/testing/operations.ts';
import { Replay } from '../../../src/testing/replay.ts';
import type { Layer } from '../../../src/testing/layers.ts';
import { type Sequence, sequence, type SequenceChoice } from '../../../src/testing/sequence.ts';
import type { Result, SubjectTask } from '../../../src/testing/subject.ts';
import { dumpTree } from '../../../src/testing/tree.ts';
import { builtOf, mountUnion, type Union, upperOf } from '../../../src/testing/union.ts';
import { inAufsForm } from '../../side-by-side/layer-form.ts';
import { mountingAufs } from '../../side-by-side/subjects.ts';
import { type Held, mark, take, use } from './held.ts';

const SEED = 20_250_101;
/** As written to /proc/sys/vm/drop_caches. */
const DROP_NAMES = 2;
const BASE = '/deep/deep/deep/deep';
const ROOT = `${BASE}/merged`;

/** What is held across the fork is made in the root, which therefore must not be protected. */
const withoutRootAttributes = (layer: Layer): Layer =>
  layer.map((entry) => (entry.path === '' && 'attributes' in entry ? { ...entry, attributes: undefined } : entry));

/** Tells numbers and times as they are. */
class ExactDescriber extends Describer {
  override inode(dev: number, ino: number): string {
    return `${dev}:${ino}`;
  }
  override time({ sec, nsec }: Timespec): string {
    return `${sec}.${nsec}`;
  }
  override xattr(_name: string, value: Uint8Array): string {
    return Buffer.from(value).toString('hex');
  }
}

/** What is mounted where a sequence works in a union. */
interface Kind {
  machine(): Machine;
  /** The task that the sequence is given. */
  taskOf(machine: Machine): SubjectTask;
  form(layer: Layer): Layer;
  /** What it tells depends on what is merely cached, which a fork starts without: AUFS keeps the listings of directories. */
  readonly tellsCaches: boolean;
  readonly runs: number;
}

const overlay: Kind = {
  machine: () => createMachine({ seed: 7 }),
  taskOf: ({ task }) => task,
  form: (layer) => layer,
  tellsCaches: false,
  runs: 30,
};

const ofAufs: Kind = {
  machine: () => {
    const machine = createMachine({ seed: 7, filesystems: [aufs] });
    for (const path of ['/dev', '/dev/shm']) machine.task.mkdir(path);
    return machine;
  },
  taskOf: ({ task }) => mountingAufs(task),
  form: inAufsForm,
  tellsCaches: true,
  runs: 12,
};

/** A task whose machine may be exchanged for one in the same state: what a replay goes on in after a fork. */
function exchangeable(machine: Machine, { taskOf }: Kind): { task: SubjectTask; exchange(other: Machine): void } {
  let task = taskOf(machine);
  const proxy = new Proxy({} as SubjectTask, {
    get: (_, name: keyof SubjectTask) => (task[name] as (...values: never[]) => unknown).bind(task),
  });
  return {
    task: proxy,
    exchange: (other) => {
      task = taskOf(other);
    },
  };
}

/** One machine in the course of a sequence. */
class Course {
  machine: Machine;
  readonly #kind: Kind;
  readonly #handle: ReturnType<typeof exchangeable>;
  readonly replay: Replay;
  readonly held: Held;

  constructor(sequence: Sequence, kind: Kind) {
    this.#kind = kind;
    this.machine = kind.machine();
    this.#handle = exchangeable(this.machine, kind);
    const { task } = this.#handle;
    for (let at = BASE.indexOf('/', 1); at > 0; at = BASE.indexOf('/', at + 1)) task.mkdir(BASE.slice(0, at));
    for (const path of [BASE, ROOT]) task.mkdir(path);
    task.mount('tmpfs', BASE, 'tmpfs', 'size=16m,nr_inodes=1000,mode=755', MS_NOATIME);
    task.umask(0);
    task.mkdir(ROOT);
    const { upper, options, atime, data = [] } = sequence;
    const layers = sequence.layers.map(withoutRootAttributes);
    const stack = { base: BASE, layout: 'one', lowers: layers.length, data: data.length, committed: 0 } as const;
    const union = upper && { ...stack, options, flags: atime };
    this.replay = new Replay({ name: 'lowerdir', task, directory: BASE }, ROOT, union);
    task.mkdir(this.replay.home);
    task.chdir(this.replay.home);
    if (union === undefined || upper === undefined) for (const layer of layers) buildLayer(task, ROOT, layer);
    else this.#stack(union, [withoutRootAttributes(upper), ...layers, ...data]);
    this.held = take(this.machine, ROOT);
  }

  #stack(union: Union, layers: Sequence['layers']): void {
    const { task } = this.#handle;
    for (const [i, path] of [upperOf(union), ...builtOf(union)].entries()) {
      task.mkdir(path, 0o755);
      buildLayer(task, path, this.#kind.form(layers[i]!), ROOT);
    }
    mountUnion(task, union);
  }

  run(operations: readonly Operation[]): Result[] {
    return operations.map((operation) => applyOperation(this.replay, operation));
  }

  /** Goes on in another machine. */
  moveTo(machine: Machine): void {
    this.machine = machine;
    this.#handle.exchange(machine);
  }

  /** Everything that can be seen of it. */
  tell(): string[] {
    return this.replay.asRoot(() => dumpTree(this.replay.task, BASE, new ExactDescriber()));
  }

  /** Loses what a fork loses at this moment. */
  dropCaches(): this {
    if (this.#kind.tellsCaches) dropCaches(this.machine.kernel, DROP_NAMES);
    return this;
  }

  mark(name: string): this {
    mark(this.machine, ROOT, this.held, name);
    return this;
  }

  finish(name: string): unknown {
    const held = this.replay.asRoot(() => use(this.machine, ROOT, this.held, name));
    const before = this.tell();
    this.replay.closeAll();
    return { held, before, after: this.tell(), wrong: this.machine.check(), memory: this.machine.memory() };
  }
}

function runApart(parent: Course, child: Course, ways: readonly Operation[][]): [Result[], Result[]] {
  const results: [Result[], Result[]] = [[], []];
  for (let i = 0; i < Math.max(ways[0]!.length, ways[1]!.length); i++) {
    results[0].push(...parent.run(ways[0]!.slice(i, i + 1)));
    results[1].push(...child.run(ways[1]!.slice(i, i + 1)));
  }
  return results;
}

function compare(kind: Kind, drawn: Sequence, other: readonly Operation[]): void {
  const middle = drawn.operations.length >> 1;
  const prefix = drawn.operations.slice(0, middle);
  const ways = [drawn.operations.slice(middle), [...other]];
  const [parent, child, firstAlone, secondAlone] = Array.from({ length: 4 }, () => new Course(drawn, kind)) as [
    Course,
    Course,
    Course,
    Course,
  ];
  for (const course of [parent, child, firstAlone, secondAlone]) course.run(prefix);
  child.moveTo(parent.machine.fork());
  secondAlone.dropCaches();
  for (const course of [parent, firstAlone]) course.mark('parent');
  for (const course of [child, secondAlone]) course.mark('child');
  const [ofParent, ofChild] = runApart(parent, child, ways);
  const grandchild = child.machine.fork();
  expect(ofParent).toEqual(firstAlone.run(ways[0]!));
  expect(ofChild).toEqual(secondAlone.run(ways[1]!));
  const told = child.finish('child');
  expect(parent.finish('parent')).toEqual(firstAlone.finish('parent'));
  expect(told).toEqual(secondAlone.finish('child'));
  expect(parent.machine.check()).toEqual([]);
  expect(child.machine.check()).toEqual([]);
  expectSame(new Course(drawn, kind), new Course(drawn, kind), grandchild, prefix, ways[1]!);
}

/** A fork that nobody touched while its parent went on. */
function expectSame(
  forked: Course,
  alone: Course,
  grandchild: Machine,
  before: readonly Operation[],
  behind: readonly Operation[],
): void {
  for (const course of [forked, alone]) {
    course.run(before);
    course.dropCaches().mark('child').run(behind);
    course.dropCaches();
  }
  forked.moveTo(grandchild);
  expect(forked.finish('grandchild')).toEqual(alone.finish('grandchild'));
  expect(grandchild.check()).toEqual([]);
}

// A mapping belongs to the machine that made it; the working directory is among what is held already.
const without = ['mmap', 'load', 'store', 'munmap', 'chdir', 'fchdir'];

// A fork starts without what is merely cached, and some things tell, on Linux too, whether an inode was cached: with
// nfs_export the links of a file, with userxattr the numbers of symlinks, which cannot carry a note of their origin.
const sets: Readonly<Record<string, readonly string[]>> = {
  'an index': [',index=on', ',index=on,redirect_dir=on'],
  'metadata alone': [',metacopy=on', ',metacopy=on,index=on'],
  'other rules': [',redirect_dir=on', ',xino=on,volatile', ',uuid=on,redirect_dir=nofollow'],
};

type Choice = Pick<SequenceChoice, 'filesystem' | 'options' | 'callers'>;

test.each<[string, Choice, Kind?]>([
  ['tmpfs', { filesystem: 'tmpfs' }],
  ['overlay', { filesystem: 'overlay' }],
  ...Object.entries(sets).map(
    ([name, options]) => [`overlay with ${name}`, { filesystem: 'overlay', options }] as [string, SequenceChoice],
  ),
  ['overlay of other callers', { filesystem: 'overlay', options: Object.values(sets).flat(), callers: 'others' }],
  ['aufs', { filesystem: 'overlay', options: [''] }, ofAufs],
  ['aufs of other callers', { filesystem: 'overlay', options: [''], callers: 'others' }, ofAufs],
])('%s', { timeout: 60_000 }, (_, choice, kind = overlay) => {
  const drawn = sequence({ ...choice, length: 60, without });
  const other = sequence({ ...choice, length: 30, without }).map(({ operations }) => operations);
  fc.assert(
    fc.property(drawn, other, (...each) => compare(kind, ...each)),
    { seed: SEED, numRuns: kind.runs, endOnFailure: true },
  );
});
