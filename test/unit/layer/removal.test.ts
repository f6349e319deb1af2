/** What is left of a removal that was refused, and how it ends. */
import { describe, expect, it } from 'vitest';
import { raise } from '../../../src/abi/errno.ts';
import { hexOf } from '../../../src/layer/digest.ts';
import { makeTar } from '../archive/make-tar.ts';
import { type BootedStore, bootStore, drivers } from './booted-store.ts';

const refusedWith = (code: string) => expect.objectContaining({ code });

/** Does the step while calls of that name on such a path give EIO. */
function whileRefusing({ machine }: BootedStore, call: string, path: RegExp, step: () => void): void {
  const end = machine.kernel.trace.subscribe((event) => {
    if (event.kind === 'syscall' && event.call === call && path.test(event.path ?? '')) raise('EIO');
  });
  try {
    step();
  } finally {
    end();
  }
}

describe.each(drivers)('a removal over %s', (name, type) => {
  /** What the driver says when the system refuses to remove something. */
  const unremoved = refusedWith(name === 'aufs' ? 'ERR_DRIVER_REMOVE' : 'EIO');

  function prepared() {
    const booted = bootStore(type());
    const { store } = booted;
    const lower = store.register(makeTar('lower = lower'));
    const upper = store.register(makeTar('upper = upper'), lower.chainID);
    store.release(lower);
    return { ...booted, lower, upper };
  }

  it('has not begun when the folder could not be moved', () => {
    const world = prepared();
    const { store, upper, lower } = world;
    whileRefusing(world, 'rename', /layerdb/, () => {
      expect(() => store.release(upper)).toThrow(refusedWith('EIO'));
    });
    expect(store.check({ tars: true })).toEqual([]);
    expect(store.release(upper).map(({ chainID }) => chainID)).toEqual([upper.chainID, lower.chainID]);
    expect(store.check()).toEqual([]);
  });

  it('leaves a layer in the store whose folder could not be moved when the one above went', () => {
    const world = prepared();
    const { store, upper, lower } = world;
    whileRefusing(world, 'rename', new RegExp(hexOf(lower.chainID)), () => {
      expect(() => store.release(upper)).toThrow(refusedWith('EIO'));
    });
    expect(store.layers.map(({ chainID }) => chainID)).toEqual([lower.chainID]);
    expect(store.check({ tars: true })).toEqual([]);
    expect(store.release(store.get(lower.chainID))).toHaveLength(1);
  });

  it.each(['cleanup', 'sweep'] as const)('that the driver refused ends with %s', (verb) => {
    const world = prepared();
    const { store, upper, lower, driver } = world;
    whileRefusing(world, 'unlink', /\/upper$/, () => {
      expect(() => store.release(upper)).toThrow(unremoved);
      store.cleanup();
    });
    expect(() => store.get(upper.chainID)).toThrow('layer does not exist');
    const [begun, ...left] = store.check();
    expect(begun).toBe(`the removal of layer ${upper.chainID} has not ended`);
    // of its two directories that stand for the layer one has another name by then
    expect(left.every((line) => name === 'aufs' && line.includes(upper.cacheID))).toBe(true);
    expect(store.release(upper)).toEqual([]);
    store[verb]();
    expect(store.check()).toEqual([]);
    expect(store.layers).toEqual([]);
    expect([upper, lower].map(({ cacheID }) => driver.exists(cacheID))).toEqual([false, false]);
  });

  it('that an earlier daemon did not end waits for cleanup', () => {
    const world = prepared();
    const { upper, lower, fs, root } = world;
    whileRefusing(world, 'unlink', /\/upper$/, () => {
      expect(() => world.store.release(upper)).toThrow(unremoved);
    });
    const { store } = world.restart();
    expect(store.layers.map(({ chainID }) => chainID)).toEqual([lower.chainID]);
    expect(fs.readdirSync(`${root}/sha256`).filter((name) => name.endsWith('-removing'))).toHaveLength(1);
    store.cleanup();
    expect(fs.readdirSync(`${root}/sha256`)).toEqual([hexOf(lower.chainID)]);
    expect(store.check()).toEqual([]);
    const again = store.register(makeTar('upper = upper'), lower.chainID);
    expect(again.chainID).toBe(upper.chainID);
  });

  it('of a container can be tried again', () => {
    const world = prepared();
    const { store, upper, lower } = world;
    const initFunc = (): void => {};
    const container = store.createRWLayer('c', upper.chainID, { initFunc });
    store.release(upper);
    for (const path of [new RegExp(`${container.mountID}(-removing)?$`), /-init(-removing)?$/, /\/mount-id/]) {
      const isOwn = path.source.includes('mount-id');
      whileRefusing(world, isOwn ? 'unlink' : 'rmdir', path, () => {
        expect(() => store.releaseRWLayer(container)).toThrow(isOwn ? refusedWith('EIO') : unremoved);
      });
    }
    expect(store.mounts).toEqual(['c']);
    expect(store.releaseRWLayer(container).map(({ chainID }) => chainID)).toEqual([upper.chainID, lower.chainID]);
    expect(store.check()).toEqual([]);
  });
});
