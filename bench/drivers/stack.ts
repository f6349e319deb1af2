/** What an image of several layers and its containers take on the disk. */
import { O_APPEND, O_WRONLY } from '../../src/abi/flags.ts';
import { type Daemon, type Space, spaceOf } from './daemon.ts';
import { addLayer, files, oneFile, pathOf } from './images.ts';
import type { DriverLibrary } from './library.ts';

const FILES = 1000;
const LAYERS = 10;
const CONTAINERS = 10;

export interface Stack {
  readonly driver: string;
  /** 1,000 files of 4 KiB in one layer. */
  readonly base: Space;
  /** Each of nine further layers with one small file. */
  readonly layer: Space;
  /** Each of ten containers that has written to one file. */
  readonly container: Space;
  /** After all of them are gone. */
  readonly left: Space;
}

const perOne = (after: Space, before: Space, count: number): Space => ({
  bytes: (after.bytes - before.bytes) / count,
  inodes: (after.inodes - before.inodes) / count,
});

export function measureStack(library: DriverLibrary, daemon: Daemon): Stack {
  const { store } = daemon;
  const empty = spaceOf(daemon);
  const layers = [addLayer(library, daemon, files(FILES))];
  const based = spaceOf(daemon);
  for (let i = 1; i < LAYERS; i++) layers.push(addLayer(library, daemon, oneFile(i), layers.at(-1)));
  const built = spaceOf(daemon);
  const containers = Array.from({ length: CONTAINERS }, (_, i) => {
    const container = store.createRWLayer(`container-${i}`, layers.at(-1)!.chainID);
    writeTo(daemon, container.mount() + pathOf(i));
    return container;
  });
  const running = spaceOf(daemon);
  for (const container of containers) {
    container.unmount();
    store.releaseRWLayer(container);
  }
  for (const layer of layers) store.release(layer);
  return {
    driver: store.driver.name,
    base: perOne(based, empty, 1),
    layer: perOne(built, based, LAYERS - 1),
    container: perOne(running, built, CONTAINERS),
    left: perOne(spaceOf(daemon), empty, 1),
  };
}

function writeTo({ machine: { task } }: Daemon, path: string): void {
  const fd = task.open(path, O_WRONLY | O_APPEND);
  task.write(fd, Uint8Array.of(1));
  task.close(fd);
}
