/** The tables: medians side by side, ratios, counted operations, and what the targets say. */
import type { AufsTable } from './aufs.ts';
import type { CommitSample } from './commit.ts';
import type { CopyUpSample } from './copy-up.ts';
import type { Effect } from './effects.ts';
import type { Sample } from './measure.ts';
import type { MemorySample } from './memory.ts';
import type { MountingSample } from './mounting.ts';
import type { Row } from './rows/row.ts';
import { median } from './statistics.ts';
import { label } from './subjects/subject.ts';
import { printTable } from './table.ts';
import type { Tracing } from './tracing.ts';
import { type Verdict, verdictOf } from './verdict.ts';

export interface Measured {
  readonly row: Row;
  readonly samples: readonly Sample[];
}

/** Three digits and a unit: 1.58M. */
export function short(value: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const) {
    if (value >= size) return `${(value / size).toPrecision(3)}${unit}`;
  }
  return value >= 10 || value === 0 ? value.toFixed(0) : value.toPrecision(2);
}

const rate = ({ nanoseconds, failure }: Sample): string =>
  failure !== undefined ? 'wrong' : short(1e9 / median(nanoseconds));

export function sampleNamed(samples: readonly Sample[], name: string): Sample | undefined {
  const found = samples.find(({ subject }) => label(subject) === name);
  return found?.failure === undefined ? found : undefined;
}

/** How many times as fast as `other`; undefined where one of them is missing. */
export function speedOver(samples: readonly Sample[], ours: string, other: string): number | undefined {
  const [mine, theirs] = [sampleNamed(samples, ours), sampleNamed(samples, other)];
  return mine && theirs ? median(theirs.nanoseconds) / median(mine.nanoseconds) : undefined;
}

const times = (ratio: number | undefined): string => (ratio === undefined ? '–' : `${ratio.toFixed(2)}×`);

/** Operations a second, one table for each layout and temperature. */
export function printRates(title: string, measured: readonly Measured[], verdicts: readonly Verdict[]): void {
  const columns = [...new Set(measured.flatMap(({ samples }) => samples.map(({ subject }) => label(subject))))];
  console.log(`## ${title}\n\nOperations per second, median of the rounds.\n`);
  const lines = measured.map(({ row, samples }) => [
    row.name,
    ...columns.map((name) => {
      const sample = samples.find(({ subject }) => label(subject) === name);
      return sample === undefined ? '–' : rate(sample);
    }),
    times(speedOver(samples, 'lowerdir 128', 'memfs')),
    times(speedOver(samples, 'lowerdir 128', 'overlay 128')),
    verdictOf(verdicts, row),
  ]);
  printTable(['', ...columns, '128/memfs', '128/overlay', 'target'], lines);
  printFailures(measured);
}

/** How many times as long as overlayfs AUFS takes; undefined where one of them is missing. */
export const aufsRatio = (samples: readonly Sample[], branches: number): number | undefined =>
  speedOver(samples, `overlayfs ${branches}`, `aufs ${branches}`);

/** One line for each row: the ratio by the number of branches, and the rates of the largest stack. */
export function printAufs({ title, branches, measured }: AufsTable, verdicts: readonly Verdict[]): void {
  console.log(`## AUFS beside overlayfs, ${title}\n\nTime of AUFS over that of overlayfs, by branches below the`);
  console.log('writable one; then operations per second, median of the rounds.\n');
  const rates = ['aufs', 'overlayfs'].map((name) => `${name} ${branches.at(-1)}`);
  const lines = measured.map(({ row, samples }) => [
    row.name,
    ...branches.map((count) => times(aufsRatio(samples, count))),
    ...rates.map((name) => rate(samples.find(({ subject }) => label(subject) === name)!)),
    verdictOf(verdicts, row),
  ]);
  printTable(['', ...branches.map(String), ...rates, 'target'], lines);
  printFailures(measured);
}

