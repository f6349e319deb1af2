/** Writable layers: mounted, released and refused. */
import { describe, expect, it } from 'vitest';
import { initLayer } from '../../../src/layer/init-layer.ts';
import { makeTar } from '../archive/make-tar.ts';
import { bootStore, drivers, listing, writeFiles } from './booted-store.ts';

const coded = (code: string, message: string) => expect.objectContaining({ code, message });

describe.each(drivers)('writable layers over %s', (name, type) => {
  it('need no image', () => {
    const { store, fs, root, task } = bootStore(type());
    const container = store.createRWLayer('scratch', undefined, { initFunc: (path) => initLayer(task, path) });
    expect('parent' in container).toBe(false);
    expect(fs.readdirSync(`${root}/mounts/scratch`)).toEqual(['init-id', 'mount-id']);
    expect(fs.readdirSync(container.mount())).toEqual(['.dockerenv', 'dev', 'etc', 'proc', 'sys']);
    container.unmount();
    const plain = store.createRWLayer('plain');
    expect('initID' in plain).toBe(false);
    expect(fs.readdirSync(`${root}/mounts/plain`)).toEqual(['mount-id']);
    expect(store.mounts).toEqual(['scratch', 'plain']);
    expect(store.check()).toEqual([]);
  });

  it('stay while somebody holds them', () => {
    const { store } = bootStore(type());
    const image = store.register(makeTar('a = 1'));
    const first = store.createRWLayer('c', image.chainID);
    const second = store.getRWLayer('c');
    expect(store.release(image)).toEqual([]);
    expect(store.releaseRWLayer(first)).toEqual([]);
    expect(() => store.releaseRWLayer(first)).toThrow(coded('ERR_LAYER_NOT_RETAINED', 'layer not retained'));
    expect(() => first.mount()).toThrow(coded('ERR_LAYER_NOT_RETAINED', 'layer not retained'));
    expect(store.getMountID('c')).toBe(second.mountID);
    expect(store.releaseRWLayer(second).map(({ chainID }) => chainID)).toEqual([image.chainID]);
    const gone = coded('ERR_LAYER_MOUNT_NOT_FOUND', 'mount does not exist');
    expect(() => store.getRWLayer('c')).toThrow(gone);
    expect(() => store.getMountID('c')).toThrow(gone);
    expect(store.check()).toEqual([]);
  });

  it('stay while they are mounted', () => {
    const { store } = bootStore(type());
    const container = store.createRWLayer('c');
    container.mount();
    container.mount();
    container.unmount();
    expect(() => store.releaseRWLayer(container)).toThrow(coded('ERR_LAYER_MOUNT_ACTIVE', 'mount still active'));
    container.unmount();
    container.unmount();
    expect(store.releaseRWLayer(container)).toEqual([]);
  });

  it('are shown and hidden as often as they are mounted', () => {
    const { store, fs } = bootStore(type());
    const image = store.register(makeTar('a = 1'));
    const container = store.createRWLayer('c', image.chainID);
    const unions = () =>
      fs
        .readFileSync('/proc/mounts', 'utf8')
        .split('\n')
        .filter((line) => /^(overlay|none) /.test(line));
    const counts = [];
    for (const step of ['mount', 'mount', 'unmount', 'unmount'] as const) {
      container[step]();
      counts.push(unions().length);
    }
    expect(counts).toEqual(name === 'vfs' ? [0, 0, 0, 0] : [1, 1, 1, 0]);
  });

  it('cannot be called anything', () => {
    const { store, fs, driver } = bootStore(type());
    for (const wrong of ['', '.', '..', 'a/b', 'a\0']) {
      const message = `invalid mount name: ${JSON.stringify(wrong)}`;
      expect(() => store.createRWLayer(wrong)).toThrow(coded('ERR_LAYER_MOUNT_NAME', message));
    }
    store.createRWLayer('a:b c');
    expect(store.mounts).toEqual(['a:b c']);
    expect(fs.existsSync(driver.home)).toBe(true);
  });

  it('leave nothing behind when they cannot be made', () => {
    const { store, fs, task } = bootStore(type());
    const image = store.register(makeTar('a = 1'));
    store.releaseRWLayer(store.createRWLayer('c', image.chainID, { initFunc: (path) => initLayer(task, path) }));
    const before = listing(fs, '/var/lib/docker');
    const boom = (): never => {
      throw new Error('boom');
    };
    expect(() => store.createRWLayer('c', image.chainID, { initFunc: boom })).toThrow('boom');
    const options = { storageOptions: { size: '1G' } };
    expect(() => store.createRWLayer('c', image.chainID, options)).toThrow(/quota|storage-opt/i);
    expect(() => store.createRWLayer('c', image.chainID, { ...options, initFunc: () => {} })).toThrow(
      /quota|storage-opt/i,
    );
    expect(() => store.createRWLayer('c', 'sha256:0')).toThrow(coded('ERR_LAYER_NOT_FOUND', 'layer does not exist'));
    expect(listing(fs, '/var/lib/docker')).toEqual(before);
    expect(store.check()).toEqual([]);
    expect(store.release(image)).toHaveLength(1);
  });

  it('that an earlier daemon has left mounted are unmounted', () => {
    const booted = bootStore(type());
    const image = booted.store.register(makeTar('a = 1'));
    const directory = booted.store.createRWLayer('c', image.chainID).mount();
    writeFiles(booted.fs, directory, { b: '2' });
    const { store, fs } = booted.restart();
    const container = store.getRWLayer('c');
    container.unmount();
    expect(fs.readFileSync('/proc/mounts', 'utf8')).not.toContain('overlay2');
    expect(fs.readdirSync(container.mount())).toEqual(['a', 'b']);
    container.unmount();
    expect(store.releaseRWLayer(container).map(({ chainID }) => chainID)).toEqual([image.chainID]);
    expect(store.check()).toEqual([]);
  });
});
