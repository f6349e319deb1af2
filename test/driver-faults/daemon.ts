/** A machine on which dockerd has worked, and the daemon that goes on there: faults strike what it does then. */
import { concatenate } from '../../src/archive/codecs.ts';
import { nodeCodecs } from '../../src/archive/node-codecs.ts';
import type { Driver, DriverType } from '../../src/driver/driver.ts';
import { aufs } from '../../src/driver/aufs/index.ts';
import { overlay } from '../../src/driver/overlay/index.ts';
import { overlay2 } from '../../src/driver/overlay2/index.ts';
import { vfs } from '../../src/driver/vfs/index.ts';
import type { IFs } from '../../src/fs/ifs.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import type { Task } from '../../src/kernel/task.ts';
import { initLayer } from '../../src/layer/init-layer.ts';
import type { Layer } from '../../src/layer/layer.ts';
import { createLayerStore, type LayerStore } from '../../src/layer/layer-store.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { createMachine } from '../../src/union/create-machine.ts';
import { entry, makeTar } from '../unit/archive/make-tar.ts';

export const drivers: readonly DriverType[] = [overlay2(), overlay(), aufs(), vfs()];

export const DOCKER = '/var/lib/docker';

/** The driver and the store of a daemon that runs. */
export interface Daemon {
  readonly machine: Machine<IFs>;
  readonly task: Task;
  readonly driver: Driver;
  readonly store: LayerStore;
  /** The topmost layer of each image, which the daemon holds, by its chainID. */
  readonly images: ReadonlyMap<string, Layer>;
}

/** Starts what dockerd starts: the driver, the layer store, and the images, which are on nobody's layers. */
export function startDaemon(machine: Machine<IFs>, type: DriverType): Daemon {
  const { task } = machine;
  const driver = type.init({ task, home: `${DOCKER}/${type.name}` });
  const root = `${DOCKER}/image/${type.name}/layerdb`;
  const store = createLayerStore({ task, root, driver, codecs: nodeCodecs });
  const below = new Set(store.layers.map(({ parent }) => parent?.chainID));
  const tops = store.layers.filter(({ chainID }) => !below.has(chainID));
  return { machine, task, driver, store, images: new Map(tops.map(({ chainID }) => [chainID, store.get(chainID)])) };
}

/** What the machine's own start does, before the daemon's. */
export function mountProc({ task }: Machine<IFs>): void {
  if (task.statIfPresent('/proc/self') !== undefined) return;
  task.mount('proc', '/proc', 'proc');
}

/** The machine after a power cut, with no daemon. */
export function restarted(machine: Machine<IFs>): Machine<IFs> {
  const again = machine.restart();
  mountProc(again);
  return again;
}

/** Layers that are taken in; each of the last three lies on the one before. */
export const tars = {
  base: makeTar(
    'd/',
    'd/file = one',
    'd/gone = gone',
    'd/name => d/file',
    'd/soft -> file',
    'o/',
    'o/below = below',
    entry('tool = #!', { mode: 0o104755, uid: 3, gid: 4 }),
    entry('null', { type: '3', mode: 0o20666, devmajor: 1, devminor: 3 }),
  ),
  child: makeTar(
    'd/',
    'd/.wh.gone = ',
    'd/file = two',
    'o/',
    'o/.wh..wh..opq = ',
    'o/above = above',
    `long = ${'x'.repeat(9000)}`,
  ),
  top: makeTar('d/', 'd/third = 3', '.wh.tool = '),
  /** What can be unpacked twice. */
  more: makeTar('d/', 'd/more = more', 'd/soft -> more', 'p/', 'p/q = q'),
  lone: [makeTar('a = 1', 'b/', 'b/c = 2'), makeTar('.wh.a = ', 'b/', 'b/d = 3'), makeTar('e = 4')],
  /** What the actions take in. */
  fresh: makeTar(
    'd/',
    'd/.wh.soft = ',
    'd/file = anew',
    'n/',
    'n/m = m',
    'n/l => n/m',
    'o/',
    'o/.wh..wh..opq = ',
    '.wh.long = ',
  ),
} as const;

/** The chainIDs of the worked machine's layers. */
export interface Chains {
  readonly base: string;
  readonly child: string;
  readonly top: string;
  /** The topmost of three that nothing else stands on. */
  readonly lone: string;
}

/** Time stands still, so that whatever is done again is the same to the byte. */
export const standing: Clock = {
  now: () => ({ sec: 1_700_000_000, nsec: 0 }),
  tick() {},
  advance() {},
  fork: () => standing,
};

/** A machine with images and containers; its daemon has ended, nothing is mounted. */
export interface Worked {
  readonly type: DriverType;
  readonly machine: Machine<IFs>;
  readonly chains: Chains;
}

/** A machine on which no daemon has run. */
export function emptyMachine(type: DriverType): Machine<IFs> {
  const machine = createMachine({ seed: 3, clock: standing, drivers: [type] });
  const { fs } = machine;
  fs.mkdirSync('/proc', { recursive: true });
  mountProc(machine);
  fs.mkdirSync('/etc');
  fs.writeFileSync('/etc/passwd', 'root:x:0:0::/:\nworker:x:3:4::/:\n');
  fs.mkdirSync(DOCKER, { recursive: true, mode: 0o711 });
  return machine;
}

export function workedMachine(type: DriverType): Worked {
  const machine = emptyMachine(type);
  const daemon = startDaemon(machine, type);
  const chains = takeIn(daemon.store);
  makeContainers(daemon, chains);
  daemon.store.cleanup();
  return { type, machine: restarted(machine), chains };
}

function takeIn(store: LayerStore): Chains {
  const base = store.register(tars.base);
  const child = store.register(tars.child, base.chainID);
  const top = store.register(tars.top, child.chainID);
  let lone: string | undefined;
  for (const tar of tars.lone) lone = store.register(tar, lone).chainID;
  return { base: base.chainID, child: child.chainID, top: top.chainID, lone: lone! };
}

/** `box` with an init layer and changes of every kind, `plain` without either. */
function makeContainers({ machine, task, store }: Daemon, chains: Chains): void {
  const { fs } = machine;
  const box = store.createRWLayer('box', chains.child, { initFunc: (directory) => initLayer(task, directory) });
  const merged = box.mount();
  fs.writeFileSync(`${merged}/written`, 'w'.repeat(5000));
  fs.appendFileSync(`${merged}/d/file`, 'more');
  fs.unlinkSync(`${merged}/tool`);
  fs.rmSync(`${merged}/o`, { recursive: true });
  fs.mkdirSync(`${merged}/o`);
  fs.linkSync(`${merged}/written`, `${merged}/o/name`);
  fs.symlinkSync('written', `${merged}/soft`);
  box.unmount();
  store.createRWLayer('plain', chains.base);
}

/** All bytes of a tar, as text. */
export const bytesOf = (tar: Iterable<Uint8Array>): string => Buffer.from(concatenate([...tar])).toString('latin1');
