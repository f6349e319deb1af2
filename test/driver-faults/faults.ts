/**
 * Faults at every traced door of what a daemon does.
 *
 * After an errno the daemon goes on: nothing is wrong in its store, nothing is left over, and a second try leaves what one
 * without a fault leaves. After a stop the machine starts again, and so does the daemon, which sweeps: its store is sound,
 * each layer is as before the action or as after it, nothing else is there, and the action can be done then.
 */
import type { TraceEvent } from '../../src/kernel/trace.ts';
import type { DriverType } from '../../src/driver/driver.ts';
import type { Machine } from '../../src/machine/machine.ts';
import type { IFs } from '../../src/fs/ifs.ts';
import { type Action, ownLayers } from './actions.ts';
import { type Daemon, restarted, startDaemon, type Worked } from './daemon.ts';
import { type Items, itemsOf, mountsOf, openIn, shapeOf } from './disk.ts';
import { type Finding, leniencies, type Point } from './leniencies.ts';
import { eventsOf, type Fault, isFault, type Share, shareOf, strike, targetsOf } from './strike.ts';
import { Tally } from './tally.ts';

const CHECK = { tars: true } as const;

/** One action of a worked machine, and how it goes when nothing strikes. */
class Undisturbed {
  readonly events: TraceEvent[];
  readonly answer: string;
  /** As the machine was handed over. */
  readonly worked: Items;
  /** Before what was done undisturbed, and before the action. */
  readonly before: Items;
  readonly after: Items;
  readonly mountsBefore: readonly string[];
  readonly mountsAfter: readonly string[];
  readonly openBefore: readonly number[];
  /** The same after the end of the daemon. */
  readonly ended: readonly string[];
  readonly wrong: string[];

  constructor(worked: Worked, action: Action) {
    const machine = worked.machine.fork();
    const daemon = startDaemon(machine, worked.type);
    this.worked = itemsOf(machine);
    const attempt = action.prepare(daemon, worked.chains);
    this.before = itemsOf(machine);
    this.mountsBefore = mountsOf(machine);
    this.openBefore = openIn(machine);
    let answer: unknown;
    this.events = eventsOf(machine, () => {
      answer = attempt.act();
    });
    this.answer = told(answer);
    this.after = itemsOf(machine);
    this.mountsAfter = mountsOf(machine);
    attempt.finish?.();
    daemon.store.cleanup();
    daemon.store.sweep();
    this.wrong = verified(daemon, worked.type);
    this.ended = shapeOf(itemsOf(machine));
  }
}

/** Runs that were made before, which every fault is compared with. */
const runs = new WeakMap<Worked, Map<Action, Undisturbed>>();

function undisturbed(worked: Worked, action: Action): Undisturbed {
  const here = runs.get(worked) ?? new Map<Action, Undisturbed>();
  runs.set(worked, here);
  const run = here.get(action) ?? new Undisturbed(worked, action);
  here.set(action, run);
  return run;
}

const told = (answer: unknown): string => JSON.stringify(answer) ?? 'nothing';

/** What must be so at any time between two actions. */
function sound({ machine, store }: Daemon): string[] {
  return [...machine.check(), ...store.check()].filter((line) => !ownLayers.some((id) => line.includes(id)));
}

/** As `sound`, and a daemon on a twin of the machine, which changes nothing here, puts each layer's tar together. */
function verified(daemon: Daemon, type: DriverType): string[] {
  const twin = startDaemon(daemon.machine.fork(), type);
  return [...sound(daemon), ...twin.store.check(CHECK)];
}

/** Where something is strange in what lies on the disk: neither as before nor as after. */
export function strangeItems(now: Items, ...states: readonly Items[]): string[] {
  const strange: string[] = [];
  for (const [name, text] of now) {
    const allowed = states.map((state) => state.get(name));
    if (allowed.includes(text)) continue;
    const others = allowed.filter((each) => each !== undefined);
    const told = others.map((other) => difference(text, other)).join(' and ');
    strange.push(others.length === 0 ? `left over: ${name}` : `${name} is half done: ${told}`);
  }
  const kept = [...states[0]!.keys()].filter((name) => states.every((state) => state.has(name)));
  for (const name of kept) if (!now.has(name)) strange.push(`gone: ${name}`);
  return strange;
}

