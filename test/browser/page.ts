/** What the page of the browser test offers to the test. */
import { commitRecordedLayer } from './commit.ts';
import { outcomeOf } from './sequences.ts';

export const page = {
  outcomeOf,
  commit: () => {
    const { diffID, tar } = commitRecordedLayer();
    return { diffID, tar: Array.from(tar) };
  },
};

Object.assign(globalThis, { page });
