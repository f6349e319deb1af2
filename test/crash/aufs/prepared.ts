/** A union in which a call is about to be made, and how it ends when nothing goes wrong. */
import type { TraceEvent } from '../../../src/kernel/trace.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import { viewOf } from '../../unit/machine/union-machine.ts';
import { firstDifference, sameView, type View } from '../views.ts';
import type { Call } from './calls.ts';
import { BELOW, LOWERS, MERGED, mountBelow, mountWorked } from './worked-machine.ts';

/** What is seen while the union is mounted, and after the machine was started again, when no pseudo-links are known. */
export interface Seen {
  readonly now: View;
  readonly later: View;
}

/** The tree, and what the open file holds. */
function viewNow(machine: Machine, fd: number): View {
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

/** What lies below the topmost branch, without it. */
export function viewBelow(machine: Machine): View {
  const { task } = machine.restart();
  mountBelow(task);
  return viewOf(task, BELOW);
}

const rawLowers = (machine: Machine): View[] => LOWERS.map((path) => viewOf(machine.fork().task, path));

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
  readonly events: readonly TraceEvent[];
  /** How the call fails when nothing goes wrong. */
  readonly code: string | undefined;
  readonly #lowers: readonly View[];

  constructor(machine: Machine, options: string, name: string, call: Call) {
    this.options = options;
    this.name = name;
    this.call = call;
    this.machine = machine.fork();
    this.machine.task.chdir(MERGED);
    this.fd = call.before?.(this.machine.task) ?? -1;
    this.before = this.seen(this.machine);
    this.#lowers = rawLowers(this.machine);
    const done = this.machine.fork();
    const events: TraceEvent[] = [];
    const end = done.kernel.trace.subscribe((event) => void events.push(event));
    this.code = run(done, call, this.fd);
    end();
    this.events = events;
    this.after = this.seen(done);
  }

  /** What is seen in a machine of this course. */
  seen(machine: Machine): Seen {
    const fd = this.call.writes ? this.fd : -1;
    return { now: viewNow(machine, fd), later: viewOf(this.restarted(machine).task, MERGED) };
  }

  /** The machine after a power cut, with the union mounted. */
  restarted(machine: Machine): Machine {
    const again = machine.restart();
    mountWorked(again.task, this.options);
    return again;
  }

  /** What the machine's own check finds, and how branches below have changed, one sentence each. */
  unsound(machine: Machine): string[] {
    const found = machine.check();
    for (const [i, lower] of rawLowers(machine).entries()) {
      const was = this.#lowers[i]!;
      if (!sameView(lower, was)) found.push(`branch ${LOWERS[i]}: ${firstDifference(was, lower)}`);
    }
    return found;
  }
}
