/** A machine with one graph driver and its layer store: what dockerd is made of, as far as layers go. */
import type { DriverType } from '../../src/driver/driver.ts';
import type { LayerStore } from '../../src/layer/layer-store.ts';
import type { Machine } from '../../src/machine/machine.ts';
import type { DriverLibrary } from './library.ts';

const ROOT = '/var/lib/docker';
/** What the disk is made with. */
export const DISK = 'tmpfs';

export interface Daemon {
  readonly machine: Machine;
  readonly store: LayerStore;
}

/** A machine that was just installed; its disk has room for a million files. */
export function installed({ createMachine }: DriverLibrary, type: DriverType): Machine {
  const machine = createMachine({ seed: 1, drivers: [type] });
  const { task } = machine;
  for (const path of ['/var', '/var/lib', ROOT]) task.mkdir(path, 0o755);
  if (task.statIfPresent('/proc') === undefined) {
    task.mkdir('/proc', 0o755);
    task.mount('proc', '/proc', 'proc');
  }
  task.mount('disk', ROOT, DISK, 'size=64g,nr_inodes=4m,mode=711');
  return machine;
}

/** The daemon over what lies on the machine's disk. */
export function started(library: DriverLibrary, machine: Machine, type: DriverType): Daemon {
  const { task } = machine;
  const driver = type.init({ task, home: `${ROOT}/${type.name}` });
  const root = `${ROOT}/image/${type.name}/layerdb`;
  const store = library.createLayerStore({ task, root, driver, codecs: library.nodeCodecs });
  return { machine, store };
}

/** A second machine from this moment on, and its daemon. */
export const forked = (library: DriverLibrary, { machine, store }: Daemon, types: readonly DriverType[]): Daemon =>
  started(library, machine.fork(), types.find(({ name }) => name === store.driver.name)!);

/** What lies on the disk. */
export interface Space {
  readonly bytes: number;
  readonly inodes: number;
}

export function spaceOf({ machine }: Daemon): Space {
  const { blocks, bfree, bsize, files, ffree } = machine.task.statfs(ROOT);
  return { bytes: (blocks - bfree) * bsize, inodes: files - ffree };
}
