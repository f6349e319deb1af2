/** The small fixed part of the differential runs that every `npm test` repeats. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareTasks, type Divergence, type Subject } from '../../src/testing/compare.ts';
import { type Sequence, type SequenceChoice, sequence } from '../../src/testing/sequence.ts';
import { minimise } from './minimise.ts';
import { Counts, printDivergence, printSequence } from './report.ts';
import { realSubject, whyNoOracle } from './subjects.ts';

export interface Slice extends SequenceChoice {
  readonly seed: number;
  readonly runs: number;
}

/** Runs the slice; answers the first divergence, as small as it gets, and the part of operations that succeeded. */
export function runSlice(
  slice: Slice,
  opponent: () => Subject,
): { divergence?: Divergence; sequence?: Sequence; success: number } {
  const real = realSubject();
  const counts = new Counts();
  const dumpEach = slice.filesystem === 'overlay';
  const compare = (candidate: Sequence) => compareTasks(real, opponent(), candidate, { dumpEach });
  for (const drawn of fc.sample(sequence(slice), { seed: slice.seed, numRuns: slice.runs })) {
    const onResult = counts.add.bind(counts);
    const first = compareTasks(real, opponent(), drawn, { dumpEach, onResult });
    if (first === undefined) continue;
    const [smallest, divergence] = minimise(drawn, first, compare, 20);
    return { divergence, sequence: smallest, success: counts.success };
  }
  return { success: counts.success };
}

/** A test that needs the real kernel: skipped where there is none, and failed in CI, where there must be one. */
export function oracleTest(name: string, run: () => void | Promise<void>): void {
  const reason = whyNoOracle();
  if (reason === undefined) test(name, run, 120_000);
  else if (process.env['CI'] === 'true') test(name, () => expect.fail(`no real kernel to compare with: ${reason}`));
  else test.skip(`${name} (${reason})`, () => {});
}

/** Tests that need the real kernel, by the same rule. */
export function describeWithOracle(name: string, tests: () => void): void {
  const reason = whyNoOracle();
  if (reason === undefined || process.env['CI'] === 'true') describe(name, tests);
  else describe.skip(`${name} (${reason})`, tests);
}

/** Fails with the sequence and the difference where there is one. */
export function expectSame(slice: Slice, opponent: () => Subject): void {
  const { divergence, sequence, success } = runSlice(slice, opponent);
  if (divergence && sequence) {
    expect.fail(`${printSequence(sequence)}\n${printDivergence(divergence, ['Linux', opponent().name])}`);
  }
  // Who is not root is refused a third of what root may do.
  expect(success).toBeGreaterThan(slice.callers === 'others' ? 0.35 : 0.5);
}
