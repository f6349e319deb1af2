/** Random sequences on the real overlayfs and on ours, over all options, layouts and callers, to see which branches they take. */
import fc from 'fast-check';
import { afterAll, describe, test } from 'vitest';
import { compareTasks } from '../../src/testing/compare.ts';
import type { Callers } from '../../src/testing/draw.ts';
import { sequence } from '../../src/testing/sequence.ts';
import { layouts } from '../../src/testing/union.ts';
import { realSubject, simulatedSubjects } from '../differential/subjects.ts';

const runs = Number(process.env['RUNS'] ?? 40);
const seed = Number(process.env['SEED'] ?? 1);
const everybody: readonly Callers[] = ['root', 'others', 'any'];
let sequences = 0;
let divergences = 0;

describe.each(layouts)('layout %s', (layout) => {
  test.each(everybody)('called by %s', async (callers) => {
    const opponent = await simulatedSubjects();
    const real = realSubject();
    const drawn = sequence({ filesystem: 'overlay', length: 60, options: 'any', layouts: [layout], callers });
    for (const each of fc.sample(drawn, { seed, numRuns: runs })) {
      sequences++;
      if (compareTasks(real, opponent(), each, { dumpEach: true }) !== undefined) divergences++;
    }
  });
});

afterAll(() => console.log(`${sequences} sequences, ${divergences} differ`));
