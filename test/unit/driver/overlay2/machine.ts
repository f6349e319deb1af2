/** A machine with Docker's folder, and the driver over it. */
import { createMachine } from '../../../../src/union/create-machine.ts';
import { type Bootfs, bootfsOf } from '../../../../src/machine/bootfs.ts';
import { linux_6_18, type KernelProfile } from '../../../../src/kernel/profile.ts';
import { overlay2 } from '../../../../src/driver/overlay2/index.ts';
import type { Driver } from '../../../../src/driver/driver.ts';

export const HOME = '/var/lib/docker/overlay2';

/** A computer with an empty `/var/lib/docker`, and `/proc`. */
export function dockerMachine(profile: Partial<KernelProfile> = {}) {
  const bootfs: Bootfs = bootfsOf({ ...linux_6_18, ...profile });
  const machine = createMachine({ bootfs });
  machine.boot();
  machine.fs.mkdirSync('/var/lib/docker', { recursive: true });
  machine.fs.mkdirSync('/proc');
  machine.task.mount('proc', '/proc', 'proc');
  return machine;
}

/** As `dockerMachine`, with the driver started. */
export function startedDriver(options: readonly string[] = [], home = HOME) {
  const machine = dockerMachine();
  const driver: Driver = overlay2().init({ task: machine.task, home, options });
  return { ...machine, machine, task: machine.task, fs: machine.fs, driver };
}
