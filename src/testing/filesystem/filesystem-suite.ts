/** The suite for a filesystem, or for anything that shows one: it does what the model does, in every named scenario. */
import fc from 'fast-check';
import type { FilesystemType } from '../../kernel/superblock.ts';
import { AssertionFailure, expectEqual } from '../expectation.ts';
import { type ListingOptions, listTree } from '../listing.ts';
import type { SuiteCase } from '../suite.ts';
import { namesIn, removeTree } from '../task-files.ts';
import { type Pair, runSteps, scaffold, treeCommands } from './commands.ts';
import { type MountedDirectory, mountedFilesystem, posixModel } from './oracle.ts';
import { mkdir, type PlainOperation, put, rmdir, unlink } from './plain-operations.ts';
import type { Scenario } from './scenario.ts';
import { scenarioGroups, scenarios } from './scenarios.ts';

/** What is tested, and what it is compared with. */
export interface FilesystemSuiteParts {
  /** A filesystem, which is mounted on a machine of its own, or what makes an empty directory for each case. */
  readonly filesystem: FilesystemType | (() => MountedDirectory);
  /** What knows how it must be: the pure model unless given. */
  readonly oracle?: () => MountedDirectory;
  /** Of everything that is drawn; 1 unless given. */
  readonly seed?: number;
  /** How many random sequences are tried; 30 unless given. */
  readonly runs?: number;
}

const callsOf = (operations: readonly PlainOperation[]): Set<string> => new Set(operations.map(({ call }) => call));

class FilesystemBench {
  readonly parts: FilesystemSuiteParts;

  constructor(parts: FilesystemSuiteParts) {
    this.parts = parts;
  }

  #asked(): MountedDirectory {
    const { filesystem } = this.parts;
    return typeof filesystem === 'function' ? filesystem() : mountedFilesystem(filesystem);
  }

  /** Runs `use` with a fresh pair of directories. */
  with(use: (pair: Pair) => void): void {
    const asked = this.#asked();
    const known = this.parts.oracle?.() ?? posixModel(undefined, asked.directory);
    try {
      use({ known, asked });
    } finally {
      known.release?.();
      asked.release?.();
    }
  }

  /** Calls that one of the two cannot make. */
  without(): readonly string[] {
    let without: readonly string[] = [];
    this.with(({ known, asked }) => {
      without = [...(known.without ?? []), ...(asked.without ?? [])];
    });
    return without;
  }

  expectSame({ known, asked }: Pair): void {
    const options = optionsFor(known, asked);
    const [wanted, told] = [known, asked].map(({ task, directory }) => listTree(task, directory, options).slice(1));
    expectEqual(`the tree in ${asked.name}, by ${known.name}`, told, wanted);
  }

  run(pair: Pair, operations: readonly PlainOperation[]): void {
    runSteps(pair, [operations]);
    this.expectSame(pair);
    if (pair.asked.remount === undefined) return;
    pair.asked.remount();
    this.expectSame(pair);
  }
}

function optionsFor(...directories: readonly MountedDirectory[]): ListingOptions {
  const times = directories.some((each) => each.times === 'seconds') ? 'seconds' : 'whole';
  const attributes = directories.some(({ without = [] }) => without.includes('llistxattr')) ? 'none' : 'all';
  return { times, attributes };
}

function scenarioCase(
  bench: FilesystemBench,
  group: string,
  { name, operations }: Scenario,
  without: readonly string[],
): SuiteCase {
  const missing = [...callsOf(operations)].filter((call) => without.includes(call));
  return {
    group,
    name,
    ...(missing.length > 0 && { skip: `there is no ${missing.join(', ')}` }),
    run: () => bench.with((pair) => bench.run(pair, operations)),
  };
}

/** The scenarios that can be made without some calls. */
const seedsOf = (without: readonly string[]): readonly Scenario[] => [
  { name: 'a few directories and files', operations: scaffold.flat() },
  ...scenarios.filter(({ operations }) => operations.every(({ call }) => !without.includes(call))),
];

/** Random steps in the tree that a scenario leaves. */
function randomRuns(bench: FilesystemBench, without: readonly string[]): void {
  const { seed = 1, runs = 30 } = bench.parts;
  const property = fc.property(fc.constantFrom(...seedsOf(without)), treeCommands({ without }), (start, commands) => {
    bench.with((pair) => {
      runSteps(pair, [start.operations]);
      fc.modelRun(() => ({ model: pair.known, real: pair.asked }), commands);
      bench.expectSame(pair);
    });
  });
  fc.assert(property, { seed, numRuns: runs, includeErrorInReport: true });
}

/** Whether making something and removing it again leaves the tree, and the room that is left, as they were. */
function expectUndone(bench: FilesystemBench, make: readonly PlainOperation[], undo: PlainOperation): void {
  bench.with((pair) => {
    const { task, directory } = pair.asked;
    runSteps(pair, [[mkdir('d'), ...put('d/kept', 'k')]]);
    const shown = () => listTree(task, directory, { times: 'none', attributes: 'none' });
    const [before, room] = [shown(), roomOf(pair.asked)];
    runSteps(pair, [make]);
    if (shown().join() === before.join()) throw new AssertionFailure('nothing was made', make, undefined);
    runSteps(pair, [[undo]]);
    expectEqual('the tree', shown(), before);
    expectEqual('the room that is left', roomOf(pair.asked), room);
  });
}

/** Blocks and inodes that are left, where they can be asked for. */
function roomOf({ task, directory }: MountedDirectory): readonly number[] {
  if (task.statfs === undefined) return [];
  const { bfree, ffree } = task.statfs(directory);
  return [bfree, ffree];
}

function lawCases(bench: FilesystemBench, without: readonly string[]): SuiteCase[] {
  const group = 'laws';
  return [
    { group, name: 'random steps lead to the same answers and the same tree', run: () => randomRuns(bench, without) },
    {
      group,
      name: 'a file that is made and removed again leaves nothing',
      run: () => expectUndone(bench, put('d/new', 'n', 9000), unlink('d/new')),
    },
    {
      group,
      name: 'a directory that is made and removed again leaves nothing',
      run: () => expectUndone(bench, [mkdir('d/new')], rmdir('d/new')),
    },
    {
      group,
      name: 'when all is removed all room is given back',
      run: () =>
        bench.with(({ known, asked }) => {
          const room = roomOf(asked);
          const operations = seedsOf(without).flatMap((each) => each.operations);
          runSteps({ known, asked }, [operations]);
          for (const name of namesIn(asked.task, asked.directory)) removeTree(asked.task, `${asked.directory}/${name}`);
          expectEqual('the room that is left', roomOf(asked), room);
        }),
    },
  ];
}

/**
 * The cases for a filesystem. Scenarios with calls that it does not have tell so in `skip`.
 *
 * @example
 * ```ts
 * import { tmpfs } from 'lowerdir/filesystem/tmpfs';
 * import { filesystemSuite } from 'lowerdir/testing';
 * for (const { run } of filesystemSuite({ filesystem: tmpfs, runs: 2 })) run();
 * ```
 */
export function filesystemSuite(parts: FilesystemSuiteParts): readonly SuiteCase[] {
  const bench = new FilesystemBench(parts);
  const without = bench.without();
  const named = Object.entries(scenarioGroups).flatMap(([group, all]) =>
    all.map((scenario) => scenarioCase(bench, group, scenario, without)),
  );
  return [...named, ...lawCases(bench, without)];
}
