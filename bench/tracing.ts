/** What the traced door costs while nobody listens: the same rows on the library with and without its tests for it. */
import type { Library } from './build.ts';
import { measureWarm, type Sample, type Settings } from './measure.ts';
import type { Row } from './rows/row.ts';
import { lowerdir } from './subjects/lowerdir.ts';
import { type Bounded, type Paired, ratioOf } from './statistics.ts';

export interface TracingRow {
  readonly row: Row;
  readonly ratio: number;
}

export interface Tracing {
  readonly rows: readonly TracingRow[];
  readonly all: Bounded;
}

/** More rounds than elsewhere: the difference is small. */
const MORE = 3;

export async function measureTracing(
  released: Library,
  untraced: Library,
  rows: readonly Row[],
  settings: Settings,
): Promise<Tracing> {
  const subjects = [lowerdir(untraced, 8), lowerdir(released, 8)];
  const pairs: { row: Row; pair: Paired }[] = [];
  for (const row of rows) {
    const samples = await measureWarm(row, 'all', subjects, { ...settings, rounds: settings.rounds * MORE });
    pairs.push({ row, pair: pairOf(samples) });
  }
  return {
    rows: pairs.map(({ row, pair }) => ({ row, ratio: ratioOf([pair]).mean })),
    all: ratioOf(pairs.map(({ pair }) => pair)),
  };
}

export function pairOf(samples: readonly Sample[]): Paired {
  return { base: samples[0]!.nanoseconds, other: samples[1]!.nanoseconds };
}
