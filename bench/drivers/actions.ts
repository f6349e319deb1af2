/** What is asked of every driver. */
import { O_APPEND, O_RDONLY, O_WRONLY } from '../../src/abi/flags.ts';
import type { RWLayer } from '../../src/layer/layer.ts';
import type { Action } from './cost.ts';
import type { Daemon } from './daemon.ts';
import { pathOf, SIZES } from './images.ts';

const NAME = 'container';

function mounted({ store }: Daemon, chainID: string): { layer: RWLayer; root: string } {
  const layer = store.createRWLayer(NAME, chainID);
  return { layer, root: layer.mount() };
}

function append({ machine: { task } }: Daemon, path: string): void {
  const fd = task.open(path, O_WRONLY | O_APPEND);
  task.write(fd, new TextEncoder().encode('first'));
  task.close(fd);
}

/** A container on an image of many files or many layers: made and shown. */
export const create = (chainID: string, image = ''): Action => ({
  name: `create and mount a container${image}`,
  prepare() {},
  act: (daemon) => void mounted(daemon, chainID),
});

/** Five bytes behind a file of each size. */
export const firstWrites = (chainID: string): Action<{ root: string }>[] =>
  SIZES.map(([name]) => ({
    name: `first write to a file of ${name}`,
    prepare: (daemon) => mounted(daemon, chainID),
    act: (daemon, { root }) => append(daemon, `${root}/${name}`),
  }));

/** The file of the lowest layer, for the first time. */
export const read = (chainID: string, layers: number): Action<{ root: string }> => ({
  name: `first read through ${layers} ${layers === 1 ? 'layer' : 'layers'}`,
  prepare: (daemon) => mounted(daemon, chainID),
  act({ machine: { task } }, { root }) {
    const fd = task.open(`${root}/layer-0`, O_RDONLY);
    task.read(fd, new Uint8Array(1024));
    task.close(fd);
  },
});

/** A container with that many changed files. */
function changed(daemon: Daemon, chainID: string, count: number): RWLayer {
  const { layer, root } = mounted(daemon, chainID);
  for (let i = 0; i < count; i++) append(daemon, root + pathOf(i));
  return layer;
}

export const listChanges = (chainID: string, count: number): Action<RWLayer> => ({
  name: `docker diff of ${count.toLocaleString('en')} changes`,
  prepare: (daemon) => changed(daemon, chainID, count),
  act: (_, layer) => void layer.changes(),
});

export const commit = (chainID: string, count: number): Action<RWLayer> => ({
  name: `commit of ${count.toLocaleString('en')} changes`,
  prepare: (daemon) => changed(daemon, chainID, count),
  act: ({ store }, layer) => void store.register(layer.tar(), chainID),
});
