/** What differed from the real kernel once must not differ again. */
import { describe, expect } from 'vitest';
import { compareTasks } from '../../src/testing/compare.ts';
import { printDivergence } from './report.ts';
import { regressions } from './regressions.ts';
import { oracleTest } from './slice.ts';
import { realSubject, simulatedSubjects } from './subjects.ts';

describe('divergences that were found once', () => {
  for (const { name, filesystem, seed, path, sequence } of regressions) {
    oracleTest(`${name} (--fs ${filesystem} --seed ${seed} --path ${path})`, async () => {
      const simulated = (await simulatedSubjects())();
      const divergence = compareTasks(realSubject(), simulated, sequence, { dumpEach: true });
      expect(divergence && printDivergence(divergence, ['Linux', simulated.name])).toBe(undefined);
    });
  }
});
