/** What a sweep takes away, and what it must leave. */
import { describe, expect, it } from 'vitest';
import { raise } from '../../../src/abi/errno.ts';
import { hexOf } from '../../../src/layer/digest.ts';
import { makeTar } from '../archive/make-tar.ts';
import { bootStore, bytesOf, drivers } from './booted-store.ts';

describe.each(drivers)('a sweep over %s', (name, type) => {
  it('leaves the image of a container that it removes, although nobody has asked for it yet', () => {
    const world = bootStore(type());
    const tar = makeTar('a = 1');
    const image = world.store.register(tar);
    const { mountID } = world.store.createRWLayer('c', image.chainID);
    world.driver.remove(mountID);
    const { store, root } = world.restart();
    expect(store.check()).toEqual([`mount c is not in the driver's home: ${mountID}`]);
    expect(store.sweep()).toEqual([`${root}/mounts/c`]);
    expect(store.mounts).toEqual([]);
    expect(bytesOf(store.get(image.chainID).tar())).toEqual(tar);
    expect(store.check()).toEqual([]);
  });

  it('leaves a layer that could not be read when the store started', () => {
    const world = bootStore(type());
    const image = world.store.register(makeTar('a = 1'));
    const size = `${world.root}/sha256/${hexOf(image.chainID)}/size`;
    const end = world.machine.kernel.trace.subscribe((event) => {
      if (event.kind === 'syscall' && event.path === size) raise('EIO');
    });
    const blind = world.restart();
    end();
    expect(blind.store.layers).toEqual([]);
    expect(blind.store.sweep()).toEqual([]);
    expect(world.restart().store.check({ tars: true })).toEqual([]);
    expect(world.restart().store.layers).toHaveLength(1);
  });

  it('ends the removal of a container that had begun, and leaves its own caller to end another', () => {
    const world = bootStore(type());
    const [begun, held] = ['begun', 'held'].map((each) => world.store.createRWLayer(each));
    world.fs.renameSync(`${world.root}/mounts/begun/mount-id`, `${world.root}/mounts/begun/mount-id-removing`);
    const { store, driver, fs, root } = world.restart();
    expect(store.mounts).toEqual(['held']);
    expect(store.sweep()).toEqual([`${root}/mounts/begun`, begun!.mountID]);
    expect([driver.exists(begun!.mountID), driver.exists(held!.mountID)]).toEqual([false, true]);
    const again = store.getRWLayer('held');
    fs.renameSync(`${root}/mounts/held/mount-id`, `${root}/mounts/held/mount-id-removing`);
    expect(store.sweep()).toEqual([]);
    expect(store.releaseRWLayer(again)).toEqual([]);
    expect(store.check()).toEqual([]);
  });

  it('takes away what the driver has tried out and the mount points of what is not shown', () => {
    const { store, fs, driver } = bootStore(type());
    if (name === 'vfs') return void expect(driver.leftovers?.()).toEqual([]);
    const image = store.register(makeTar('a = 1'));
    const [shown, hidden] = ['shown', 'hidden'].map((each) => store.createRWLayer(each, image.chainID));
    shown!.mount();
    const left =
      name === 'aufs'
        ? ['/tmp/docker-aufs-union7', `${driver.home}/feature-check1`, `${driver.home}/mnt/${'f'.repeat(64)}`]
        : [
            '/var/lib/docker/check-overlayfs-support7',
            `${driver.home}/opaque-bug-check1`,
            `${driver.home}/${hidden!.mountID}/merged`,
          ];
    for (const path of left) fs.mkdirSync(path);
    expect(store.check()).toEqual(left.map((path) => `the driver has left ${path}`));
    expect(store.sweep()).toEqual(left);
    expect(left.map((path) => fs.existsSync(path))).toEqual([false, false, false]);
    expect(fs.readdirSync(shown!.mount())).toEqual(['a']);
    expect(store.check()).toEqual([]);
  });
});
