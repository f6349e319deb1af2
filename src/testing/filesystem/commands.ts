/** Random steps for a model and what it is compared with: fast-check's commands. */
import fc, { type Arbitrary, type Command } from 'fast-check';
import { S_IFIFO } from '../../abi/mode.ts';
import { applyOperation } from '../calls.ts';
import { AssertionFailure, expectEqual } from '../expectation.ts';
import { directoryPath, filePath, plainPath } from '../names.ts';
import type { Operation } from '../operations.ts';
import { replayIn, type MountedDirectory } from './oracle.ts';
import {
  age,
  append,
  chmod,
  chown,
  get,
  link,
  mkdir,
  mknod,
  overwrite,
  type PlainOperation,
  put,
  readlink,
  removexattr,
  rename,
  rmdir,
  setxattr,
  symlink,
  truncate,
  unlink,
} from './plain-operations.ts';

/** Operations that are made one after the other. */
export type Step = readonly PlainOperation[];

const one = (operation: PlainOperation): Step => [operation];
const letter = fc.constantFrom('p', 'q', 'r', 's');
const length = fc.constantFrom(0, 1, 4, 100, 5000);
const mode = fc.constantFrom(0o644, 0o755, 0o600, 0o4755, 0o2775, 0o1777, 0o444);
const owner = fc.constantFrom(0, 0, 5, 1000);
const time = fc.constantFrom({ sec: 1_000_000_000, nsec: 123_456_789 }, { sec: 1_200_000_000, nsec: 0 });
const name = fc.constantFrom('trusted.a', 'trusted.a', 'trusted.b');
/** Directories and files that are there at the beginning, and names that are free. */
const DIRECTORIES = ['a', 'b', 'a/c'] as const;
const FILES = ['d', 'a/d', 'a/c/d'] as const;
const FREE_DIRECTORIES = ['c', 'b/c', 'a/c/a'] as const;
const FREE_FILES = ['e', 'a/e', 'b/d', 'b/e'] as const;

/** Mostly one of those that the step wants, else one of the others; now and then one that is long, wrong or deep. */
const mostly = (wanted: readonly string[], others: readonly string[], any: Arbitrary<string>): Arbitrary<string> =>
  fc.oneof(
    { weight: 15, arbitrary: fc.constantFrom(...wanted) },
    { weight: 4, arbitrary: fc.constantFrom(...others) },
    // The root of a layer is told apart by drivers: nobody touches it.
    { weight: 1, arbitrary: any.filter((path) => path !== '') },
  );
const file = mostly(FILES, FREE_FILES, filePath);
const path = mostly([...FILES, ...FILES, ...DIRECTORIES], [...FREE_FILES, ...FREE_DIRECTORIES], plainPath);
const freeFile = mostly(FREE_FILES, FILES, filePath);
const freePath = mostly([...FREE_FILES, ...FREE_DIRECTORIES], [...FILES, ...DIRECTORIES], plainPath);
const freeDirectory = mostly(FREE_DIRECTORIES, [...DIRECTORIES, ...FREE_FILES], directoryPath);
const emptyDirectory = mostly(['b', ...FREE_DIRECTORIES], DIRECTORIES, directoryPath);
const anyFile = fc.oneof(file, freeFile);

const weighed: readonly (readonly [weight: number, arbitrary: Arbitrary<Step>])[] = [
  [6, fc.tuple(anyFile, letter, length).map((values) => put(...values))],
  [3, fc.tuple(file, letter, length).map((values) => append(...values))],
  [2, fc.tuple(file, fc.constantFrom(0, 2, 4096), letter, length).map((values) => overwrite(...values))],
  [2, anyFile.map(get)],
  [1, fc.tuple(file, fc.constantFrom(0, 3, 5000)).map((values) => one(truncate(...values)))],
  [4, fc.tuple(freeDirectory, mode).map((values) => one(mkdir(...values)))],
  [4, fc.oneof(file, path).map((each) => one(unlink(each)))],
  [2, emptyDirectory.map((each) => one(rmdir(each)))],
  [3, fc.tuple(file, freeFile).map((values) => one(link(...values)))],
  [4, fc.tuple(path, freePath).map((values) => one(rename(...values)))],
  [2, fc.tuple(fc.constantFrom('d', '../e', 'a', 'missing', 'b/d'), freeFile).map((values) => one(symlink(...values)))],
  [1, anyFile.map((each) => one(readlink(each)))],
  [2, fc.tuple(path, mode).map((values) => one(chmod(...values)))],
  [2, fc.tuple(path, owner, owner).map((values) => one(chown(...values)))],
  [2, fc.tuple(path, time).map((values) => one(age(...values)))],
  [1, freeFile.map((each) => one(mknod(each, S_IFIFO | 0o600)))],
  [1, fc.tuple(path, name, fc.constantFrom('', 'v', 'value')).map((values) => one(setxattr(...values)))],
  [1, fc.tuple(path, name).map((values) => one(removexattr(...values)))],
];

