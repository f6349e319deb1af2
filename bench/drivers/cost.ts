/** What one action of a daemon costs: counted inside the machine, and timed. Each try has a machine of its own. */
import type { DriverType } from '../../src/driver/driver.ts';
import { type Daemon, DISK, forked, spaceOf } from './daemon.ts';
import type { DriverLibrary } from './library.ts';

export interface Cost {
  readonly driver: string;
  readonly action: string;
  readonly calls: number;
  readonly lookups: number;
  readonly metadata: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** What the disk holds more afterwards. */
  readonly space: number;
  readonly inodes: number;
  readonly milliseconds: number[];
}

/** An action on a daemon; what is prepared does not count. */
export interface Action<Prepared = void> {
  readonly name: string;
  prepare(daemon: Daemon): Prepared;
  act(daemon: Daemon, prepared: Prepared): void;
}

export interface Costing {
  readonly library: DriverLibrary;
  readonly types: readonly DriverType[];
  readonly rounds: number;
}

/** The costs of an action on several daemons, taken in turns. */
export function costsOf<P>(costing: Costing, daemons: readonly Daemon[], action: Action<P>): Cost[] {
  const costs = daemons.map((daemon) => counted(costing, daemon, action));
  for (let round = 0; round < costing.rounds; round++) {
    for (const [at, daemon] of daemons.entries()) {
      const { start, act } = prepared(costing, daemon, action);
      start();
      const begin = process.hrtime.bigint();
      act();
      costs[at]!.milliseconds.push(Number(process.hrtime.bigint() - begin) / 1e6);
    }
  }
  return costs;
}

function prepared<P>({ library, types }: Costing, daemon: Daemon, action: Action<P>) {
  const own = forked(library, daemon, types);
  const made = action.prepare(own);
  return { own, start: () => globalThis.gc?.(), act: () => action.act(own, made) };
}

function counted<P>(costing: Costing, daemon: Daemon, action: Action<P>): Cost {
  const { own, act } = prepared(costing, daemon, action);
  const counts = { calls: 0, lookups: 0, metadata: 0, bytesRead: 0, bytesWritten: 0 };
  const before = spaceOf(own);
  const stop = own.machine.kernel.trace.subscribe((event) => {
    if (event.kind === 'syscall') counts.calls++;
    else if (event.kind === 'lookup') counts.lookups++;
    else if (event.kind === 'metadata') counts.metadata++;
    else if (event.kind === 'data' && event.filesystem === DISK) {
      counts[event.op === 'read' || event.op === 'clone' ? 'bytesRead' : 'bytesWritten'] += event.bytes;
    }
  });
  act();
  stop();
  const after = spaceOf(own);
  return {
    driver: daemon.store.driver.name,
    action: action.name,
    ...counts,
    space: after.bytes - before.bytes,
    inodes: after.inodes - before.inodes,
    milliseconds: [],
  };
}
