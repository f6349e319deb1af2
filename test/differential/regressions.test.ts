/** What differed from the real kernel once must not differ again. */
import { describe, expect } from 'vitest';
import { compareTasks } from '../../src/testing/compare.ts';
import type { Sequence } from '../../src/testing/sequence.ts';
import { printDivergence } from './report.ts';
import { regressions } from './regressions.ts';
import { oracleTest } from './slice.ts';
import { realSubject, simulatedSubjects } from './subjects.ts';

const RUNS = 3;

/** The difference, if it comes again each time: another process can make the host forget what it had cached. */
async function repeatedDivergence(sequence: Sequence): Promise<string | undefined> {
  let told: string | undefined;
  for (let run = 0; run < RUNS; run++) {
    const simulated = (await simulatedSubjects())();
    const divergence = compareTasks(realSubject(), simulated, sequence, { dumpEach: true });
    if (divergence === undefined) return undefined;
    told = printDivergence(divergence, ['Linux', simulated.name]);
  }
  return told;
}

describe('divergences that were found once', () => {
  for (const { name, filesystem, seed, path, sequence } of regressions) {
    const origin = seed === undefined ? '' : ` (--fs ${filesystem} --seed ${seed} --path ${path})`;
    oracleTest(`${name}${origin}`, async () => {
      expect(await repeatedDivergence(sequence)).toBe(undefined);
    });
  }
});
