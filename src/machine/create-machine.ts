/** A machine with every filesystem that this library has. */
import { overlayfs } from '../filesystem/overlayfs/index.ts';
import { tmpfs } from '../filesystem/tmpfs/super.ts';
import { Machine, type MachineParts } from './machine.ts';

/** What may be said of a new machine; it has tmpfs and overlay unless more filesystems are given. */
export interface MachineOptions extends Partial<MachineParts> {}

/**
 * A computer in memory. Without a `bootfs` or `rootfs` it comes up booted, with an empty read-write root; with one of
 * them, `boot()` starts it.
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * const { task } = createMachine({ seed: 1 });
 * task.mkdir('/etc');
 * ```
 */
export function createMachine(options: MachineOptions = {}): Machine {
  const machine = new Machine({ ...options, filesystems: [tmpfs, overlayfs, ...(options.filesystems ?? [])] });
  if (options.bootfs === undefined && options.rootfs === undefined) machine.boot();
  return machine;
}
