/** Runs one sequence on two machines and finds the first thing in which they differ. */
import { MNT_DETACH, MS_NOATIME, MS_RDONLY, MS_REMOUNT } from '../abi/flags.ts';
import { buildLayer, makeParents } from './build.ts';
import { applyOperation } from './calls.ts';
import type { OptionalMask } from './masks.ts';
import type { Layer } from './layers.ts';
import type { Operation } from './operations.ts';
import { Replay } from './replay.ts';
import type { Sequence } from './sequence.ts';
import { attempt, type Result, resultOf, type Subject } from './subject.ts';
import { dumpTree } from './tree.ts';
import { builtOf, lowOf, mergedOf, mountLow, mountUnion, type Union, upperOf, workOf } from './union.ts';

export type { Subject } from './subject.ts';

/** The first thing in which two machines differ. */
export interface Divergence {
  /** The number of the operation, or what was being compared before or after all of them. */
  readonly at: number | string;
  readonly operation?: Operation | undefined;
  /** The lines in which the machines differ, and how many there are in all. */
  readonly differences: readonly (readonly [left: string, right: string])[];
}

/** How two machines are compared. */
export interface CompareOptions {
  readonly masks?: Iterable<OptionalMask>;
  /** Compare the raw directories after each operation too. */
  readonly dumpEach?: boolean;
  /** Is told what each operation led to on the left. */
  readonly onResult?: (operation: Operation, result: Result) => void;
}

/** Deep enough that no `..` of a sequence leads out of the tmpfs. */
const DEPTH = '/deep/deep/deep';
const FILESYSTEM = 'size=16m,nr_inodes=1000,mode=755';

function unionOf(base: string, sequence: Sequence): Union | undefined {
  if (sequence.upper === undefined) return undefined;
  return {
    base,
    layout: sequence.layout ?? 'one',
    lowers: sequence.layers.length,
    data: sequence.data?.length ?? 0,
    committed: 0,
    options: sequence.options,
    flags: sequence.atime,
  };
}

function begin(subject: Subject, sequence: Sequence, masks: Iterable<OptionalMask>): [Replay, Result] {
  const { task, directory } = subject;
  subject.turn?.();
  const base = directory + DEPTH;
  const union = unionOf(base, sequence);
  const replay = new Replay(subject, `${base}/merged`, union, masks);
  const result = resultOf(() => {
    makeParents(task, `${directory}/`);
    task.mount('tmpfs', directory, 'tmpfs', FILESYSTEM, union ? MS_NOATIME : sequence.atime);
    task.umask(0);
    makeParents(task, `${base}/merged/`);
    task.mkdir(replay.home, 0o755);
    task.chdir(replay.home);
    const built = union === undefined ? buildPlain(replay, sequence) : buildUnion(replay, union, sequence);
    if (sequence.caller !== undefined) replay.become(sequence.caller);
    return built;
  });
  return [replay, result];
}

function buildPlain(replay: Replay, sequence: Sequence): string {
  return JSON.stringify(sequence.layers.map((layer) => buildLayer(replay.task, replay.root, layer)));
}

function buildUnion(replay: Replay, union: Union, sequence: Sequence): string {
  const { task, subject } = replay;
  const build = (layer: Layer, at: string) => {
    task.mkdir(at, 0o755);
    return buildLayer(task, at, layer, mergedOf(union));
  };
  const results = [build(sequence.upper ?? [], upperOf(union))];
  if (mountLow(subject, union)) {
    const lowers = [...sequence.layers, ...(sequence.data ?? [])];
    const isForeign = union.layout === 'foreign';
    const built = builtOf(union).map((at, index) => build(isForeign ? filled(lowers[index]!) : lowers[index]!, at));
    // What shows somebody else's files is read-only.
    if (isForeign) task.mount('none', lowOf(union), '', '', MS_REMOUNT | MS_RDONLY | MS_NOATIME);
    else results.push(...built);
  }
  learn(replay, [union.base, lowOf(union)]);
  mountUnion(task, union);
  return JSON.stringify(results);
}

/** Without holes: on a filesystem that is nothing but page cache, reading a hole fills it. */
const filled = (layer: Layer): Layer =>
  layer.map((entry) => {
    if (entry.type !== 'file') return entry;
    const { letter, length, hole } = entry.content;
    return { ...entry, content: { letter, length: hole + length, hole: 0 } };
  });

/** Tells which filesystems the layers lie on, and by which uuids file handles name them. */
function learn({ subject, task, describer }: Replay, paths: readonly string[]): void {
  for (const path of paths) {
    const uuid = subject.filesystemUuid?.(path);
    const { dev } = task.stat(path);
    describer.last(dev);
    if (uuid !== undefined) describer.learn(uuid, dev);
  }
}

function end(subject: Subject, replay: Replay): void {
  const { task, directory } = subject;
  subject.turn?.();
  attempt(() => replay.become({ uid: 0, gid: 0, groups: [] }));
  attempt(() => replay.letGo());
  attempt(() => task.chdir('/'));
  // What is mounted below goes along.
  attempt(() => task.umount(directory, MNT_DETACH));
}

const SHOWN = 12;

