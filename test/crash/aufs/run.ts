/** Stops and refusals in all calls on an AUFS, told line by line. */
import { calls } from './calls.ts';
import { anyEvent, refuseEverywhere } from './faults.ts';
import { faultLeniencies, laterLeniencies } from './leniencies.ts';
import { optionSets } from './option-sets.ts';
import { Prepared } from './prepared.ts';
import { stopLeniencies } from './stop-leniencies.ts';
import { stopEverywhere } from './stops.ts';
import { workedMachine } from './worked-machine.ts';

/** What is left out, and how much is told. */
export interface Choice {
  readonly only: string;
  readonly options: string | undefined;
  readonly verbose: boolean;
}

interface Tally {
  readonly reasons: Set<string>;
  readonly faults: readonly string[];
}

const reasons = new Set<string>();

/** Runs everything; answers whether nothing is wrong. */
export function runAufs({ only, options, verbose }: Choice): boolean {
  const sets = Object.entries(optionSets).filter(([name]) => options === undefined || name === options);
  let wrong = 0;
  for (const [name, mountOptions] of sets) {
    const machine = workedMachine(mountOptions);
    const prepared = Object.entries(calls)
      .filter(([call]) => call.includes(only))
      .map(([call, made]) => new Prepared(machine, mountOptions, call, made));
    wrong += tell(`stops, ${name}`, prepared, verbose, (each) => stopEverywhere(each, () => true));
    wrong += tell(`refusals, ${name}`, prepared, verbose, (each) => refuseEverywhere(each, anyEvent, 'every code'));
  }
  const isWhole = only === '' && options === undefined;
  return wrong === 0 && (!isWhole || unusedLeniencies().length === 0);
}

function tell(what: string, prepared: readonly Prepared[], verbose: boolean, run: (each: Prepared) => Tally): number {
  const started = performance.now();
  const sum: Record<string, number> = {};
  let wrong = 0;
  for (const each of prepared) {
    const tally = run(each);
    for (const [key, value] of Object.entries(tally)) if (typeof value === 'number') sum[key] = (sum[key] ?? 0) + value;
    for (const reason of tally.reasons) reasons.add(reason);
    wrong += tally.faults.length;
    if (verbose) console.log(`  ${each.name}: ${JSON.stringify(tally)}`);
    for (const fault of tally.faults.slice(0, 5)) console.log(`    ${each.name} ${fault}`);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const counts = Object.entries(sum).map(([key, value]) => `${key} ${value}`);
  console.log(`aufs, ${what}: ${prepared.length} calls, ${counts.join(', ')}, wrong ${wrong} (${seconds} s)`);
  return wrong;
}

/** A leniency that forgives nothing any more is one too many. */
function unusedLeniencies(): string[] {
  const all = [...stopLeniencies, ...faultLeniencies, ...laterLeniencies].map(({ reason }) => reason);
  const unused = all.filter((reason) => !reasons.has(reason));
  for (const reason of unused) console.log(`nothing is forgiven because ${reason}`);
  return unused;
}
