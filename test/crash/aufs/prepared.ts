/** A union in which a call is about to be made, and how it ends when nothing goes wrong. */
import type { TraceEvent } from '../../../src/kernel/trace.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import { viewOf } from '../../unit/machine/union-machine.ts';
import type { View } from '../views.ts';
import type { Call } from './calls.ts';
import { LOWERS, MERGED, mountBelow, mountWorked, BELOW } from './worked-machine.ts';

/** What is seen while the union is mounted, and after the machine was started again, when no pseudo-links are known. */
export interface Seen {
  readonly now: View;
  readonly later: View;
}

export function seenIn(machine: Machine, options: string, fd = -1): Seen {
  return { now: viewNow(machine, fd), later: viewLater(machine, options) };
}

/** The tree, and what the open file holds. */
export function viewNow(machine: Machine, fd: number): View {
  const { task } = machine.fork();
  const view = viewOf(task, MERGED);
  if (fd >= 0) view.set('/(open)', contentOf(task, fd));
  return view;
}

function contentOf(task: Machine['task'], fd: number): string {
  try {
    const bytes = new Uint8Array(100);
    return `10 "${new TextDecoder().decode(bytes.subarray(0, task.pread(fd, bytes, 0)))}"`;
  } catch (error) {
    return `10 !${(error as { code: string }).code}`;
  }
}

export function viewLater(machine: Machine, options: string): View {
  const { task } = machine.restart();
  mountWorked(task, options);
  return viewOf(task, MERGED);
}

/** What lies below the topmost branch, without it. */
export function viewBelow(machine: Machine): View {
  const { task } = machine.restart();
  mountBelow(task);
  return viewOf(task, BELOW);
}

export const rawLowers = (machine: Machine): View[] => LOWERS.map((path) => viewOf(machine.fork().task, path));

/** Makes the call; answers the code of its failure. What it opened is closed then. */
export function run({ task }: Machine, { act }: Call, fd: number): string | undefined {
  const open = new Set([...task.files.entries()].map(([each]) => each));
  try {
    act(task, fd);
    return undefined;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    for (const [each] of [...task.files.entries()]) if (!open.has(each)) task.close(each);
    return code;
  }
}

/** A union with all that the call needs. */
export class Prepared {
  readonly options: string;
  readonly name: string;
  readonly call: Call;
  readonly machine: Machine;
  /** What is open for the call; -1 when nothing is. */
  readonly fd: number;
  readonly before: Seen;
  readonly after: Seen;
  readonly lowers: readonly View[];
  readonly events: readonly TraceEvent[];
  /** How the call fails when nothing goes wrong. */
  readonly code: string | undefined;
  /** The machine after it. */
  readonly done: Machine;

  constructor(machine: Machine, options: string, name: string, call: Call) {
    this.options = options;
    this.name = name;
    this.call = call;
    this.machine = machine.fork();
    this.machine.task.chdir(MERGED);
    this.fd = call.before?.(this.machine.task) ?? -1;
    this.before = this.seen(this.machine);
    this.lowers = rawLowers(this.machine);
    this.done = this.machine.fork();
    const events: TraceEvent[] = [];
    const end = this.done.kernel.trace.subscribe((event) => void events.push(event));
    this.code = run(this.done, call, this.fd);
    end();
    this.events = events;
    this.after = this.seen(this.done);
  }

  /** What is seen in a machine of this course. */
  seen(machine: Machine): Seen {
    return seenIn(machine, this.options, this.call.writes ? this.fd : -1);
  }
}
