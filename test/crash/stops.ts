/**
 * Stops of the machine at every traced door of a call: what a union looks like when it is mounted again.
 *
 * The tree is the one before the call or the one after it, the lower layers are as they were, the work directory and the
 * index hold nothing that was left over, and the call can be made again where it had not happened yet.
 */
import { MachineStopped, type TraceEvent } from '../../src/kernel/trace.ts';
import type { Task } from '../../src/kernel/task.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { viewOf } from '../unit/machine/union-machine.ts';
import { leniencies, type Stopped } from './leniencies.ts';
import { LOWERS, MERGED, mountWorked, UPPER, WORK, workedMachine } from './worked-machine.ts';

type View = ReadonlyMap<string, string>;
type Mask = (line: string) => string;
type Call = (task: Task) => void;

/** How the stops of one call went. */
export interface Tally {
  /** Where the machine was stopped. */
  points: number;
  /** Trees as before the call. */
  before: number;
  /** Trees as after it. */
  after: number;
  /** Trees that differ from both in what {@link leniencies} forgives. */
  forgiven: number;
  /** What is wrong, one sentence each. */
  readonly faults: string[];
}

/** A union of one set of options, before anything is called. */
export interface Prepared {
  readonly options: string;
  readonly machine: Machine;
  readonly before: View;
  readonly lowers: View[];
}

export function prepare(options: string): Prepared {
  const machine = workedMachine(options);
  return { options, machine, before: viewOf(machine.fork().task, MERGED), lowers: rawLowers(machine) };
}

const rawLowers = (machine: Machine): View[] => LOWERS.map((lower) => viewOf(machine.fork().task, lower));

/** Runs the call in the root of the union; answers the code of its failure. */
function run({ task }: Machine, call: Call): string | undefined {
  try {
    task.chdir(MERGED);
    call(task);
    return undefined;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    return code;
  }
}

/** Stops the machine at its event of number `at`. */
function stopAt(machine: Machine, call: Call, at: number): TraceEvent {
  let number = 0;
  const end = machine.kernel.trace.subscribe((event) => {
    if (number++ === at) throw new MachineStopped(event);
  });
  try {
    run(machine, call);
  } catch (error) {
    if (error instanceof MachineStopped) return error.event;
    throw error;
  } finally {
    end();
  }
  throw new Error(`event ${at} did not come again`);
}

const countEvents = (machine: Machine, call: Call): { events: number; code: string | undefined } => {
  let events = 0;
  const end = machine.kernel.trace.subscribe(() => void events++);
  const code = run(machine, call);
  end();
  return { events, code };
};

const sameView = (a: View, b: View, mask: Mask = (line) => line): boolean =>
  a.size === b.size && [...a].every(([path, line]) => b.has(path) && mask(b.get(path)!) === mask(line));

/** The first line in which two views differ. */
function firstDifference(a: View, b: View): string {
  const path = [...new Set([...a.keys(), ...b.keys()])].find((each) => a.get(each) !== b.get(each));
  return path === undefined ? 'the same' : `${path}: ${a.get(path) ?? 'missing'} | ${b.get(path) ?? 'missing'}`;
}

function restarted(machine: Machine, options: string): Machine {
  const again = machine.restart();
  mountWorked(again.task, options);
  return again;
}

