/** The targets, as data, and whether a run met them. */
import type { AufsTable } from './aufs.ts';
import type { CopyUpSample } from './copy-up.ts';
import type { MemorySample } from './memory.ts';
import type { MountingSample } from './mounting.ts';
import { aufsRatio, type Measured, sampleNamed, speedOver } from './report.ts';
import type { Row } from './rows/row.ts';
import { type Bounded, median, type Paired, ratioOf } from './statistics.ts';
import type { Tracing } from './tracing.ts';

export interface Verdict {
  readonly about: string;
  readonly wanted: string;
  readonly found: string;
  readonly met: boolean;
  readonly row?: Row;
}

const OURS = 'lowerdir 128';
/** Whom each kind of row must at least equal. */
const rivals: Readonly<Record<Row['kind'], readonly string[]>> = {
  read: ['memfs', 'overlay 128'],
  write: ['memfs', 'overlay 128'],
  change: ['overlay 128'],
};
/** A difference that is noise: two medians of one thing differ by as much. */
const NOISE = 1.25;

/** For each row and rival of one warm table. */
export function speedVerdicts(layout: string, measured: readonly Measured[]): Verdict[] {
  return measured.flatMap(({ row, samples }) =>
    rivals[row.kind].flatMap((rival) => {
      const speed = speedOver(samples, OURS, rival);
      if (speed === undefined) return [];
      const about = `${row.name}, ${layout}`;
      return [{ about, wanted: `≥ ${rival}`, found: `${speed.toFixed(2)}×`, met: speed >= 1, row }];
    }),
  );
}

/** How much longer than overlayfs AUFS may take, names looked up before, whatever the number of branches. */
const AUFS_MOST = 1.5;

export function aufsVerdicts({ title, branches, warm, measured }: AufsTable): Verdict[] {
  if (!warm) return [];
  return measured.map(({ row, samples }) => {
    const worst = Math.max(...branches.map((count) => aufsRatio(samples, count) ?? Number.POSITIVE_INFINITY));
    const about = `AUFS, ${row.name}, ${title}`;
    return {
      about,
      wanted: `≤ ${AUFS_MOST} of overlayfs`,
      found: `${worst.toFixed(2)}×`,
      met: worst <= AUFS_MOST,
      row,
    };
  });
}

/** The time of a copy-up may not grow with the file. */
export function copyUpVerdict(samples: readonly CopyUpSample[]): Verdict[] {
  const times = samples.map(({ microseconds }) => median(microseconds));
  const found = times.map((time) => `${time.toFixed(1)} µs`).join(', ');
  const met = times.at(-1)! / times[0]! <= NOISE;
  return [{ about: 'copy-up of 4 KiB, 1 MiB, 256 MiB', wanted: 'independent of size', found, met }];
}

/** What 128 layers cost over one, over all warm rows. */
export function layerVerdict(about: string, measured: readonly Measured[]): Verdict[] {
  const pairs = measured.flatMap(({ samples }): Paired[] => {
    const [one, many] = [sampleNamed(samples, 'lowerdir 1'), sampleNamed(samples, OURS)];
    return one && many ? [{ base: one.nanoseconds, other: many.nanoseconds }] : [];
  });
  if (pairs.length === 0) return [];
  const ratio = ratioOf(pairs);
  return [
    { about: `1 → 128 lowers, ${about}`, wanted: '≤ 1.10 (95 %)', found: bounded(ratio), met: ratio.bound <= 1.1 },
  ];
}

const bounded = ({ mean, bound }: Bounded): string => `${mean.toFixed(3)} (95 %: ≤ ${bound.toFixed(3)})`;

export function memoryVerdicts(samples: readonly MemorySample[]): Verdict[] {
  const of = (name: string) => samples.find(({ subject }) => subject === name)!;
  const [ours, memfs] = [of('lowerdir'), of('memfs')];
  const verdict = (about: string, share: number, most: number): Verdict => ({
    about: `memory, ${about}`,
    wanted: `≤ ${most} of memfs`,
    found: share.toFixed(3),
    met: share <= most,
  });
  return [
    verdict('never looked up', ours.untouched / memfs.untouched, 0.25),
    verdict('after one stat', ours.looked / memfs.looked, 0.5),
  ];
}

export function mountingVerdict(samples: readonly MountingSample[]): Verdict[] {
  const [few, many] = [samples[0]!, samples.at(-1)!];
  const ratio = median(many.microseconds) / median(few.microseconds);
  const about = `mounting ${many.files.toLocaleString('en')} files`;
  return [{ about, wanted: `as ${few.files} files`, found: `${ratio.toFixed(2)}×`, met: ratio <= NOISE }];
}

export function tracingVerdict({ all }: Tracing): Verdict[] {
  return [{ about: 'trace off', wanted: '≤ 1.03', found: bounded(all), met: all.mean <= 1.03 }];
}

/** In short, for the row's own line. */
export function verdictOf(verdicts: readonly Verdict[], row: Row): string {
  const own = verdicts.filter((verdict) => verdict.row === row);
  if (own.length === 0) return '';
  return own.every(({ met }) => met) ? 'met' : 'MISSED';
}
