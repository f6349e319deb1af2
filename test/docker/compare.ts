/** One history on two stores, side by side. */
import { Course, type Observation } from './course.ts';
import type { History, HistoryStep } from './history.ts';
import { sameRefusal } from './masks.ts';
import type { Store } from './store.ts';

/** Where two courses part. */
export interface HistoryDivergence {
  /** The number of the step, or what was looked at after the last one. */
  readonly at: number | 'saved layers' | 'removal';
  readonly step?: HistoryStep;
  readonly what: string;
  /** Lines that only the one has, and lines that only the other has. */
  readonly differences: readonly (readonly [left: string, right: string])[];
}

const NOTHING = '(nothing)';

/** The lines of each that the other lacks, in pairs. */
function differencesOf(left: readonly string[], right: readonly string[]): (readonly [string, string])[] {
  const only = (lines: readonly string[], others: readonly string[]) => {
    const known = new Set(others);
    return lines.filter((line) => !known.has(line));
  };
  const [ours, theirs] = [only(left, right), only(right, left)];
  if (ours.length === 0 && theirs.length === 0 && left.join('\n') !== right.join('\n')) {
    return [[`in another order: ${left.join(' | ')}`, right.join(' | ')]];
  }
  const count = Math.max(ours.length, theirs.length);
  return Array.from({ length: count }, (_, at) => [ours[at] ?? NOTHING, theirs[at] ?? NOTHING] as const);
}

type Difference = Pick<HistoryDivergence, 'what' | 'differences'>;

function firstDifference(left: readonly Observation[], right: readonly Observation[]): Difference | undefined {
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [one, other] = [left[at], right[at]];
    if (one?.what !== other?.what) {
      return { what: 'observations', differences: [[one?.what ?? NOTHING, other?.what ?? NOTHING]] };
    }
    if (one!.what === 'failure' && sameRefusal(one!.lines.join('\n'), other!.lines.join('\n'))) continue;
    const differences = differencesOf(one!.lines, other!.lines);
    if (differences.length > 0) return { what: one!.what, differences };
  }
  return undefined;
}

/** What is asked after each step, to count what was covered. */
export type OnStep = (step: HistoryStep, observations: readonly Observation[]) => void;

/** A pair of fresh stores, of which the right one may be told what the left one did. */
export interface Pair {
  readonly left: Store;
  readonly right: Store;
  /** Lets the right store do at the same time what the left one has just done. */
  synchronise?(): void;
  onStep?: OnStep;
}

/** Runs the history on both; answers where they part first. All is removed again, and nothing may stay. */
export async function compareHistory(history: History, pair: Pair): Promise<HistoryDivergence | undefined> {
  const left = new Course(pair.left);
  const right = new Course(pair.right);
  try {
    for (const [at, step] of history.entries()) {
      const one = await left.step(step);
      pair.synchronise?.();
      const other = await right.step(step, { container: left.lastContainer });
      pair.onStep?.(step, one);
      const difference = firstDifference(one, other);
      if (difference !== undefined) return { at, step, ...difference };
    }
    const saved = firstDifference(await left.save(), await right.save());
    if (saved !== undefined) return { at: 'saved layers', ...saved };
    const removed = firstDifference(await left.removeAll(), await right.removeAll());
    return removed === undefined ? undefined : { at: 'removal', ...removed };
  } finally {
    // what went wrong before is told, not that nothing can be cleared then
    await Promise.allSettled([pair.left.clear?.(), pair.right.clear?.()]);
  }
}

/** Runs of one letter by their length, so that what is long can be read. */
const abridged = (text: string): string =>
  text.replace(/(.)\1{30,}/gsu, (run, letter: string) => `${letter}{${run.length}}`);

/** The history, one object a line. */
export const printHistory = (history: History): string =>
  abridged(history.map((step, at) => `${String(at).padStart(3)} ${printStep(step)}`).join('\n'));

function printStep(step: HistoryStep): string {
  if (step.step !== 'work') return JSON.stringify(step);
  const { changes, ...rest } = step;
  return [JSON.stringify(rest), ...changes.map((change) => `        ${JSON.stringify(change)}`)].join('\n');
}

const MOST = 12;

export function printDivergence(
  { at, what, differences }: HistoryDivergence,
  names: readonly [string, string],
): string {
  const shown = differences
    .slice(0, MOST)
    .flatMap(([left, right]) => [`  ${names[0]}: ${left}`, `  ${names[1]}: ${right}`]);
  const more = differences.length > MOST ? [`  and ${differences.length - MOST} more`] : [];
  return abridged([`differs at ${at} in ${what}`, ...shown, ...more].join('\n'));
}
