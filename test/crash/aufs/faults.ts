/**
 * Refusals at the events of a call: a call that fails leaves the union as it was, but for what the real module leaves
 * too; the branches below are as they were, and the same call works when nothing is refused any more.
 */
import { raise } from '../../../src/abi/errno.ts';
import type { TraceEvent } from '../../../src/kernel/trace.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import { viewOf } from '../../unit/machine/union-machine.ts';
import { firstDifference, isMixOf, sameView, type View } from '../views.ts';
import { codes } from './calls.ts';
import {
  agains,
  directoryTimes,
  type Fault,
  type FaultLeniency,
  faultLeniencies,
  laterLeniencies,
  leavesName,
  leftOvers,
  withDirectoryTimes,
} from './leniencies.ts';
import { type Prepared, run, type Seen } from './prepared.ts';
import { RW } from './worked-machine.ts';

type Code = (typeof codes)[number];

/** Which events are refused: all inside of a call, or those that read and change what lies on a disk. */
export type Wanted = (event: TraceEvent, at: number) => boolean;
export const anyEvent: Wanted = ({ kind }) => kind !== 'return' && kind !== 'syscall';
export const diskEvent: Wanted = (event, at) => anyEvent(event, at) && event.kind !== 'lookup';

/** How the refusals in one call went. */
export interface FaultTally {
  points: number;
  /** Calls that went on in spite of the refusal. */
  ignored: number;
  /** What was seen differs in what {@link faultLeniencies} forgive. */
  forgiven: number;
  readonly reasons: Set<string>;
  /** What is wrong, one sentence each. */
  readonly faults: string[];
}

/** Refuses every event that is wanted, in turn, each with every code or with one of them in turn. */
export function refuseEverywhere(prepared: Prepared, wanted: Wanted, each: 'every code' | 'one code'): FaultTally {
  return new Faults(prepared).tally(wanted, each);
}

class Faults {
  readonly #prepared: Prepared;
  readonly #tally: FaultTally = { points: 0, ignored: 0, forgiven: 0, reasons: new Set(), faults: [] };

  constructor(prepared: Prepared) {
    this.#prepared = prepared;
  }

  tally(wanted: Wanted, each: 'every code' | 'one code'): FaultTally {
    for (const [at, event] of this.#prepared.events.entries()) {
      if (!wanted(event, at)) continue;
      const chosen = each === 'one code' ? [codes[at % codes.length]!] : codes;
      for (const code of chosen) this.#refuse(at, event, code);
    }
    return this.#tally;
  }

  #refuse(at: number, event: TraceEvent, refusal: Code): void {
    this.#tally.points++;
    const { name, options, code: wanted, before, after } = this.#prepared;
    const where = `at ${at} ${refusal} ${JSON.stringify(event)}`;
    const machine = this.#prepared.machine.fork();
    const code = this.#runRefused(machine, at, refusal);
    const fault: Fault = { call: name, options, event, ignored: code === wanted };
    if (fault.ignored) this.#tally.ignored++;
    this.#expect(
      fault.ignored || code === refusal || (code === 'EIO' && leavesName(fault)),
      where,
      () => `it fails with ${code}`,
    );
    this.#look(machine, fault.ignored ? after : before, fault, where);
    this.#sound(machine, where);
    if (fault.ignored) return;
    const again = run(machine, this.#prepared.call, this.#prepared.fd);
    if (again !== wanted && agains.some(({ applies, code: allowed }) => applies(fault) && allowed === again)) return;
    this.#expect(again === wanted, `${where}: called again`, () => `${again} instead of ${wanted}`);
    this.#look(machine, after, { ...fault, ignored: true }, `${where}: called again`);
    this.#sound(machine, `${where}: called again`);
  }

  /** Makes the call with one of its events refused. */
  #runRefused(machine: Machine, at: number, code: Code): string | undefined {
    let number = 0;
    const end = machine.kernel.trace.subscribe(() => {
      if (number++ === at) raise(code);
    });
    const result = run(machine, this.#prepared.call, this.#prepared.fd);
    end();
    return result;
  }

  /** What is seen, at once and after a restart, and what lies in the topmost branch. */
  #look(machine: Machine, wanted: Seen, fault: Fault, where: string): void {
    const { now, later } = this.#prepared.seen(machine);
    this.#same(now, wanted.now, wanted, faultLeniencies, fault, where);
    this.#same(later, wanted.later, wanted, laterLeniencies, fault, `${where}: after a restart`);
    const left = leftOvers(viewOf(machine.fork().task, RW), fault);
    this.#expect(left.length === 0, where, () => `left over: ${left.join(' ')}`);
  }

  #same(view: View, wanted: View, seen: Seen, leniencies: readonly FaultLeniency[], fault: Fault, where: string): void {
    if (sameView(view, wanted)) return;
    if (sameView(view, wanted, directoryTimes.mask)) {
      this.#tally.forgiven++;
      return;
    }
    const forgiven = leniencies.find(
      ({ applies, trees, mask }) => applies(fault) && isMixOf(view, trees(seen, fault), withDirectoryTimes(mask)),
    );
    if (forgiven !== undefined) {
      this.#tally.forgiven++;
      this.#tally.reasons.add(forgiven.reason);
    } else this.#tally.faults.push(`${where}: ${firstDifference(view, wanted, directoryTimes.mask)}`);
  }

  #sound(machine: Machine, where: string): void {
    for (const fault of this.#prepared.unsound(machine)) this.#tally.faults.push(`${where}: ${fault}`);
  }

  #expect(holds: boolean, what: string, detail: () => string): void {
    if (!holds) this.#tally.faults.push(`${what}: ${detail()}`);
  }
}
