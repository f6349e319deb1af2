/** The power goes in the midst of something. */
import { MachineStopped, type TraceEvent } from '../../src/kernel/trace.ts';
import type { Machine } from '../../src/machine/machine.ts';

/** Stops the machine at the event of number `at`. */
export function stopAt(machine: Machine, act: () => void, at: number): TraceEvent {
  let number = 0;
  const end = machine.kernel.trace.subscribe((event) => {
    if (number++ === at) throw new MachineStopped(event);
  });
  try {
    act();
  } catch (error) {
    if (error instanceof MachineStopped) return error.event;
    throw error;
  } finally {
    end();
  }
  throw new Error(`event ${at} did not come again`);
}
