/**
 * Stops the machine at every traced door of every call, with every set of options, and prints how many there were.
 *
 *     npm run crash -- [--options index=on] [--only "part of a name"] [--verbose]
 */
import { parseArgs } from 'node:util';
import { calls } from './calls.ts';
import { optionSets } from './option-sets.ts';
import { prepare, stopEverywhere, type Tally } from './stops.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: { options: text, only: { ...text, default: '' }, verbose: { type: 'boolean', default: false } },
});

const chosen = Object.entries(calls).filter(([name]) => name.includes(values.only));
const sum: Tally = { points: 0, before: 0, after: 0, forgiven: 0, lost: 0, refused: 0, faults: [] };

function add(to: Tally, { points, before, after, forgiven, lost, refused, faults }: Tally): void {
  to.points += points;
  to.before += before;
  to.after += after;
  to.forgiven += forgiven;
  to.lost += lost;
  to.refused += refused;
  to.faults.push(...faults);
}

const told = ({ points, before, after, forgiven, lost, refused, faults }: Tally): string =>
  `${points} stops: ${before} old, ${after} new, ${forgiven} forgiven, ${lost} lost and ${refused} refused as on Linux, ${faults.length} wrong`;

for (const options of values.options === undefined ? optionSets : [values.options]) {
  const started = performance.now();
  const here: Tally = { points: 0, before: 0, after: 0, forgiven: 0, lost: 0, refused: 0, faults: [] };
  const prepared = prepare(options);
  for (const [name, call] of chosen) {
    const tally = stopEverywhere(prepared, name, call);
    add(here, tally);
    if (values.verbose) console.log(`  ${name}: ${told(tally)}`);
    for (const fault of tally.faults.slice(0, 5)) console.log(`    ${name} ${fault}`);
  }
  add(sum, here);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${options || 'no options'}: ${chosen.length} calls, ${told(here)} (${seconds} s)`);
}
console.log(`in all ${told(sum)}`);
process.exitCode = sum.faults.length === 0 ? 0 : 1;
