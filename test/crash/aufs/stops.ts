/**
 * Stops of the machine at the traced doors of a call: what an AUFS shows when it is mounted again is the tree before the
 * call or the one after it, or what the real one shows between its steps; the branches below are as they were, a second
 * mount changes nothing, and a call that had not happened can be made.
 */
import type { TraceEvent } from '../../../src/kernel/trace.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import { viewOf } from '../../unit/machine/union-machine.ts';
import { stopAt } from '../stop-at.ts';
import { firstDifference, isMixOf, sameView, type View } from '../views.ts';
import { directoryTimes, isTemporary, withDirectoryTimes } from './leniencies.ts';
import { type Prepared, run, viewBelow } from './prepared.ts';
import { stopLeniencies, type Stopped } from './stop-leniencies.ts';
import { MERGED, RW } from './worked-machine.ts';

/** How the stops of one call went. */
export interface StopTally {
  /** Where the machine was stopped. */
  points: number;
  /** Trees as before the call. */
  before: number;
  /** Trees as after it. */
  after: number;
  /** Trees of which only the times of directories are others. */
  times: number;
  /** Trees between two steps: see {@link stopLeniencies}. */
  between: number;
  /** Stops that leave names which only the union uses; a mount does not remove them. */
  left: number;
  /** The reasons of what was forgiven. */
  readonly reasons: Set<string>;
  /** What is wrong, one sentence each. */
  readonly faults: string[];
}

type State = 'before' | 'after' | 'between' | undefined;

/** Stops the call at each event that is wanted, in turn. */
export function stopEverywhere(prepared: Prepared, wanted: (event: TraceEvent, at: number) => boolean): StopTally {
  return new Stops(prepared).tally(wanted);
}

class Stops {
  readonly #prepared: Prepared;
  readonly #stopped: Stopped;
  readonly #again: { readonly code: string | undefined; readonly view: View } | undefined;
  readonly #tally: StopTally = {
    points: 0,
    before: 0,
    after: 0,
    times: 0,
    between: 0,
    left: 0,
    reasons: new Set(),
    faults: [],
  };

  constructor(prepared: Prepared) {
    this.#prepared = prepared;
    const { name: call, before, after, machine } = prepared;
    this.#stopped = { call, before, after, below: viewBelow(machine) };
    this.#again = prepared.fd < 0 ? this.#call(prepared.restarted(machine)) : undefined;
  }

  tally(wanted: (event: TraceEvent, at: number) => boolean): StopTally {
    for (const [at, event] of this.#prepared.events.entries()) {
      if (!wanted(event, at)) continue;
      const machine = this.#prepared.machine.fork();
      stopAt(machine, () => void run(machine, this.#prepared.call, this.#prepared.fd), at);
      this.#tally.points++;
      this.#look(machine, `at ${at} ${JSON.stringify(event)}`);
    }
    return this.#tally;
  }

  /** Makes the call in a machine that was started again. */
  #call(machine: Machine): { code: string | undefined; view: View } {
    machine.task.chdir(MERGED);
    const code = run(machine, this.#prepared.call, -1);
    return { code, view: viewOf(machine.fork().task, MERGED) };
  }

  #look(machine: Machine, where: string): void {
    const again = this.#prepared.restarted(machine);
    const view = viewOf(again.fork().task, MERGED);
    const state = this.#seen(view, where);
    this.#sound(again, where);
    this.#remounts(again, view, where);
    if (state === 'before') this.#callAgain(again, where);
  }

  /** Which tree is seen; undefined when it is none that the real one shows. */
  #seen(view: View, where: string): State {
    const trees = { before: this.#stopped.before.later, after: this.#stopped.after.later };
    for (const key of ['before', 'after'] as const) {
      if (!sameView(view, trees[key])) continue;
      this.#tally[key]++;
      return key;
    }
    for (const key of ['after', 'before'] as const) {
      if (!sameView(view, trees[key], directoryTimes.mask)) continue;
      this.#tally.times++;
      return key;
    }
    if (this.#isBetween(view)) {
      this.#tally.between++;
      return 'between';
    }
    for (const key of ['before', 'after'] as const) {
      this.#tally.faults.push(`${where}: ${key} is ${firstDifference(view, trees[key], directoryTimes.mask)}`);
    }
    return undefined;
  }

  #isBetween(view: View): boolean {
    const found = stopLeniencies.find(({ applies, mixes, mask }) => {
      const forgiven = withDirectoryTimes(mask);
      return applies(this.#stopped) && mixes(this.#stopped).some((mix) => isMixOf(view, mix, forgiven));
    });
    if (found !== undefined) this.#tally.reasons.add(found.reason);
    return found !== undefined;
  }

  #sound(machine: Machine, where: string): void {
    for (const fault of this.#prepared.unsound(machine)) this.#tally.faults.push(`${where}: ${fault}`);
  }

  /** Mounting once more changes nothing. */
  #remounts(machine: Machine, view: View, where: string): void {
    const raw = viewOf(machine.fork().task, RW);
    if ([...raw.keys()].some(isTemporary)) this.#tally.left++;
    const again = this.#prepared.restarted(machine);
    const rawAgain = viewOf(again.fork().task, RW);
    this.#expect(sameView(raw, rawAgain), `${where}: a second mount changes the topmost branch`, () =>
      firstDifference(raw, rawAgain),
    );
    const viewAgain = viewOf(again.task, MERGED);
    this.#expect(sameView(view, viewAgain), `${where}: a second mount shows another tree`, () =>
      firstDifference(view, viewAgain),
    );
  }

  /** The call that had not happened happens now, to its end. */
  #callAgain(machine: Machine, where: string): void {
    if (this.#again === undefined) return;
    const { code, view } = this.#call(machine);
    const wanted = this.#again;
    this.#expect(code === wanted.code, `${where}: called again`, () => `${code} instead of ${wanted.code}`);
    this.#expect(
      sameView(view, wanted.view, directoryTimes.mask),
      `${where}: called again, it leads to another tree`,
      () => firstDifference(view, wanted.view, directoryTimes.mask),
    );
  }

  #expect(holds: boolean, what: string, detail: () => string): void {
    if (!holds) this.#tally.faults.push(`${what}: ${detail()}`);
  }
}