/** Directories and files that most steps are about. */
export const scaffold: readonly Step[] = [
  ...DIRECTORIES.map((each) => one(mkdir(each))),
  ...FILES.map((each) => put(each, 'f', 10)),
];

/** Whether everything in the step can be done there. */
const isDoable = (step: Step, without: readonly string[]): boolean => step.every(({ call }) => !without.includes(call));

/** A random step, of calls that are not left out. */
export const treeStep = (without: readonly string[] = []): Arbitrary<Step> =>
  fc.oneof(...weighed.map(([weight, arbitrary]) => ({ weight, arbitrary }))).filter((step) => isDoable(step, without));

const told = (step: Step): string =>
  step
    .map(
      ({ call, ...rest }) =>
        `${call}(${Object.values(rest)
          .map((value) => JSON.stringify(value))
          .join(', ')})`,
    )
    .join('; ');

/** Two trees in step: the one that knows, and the one that is asked. */
export interface Pair {
  readonly known: MountedDirectory;
  readonly asked: MountedDirectory;
}

/** Makes the operation in both; answers what they say. @throws AssertionFailure where one of them breaks down */
function inBoth(replays: readonly ReturnType<typeof replayIn>[], operation: Operation): [string, string] {
  const [known, asked] = replays.map((replay) => {
    const result = applyOperation(replay, operation);
    if ('crash' in result)
      throw new AssertionFailure(`${operation.call} broke down: ${result.crash}`, result, undefined);
    return JSON.stringify(result);
  });
  return [known!, asked!];
}

/** Makes the steps in both trees and compares each answer; `between` is called before each step. */
export function runSteps({ known, asked }: Pair, steps: readonly Step[], between = (): void => {}): void {
  const replays = [replayIn(known), replayIn(asked)];
  for (const step of steps) {
    between();
    for (const operation of step) {
      const [wanted, answer] = inBoth(replays, operation);
      expectEqual(`${told([operation])} in ${asked.name}, by ${known.name}`, answer, wanted);
    }
  }
  for (const replay of replays) replay.closeAll();
}

class StepCommand implements Command<MountedDirectory, MountedDirectory> {
  readonly #step: Step;

  constructor(step: Step) {
    this.#step = step;
  }
  check(): boolean {
    return true;
  }
  run(known: MountedDirectory, asked: MountedDirectory): void {
    runSteps({ known, asked }, [this.#step]);
  }
  toString(): string {
    return told(this.#step);
  }
}

/**
 * Commands for `fc.modelRun`, whose model is a directory that knows (the pure model, most often) and whose real system
 * is the one in question.
 *
 * @example
 * ```ts
 * import fc from 'fast-check';
 * import { tmpfs } from 'lowerdir/filesystem/tmpfs';
 * import { mountedFilesystem, posixModel, treeCommands } from 'lowerdir/testing';
 * fc.assert(
 *   fc.property(treeCommands({ maxCommands: 20 }), (commands) => {
 *     fc.modelRun(() => ({ model: posixModel(), real: mountedFilesystem(tmpfs) }), commands);
 *   }),
 *   { seed: 1, numRuns: 5 },
 * );
 * ```
 */
export const treeCommands = ({
  maxCommands = 40,
  without = [],
}: {
  readonly maxCommands?: number;
  /** Calls that are not made. */
  readonly without?: readonly string[];
} = {}): Arbitrary<Iterable<Command<MountedDirectory, MountedDirectory>>> =>
  fc.commands([treeStep(without).map((step) => new StepCommand(step))], { maxCommands, size: 'max' });
