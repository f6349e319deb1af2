/** Faults at the traced door. */
import { raise } from '../../src/abi/errno.ts';
import { MachineStopped, type TraceEvent } from '../../src/kernel/trace.ts';
import type { Machine } from '../../src/machine/machine.ts';

export const faults = ['ENOSPC', 'EIO', 'stop'] as const;
export type Fault = (typeof faults)[number];

/** Calls that no kernel refuses: man pages list no error that could befall the daemon. */
const CANNOT_FAIL: ReadonlySet<string> = new Set([
  'exit_group',
  'exit',
  'umask',
  'getresuid',
  'getresgid',
  'getuid',
  'geteuid',
  'getpid',
  'clock_gettime',
  'uname',
]);

/**
 * Whether a fault can strike there. An errno comes before the call has done something, but for close(2), whose
 * descriptor is gone whatever it answers.
 */
function strikes(event: TraceEvent, fault: Fault): boolean {
  if (fault === 'stop') return true;
  if (event.kind === 'return') return event.call === 'close' && event.error === undefined;
  return event.kind !== 'syscall' || (event.call !== 'close' && !CANNOT_FAIL.has(event.call));
}

/** An event that a fault can strike, behind its number. */
export type Target = readonly [at: number, event: TraceEvent];

export const targetsOf = (events: readonly TraceEvent[], fault: Fault): Target[] =>
  [...events.entries()].filter(([, event]) => strikes(event, fault));

/** Each `every`th target; `first`, counted round, is the number of the first one. */
export interface Share {
  readonly every: number;
  readonly first: number;
}

export function shareOf(targets: readonly Target[], { every, first }: Share): Target[] {
  const begin = first % Math.min(every, targets.length);
  return targets.filter((_, i) => i % every === begin);
}

/** All events of an action. */
export function eventsOf({ kernel }: Machine, act: () => void): TraceEvent[] {
  const events: TraceEvent[] = [];
  const end = kernel.trace.subscribe((event) => events.push(event));
  try {
    act();
  } finally {
    end();
  }
  return events;
}

/** What became of an action that a fault struck. */
export interface Struck<T> {
  readonly event: TraceEvent | undefined;
  readonly answer?: T;
  readonly error?: unknown;
}

/** Runs the action; the fault strikes at its event of that number. A machine that has stopped does nothing more. */
export function strike<T>({ kernel }: Machine, act: () => T, at: number, fault: Fault): Struck<T> {
  let number = -1;
  let struck: TraceEvent | undefined;
  const end = kernel.trace.subscribe((event) => {
    number++;
    if (number === at) struck = event;
    if (fault === 'stop' && number >= at) throw new MachineStopped(event);
    if (number === at) raise(fault as 'EIO');
  });
  try {
    return { answer: act(), event: struck };
  } catch (error) {
    return { error, event: struck };
  } finally {
    end();
  }
}

/** Whether the error tells of the fault, in itself or by what caused it. */
export function isFault(error: unknown, fault: Fault): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (fault === 'stop' ? at instanceof MachineStopped : (at as { code?: string }).code === fault) return true;
  }
  return false;
}