function difference(now: string, other: string): string {
  const [here, there] = [now.split('\n'), other.split('\n')];
  const more = here.find((line) => !there.includes(line));
  const less = there.find((line) => !here.includes(line));
  return `${more ?? 'nothing'} | ${less ?? 'nothing'}`.slice(0, 200);
}

/** Lets the fault strike at each `every`th event of the action, in turn. */
export function strikeEverywhere(worked: Worked, name: string, action: Action, fault: Fault, share: Share): Tally {
  return new Faults(worked, name, action, fault).run(share);
}

class Faults {
  readonly #worked: Worked;
  readonly #name: string;
  readonly #action: Action;
  readonly #fault: Fault;
  readonly #undisturbed: Undisturbed;
  readonly #tally = new Tally();
  /** The one that goes on after the fault. */
  #daemon: Daemon | undefined;
  /** The number of the event. */
  #at = 0;

  constructor(worked: Worked, name: string, action: Action, fault: Fault) {
    this.#worked = worked;
    this.#name = name;
    this.#action = action;
    this.#fault = fault;
    this.#undisturbed = undisturbed(worked, action);
    this.#tally.wrong.push(...this.#undisturbed.wrong.map((each) => `without a fault: ${each}`));
  }

  run(share: Share): Tally {
    for (const [at, event] of shareOf(targetsOf(this.#undisturbed.events, this.#fault), share)) {
      this.#tally.points++;
      this.#at = at;
      try {
        this.#strike(at, event);
      } catch (error) {
        this.#wrong(event, `threw ${(error as Error).stack?.split('\n').slice(0, 6).join(' ')}`);
      }
    }
    return this.#tally;
  }

  #wrong(event: TraceEvent, text: string): void {
    this.#tally.wrong.push(`${JSON.stringify(event)}: ${text}`);
  }

  #find(event: TraceEvent, finding: Finding): void {
    const point: Point = {
      driver: this.#worked.type.name,
      action: this.#name,
      fault: this.#fault,
      event,
      ...this.#whereabouts(event),
      naive: () => this.#isNaive(),
    };
    const leniency = leniencies.find((each) => each.applies(point, finding));
    if (leniency === undefined) this.#wrong(event, `${finding.kind}: ${finding.text}`);
    else this.#tally.forgive(leniency.reason);
  }