function differencesOf(left: readonly string[], right: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let index = 0; index < Math.max(left.length, right.length) && found.length < SHOWN; index++) {
    if (left[index] !== right[index]) found.push([left[index] ?? '(nothing)', right[index] ?? '(nothing)']);
  }
  return found;
}

/** Both machines in the course of one sequence. */
class Comparison {
  readonly subjects: readonly [Subject, Subject];
  readonly replays: readonly [Replay, Replay];

  constructor(subjects: readonly [Subject, Subject], replays: readonly [Replay, Replay]) {
    this.subjects = subjects;
    this.replays = replays;
  }

  /** What `tell` says of both, where it differs. The directory of each machine is told as `DIRECTORY`. */
  differences(tell: (replay: Replay) => readonly string[]): [string, string][] {
    const [left, right] = this.replays.map((replay, index) => {
      const { directory } = this.subjects[index]!;
      replay.subject.turn?.();
      return tell(replay).map((line) => line.replaceAll(directory, 'DIRECTORY'));
    }) as [string[], string[]];
    return differencesOf(left, right);
  }

  dump(pathsOf: (replay: Replay) => readonly string[]): [string, string][] {
    return this.differences((replay) =>
      replay.asRoot(() => pathsOf(replay).flatMap((path) => dumpTree(replay.task, path, replay.describer))),
    );
  }
}

const rawPaths = ({ union, root }: Replay): string[] =>
  union === undefined ? [root] : [upperOf(union), workOf(union)];
const allPaths = ({ root }: Replay): string[] => [root.slice(0, root.lastIndexOf('/'))];
const words = (result: Result): string[] =>
  Object.entries(result).flatMap(([key, value]: [string, string]) => value.split('\n').map((line) => `${key} ${line}`));

/** Calls that only ask: what they would do to the raw directories is seen after the next one. */
const asks: ReadonlySet<Operation['call']> = new Set<Operation['call']>([
  'stat',
  'lstat',
  'fstat',
  'fstatat',
  'statx',
  'statfs',
  'fstatfs',
  'access',
  'faccessat',
  'getfl',
  'setfl',
  'lseek',
  'dup',
  'flock',
  'umask',
  'become',
  'chdir',
  'fchdir',
  'getcwd',
  'realpath',
  'getxattr',
  'lgetxattr',
  'fgetxattr',
  'listxattr',
  'llistxattr',
  'flistxattr',
]);

function runOperations(run: Comparison, sequence: Sequence, options: CompareOptions): Divergence | undefined {
  for (const [at, operation] of sequence.operations.entries()) {
    let crashed = false;
    const differences = run.differences((replay) => {
      const result = applyOperation(replay, operation);
      if (replay === run.replays[0]) options.onResult?.(operation, result);
      crashed ||= 'crash' in result;
      return words(result);
    });
    const dumps = options.dumpEach && !(asks.has(operation.call) && at + 1 < sequence.operations.length);
    if (differences.length === 0 && dumps) differences.push(...run.dump(rawPaths));
    if (differences.length > 0 || crashed) return { at, operation, differences };
  }
  return undefined;
}

function runEnd(run: Comparison): Divergence | undefined {
  const closed = run.differences((replay) => words(resultOf(() => replay.letGo())));
  if (closed.length > 0) return { at: 'closing everything', differences: closed };
  const whole = run.dump(allPaths);
  if (whole.length > 0) return { at: 'the whole trees at the end', differences: whole };
  const remounted = run.differences((replay) => words(resultOf(() => replay.remount())));
  if (remounted.length > 0) return { at: 'the remount at the end', differences: remounted };
  const again = run.replays[0].union === undefined ? [] : run.dump(allPaths);
  return again.length > 0 ? { at: 'the whole trees after the remount', differences: again } : undefined;
}

/**
 * Runs `sequence` on both machines in step: results are compared after each operation, whole trees at the end and
 * after a remount. Leaves both as they were.
 *
 * @returns the first difference, or `undefined`
 *
 * @example
 * ```ts
 * import fc from 'fast-check';
 * import { createMachine } from 'lowerdir';
 * import { compareTasks, sequence } from 'lowerdir/testing';
 * const machine = (name: string) => ({ name, task: createMachine().task, directory: '/fuzz' });
 * const [drawn] = fc.sample(sequence({ filesystem: 'tmpfs', length: 20 }), { seed: 1, numRuns: 1 });
 * compareTasks(machine('left'), machine('right'), drawn!); // => undefined
 * ```
 */
export function compareTasks(
  left: Subject,
  right: Subject,
  sequence: Sequence,
  options: CompareOptions = {},
): Divergence | undefined {
  const masks = options.masks ?? [];
  const [leftReplay, leftResult] = begin(left, sequence, masks);
  const [rightReplay, rightResult] = begin(right, sequence, masks);
  const run = new Comparison([left, right], [leftReplay, rightReplay]);
  try {
    const built = run.differences((replay) => words(replay === leftReplay ? leftResult : rightResult));
    if (built.length > 0) return { at: 'building the layers', differences: built };
    if (!('ok' in leftResult)) return undefined;
    const first = run.dump(allPaths);
    if (first.length > 0) return { at: 'the whole trees at the beginning', differences: first };
    return runOperations(run, sequence, options) ?? runEnd(run);
  } finally {
    end(left, leftReplay);
    end(right, rightReplay);
  }
}
