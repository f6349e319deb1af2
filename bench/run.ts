/** `npm run bench`: how fast the library is beside its peers, the real kernel and the bare limit. */
import os from 'node:os';
import { measureAufs } from './aufs.ts';
import { buildLibrary, type Edition, type Library } from './build.ts';
import { runDrivers } from './drivers/run.ts';
import { measureCommits } from './commit.ts';
import { measureCopyUps } from './copy-up.ts';
import { measureEffects } from './effects.ts';
import { measureCold, measureWarm } from './measure.ts';
import { measureMemory } from './memory.ts';
import { measureMounting } from './mounting.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import {
  type Measured,
  printAufs,
  printCommits,
  printCopyUps,
  printCounts,
  printEffects,
  printMemory,
  printMounting,
  printRates,
  printTracing,
  printVerdicts,
} from './report.ts';
import { changeRows } from './rows/change.ts';
import { readRows } from './rows/read.ts';
import type { Row } from './rows/row.ts';
import { writeRows } from './rows/write.ts';
import { overlay, tmpfs } from './subjects/kernel.ts';
import { limit } from './subjects/limit.ts';
import { lowerdir } from './subjects/lowerdir.ts';
import { memfs } from './subjects/memfs.ts';
import { makeScratch, type Scratch } from './subjects/scratch.ts';
import type { Subject } from './subjects/subject.ts';
import { unionfs } from './subjects/unionfs.ts';
import { zenfs } from './subjects/zenfs.ts';
import { measureTracing } from './tracing.ts';
import type { Layout } from './tree.ts';
import {
  aufsVerdicts,
  copyUpVerdict,
  layerVerdict,
  memoryVerdicts,
  mountingVerdict,
  speedVerdicts,
  tracingVerdict,
  type Verdict,
} from './verdict.ts';

const ROWS: readonly Row[] = [...readRows, ...writeRows, ...changeRows];
const LAYOUTS: readonly (readonly [Layout, string])[] = [
  ['one', 'one layer holds the directory'],
  ['all', 'every layer holds the directory'],
];

/** In a hurry, the layout that costs more. */
const layoutsOf = ({ quick }: BenchOptions) => (quick ? LAYOUTS.slice(1) : LAYOUTS);

function subjectsOf(
  library: Library,
  scratch: Scratch | string,
  { quick, mount, wantsSubject }: BenchOptions,
): Subject[] {
  const lowers = quick ? [1, 128] : [1, 8, 32, 128];
  const real = typeof scratch === 'string' ? undefined : scratch;
  const all = [
    limit,
    memfs,
    zenfs,
    ...lowers.map(unionfs),
    ...(real ? [tmpfs(real)] : []),
    ...(real?.task ? lowers.map((count) => overlay(real, count, mount)) : []),
    ...lowers.map((count) => lowerdir(library, count, mount)),
  ];
  return all.filter(({ name }) => wantsSubject(name));
}

function printSetting(scratch: Scratch | string, { rounds, turn, mount }: BenchOptions): void {
  const [cpu] = os.cpus();
  console.log(
    `# lowerdir bench\n\nNode ${process.version}, ${os.type()} ${os.release()}, ${os.cpus().length} × ${cpu?.model}.`,
  );
  console.log(`${rounds} interleaved rounds in one process, turns of ${turn} ms.`);
  if (mount !== '') console.log(`lowerdir and overlay are mounted with ${mount}.`);
  if (typeof scratch === 'string') console.log(`skipped: tmpfs and overlay: ${scratch}`);
  else if (scratch.task === undefined) console.log(`skipped: overlay: ${scratch.reason}`);
  console.log();
}

async function measureTables(subjects: readonly Subject[], options: BenchOptions): Promise<Verdict[]> {
  const rows = ROWS.filter(({ name }) => options.wantsRow(name));
  const verdicts: Verdict[] = [];
  const warm: Measured[] = [];
  for (const [layout, words] of layoutsOf(options)) {
    const measured: Measured[] = [];
    for (const row of rows) measured.push({ row, samples: await measureWarm(row, layout, subjects, options) });
    const speeds = speedVerdicts(words, measured);
    if (measured.length === 0) continue;
    printRates(`Warm, ${words}`, measured, speeds);
    verdicts.push(...speeds, ...layerVerdict(words, measured));
    printCounts(`Counted, ${words}`, measured);
    warm.push(...measured);
  }
  verdicts.push(...layerVerdict('both', warm));
  if (!options.quick && options.wantsRow('cold')) await printCold(subjects, options);
  return verdicts;
}

async function printCold(subjects: readonly Subject[], options: BenchOptions): Promise<void> {
  const caching = subjects.filter(({ caches }) => caches);
  for (const [layout, words] of layoutsOf(options)) {
    const measured: Measured[] = [];
    for (const row of ROWS.filter(({ cold }) => cold)) {
      measured.push({ row, samples: await measureCold(row, layout, caching, options) });
    }
    if (measured.length > 0) printRates(`Cold, ${words}`, measured, []);
  }
}

/** Where the editions lie: all are made before the scratch, which leaves the rest of the machine read-only. */
type Built = Readonly<Record<Edition, string>>;

async function measureBesideAufs(built: Built, library: Library, options: BenchOptions): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const table of await measureAufs(library, built.released, options)) {
    const own = aufsVerdicts(table);
    printAufs(table, own);
    verdicts.push(...own);
  }
  return verdicts;
}

async function measureParts(built: Built, library: Library, options: BenchOptions): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const { wantsRow, quick } = options;
  const { released } = built;
  if (wantsRow('effects')) printEffects(measureEffects(library));
  if (wantsRow('commit')) printCommits(measureCommits(library, quick ? [10, 1000] : [10, 1000, 10_000], options));
  if (wantsRow('copy-up')) {
    const samples = measureCopyUps(library, quick ? 20 : 60);
    printCopyUps(samples);
    verdicts.push(...copyUpVerdict(samples));
  }
  if (wantsRow('trace')) {
    const tracing = measureTracing(built.traced, built.untraced, quick ? 2 : 8, options);
    printTracing(tracing);
    verdicts.push(...tracingVerdict(tracing));
  }
  if (wantsRow('mounting')) {
    const samples = measureMounting(
      released,
      quick ? [100, 10_000, 100_000] : [100, 10_000, 1_000_000],
      options.rounds,
    );
    printMounting(samples);
    verdicts.push(...mountingVerdict(samples));
  }
  if (wantsRow('memory')) {
    const samples = measureMemory(released, quick ? 20_000 : 100_000);
    printMemory(samples);
    verdicts.push(...memoryVerdicts(samples));
  }
  return verdicts;
}

async function run(options: BenchOptions): Promise<void> {
  const built = {
    released: buildLibrary('released'),
    traced: buildLibrary('traced'),
    untraced: buildLibrary('untraced'),
  };
  const library = (await import(built.released)) as Library;
  const scratch = await makeScratch();
  try {
    printSetting(scratch, options);
    const verdicts = await measureTables(subjectsOf(library, scratch, options), options);
    verdicts.push(...(await measureBesideAufs(built, library, options)));
    verdicts.push(...(await measureParts(built, library, options)));
    printVerdicts(verdicts);
  } finally {
    if (typeof scratch !== 'string') scratch.remove();
  }
}

let options: BenchOptions | undefined;
try {
  options = readOptions();
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`);
  process.exitCode = 2;
}
if (options !== undefined) await (options.drivers ? runDrivers(options) : run(options));