  #whereabouts(event: TraceEvent): { call: string; path: string } {
    const until = this.#undisturbed.events.slice(0, this.#at + 1).reverse();
    const call = until.find(({ kind }) => kind === 'syscall') as { call: string } | undefined;
    const path = until.find((each) => each.kind === 'syscall' && each.path !== undefined) as
      | { path: string }
      | undefined;
    return { call: call?.call ?? event.kind, path: path?.path ?? '' };
  }

  #isNaive(): boolean {
    return this.#daemon!.driver.status().some(([name, value]) => name === 'Native Overlay Diff' && value === 'false');
  }

  #strike(at: number, event: TraceEvent): void {
    const machine = this.#worked.machine.fork();
    const daemon = startDaemon(machine, this.#worked.type);
    this.#daemon = daemon;
    const attempt = this.#action.prepare(daemon, this.#worked.chains);
    const { event: struck, error, answer } = strike(machine, attempt.act, at, this.#fault);
    if (JSON.stringify(struck) !== JSON.stringify(event)) this.#wrong(event, `struck at ${JSON.stringify(struck)}`);
    if (this.#fault === 'stop') this.#afterStop(machine, event, error);
    else this.#afterErrno(daemon, attempt, event, error, answer);
  }

  #afterStop(machine: Machine<IFs>, event: TraceEvent, error: unknown): void {
    if (!isFault(error, 'stop')) this.#find(event, { kind: 'error', text: String(error) });
    const again = restarted(machine);
    const { worked, before, after, answer } = this.#undisturbed;
    const daemon = startDaemon(again, this.#worked.type);
    daemon.store.sweep();
    for (const text of verified(daemon, this.#worked.type)) this.#find(event, { kind: 'check', text });
    for (const text of strangeItems(itemsOf(again), worked, before, after)) this.#find(event, { kind: 'disk', text });
    for (const path of mountsOf(again)) this.#find(event, { kind: 'mount', text: path });
    const swept = daemon.store.sweep();
    if (swept.length > 0) this.#wrong(event, `swept twice: ${swept}`);
    if (this.#action.isDone?.(daemon, this.#worked.chains)) return;
    const attempt = this.#action.prepare(daemon, this.#worked.chains);
    const told2 = told(attempt.act());
    if (told2 !== answer) this.#find(event, { kind: 'answer', text: `after the restart ${differing(told2, answer)}` });
    this.#end(daemon, attempt, event);
  }

  #afterErrno(
    daemon: Daemon,
    attempt: ReturnType<Action['prepare']>,
    event: TraceEvent,
    error: unknown,
    answer: unknown,
  ): void {
    const { machine, store } = daemon;
    const { before, after, mountsBefore, mountsAfter, openBefore } = this.#undisturbed;
    if (error !== undefined && !isFault(error, this.#fault)) this.#find(event, { kind: 'error', text: String(error) });
    const open = openIn(machine);
    if (told(open) !== told(openBefore)) this.#find(event, { kind: 'open', text: `${openBefore} then ${open}` });
    const mounts = mountsOf(machine);
    const mountsAllowed = error === undefined ? [mountsAfter] : [mountsBefore];
    if (!mountsAllowed.some((each) => told(each) === told(mounts))) {
      this.#find(event, { kind: 'mount', text: `${mounts} and not ${mountsAllowed}` });
    }
    for (const text of sound(daemon)) this.#find(event, { kind: 'check', text });
    const items = itemsOf(machine);
    const isAsAfter = error === undefined && told(shapeOf(items)) === told(shapeOf(after));
    if (!isAsAfter) for (const text of strangeItems(items, before, after)) this.#find(event, { kind: 'disk', text });
    let last = answer;
    if (error === undefined) this.#tally.passed++;
    else last = (attempt.again ?? attempt.act)();
    const expected = this.#undisturbed.answer;
    if (told(last) !== expected) this.#find(event, { kind: 'answer', text: differing(told(last), expected) });
    this.#end(daemon, attempt, event);
    void store;
  }

  /** The action was done at last: all is as if nothing had struck. */
  #end(daemon: Daemon, attempt: ReturnType<Action['prepare']>, event: TraceEvent): void {
    attempt.finish?.();
    daemon.store.cleanup();
    daemon.store.sweep();
    const wrong = this.#fault === 'stop' ? sound(daemon) : verified(daemon, this.#worked.type);
    for (const text of wrong) this.#wrong(event, `at the end: ${text}`);
    const mounts = mountsOf(daemon.machine);
    if (mounts.length > 0) this.#wrong(event, `mounted at the end: ${mounts}`);
    const ended = shapeOf(itemsOf(daemon.machine));
    const expected = this.#undisturbed.ended;
    if (told(ended) === told(expected)) return;
    const [more, less] = [without(ended, expected), without(expected, ended)];
    this.#find(event, { kind: 'disk', text: `at the end: more ${more.slice(0, 200)} and less ${less.slice(0, 200)}` });
  }
}

/** The lines of the items that are in no other item of the same name. */
function without(shapes: readonly string[], others: readonly string[]): string {
  const lines = shapes.filter((each) => !others.includes(each)).flatMap((each) => each.split('\n'));
  const known = new Set(others.filter((each) => !shapes.includes(each)).flatMap((each) => each.split('\n')));
  return told(lines.filter((line) => !known.has(line)));
}

function differing(answer: string, expected: string): string {
  let at = 0;
  while (answer[at] === expected[at] && at < answer.length) at++;
  return `answers ${answer.slice(Math.max(0, at - 20), at + 100)} and not ${expected.slice(Math.max(0, at - 20), at + 100)}`;
}