/** What may only lie in the work directory while a call is under way. */
function leftOver(machine: Machine): string[] {
  const names = [...viewOf(machine.fork().task, WORK).keys()];
  return names.filter((name) => /^\/work\/.|^\/index\/#/.test(name));
}

/** Stops the call everywhere, in turn. */
export function stopEverywhere(prepared: Prepared, name: string, call: Call): Tally {
  return new Stops(prepared, name, call).tally();
}

class Stops {
  readonly #prepared: Prepared;
  readonly #call: Call;
  readonly #mask: Mask;
  readonly #tally: Tally = { points: 0, before: 0, after: 0, forgiven: 0, faults: [] };
  readonly #code: string | undefined;
  readonly #events: number;
  readonly #after: View;

  constructor(prepared: Prepared, name: string, call: Call) {
    this.#prepared = prepared;
    this.#call = call;
    const stopped: Stopped = { call: name, options: prepared.options };
    const masks = leniencies.filter(({ applies }) => applies(stopped)).map(({ mask }) => mask);
    this.#mask = (line) => masks.reduce((masked, mask) => mask(masked), line);
    const clean = prepared.machine.fork();
    const { events, code } = countEvents(clean, call);
    this.#events = events;
    this.#code = code;
    this.#after = viewOf(clean.fork().task, MERGED);
    const later = restarted(clean, prepared.options);
    this.#expect(sameView(this.#after, viewOf(later.task, MERGED)), 'the tree is another after a remount', () =>
      firstDifference(this.#after, viewOf(later.task, MERGED)),
    );
    this.#sound(clean, 'without a stop');
  }

  tally(): Tally {
    for (let at = 0; at < this.#events; at++) {
      const machine = this.#prepared.machine.fork();
      const event = stopAt(machine, this.#call, at);
      this.#tally.points++;
      this.#look(machine, `at ${at} ${JSON.stringify(event)}`);
    }
    return this.#tally;
  }

  #look(machine: Machine, where: string): void {
    const again = restarted(machine, this.#prepared.options);
    const view = viewOf(again.fork().task, MERGED);
    const { before } = this.#prepared;
    const happened = this.#seen(view, where);
    this.#sound(again, where);
    this.#remounts(again, view, where);
    if (!happened) this.#again(again, where);
    if (happened === undefined) this.#tally.faults.push(`${where}: before is ${firstDifference(view, before)}`);
  }

  /** Whether the call has happened; undefined when the tree is neither the old nor the new one. */
  #seen(view: View, where: string): boolean | undefined {
    const { before } = this.#prepared;
    for (const [tree, key] of [
      [before, 'before'],
      [this.#after, 'after'],
    ] as const) {
      if (!sameView(view, tree)) continue;
      this.#tally[key]++;
      return key === 'after';
    }
    for (const tree of [this.#after, before]) {
      if (!sameView(view, tree, this.#mask)) continue;
      this.#tally.forgiven++;
      return tree === this.#after;
    }
    this.#tally.faults.push(`${where}: neither old nor new, after is ${firstDifference(view, this.#after)}`);
    return undefined;
  }

  #sound(machine: Machine, where: string): void {
    for (const fault of machine.check()) this.#tally.faults.push(`${where}: ${fault}`);
    for (const [i, lower] of rawLowers(machine).entries()) {
      const was = this.#prepared.lowers[i]!;
      this.#expect(sameView(lower, was), `${where}: layer ${LOWERS[i]} has changed`, () => firstDifference(was, lower));
    }
  }

  /** Nothing is left over, and mounting once more changes nothing. */
  #remounts(machine: Machine, view: View, where: string): void {
    const left = leftOver(machine);
    this.#expect(left.length === 0, `${where}: left over after the mount`, () => left.join(' '));
    const raw = viewOf(machine.fork().task, UPPER);
    const again = restarted(machine.fork(), this.#prepared.options);
    this.#expect(
      sameView(raw, viewOf(again.fork().task, UPPER)),
      `${where}: a second mount changes the upper layer`,
      () => firstDifference(raw, viewOf(again.fork().task, UPPER)),
    );
    this.#expect(sameView(view, viewOf(again.task, MERGED)), `${where}: a second mount shows another tree`, () =>
      firstDifference(view, viewOf(again.fork().task, MERGED)),
    );
  }

  /** The call that had not happened happens now, to its end. */
  #again(machine: Machine, where: string): void {
    const code = run(machine, this.#call);
    this.#expect(code === this.#code, `${where}: called again`, () => `${code} instead of ${this.#code}`);
    const view = viewOf(machine.fork().task, MERGED);
    this.#expect(sameView(view, this.#after, this.#mask), `${where}: called again, it leads to another tree`, () =>
      firstDifference(view, this.#after),
    );
  }

  #expect(holds: boolean, what: string, detail: () => string): void {
    if (!holds) this.#tally.faults.push(`${what}: ${detail()}`);
  }
}
