/**
 * Runs random sequences on AUFS and on overlayfs, both ours, until they differ in a way that no rule explains.
 *
 *     npm run fuzz:aufs -- --runs 1000 --seed 7
 *
 * --runs N --seed S   how many sequences, drawn from which seed (200, 1)
 * --ops N             operations of a sequence (30)
 * --all               go on after an unexplained difference, and print the first of each call
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import type { Sequence } from '../../src/testing/sequence.ts';
import { minimise } from '../differential/minimise.ts';
import { compareSides, type Difference } from './compare.ts';
import { unionSequence } from './draw.ts';
import { printFailure, Tally } from './report.ts';
import { rules } from './rules.ts';
import { aufsSide, overlaySide } from './subjects.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    runs: { ...text, default: '200' },
    seed: { ...text, default: '1' },
    ops: { ...text, default: '30' },
    all: { type: 'boolean', default: false },
  },
});

const compare = (sequence: Sequence) => compareSides(aufsSide(), overlaySide(), sequence, rules);

/** The differences as small as they get. */
function smallest(sequence: Sequence, differences: readonly Difference[]): string {
  const divergence = ([{ at, operation } = undefined as never]: readonly Difference[]) => ({
    at,
    operation,
    differences: [],
  });
  const [shorter] = minimise(
    sequence,
    divergence(differences),
    (candidate) => {
      const { unexplained } = compare(candidate);
      return unexplained && divergence(unexplained);
    },
    20,
  );
  return printFailure(shorter, compare(shorter).unexplained ?? differences);
}

const tally = new Tally();
const kinds = new Map<string, number>();
const started = performance.now();
for (const sequence of fc.sample(unionSequence(Number(values.ops)), {
  seed: Number(values.seed),
  numRuns: Number(values.runs),
})) {
  const outcome = compare(sequence);
  tally.add(outcome);
  const { unexplained } = outcome;
  if (unexplained === undefined) continue;
  const [{ operation, at, path }] = unexplained as readonly [Difference];
  const kind = `${operation?.call ?? at} ${path === undefined ? 'answer' : 'tree'}`;
  if (!kinds.has(kind)) console.log(`\n--- ${kind}\n${smallest(sequence, unexplained)}`);
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  process.exitCode = 1;
  if (!values.all) break;
}
console.log(tally.print());
for (const [kind, times] of kinds) console.log(`${String(times).padStart(7)}  UNEXPLAINED ${kind}`);
console.log(`${((performance.now() - started) / 1000).toFixed(1)} s, seed ${values.seed}`);
