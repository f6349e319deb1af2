/**
 * Runs random sequences on the real kernel and on ours until they differ.
 *
 *     npm run fuzz -- --fs overlay --runs 1000 --seed 7
 *
 * --fs tmpfs|overlay     which filesystem (tmpfs)
 * --runs N --seed S      how many sequences, drawn from which seed (100, random)
 * --path P               only the sequence that a failure named
 * --ops N                operations of a sequence (60)
 * --options a;b|any      overlay mount options to draw from, each with its comma: ";,index=on"; any: every combination
 *                        of them (none). A remount may change to another one of those drawn from.
 * --layout a,b|all       where layers lie: one, two (upper and lower on a tmpfs each), foreign (lower layers on a ramfs,
 *                        which hostfs shows to ours), nested (lower layers inside another union) (one)
 * --foreign memfs        what shows the ramfs to ours (hostfs). memfs is told times in milliseconds: they are masked
 * --callers who          root, others (no root at all) or any (any)
 * --data                 layers of data alone below every union with metacopy=on, instead of below one in five
 * --mask a,b             leave out of the comparison, by name: see optionalMasks in src/testing/masks.ts
 * --without a,b          calls that are not drawn; --only a,b: the only ones
 * --atime noatime        one way of keeping times of access instead of all: noatime, relatime, strictatime
 * --dump each|end        when raw directories are compared (overlay: each, tmpfs: end)
 * --against real|FAULT   compare with the real kernel itself, or with one of the planted faults (lowerdir)
 * --drop                 drop the host's caches now and then. It reaches every other process, and numbers of inodes that
 *                        do not last change with it: alone, and with layout one
 * --json                 print the counts as one line of JSON at the end
 * --verbose              print each sequence before it is run
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { compareTasks, type Divergence, type Subject } from '../../src/testing/compare.ts';
import type { Callers } from '../../src/testing/draw.ts';
import type { OptionalMask } from '../../src/testing/masks.ts';
import { type Sequence, sequence } from '../../src/testing/sequence.ts';
import { type Layout, layouts } from '../../src/testing/union.ts';
import { minimise } from './minimise.ts';
import { Counts, printDivergence, printScript, printSequence } from './report.ts';
import { type Foreign, faultySubject, realSubject, simulatedSubjects } from './subjects.ts';

Error.stackTraceLimit = 5;

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    fs: { ...text, default: 'tmpfs' },
    runs: { ...text, default: '100' },
    seed: text,
    path: text,
    ops: { ...text, default: '60' },
    options: text,
    layout: { ...text, default: 'one' },
    foreign: { ...text, default: 'hostfs' },
    callers: { ...text, default: 'any' },
    data: { type: 'boolean', default: false },
    drop: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    mask: text,
    without: text,
    only: text,
    atime: text,
    dump: text,
    against: { ...text, default: 'lowerdir' },
    verbose: { type: 'boolean', default: false },
  },
});

/** The command line that draws the same sequences. */
function commandLine(seed: number, path: string | null): string {
  const drawn = Object.entries(values).filter(([name]) => !['runs', 'seed', 'path', 'json', 'verbose'].includes(name));
  const options = drawn.flatMap(([name, value]) =>
    value === false ? [] : [value === true ? `--${name}` : `--${name} ${value}`],
  );
  return [...options, `--seed ${seed}`, `--path ${path}`].join(' ');
}

const list = (option: string | undefined): string[] | undefined => option?.split(',').filter((item) => item !== '');

async function opponents(): Promise<() => Subject> {
  if (values.against === 'lowerdir') return simulatedSubjects(values.foreign as Foreign);
  const other = values.against === 'real' ? realSubject('rght') : faultySubject(values.against);
  return () => other;
}

const filesystem = values.fs === 'overlay' ? 'overlay' : 'tmpfs';
const masks = (list(values.mask) ?? []) as OptionalMask[];
if (values.foreign === 'memfs') masks.push('atime', 'mtime');
const dumpEach = values.dump === undefined ? filesystem === 'overlay' : values.dump === 'each';
const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed);
const opponent = await opponents();
const real = realSubject();
const counts = new Counts();
let operations = 0;
let disturbed = 0;
let found: Divergence | undefined;

const only = list(values.only);
const without = list(values.without);
const options = values.options === 'any' ? 'any' : values.options?.split(';');
const drawnLayouts = (values.layout === 'all' ? layouts : list(values.layout)) as Layout[];
const flags: Record<string, number> = { noatime: 1024, relatime: 1 << 21, strictatime: 1 << 24 };
const drawn = sequence({
  filesystem,
  length: Number(values.ops),
  ...(only && { only }),
  ...(without && { without }),
  ...(options && { options }),
  ...(filesystem === 'overlay' && { layouts: drawnLayouts }),
  callers: values.callers as Callers,
  dropsCaches: values.drop,
  withData: values.data,
});
const arbitrary = values.atime === undefined ? drawn : drawn.map((all) => ({ ...all, atime: flags[values.atime!]! }));

const compare = (candidate: Sequence) => compareTasks(real, opponent(), candidate, { masks, dumpEach });

function holds(candidate: Sequence): boolean {
  if (values.verbose) console.log(printSequence(candidate));
  operations += candidate.operations.length;
  counts.begin(candidate);
  const onResult = counts.add.bind(counts);
  found = compareTasks(real, opponent(), candidate, { masks, dumpEach, onResult });
  if (found === undefined || isRepeatable(candidate)) return found === undefined;
  disturbed++;
  return true;
}

const REPETITIONS = 3;

/** Another process can make the host's kernel forget what is only cached: such a difference does not come again. */
function isRepeatable(candidate: Sequence): boolean {
  for (let run = 0; run < REPETITIONS; run++) if (compare(candidate) !== undefined) return true;
  return false;
}

const started = performance.now();
const details = fc.check(fc.property(arbitrary, holds), {
  seed,
  numRuns: values.path === undefined ? Number(values.runs) : 1,
  endOnFailure: true,
  ...(values.path !== undefined && { path: values.path }),
});
const seconds = (performance.now() - started) / 1000;

console.log(counts.print());
if (filesystem === 'overlay') console.log(`\n${counts.printOptions()}`);
console.log(
  `${details.numRuns} sequences, ${operations} operations in ${seconds.toFixed(1)} s: ` +
    `${(details.numRuns / seconds).toFixed(0)} sequences/s, ${(operations / seconds).toFixed(0)} operations/s; ` +
    `${(counts.success * 100).toFixed(1)} % succeeded; seed ${seed}` +
    (disturbed === 0 ? '' : `; ${disturbed} differed once and not in ${REPETITIONS} repetitions`),
);
if (details.failed) {
  if (details.counterexample === null || found === undefined) throw details.errorInstance;
  const original = details.counterexample[0];
  const again = compare(original);
  if (again === undefined)
    console.log('\nIt does not differ when it is run again: the machines are not deterministic.');
  const [smallest, divergence] = again ? minimise(original, again, compare) : [original, found];
  console.log(`\n--- ${commandLine(seed, details.counterexamplePath)}`);
  console.log(printSequence(smallest));
  console.log(printDivergence(divergence, ['Linux', values.against]));
  console.log(`\n--- replay.ts\n${printScript(smallest, masks, dumpEach)}`);
  process.exitCode = 1;
}
if (values.json) {
  const { sequences, refused } = counts;
  console.log(
    JSON.stringify({
      sequences,
      operations,
      refused,
      disturbed,
      success: counts.success,
      seconds,
      failed: details.failed,
    }),
  );
}
