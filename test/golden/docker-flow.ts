/** scripts/flow.sh of the recording, on ours: two imports, a container, changes, a commit, the end of the container. */
import { readArchive } from '../../src/archive/index.ts';
import type { DriverName } from '../docker/dockerd.ts';
import { RandomIDs } from '../docker/ids.ts';
import { LowerdirStore } from '../docker/lowerdir-store.ts';
import type { Image } from '../docker/store.ts';
import { golden, goldenGunzipped } from '../unit/archive/golden.ts';
import { mutate } from './docker-mutate.ts';
import { recordedLayerdb, recordedTree, treeOf } from './docker-recording.ts';

/** The data root of the recording. */
export const ROOT = '/var/lib/docker';

/** The names of the recording's host, as far as layers have them. */
const names = {
  '/etc/passwd': Buffer.from('root:x:0:0::/:\ndaemon:x:1:1::/:\ncloudsdk:x:1000:1000::/:\n'),
  '/etc/group': Buffer.from('root:x:0:\ndisk:x:6:\nshadow:x:42:\nstaff:x:50:\ncloudsdk:x:1000:\n'),
};

/** The layer that the commit was recorded to make. */
export function recordedLayer(driver: DriverName): Uint8Array {
  if (driver === 'overlay2') return golden('layer/child.tar');
  return goldenGunzipped(driver === 'vfs' ? 'naive/child.tar.gz' : 'naive/child-ov.tar.gz');
}

/** When the whiteouts of a layer were made, in seconds. */
export function whiteoutTime(layer: Uint8Array): number {
  for (const { header } of readArchive(layer)) {
    if (/(^|\/)\.wh\.[^/]+$/.test(header.name) && !header.name.endsWith('.wh..wh..opq')) return header.mtime.sec;
  }
  throw new Error('the layer deletes nothing');
}

export const newStore = (driver: DriverName, time: number): LowerdirStore =>
  new LowerdirStore({ driver, root: ROOT, time, names });

export interface Flow {
  readonly store: LowerdirStore;
  readonly base: Image;
  readonly gnu: Image;
  readonly child: Image;
  /** `docker diff` of the running container and of the stopped one. */
  readonly changes: readonly (readonly string[])[];
  /** The line of /proc/mounts while the container ran. */
  readonly mount: string | undefined;
  /** The driver and the layerdb on the disk after all that. */
  readonly tree: readonly string[];
}

/** The container's id in the recording. */
export const containerID = (driver: DriverName): string =>
  [...recordedLayerdb(driver).keys()].find((path) => path.startsWith('mounts/'))!.split('/')[1]!;

/** Imports both bases. */
export async function importBases(driver: DriverName): Promise<Pick<Flow, 'store' | 'base' | 'gnu'>> {
  const store = newStore(driver, whiteoutTime(recordedLayer(driver)));
  const base = await store.importImage(golden('base/base-pax.tar'));
  return { store, base, gnu: await store.importImage(golden('base/base-gnu.tar')) };
}

/** The whole flow; the container stays, stopped. */
export async function runFlow(driver: DriverName): Promise<Flow> {
  const bases = await importBases(driver);
  const { store, base } = bases;
  const id = await store.create(base, containerID(driver));
  const container = store.layers.getRWLayer(id);
  const directory = container.mount();
  store.clock.set(whiteoutTime(recordedLayer(driver)));
  await store.work(id, 'started', mutate);
  const running = await store.changes(id);
  const mount = store.mountLine(directory);
  store.clock.set(whiteoutTime(recordedLayer(driver)));
  const child = await store.commit(id);
  container.unmount();
  store.layers.releaseRWLayer(container);
  const changes = [running, await store.changes(id)];
  return { ...bases, child, changes, mount, tree: treeOf(store.task, ROOT, [`image/${driver}`, driver]) };
}

/** Translates the ids of the recording into the roles that they play. */
export function recordedIDs(driver: DriverName): (text: string) => string {
  const roles = new Map<string, string>();
  for (const [path, id] of recordedLayerdb(driver)) {
    const [, name, file] = path.split('/');
    if (file === 'cache-id') roles.set(id, `<cache of ${name!.slice(0, 12)}>`);
    if (file === 'mount-id') roles.set(id, '<mount 0>').set(name!, '<container 0>');
  }
  const replaced = (text: string): string =>
    text
      .replaceAll(ROOT, 'ROOT')
      .replace(/\b[0-9a-f]{64}\b/g, (id) => roles.get(id) ?? id)
      .replace(/\b[A-Z2-7]{26}\b/g, (link) => roles.get(link) ?? link);
  for (const row of recordedTree(driver, '17-tree.txt')) {
    const [, link, id] = /overlay2\/l\/(\S+) -> \.\.\/(\S+)\/diff$/.exec(row) ?? [];
    if (link !== undefined) roles.set(link, `<link of ${replaced(id!)}>`);
  }
  return replaced;
}

/** Translates the ids of ours. */
export function ourIDs({ store }: Pick<Flow, 'store'>): (text: string) => string {
  const ids = new RandomIDs(store, [containerID(store.driver)]);
  return (text) => ids.translate(text);
}
