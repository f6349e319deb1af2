/** Stops of the machine at every change that a call on an AUFS makes; `npm run crash` stops at each lookup too. */
import { afterAll, describe, expect, test } from 'vitest';
import { calls } from './calls.ts';
import { diskEvent } from './faults.ts';
import { optionSets } from './option-sets.ts';
import { Prepared } from './prepared.ts';
import { stopEverywhere } from './stops.ts';
import { workedMachine } from './worked-machine.ts';

describe('stopped at every change', () => {
  const options = optionSets["Docker's options"];
  const machine = workedMachine(options);
  const seen = { points: 0, before: 0, after: 0, times: 0, between: 0, left: 0 };

  test.each(Object.entries(calls))('%s', (name, call) => {
    const prepared = new Prepared(machine, options, name, call);
    const tally = stopEverywhere(prepared, diskEvent);
    expect(tally.faults).toEqual([]);
    expect(tally.points).toBe(prepared.events.filter(diskEvent).length);
    for (const key of ['points', 'before', 'after', 'times', 'between', 'left'] as const) seen[key] += tally[key];
  });

  afterAll(() => console.log(`stops of aufs: ${JSON.stringify(seen)}`));
});
