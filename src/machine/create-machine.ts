/** A computer in memory. */
import { overlayfs } from '../filesystem/overlayfs/mount.ts';
import { tmpfs } from '../filesystem/tmpfs/super.ts';
import { SimulatedClock } from '../kernel/clock.ts';
import { Kernel } from '../kernel/kernel.ts';
import { linux_6_18 } from '../kernel/profile.ts';
import { ProgramTable } from '../kernel/program.ts';
import { Random } from '../kernel/random.ts';
import type { Task } from '../kernel/task.ts';
import { startInit } from './start.ts';

export interface Machine {
  readonly kernel: Kernel;
  readonly task: Task;
}

export interface MachineOptions {
  /** Every id and random byte follows from it; 0 unless given. */
  readonly seed?: number;
}

export function createMachine(options: MachineOptions = {}): Machine {
  const seed = options.seed ?? 0;
  const kernel = new Kernel({
    profile: linux_6_18,
    filesystems: [tmpfs, overlayfs],
    clock: new SimulatedClock({ sec: 1_700_000_000, nsec: 0 }, 1000),
    random: new Random(seed),
  });
  const root = tmpfs.mount({ kernel, source: 'rootfs', data: 'mode=755', readOnly: false, resolve: () => { throw new Error('no paths yet'); } });
  return { kernel, task: startInit(kernel, root, 'rootfs', new ProgramTable()) };
}
