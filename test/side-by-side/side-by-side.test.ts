/** AUFS and overlayfs on the same random sequences: they differ only in ways that are known. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareSides } from './compare.ts';
import { unionSequence } from './draw.ts';
import { printFailure, Tally } from './report.ts';
import { rules } from './rules.ts';
import { aufsSide, overlaySide } from './subjects.ts';

const LENGTH = 30;

it.each([1, 2, 3])('every difference is explained, seed %i', (seed) => {
  const tally = new Tally();
  for (const sequence of fc.sample(unionSequence(LENGTH), { seed, numRuns: 100 })) {
    const outcome = compareSides(aufsSide(), overlaySide(), sequence, rules);
    tally.add(outcome);
    if (outcome.unexplained !== undefined) expect.fail(printFailure(sequence, outcome.unexplained));
  }
  expect(tally.operations).toBeGreaterThan(tally.sequences * LENGTH * 0.3);
});

it('a difference without a rule is told', () => {
  const outcomes = fc
    .sample(unionSequence(LENGTH), { seed: 1, numRuns: 50 })
    .map((sequence) => compareSides(aufsSide(), overlaySide(), sequence, []));
  expect(outcomes.filter(({ unexplained }) => unexplained !== undefined).length).toBeGreaterThan(0);
});
