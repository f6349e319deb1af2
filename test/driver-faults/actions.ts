/** What a daemon does and faults strike: each verb of the drivers and of the layer store. */
import { applyArchive } from '../../src/driver/driver.ts';
import { initLayer } from '../../src/layer/init-layer.ts';
import { bytesOf, type Chains, type Daemon, tars } from './daemon.ts';

/** One thing to be done, by a daemon that has just started. */
export interface Action {
  /** After a stop: whether it was done to its end, so that it need not, or cannot, be done again. */
  isDone?(daemon: Daemon, chains: Chains): boolean;
  /** Does what comes before it, undisturbed; answers the thing itself, whose answers are compared. */
  prepare(daemon: Daemon, chains: Chains): Attempt;
}

export interface Attempt {
  act(): unknown;
  /** How a caller tries again in the same daemon, where that is not the same call. */
  again?(): unknown;
  /** Gives back what the action was to get. */
  finish?(): void;
}

const id = (digit: string): string => digit.repeat(64);
const NEW = id('a');
const SECOND = id('b');

/** Layers that no store knows, until it sweeps. */
export const ownLayers: readonly string[] = [NEW, SECOND];

const cacheOf = ({ store }: Daemon, chainID: string): string =>
  store.layers.find((layer) => layer.chainID === chainID)!.cacheID;

const initFuncOf =
  ({ task }: Daemon) =>
  (directory: string): void =>
    initLayer(task, directory);

/** The verbs of a driver, on layers that no store knows. */
const driverActions: Readonly<Record<string, Action>> = {
  'create of a base': { prepare: ({ driver }) => ({ act: () => driver.create(NEW) }) },
  'create on a layer': {
    prepare: (daemon, { child }) => ({ act: () => daemon.driver.create(NEW, cacheOf(daemon, child)) }),
  },
  'createReadWrite on a layer': {
    prepare: (daemon, { top }) => ({ act: () => daemon.driver.createReadWrite(NEW, cacheOf(daemon, top)) }),
  },
  'createReadWrite on a writable layer': {
    prepare(daemon, { child }) {
      const { driver } = daemon;
      driver.createReadWrite(SECOND, cacheOf(daemon, child));
      daemon.machine.fs.writeFileSync(`${driver.get(SECOND)}/prepared`, 'p');
      driver.put(SECOND);
      return { act: () => driver.createReadWrite(NEW, SECOND) };
    },
  },
  'applyDiff to a base': applying(undefined),
  'applyDiff on a layer': applying('child'),
  get: {
    prepare(daemon, { child }) {
      daemon.driver.createReadWrite(NEW, cacheOf(daemon, child));
      return { act: () => daemon.driver.get(NEW), finish: () => daemon.driver.put(NEW) };
    },
  },
  'get of an image': {
    prepare(daemon, { child }) {
      const layer = cacheOf(daemon, child);
      return { act: () => daemon.driver.get(layer), finish: () => daemon.driver.put(layer) };
    },
  },
  'get the second time': {
    prepare(daemon, { child }) {
      daemon.driver.createReadWrite(NEW, cacheOf(daemon, child));
      daemon.driver.get(NEW);
      const put = (): void => daemon.driver.put(NEW);
      return {
        act: () => daemon.driver.get(NEW),
        finish() {
          put();
          put();
        },
      };
    },
  },
  put: {
    prepare(daemon, { child }) {
      daemon.driver.createReadWrite(NEW, cacheOf(daemon, child));
      daemon.driver.get(NEW);
      return { act: () => daemon.driver.put(NEW) };
    },
  },
  'diff of a layer': {
    prepare(daemon, { base, child }) {
      const layers = [cacheOf(daemon, child), cacheOf(daemon, base)] as const;
      return { act: () => bytesOf(daemon.driver.diff(...layers)) };
    },
  },
  'diff over two layers': {
    prepare(daemon, { base, top }) {
      const layers = [cacheOf(daemon, top), cacheOf(daemon, base)] as const;
      return { act: () => bytesOf(daemon.driver.diff(...layers)) };
    },
  },
  'diff of a whole tree': {
    prepare: (daemon, { child }) => ({ act: () => bytesOf(daemon.driver.diff(cacheOf(daemon, child))) }),
  },
  'diff that is not read to its end': {
    prepare: (daemon, { child }) => ({
      act() {
        for (const chunk of daemon.driver.diff(cacheOf(daemon, child))) return chunk.length;
        return 0;
      },
    }),
  },
  changes: {
    prepare: (daemon, { base, child }) => ({
      act: () => daemon.driver.changes(cacheOf(daemon, child), cacheOf(daemon, base)),
    }),
  },
  diffSize: {
    prepare: (daemon, { base, child }) => ({
      act: () => daemon.driver.diffSize(cacheOf(daemon, child), cacheOf(daemon, base)),
    }),
  },
  remove: {
    prepare(daemon, { child }) {
      daemon.driver.create(NEW, cacheOf(daemon, child));
      applyArchive(daemon.driver, NEW, cacheOf(daemon, child), tars.fresh);
      return { act: () => daemon.driver.remove(NEW) };
    },
  },
  'remove of a layer that is shown': {
    prepare(daemon, { child }) {
      daemon.driver.createReadWrite(NEW, cacheOf(daemon, child));
      daemon.machine.fs.writeFileSync(`${daemon.driver.get(NEW)}/written`, 'w');
      return { act: () => daemon.driver.remove(NEW) };
    },
  },
  'status, metadata and features': {
    prepare: (daemon, { top }) => ({
      act: () => [daemon.driver.status(), daemon.driver.metadata(cacheOf(daemon, top)), daemon.driver.features],
    }),
  },
};

