/**
 * Lets faults strike at every traced door of every action of each driver, and prints how many there were.
 *
 *     npm run faults:drivers -- [--driver overlay2] [--only "part of a name"] [--fault EIO] [--every 1] [--verbose]
 */
import { parseArgs } from 'node:util';
import { actions } from './actions.ts';
import { drivers, workedMachine } from './daemon.ts';
import { newTally, strikeEverywhere, type Tally } from './faults.ts';
import { strikeFirstStart, strikeStart } from './start-faults.ts';
import { type Fault, faults } from './strike.ts';

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

const sum = newTally();

function add(to: Tally, { points, passed, forgiven, wrong }: Tally): void {
  to.points += points;
  to.passed += passed;
  for (const [reason, count] of forgiven) to.forgiven.set(reason, (to.forgiven.get(reason) ?? 0) + count);
  to.wrong.push(...wrong);
}

const told = ({ points, passed, forgiven, wrong }: Tally): string => {
  const lenient = [...forgiven.values()].reduce((all, count) => all + count, 0);
  return `${points} faults: ${passed} passed over, ${lenient} findings forgiven, ${wrong.length} wrong`;
};

const every = Number(values.every);

for (const type of drivers) {
  if (values.driver !== undefined && values.driver !== type.name) continue;
  const started = performance.now();
  const worked = workedMachine(type);
  const here = newTally();
  const note = (name: string, fault: Fault, tally: Tally): void => {
    add(here, tally);
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
  add(sum, here);
  console.log(`${type.name}: ${told(here)} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}
for (const [reason, count] of sum.forgiven) console.log(`forgiven ${count} times: ${reason}`);
console.log(`in all ${told(sum)}`);
process.exitCode = sum.wrong.length === 0 ? 0 : 1;
