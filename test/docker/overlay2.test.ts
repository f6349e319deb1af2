/** Histories with overlay2, and mistakes that the comparison must find. */
import { expect, test } from 'vitest';
import { faults } from './planted-faults.ts';
import { describeHistories } from './slice.ts';

describeHistories('overlay2', (rivals) => {
  test.each(Object.keys(faults))('the comparison finds what is planted: %s', async (fault) => {
    const { history, plant, what } = faults[fault]!;
    expect((await rivals().compare(history, undefined, plant))?.what).toBe(what);
  });
});