/** A layer that a tar was refused by is removed, and made anew. */
function applying(on: 'child' | undefined): Action {
  return {
    prepare(daemon, chains) {
      const { driver } = daemon;
      const parent = on === undefined ? undefined : cacheOf(daemon, chains[on]);
      const act = (): number => applyArchive(driver, NEW, parent, on === undefined ? tars.base : tars.fresh);
      driver.create(NEW, parent);
      return {
        act,
        again() {
          driver.remove(NEW);
          driver.create(NEW, parent);
          return act();
        },
      };
    },
  };
}

/** The verbs of the layer store. */
const storeActions: Readonly<Record<string, Action>> = {
  'ingest of a base': ingesting(undefined),
  'ingest on a layer': ingesting('child'),
  'ingest of what is there': {
    prepare: ({ store }, { child }) => ({ act: () => store.register(tars.top, child).diffID }),
  },
  'ingest that is given up': {
    prepare: ({ store }, { child }) => ({
      act() {
        const ingest = store.begin(child);
        ingest.write(tars.fresh.subarray(0, 2000));
        ingest.abort();
      },
    }),
  },
  'tar of a layer': {
    prepare: ({ store }, { child }) => ({ act: () => bytesOf(store.get(child).tar()) }),
  },
  'tar from a layer below': {
    prepare: ({ store }, { base, child }) => ({ act: () => bytesOf(store.get(child).tarFrom(base)) }),
  },
  'release of three layers': {
    isDone: ({ store }, { lone }) => store.layers.every(({ chainID }) => chainID !== lone),
    prepare({ store, images }, { lone }) {
      const layer = images.get(lone)!;
      return {
        act: () => void store.release(layer),
        again() {
          store.release(layer);
          store.cleanup();
        },
      };
    },
  },
  'createRWLayer with an init layer': {
    isDone: ({ store }) => store.mounts.includes('new'),
    prepare: (daemon, { top }) => ({
      act: () => void daemon.store.createRWLayer('new', top, { initFunc: initFuncOf(daemon) }),
    }),
  },
  'createRWLayer without an image': {
    isDone: ({ store }) => store.mounts.includes('new'),
    prepare: ({ store }) => ({ act: () => void store.createRWLayer('new') }),
  },
  'mount of a container': {
    prepare({ store }) {
      const box = store.getRWLayer('box');
      return { act: () => box.mount(), finish: () => box.unmount() };
    },
  },
  'unmount of a container': {
    prepare({ store }) {
      const box = store.getRWLayer('box');
      box.mount();
      return { act: () => box.unmount() };
    },
  },
  'changes and size of a container': {
    prepare({ store }) {
      const box = store.getRWLayer('box');
      return { act: () => [box.changes(), box.size()] };
    },
  },
  'commit of a container': {
    prepare({ store }, { child }) {
      const box = store.getRWLayer('box');
      return { act: () => store.register(box.tar(), child).diffID };
    },
  },
  'applyDiff to a container': {
    // overlay makes a whole tree of the layer, which takes nothing more.
    isDone: ({ store }) => store.getRWLayer('plain').metadata()?.['RootDir'] !== undefined,
    prepare({ store }) {
      const plain = store.getRWLayer('plain');
      return { act: () => plain.applyDiff(tars.more) };
    },
  },
  'release of a container': {
    isDone: ({ store }) => !store.mounts.includes('box'),
    prepare({ store }) {
      const box = store.getRWLayer('box');
      return { act: () => void store.releaseRWLayer(box) };
    },
  },
  'release of a container with its image': {
    isDone: ({ store }) => !store.mounts.includes('last'),
    prepare({ store, images }, { lone }) {
      const last = store.mounts.includes('last') ? store.getRWLayer('last') : store.createRWLayer('last', lone);
      const image = images.get(lone);
      if (image !== undefined) store.release(image);
      return {
        act: () => void store.releaseRWLayer(last),
        again() {
          store.releaseRWLayer(last);
          store.cleanup();
        },
      };
    },
  },
  'migration of an old layer and its container': {
    isDone: ({ store }) => store.mounts.includes('old'),
    prepare({ machine, store, driver }) {
      const tarData = '/tar-data';
      const make = (): void => {
        driver.create(NEW);
        applyArchive(driver, NEW, undefined, tars.base);
        driver.createReadWrite(SECOND, NEW);
      };
      if (!driver.exists(NEW)) make();
      else if (!driver.exists(SECOND)) driver.createReadWrite(SECOND, NEW);
      machine.fs.rmSync(tarData, { force: true });
      return {
        act() {
          const checksum = store.checksumForGraphID(NEW, undefined, undefined, tarData);
          const layer = store.registerByGraphID({ graphID: NEW, tarData, ...checksum });
          store.createRWLayerByGraphID('old', SECOND, layer.chainID);
          return checksum.size;
        },
      };
    },
  },
  'end of the daemon': {
    prepare({ store, driver }) {
      store.getRWLayer('box').mount();
      return { act: () => store.cleanup(), finish: () => driver.cleanup() };
    },
  },
};

function ingesting(on: 'child' | undefined): Action {
  return {
    prepare: ({ store }, chains) => ({
      act() {
        const ingest = store.begin(on === undefined ? undefined : chains[on]);
        const tar = tars.fresh;
        for (let at = 0; at < tar.length; at += 1700) ingest.write(tar.subarray(at, at + 1700));
        return ingest.commit().diffID;
      },
    }),
  };
}

export const actions: Readonly<Record<string, Action>> = { ...driverActions, ...storeActions };
