/** Runs one sequence on two machines and finds the first thing in which they differ. */
import { MNT_DETACH, MS_NOATIME } from '../abi/flags.ts';
import { buildLayer, makeParents } from './build.ts';
import { applyOperation } from './calls.ts';
import type { OptionalMask } from './masks.ts';
import type { Operation } from './operations.ts';
import { Replay } from './replay.ts';
import type { Sequence } from './sequence.ts';
import { attempt, type Result, resultOf, type SubjectTask } from './subject.ts';
import { dumpTree } from './tree.ts';
import { lowersOf, mergedOf, mountUnion, type Union, upperOf, workOf } from './union.ts';

/** A machine under comparison. */
export interface Subject {
  readonly name: string;
  readonly task: SubjectTask;
  /**
   * A directory of its own, on which a tmpfs is mounted for the sequence. Equally long on both machines, or the
   * sizes of symlinks differ.
   */
  readonly directory: string;
}

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

function begin(subject: Subject, sequence: Sequence, masks: Iterable<OptionalMask>): [Replay, Result] {
  const { task, directory } = subject;
  const base = directory + DEPTH;
  const isUnion = sequence.upper !== undefined;
  const flags = sequence.atime;
  const union: Union | undefined = isUnion
    ? { base, lowers: sequence.layers.length, committed: 0, options: sequence.options, flags }
    : undefined;
  const replay = new Replay(task, `${base}/merged`, union, masks);
  const result = resultOf(() => {
    makeParents(task, `${directory}/`);
    task.mount('tmpfs', directory, 'tmpfs', FILESYSTEM, isUnion ? MS_NOATIME : flags);
    task.umask(0);
    makeParents(task, `${base}/merged/`);
    return union === undefined ? buildPlain(replay, sequence) : buildUnion(replay, union, sequence);
  });
  return [replay, result];
}

function buildPlain(replay: Replay, sequence: Sequence): string {
  return JSON.stringify(sequence.layers.map((layer) => buildLayer(replay.task, replay.root, layer)));
}

function buildUnion(replay: Replay, union: Union, sequence: Sequence): string {
  const { task } = replay;
  const directories = [upperOf(union), ...lowersOf(union)];
  const results = [sequence.upper ?? [], ...sequence.layers].map((layer, index) => {
    task.mkdir(directories[index]!, 0o755);
    return buildLayer(task, directories[index]!, layer, mergedOf(union));
  });
  mountUnion(task, union);
  return JSON.stringify(results);
}

function end({ task, directory }: Subject, replay: Replay): void {
  attempt(() => replay.become({ uid: 0, gid: 0, groups: [] }));
  attempt(() => replay.closeAll());
  const { union } = replay;
  if (union !== undefined) attempt(() => task.umount(mergedOf(union), MNT_DETACH));
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

function runOperations(run: Comparison, sequence: Sequence, options: CompareOptions): Divergence | undefined {
  for (const [at, operation] of sequence.operations.entries()) {
    let crashed = false;
    const differences = run.differences((replay) => {
      const result = applyOperation(replay, operation);
      if (replay === run.replays[0]) options.onResult?.(operation, result);
      crashed ||= 'crash' in result;
      return words(result);
    });
    if (differences.length === 0 && options.dumpEach) differences.push(...run.dump(rawPaths));
    if (differences.length > 0 || crashed) return { at, operation, differences };
  }
  return undefined;
}

function runEnd(run: Comparison): Divergence | undefined {
  const closed = run.differences((replay) => words(resultOf(() => replay.closeAll())));
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
