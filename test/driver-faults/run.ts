/**
 * Lets faults strike at every traced door of every action of each driver, and prints how many there were.
 *
 *     npm run faults:drivers -- [--driver overlay2] [--only "part of a name"] [--fault EIO] [--every 1] [--verbose]
 */
import { parseArgs } from 'node:util';
import { actions } from './actions.ts';
import { drivers, workedMachine } from './daemon.ts';
import { strikeEverywhere } from './faults.ts';
import { strikeFirstStart, strikeStart } from './start-faults.ts';
import { type Fault, faults } from './strike.ts';
import { Tally } from './tally.ts';

/** What a daemon does before anything else. */
const START = 'start after a stop';
const FIRST = 'first start';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    driver: text,
    only: { ...text, default: '' },
    fault: text,
    every: { ...text, default: '1' },
    verbose: { type: 'boolean', default: false },
  },
});

const sum = new Tally();

const told = (tally: Tally): string => `${tally.points} faults: ${tally}, ${tally.wrong.length} wrong`;

const every = Number(values.every);

for (const type of drivers) {
  if (values.driver !== undefined && values.driver !== type.name) continue;
  const started = performance.now();
  const worked = workedMachine(type);
  const here = new Tally();
  const note = (name: string, fault: Fault, tally: Tally): void => {
    here.add(tally);
    if (values.verbose || tally.wrong.length > 0) console.log(`  ${type.name} ${name}, ${fault}: ${told(tally)}`);
    for (const wrong of tally.wrong.slice(0, 4)) console.log(`    ${wrong.slice(0, 420)}`);
  };
  for (const fault of faults) {
    if (values.fault !== undefined && values.fault !== fault) continue;
    for (const [name, action] of Object.entries(actions)) {
      if (!name.includes(values.only)) continue;
      note(name, fault, strikeEverywhere(worked, name, action, fault, { every, first: 0 }));
    }
    if (FIRST.includes(values.only)) note(FIRST, fault, strikeFirstStart(worked, fault, { every, first: 0 }));
    if (START.includes(values.only)) note(START, fault, strikeStart(worked, fault, { every, first: 0 }));
  }
  sum.add(here);
  console.log(`${type.name}: ${told(here)} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}
for (const [reason, count] of sum.forgiven) console.log(`forgiven ${count} times: ${reason}`);
console.log(`in all ${told(sum)}`);
process.exitCode = sum.wrong.length === 0 ? 0 : 1;
