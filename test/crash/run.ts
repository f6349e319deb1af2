/**
 * Stops the machine at every traced door of every call, with every set of options, and prints how many there were; on
 * AUFS every door is refused too.
 *
 *     npm run crash -- [--filesystem overlay|aufs] [--options index=on|noplink] [--only "part of a name"] [--verbose]
 */
import { parseArgs } from 'node:util';
import { runAufs } from './aufs/run.ts';
import { calls } from './calls.ts';
import { optionSets } from './option-sets.ts';
import { prepare, stopEverywhere, type Tally } from './stops.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    filesystem: text,
    options: text,
    only: { ...text, default: '' },
    verbose: { type: 'boolean', default: false },
  },
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

function runOverlay(): boolean {
  for (const options of values.options === undefined ? optionSets : [values.options]) runWith(options);
  console.log(`overlay, in all ${told(sum)}`);
  return sum.faults.length === 0;
}

function runWith(options: string): void {
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
  console.log(`overlay, ${options || 'no options'}: ${chosen.length} calls, ${told(here)} (${seconds} s)`);
}

const { only, options, verbose } = values;
const runs = { overlay: runOverlay, aufs: () => runAufs({ only, options, verbose }) };
const wanted = Object.entries(runs).filter(([name]) => values.filesystem === undefined || name === values.filesystem);
const sound = wanted.map(([, run]) => run());
process.exitCode = sound.length > 0 && sound.every(Boolean) ? 0 : 1;
