/** A machine with the filesystems that unions need, and node:fs over its first task. */
import { overlayfs } from '../filesystem/overlayfs/index.ts';
import { proc } from '../filesystem/proc/index.ts';
import { tmpfs } from '../filesystem/tmpfs/index.ts';
import { createFs } from '../fs/create-fs.ts';
import type { IFs } from '../fs/ifs.ts';
import type { DriverType } from '../driver/driver.ts';
import type { FilesystemType } from '../kernel/superblock.ts';
import type { Task } from '../kernel/task.ts';
import { Machine, type MachineParts } from '../machine/machine.ts';
import { Host } from './host.ts';

/** What may be said of a new machine; it has tmpfs, overlay and proc, and what is given besides. */
export interface MachineOptions extends Partial<Omit<MachineParts, 'facade' | 'filesystems' | 'modules'>> {
  /** Filesystem types that are loaded as modules. */
  readonly filesystems?: readonly FilesystemType[];
  /** Graph drivers that are to run here: what they need is there when the machine is up, with `/proc` and `/dev/shm`. */
  readonly drivers?: readonly DriverType[];
}

/**
 * A computer in memory. Without a `bootfs` or `rootfs` it comes up booted, with an empty read-write root; with one of
 * them, `boot()` starts it.
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * const { task, fs } = createMachine({ seed: 1 });
 * for (const d of ['/l1', '/l2', '/u', '/w', '/merged']) fs.mkdirSync(d);
 * task.mount('overlay', '/merged', 'overlay', 'lowerdir=/l1:/l2,upperdir=/u,workdir=/w');
 * fs.writeFileSync('/merged/a', 'x');
 * fs.readdirSync('/u'); // => ['a']
 * ```
 */
export function createMachine(options: MachineOptions = {}): Machine<IFs> {
  const { filesystems: loaded = [], drivers = [], ...parts } = options;
  const filesystems = [tmpfs, overlayfs, proc];
  const host = new Host(drivers);
  const modules = [...loaded, ...host.filesystems];
  const init = (task: Task): void => {
    host.init(task);
    parts.init?.(task);
  };
  const machine = new Machine<IFs>({ ...parts, filesystems, modules, init, facade: createFs });
  host.register(machine);
  if (options.bootfs === undefined && options.rootfs === undefined) machine.boot();
  return machine;
}
