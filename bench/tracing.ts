/**
 * What the traced door costs while nobody listens: the same rows on the library with and without its tests for it.
 *
 * Two copies of one library differ by some percent in one process, by what the engine happens to make of each. So each
 * of several processes compiles both anew, in turning order, and the medians over the processes are compared.
 */
import { runChild } from './child.ts';
import type { Settings } from './measure.ts';
import { type Bounded, median, type Paired, ratioOf } from './statistics.ts';

export interface TracingRow {
  readonly name: string;
  readonly ratio: number;
}

export interface Tracing {
  readonly rows: readonly TracingRow[];
  readonly all: Bounded;
}

/** Nanoseconds per operation of the first and the second library. */
export interface TracingTimes {
  readonly name: string;
  readonly first: number;
  readonly second: number;
}

/** @param traced where the library with the tests lies, `untraced` that without */
export function measureTracing(traced: string, untraced: string, processes: number, settings: Settings): Tracing {
  const ratios = new Map<string, number[]>();
  for (let at = 0; at < processes; at++) {
    const [first, second] = at % 2 === 0 ? [untraced, traced] : [traced, untraced];
    for (const times of runChild<TracingTimes[]>('./tracing-child.ts', first, second, settings.rounds, settings.turn)) {
      const ratio = at % 2 === 0 ? times.second / times.first : times.first / times.second;
      ratios.set(times.name, [...(ratios.get(times.name) ?? []), ratio]);
    }
  }
  const rows = [...ratios].map(([name, found]) => ({ name, ratio: median(found) }));
  const pairs = [...ratios.values()].map((other): Paired => ({ base: other.map(() => 1), other }));
  return { rows, all: ratioOf(pairs) };
}
