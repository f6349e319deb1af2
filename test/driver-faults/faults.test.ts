/**
 * Faults at doors of everything that a daemon does on each driver, a fixed slice of them; `npm run faults:drivers` takes
 * every door.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { actions } from './actions.ts';
import { drivers, workedMachine } from './daemon.ts';
import { strikeEverywhere } from './faults.ts';
import { leniencies } from './leniencies.ts';
import { strikeFirstStart, strikeStart } from './start-faults.ts';
import { faults } from './strike.ts';
import { Tally } from './tally.ts';

/** A prime, so that each kind of event has its turn; each action and fault begins at another door. */
const STRIDE = Number(process.env['FAULT_STRIDE'] ?? 127);

const sum = new Tally();

/** Some of what vfs does asks nothing of the kernel. */
function expectNothingWrong(driver: string, tally: Tally): void {
  sum.add(tally);
  expect(tally.wrong).toEqual([]);
  if (driver !== 'vfs') expect(tally.points).toBeGreaterThan(0);
}

describe.each(drivers)('a daemon on $name', (type) => {
  const worked = workedMachine(type);

  describe.each(faults)('after %s', (fault) => {
    const numbered = Object.entries(actions).map(([name, action], number) => ({ name, action, number }));

    test.each(numbered)('in $name', ({ name, action, number }) => {
      const first = number * 7 + faults.indexOf(fault);
      expectNothingWrong(type.name, strikeEverywhere(worked, name, action, fault, { every: STRIDE, first }));
    });

    test('in its first start', () => {
      expectNothingWrong(type.name, strikeFirstStart(worked, fault, { every: STRIDE, first: 0 }));
    });

    test('in its start after an earlier one was stopped', () => {
      expectNothingWrong(type.name, strikeStart(worked, fault, { every: STRIDE, first: faults.indexOf(fault) }));
    });
  });
});

afterAll(() => {
  const reasons = new Set(leniencies.map(({ reason }) => reason));
  for (const reason of sum.forgiven.keys()) expect(reasons).toContain(reason);
  console.log(`${sum.points} faults on graph drivers: ${sum}`);
});
