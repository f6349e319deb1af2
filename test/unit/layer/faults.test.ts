/**
 * Faults at every traced door of what a store does: layers are whole or absent, and nothing is left over once the store
 * has cleaned up, or was swept after a stop.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { raise } from '../../../src/abi/errno.ts';
import { nodeCodecs } from '../../../src/archive/node-codecs.ts';
import { diffID } from '../../../src/layer/digest.ts';
import { initLayer } from '../../../src/layer/init-layer.ts';
import type { Kernel } from '../../../src/kernel/kernel.ts';
import { MachineStopped, type TraceEvent } from '../../../src/kernel/trace.ts';
import { makeTar } from '../archive/make-tar.ts';
import { type BootedStore, bootStore, bytesOf, drivers } from './booted-store.ts';

const faults = ['errno', 'stop'] as const;
type Fault = (typeof faults)[number];
type Action = (booted: BootedStore) => void;

const base = makeTar('etc/', 'etc/hosts = hosts', 'd/', 'd/f = f');
const child = makeTar('d/', 'd/f = another', 'd/.wh.g', 'new/', 'new/link -> x');

/** Whether the event is a call that a fault may strike: whatever goes on inside of one ends in its error. */
const isDoor = (event: TraceEvent): boolean => event.kind === 'syscall';

/** The fault strikes at the call of that number; a machine that was stopped stays so. */
function strikeAt(kernel: Kernel, at: number, fault: Fault): () => void {
  let number = 0;
  return kernel.trace.subscribe((event) => {
    if (!isDoor(event)) return;
    const distance = number++ - at;
    if (fault === 'stop' && distance >= 0) throw new MachineStopped(event);
    if (fault === 'errno' && distance === 0) raise(at % 2 === 0 ? 'ENOSPC' : 'EIO');
  });
}

function doorsOf(booted: BootedStore, action: Action): number {
  let doors = 0;
  const end = booted.machine.kernel.trace.subscribe((event) => void (isDoor(event) && doors++));
  action(booted);
  end();
  return doors;
}

const container = 'c'.repeat(64);
const ALONE = diffID(nodeCodecs.sha256, makeTar('alone = alone'));
const topOf = ({ store }: Pick<BootedStore, 'store'>) => store.layers.find(({ parent }) => parent !== undefined)!;

/** What a store does, each on an image of two layers with one container. */
const actions: Readonly<Record<string, Action>> = {
  'an ingest': ({ store }) => void store.register(makeTar('d/', 'd/new = new'), topOf({ store }).chainID),
  'an ingest of what is there': ({ store }) => void store.register(base),
  'making a container': ({ store, task }) => {
    store.createRWLayer('new', topOf({ store }).chainID, { initFunc: (path) => initLayer(task, path) });
  },
  'removing a container': ({ store }) => void store.releaseRWLayer(store.getRWLayer(container)),
  'committing a container': ({ store }) => {
    const mounted = store.getRWLayer(container);
    store.register(mounted.tar(), mounted.parent!.chainID);
  },
  'removing a layer': ({ store }) => void store.release(store.get(ALONE)),
  'reading a layer': ({ store }) => void bytesOf(topOf({ store }).tar()),
};

function prepared(type: Parameters<typeof bootStore>[0]): BootedStore {
  const booted = bootStore(type);
  const { store, fs, task } = booted;
  const lower = store.register(base);
  const upper = store.register(child, lower.chainID);
  const mounted = store.createRWLayer(container, upper.chainID, { initFunc: (path) => initLayer(task, path) });
  fs.writeFileSync(`${mounted.mount()}/file`, 'written');
  mounted.unmount();
  store.register(makeTar('alone = alone'));
  return booted;
}

/** What is there after the fault: nothing that was not there before or should be after, and all that should stay. */
function expectWhole(
  found: readonly string[],
  before: readonly string[],
  after: readonly string[],
  where: string,
): void {
  expect([...before, ...after], where).toEqual(expect.arrayContaining([...found]));
  expect(found, where).toEqual(expect.arrayContaining(before.filter((name) => after.includes(name))));
}

/** Every door takes minutes; `FAULT_STRIDE=1` goes through all of them. */
const STRIDE = Number(process.env.FAULT_STRIDE ?? 23);

let points = 0;
afterAll(() => console.log(`${points} faults in a layer store`));

describe.each(drivers)('a store over %s', (_, type) => {
  const booted = prepared(type());
  const contents = ({ store }: BootedStore) => [...store.layers.map(({ chainID }) => chainID), ...store.mounts];

  describe.each(Object.entries(actions))('%s', (_name, action) => {
    const reference = booted.restart(booted.machine.fork());
    const before = contents(reference);
    const doors = doorsOf(reference, action);
    const after = contents(reference);

    it.each(faults)('with %s', { timeout: 60_000 }, (fault) => {
      expect(doors).toBeGreaterThan(5);
      for (let at = doors % STRIDE; at < doors; at += STRIDE) {
        points++;
        const world = booted.restart(booted.machine.fork());
        const end = strikeAt(world.machine.kernel, at, fault);
        let error: unknown;
        try {
          action(world);
        } catch (thrown) {
          error = thrown;
        }
        end();
        const where = `${fault} at ${at} of ${doors}: ${error}`;
        if (error === undefined) expect(contents(world), where).toEqual(after);
        else expectWhole(contents(world), before, after, where);
        const left = fault === 'stop' ? [] : world.store.check();
        expect(
          left.filter(
            (line) =>
              !/nobody refers to|has not ended|is not in the driver's home|the driver has left|^mount .* (on disk than in the store|cannot be read)/.test(
                line,
              ),
          ),
          where,
        ).toEqual([]);
        const machine = fault === 'stop' ? world.machine.restart() : world.machine;
        if (fault === 'stop') machine.task.mount('proc', '/proc', 'proc');
        const again = world.restart(machine);
        again.store.sweep();
        expect([where, again.store.check({ tars: at % 8 === 0 })]).toEqual([where, []]);
        expectWhole(contents(again), before, after, where);
      }
    });
  });
});
