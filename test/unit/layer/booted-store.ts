/** A machine with one driver and a layer store on it. */
import { concatenate } from '../../../src/archive/codecs.ts';
import { nodeCodecs } from '../../../src/archive/node-codecs.ts';
import type { Driver, DriverType } from '../../../src/driver/driver.ts';
import { aufs } from '../../../src/driver/aufs/index.ts';
import { overlay } from '../../../src/driver/overlay/index.ts';
import { overlay2 } from '../../../src/driver/overlay2/index.ts';
import { vfs } from '../../../src/driver/vfs/index.ts';
import type { IFs } from '../../../src/fs/ifs.ts';
import type { Task } from '../../../src/kernel/task.ts';
import type { Layer } from '../../../src/layer/layer.ts';
import { createLayerStore, type LayerStore } from '../../../src/layer/layer-store.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import { createMachine } from '../../../src/union/create-machine.ts';

/** The drivers that the store is tested over. */
export const drivers: readonly (readonly [name: string, type: () => DriverType])[] = [
  ['vfs', vfs],
  ['overlay', overlay],
  ['overlay2', overlay2],
  ['aufs', aufs],
];

export interface BootedStore {
  readonly machine: Machine<IFs>;
  readonly task: Task;
  readonly fs: IFs;
  readonly driver: Driver;
  readonly store: LayerStore;
  /** Where the store keeps its files. */
  readonly root: string;
  /** A daemon that starts again on the same machine: a new driver and a new store over the same folders. */
  restart(machine?: Machine<IFs>): BootedStore;
}

/** Ids that can be told from one another: `aaa…01`, `aaa…02` … */
export function countedIDs(): () => string {
  let count = 0;
  return () => `a${String(++count).padStart(63, '0')}`;
}

export function bootStore(type: DriverType, randomID?: () => string): BootedStore {
  const machine = createMachine({ seed: 7, drivers: [type] });
  if (!machine.fs.existsSync('/proc')) {
    machine.fs.mkdirSync('/proc');
    machine.task.mount('proc', '/proc', 'proc');
  }
  machine.fs.mkdirSync('/var/lib/docker', { recursive: true, mode: 0o711 });
  return startStore(machine, type, randomID);
}

function startStore(machine: Machine<IFs>, type: DriverType, randomID?: () => string): BootedStore {
  const { task, fs } = machine;
  const driver = type.init({ task, home: `/var/lib/docker/${type.name}` });
  const root = `/var/lib/docker/image/${type.name}/layerdb`;
  const parts = { task, root, driver, codecs: nodeCodecs };
  const store = createLayerStore(randomID === undefined ? parts : { ...parts, randomID });
  const restart = (again = machine): BootedStore => startStore(again, type, randomID);
  return { machine, task, fs, driver, store, root, restart };
}

/** Writes files into the directory; those whose name ends in `/` are directories. */
export function writeFiles(fs: IFs, directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = `${directory}/${name}`;
    fs.mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true });
    if (!name.endsWith('/')) fs.writeFileSync(path, content);
  }
}

/** A layer made as `docker commit` does: a container on the parent that writes the files. */
export function commitFiles(
  { fs, store }: BootedStore,
  parent: string | undefined,
  files: Readonly<Record<string, string>>,
): Layer {
  const container = store.createRWLayer('committed', parent);
  writeFiles(fs, container.mount(), files);
  const layer = store.register(container.tar(), parent);
  container.unmount();
  store.releaseRWLayer(container);
  return layer;
}

/** All bytes of a tar. */
export const bytesOf = (tar: Iterable<Uint8Array>): Uint8Array => concatenate([...tar]);

/** Everything below a directory: type and permissions, size of files, path. */
export function listing(fs: IFs, directory: string): string[] {
  const names = fs.readdirSync(directory, { recursive: true }) as string[];
  return names.sort().map((name) => {
    const stat = fs.lstatSync(`${directory}/${name}`);
    const size = stat.isFile() ? ` ${stat.size}` : '';
    return `${stat.mode.toString(8)}${size} ${name}`;
  });
}
