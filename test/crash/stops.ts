/**
 * Stops of the machine at every traced door of a call: what a union looks like when it is mounted again.
 *
 * The tree is the one before the call or the one after it, the lower layers are as they were, the work directory and the
 * index hold nothing that was left over, and the call can be made again where it had not happened yet.
 */
import { O_DIRECTORY, O_RDONLY } from '../../src/abi/flags.ts';
import { DT_DIR, S_IFCHR } from '../../src/abi/mode.ts';
import type { Task } from '../../src/kernel/task.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { viewOf } from '../unit/machine/union-machine.ts';
import { leniencies, losses, refusals, type Stopped } from './leniencies.ts';
import { stopAt } from './stop-at.ts';
import { firstDifference, type Mask, maskOf, sameView, type View } from './views.ts';
import { LOWERS, MERGED, mountWorked, UPPER, WORK, workedMachine } from './worked-machine.ts';

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
  /** Trees in which something cannot be reached any more, as on Linux: see {@link losses}. */
  lost: number;
  /** Unions that are mounted again only without an entry of the index, as on Linux: see {@link refusals}. */
  refused: number;
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
  return codeOf(() => {
    task.chdir(MERGED);
    call(task);
  });
}

function codeOf(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    return code;
  }
}

const countEvents = (machine: Machine, call: Call): { events: number; code: string | undefined } => {
  let events = 0;
  const end = machine.kernel.trace.subscribe(() => void events++);
  const code = run(machine, call);
  end();
  return { events, code };
};

/** The view without what cannot be reached in `lossy`, and what lies below it. */
function without(view: View, lossy: View): View {
  const lost = [...lossy].filter(([, line]) => line === losses.line).map(([path]) => path);
  return new Map([...view].filter(([path]) => !lost.some((each) => path === each || path.startsWith(`${each}/`))));
}

function restarted(machine: Machine, options: string): Machine {
  const again = machine.restart();
  mountWorked(again.task, options);
  return again;
}

/**
 * What may only lie in the work directory while a call is under way; the whiteout that all others are links of stays
 * there, which the mount itself may have needed.
 */
function leftOver(machine: Machine): string[] {
  const entries = [...viewOf(machine.fork().task, WORK)];
  return entries
    .filter(([name, line]) => /^\/(work\/|index\/#)/.test(name) && !isWhiteoutLine(line))
    .map(([name]) => name);
}

/** Takes away the index entry that was made last: the one that the log of Linux names when it refuses to mount. */
function removeLastEntry(task: Task): void {
  const index = `${WORK}/index`;
  const fd = task.open(index, O_RDONLY | O_DIRECTORY);
  const last = task.getdents(fd).find(({ name, type }) => type === DT_DIR && !/^[.#]/.test(name));
  task.close(fd);
  task.rmdir(`${index}/${last!.name}`);
}

const isWhiteoutLine = (line: string): boolean => line.startsWith(`${S_IFCHR.toString(8)} `);

/** Stops the call everywhere, in turn. */
export function stopEverywhere(prepared: Prepared, name: string, call: Call): Tally {
  return new Stops(prepared, name, call).tally();
}

class Stops {
  readonly #prepared: Prepared;
  readonly #call: Call;
  readonly #loses: boolean;
  readonly #mask: Mask;
  readonly #tally: Tally = { points: 0, before: 0, after: 0, forgiven: 0, lost: 0, refused: 0, faults: [] };
  readonly #code: string | undefined;
  readonly #events: number;
  readonly #after: View;

  constructor(prepared: Prepared, name: string, call: Call) {
    this.#prepared = prepared;
    this.#call = call;
    const stopped: Stopped = { call: name, options: prepared.options };
    this.#loses = losses.applies(stopped);
    const forgiven = leniencies.filter(({ applies }) => applies(stopped));
    this.#mask = maskOf(forgiven.map(({ mask }) => mask));
    const clean = prepared.machine.fork();
    const { events, code } = countEvents(clean, call);
    this.#events = events;
    this.#code = code;
    this.#after = viewOf(clean.fork().task, MERGED);
    const later = restarted(clean, prepared.options);
    const mounted = maskOf(forgiven.filter(({ remounting }) => remounting).map(({ mask }) => mask));
    this.#expect(
      sameView(this.#after, viewOf(later.task, MERGED), mounted),
      'the tree is another after a remount',
      () => firstDifference(this.#after, viewOf(later.task, MERGED)),
    );
    this.#sound(clean, 'without a stop');
  }

  tally(): Tally {
    for (let at = 0; at < this.#events; at++) {
      const machine = this.#prepared.machine.fork();
      const event = stopAt(machine, () => void run(machine, this.#call), at);
      this.#tally.points++;
      this.#look(machine, `at ${at} ${JSON.stringify(event)}`);
    }
    return this.#tally;
  }

  #look(machine: Machine, where: string): void {
    const again = this.#restarted(machine);
    const view = viewOf(again.fork().task, MERGED);
    const { before } = this.#prepared;
    const state = this.#seen(view, where);
    this.#sound(again, where);
    this.#remounts(again, view, where);
    if (state === 'before') this.#again(again, where);
    if (state === undefined)
      this.#tally.faults.push(`${where}: before is ${firstDifference(view, before, this.#mask)}`);
  }

  /** The machine after a power cut, with the union mounted. */
  #restarted(machine: Machine): Machine {
    const again = machine.restart();
    const code = codeOf(() => mountWorked(again.task, this.#prepared.options));
    if (code === undefined) return again;
    this.#expect(this.#loses && code === refusals.code, 'the mount is refused', () => code);
    this.#tally.refused++;
    removeLastEntry(again.task);
    mountWorked(again.task, this.#prepared.options);
    return again;
  }

  /** Which tree is seen; undefined when it is neither the old nor the new one. */
  #seen(view: View, where: string): 'before' | 'after' | 'lost' | undefined {
    const trees = { before: this.#prepared.before, after: this.#after };
    for (const key of ['before', 'after'] as const) {
      if (!sameView(view, trees[key])) continue;
      this.#tally[key]++;
      return key;
    }
    for (const key of ['after', 'before'] as const) {
      if (!sameView(view, trees[key], this.#mask)) continue;
      this.#tally.forgiven++;
      return key;
    }
    for (const tree of this.#loses ? Object.values(trees) : []) {
      if (!sameView(without(view, view), without(tree, view), this.#mask)) continue;
      this.#tally.lost++;
      return 'lost';
    }
    this.#tally.faults.push(
      `${where}: neither old nor new, after is ${firstDifference(view, this.#after, this.#mask)}`,
    );
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