function printFailures(measured: readonly Measured[]): void {
  const failures = measured.flatMap(({ row, samples }) =>
    samples.flatMap(({ failure }) => (failure === undefined ? [] : [`${row.name}: ${failure}`])),
  );
  for (const failure of failures) console.log(`wrong: ${failure}`);
  if (failures.length > 0) console.log();
}

/** What one operation takes inside the machine; it is counted and does not depend on the computer. */
export function printCounts(title: string, measured: readonly Measured[]): void {
  console.log(`## ${title}\n\nCounted for one operation of lowerdir, warm.\n`);
  const number = (value: number): string => (Number.isInteger(value) ? value.toLocaleString('en') : value.toFixed(2));
  const lines = measured.flatMap(({ row, samples }) =>
    samples.flatMap(({ subject, counts }) =>
      counts === undefined
        ? []
        : [
            [
              row.name,
              `${subject.lowers}`,
              ...[counts.calls, counts.lookups, counts.metadata, counts.bytes, counts.copiedUp, row.bytes].map(number),
            ],
          ],
    ),
  );
  const header = ['', 'lowers', 'system calls', 'lookups', 'metadata', 'bytes below', 'copied up', 'bytes carried'];
  printTable(header, lines);
}

/** What each mount option changes; counted too. */
export function printEffects(effects: readonly Effect[]): void {
  console.log('## Mount options\n\nCounted on a mount without the option and on one with it.\n');
  const lines = effects.map(({ option, counted, off, on }) => [
    `${option}: ${counted}`,
    off.toLocaleString('en'),
    on.toLocaleString('en'),
  ]);
  printTable(['', 'without', 'with'], lines);
}

export function printCommits(samples: readonly CommitSample[]): void {
  console.log('## Commit\n\nThe same changes over 1 and 128 layers give the same digest.\n');
  printTable(
    ['changes', 'lowers', 'ms', 'changes/s', 'bytes of tar'],
    samples.map(({ changes, lowers, milliseconds, bytes }) => [
      changes.toLocaleString('en'),
      `${lowers}`,
      median(milliseconds).toFixed(2),
      short((changes * 1000) / median(milliseconds)),
      bytes.toLocaleString('en'),
    ]),
  );
}

export function printCopyUps(samples: readonly CopyUpSample[]): void {
  console.log('## Copy-up by size\n\nThe first write of one file, 128 lowers.\n');
  const lines = samples.map(({ size, microseconds }) => [size.toLocaleString('en'), median(microseconds).toFixed(1)]);
  printTable(['bytes in the file', 'µs'], lines);
}

export function printMounting(samples: readonly MountingSample[]): void {
  console.log('## Mounting\n\nA union over one layer, with the first lookup of a name in it.\n');
  const lines = samples.map(({ files, microseconds }) => [files.toLocaleString('en'), short(median(microseconds))]);
  printTable(['files in the layer', 'µs'], lines);
}

export function printMemory(samples: readonly MemorySample[]): void {
  console.log('## Memory\n\nBytes per empty file, each in one layer.\n');
  const lines = samples.map(({ subject, untouched, looked }) => [subject, untouched.toFixed(0), looked.toFixed(0)]);
  printTable(['', 'never looked up', 'after one stat'], lines);
}

export function printTracing({ rows, all }: Tracing): void {
  console.log('## Trace\n\nTime with the tests for listeners over the time without them, nobody listening.\n');
  const lines = rows.map(({ name, ratio }) => [name, ratio.toFixed(3)]);
  printTable(['', 'ratio'], [...lines, ['all', `${all.mean.toFixed(3)} (95 %: ≤ ${all.bound.toFixed(3)})`]]);
}

export function printVerdicts(verdicts: readonly Verdict[]): void {
  console.log('## Targets\n');
  printTable(
    ['', 'wanted', 'found', ''],
    verdicts.map(({ about, wanted, found, met }) => [about, wanted, found, met ? 'met' : 'MISSED']),
  );
}
