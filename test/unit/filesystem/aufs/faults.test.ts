/**
 * Whichever step of a call is refused: the call fails and leaves the union as it was, or goes on. Every second
 * event that touches a disk is refused with one code here; `npm run crash` refuses everything with every code.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { calls } from '../../../crash/aufs/calls.ts';
import { diskEvent, refuseEverywhere, type Wanted } from '../../../crash/aufs/faults.ts';
import { optionSets } from '../../../crash/aufs/option-sets.ts';
import { Prepared } from '../../../crash/aufs/prepared.ts';
import { workedMachine } from '../../../crash/aufs/worked-machine.ts';

const counts: string[] = [];
afterAll(() => console.log(counts.join('\n')));

const wanted: Wanted = (event, at) => diskEvent(event, at) && at % 2 === 0;

const chosen = { "Docker's options": /./, noplink: /several|pseudo|^link|removed/ } as const;

describe.each(Object.entries(chosen))('with %s', (name, pattern) => {
  const options = optionSets[name as keyof typeof chosen];
  const machine = workedMachine(options);
  const seen = { points: 0, ignored: 0, forgiven: 0 };

  test.each(Object.entries(calls).filter(([call]) => pattern.test(call)))('%s', (call, made) => {
    const tally = refuseEverywhere(new Prepared(machine, options, call, made), wanted, 'one code');
    expect(tally.faults).toEqual([]);
    for (const key of ['points', 'ignored', 'forgiven'] as const) seen[key] += tally[key];
  });

  test('strikes in many places', () => expect(seen.points).toBeGreaterThan(100));

  afterAll(() => void counts.push(`refusals with ${name}: ${JSON.stringify(seen)}`));
});
