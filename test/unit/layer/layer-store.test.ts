/** What the layer store promises, over every driver. @see moby layer/layer_test.go, layer/mount_test.go for the cases */
import { describe, expect, it } from 'vitest';
import { nodeCodecs } from '../../../src/archive/node-codecs.ts';
import { diffID, EMPTY_LAYER_DIFF_ID, hexOf } from '../../../src/layer/digest.ts';
import { EMPTY_LAYER } from '../../../src/layer/empty-layer.ts';
import { initLayer } from '../../../src/layer/init-layer.ts';
import { chainOf, type Layer, type LayerMetadata } from '../../../src/layer/layer.ts';
import { golden } from '../archive/golden.ts';
import { makeTar } from '../archive/make-tar.ts';
import { bootStore, bytesOf, commitFiles, drivers, listing, writeFiles } from './booted-store.ts';

const told = ({ chainID, diffID: id, size, diffSize }: Layer): LayerMetadata => ({
  chainID,
  diffID: id,
  size,
  diffSize,
});
const refusedAs = (code: string, message: string) => expect.objectContaining({ code, message });

describe('the empty layer', () => {
  it('has the digest of two zero blocks and takes no room', () => {
    expect(diffID(nodeCodecs.sha256, EMPTY_LAYER.tar())).toBe(EMPTY_LAYER_DIFF_ID);
    expect(EMPTY_LAYER).toMatchObject({
      chainID: EMPTY_LAYER_DIFF_ID,
      diffID: EMPTY_LAYER_DIFF_ID,
      size: 0,
      diffSize: 0,
    });
    expect(bytesOf(EMPTY_LAYER.tarFrom())).toEqual(new Uint8Array(1024));
    expect(EMPTY_LAYER.parent).toBeUndefined();
    expect(EMPTY_LAYER.metadata()).toEqual({});
    const message = "can't get parent tar stream of an empty layer";
    expect(() => EMPTY_LAYER.tarFrom(EMPTY_LAYER_DIFF_ID)).toThrow(refusedAs('ERR_LAYER_PARENT', message));
  });
});

describe.each(drivers)('a layer store over %s', (name, type) => {
  it('shows in a container what was committed from another', () => {
    const booted = bootStore(type());
    const { store, fs } = booted;
    const layer = commitFiles(booted, undefined, { 'testfile.txt': 'some test data' });
    expect(layer).toMatchObject({ size: 14, diffSize: 14 });
    const container = store.createRWLayer('new-test-mount', layer.chainID);
    expect(fs.readFileSync(`${container.mount()}/testfile.txt`, 'utf8')).toBe('some test data');
    container.unmount();
    expect(store.releaseRWLayer(container)).toEqual([]);
    expect(store.check({ tars: true })).toEqual([]);
  });

  it('removes with the last handle what nobody shares, top first', () => {
    const booted = bootStore(type());
    const { store, fs, root, driver } = booted;
    const one = commitFiles(booted, undefined, { 'layer1.txt': 'layer 1 file' });
    const two = commitFiles(booted, one.chainID, { 'layer2.txt': 'layer 2 file' });
    expect(store.release(one)).toEqual([]);
    const threeA = commitFiles(booted, two.chainID, { 'layer3.txt': 'layer 3a file' });
    const threeB = commitFiles(booted, two.chainID, { 'layer3.txt': 'layer 3b file' });
    expect(store.release(two)).toEqual([]);
    expect(store.layers).toHaveLength(4);
    expect(chainOf(threeB).map(({ chainID }) => chainID)).toEqual([one.chainID, two.chainID, threeB.chainID]);
    expect(store.release(threeB)).toEqual([told(threeB)]);
    expect(store.check()).toEqual([]);
    expect(store.release(threeA)).toEqual([told(threeA), told(two), told(one)]);
    expect(threeA.size).toBe(13 + 12 + 12);
    expect(store.layers).toEqual([]);
    expect(fs.readdirSync(`${root}/sha256`)).toEqual([]);
    expect([one, two, threeA, threeB].map(({ cacheID }) => driver.exists(cacheID))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(store.release(threeA)).toEqual([]);
    expect(store.check()).toEqual([]);
  });

  it('knows after a start what an earlier daemon knew', () => {
    const booted = bootStore(type());
    const one = commitFiles(booted, undefined, { 'layer1.txt': 'layer 1 file' });
    const two = commitFiles(booted, one.chainID, { 'layer2.txt': 'layer 2 file' });
    booted.store.release(one);
    const three = commitFiles(booted, two.chainID, { 'layer3.txt': 'layer 3 file' });
    booted.store.release(two);
    const before = booted.store.createRWLayer('some-mount_name', three.chainID);
    const directory = before.mount();
    booted.fs.writeFileSync(`${directory}/testfile.txt`, 'nothing here');
    before.unmount();

    const { store, fs } = booted.restart();
    expect(store.check({ tars: true })).toEqual([]);
    const again = store.get(three.chainID);
    expect(chainOf(again).map(told)).toEqual([one, two, three].map(told));
    expect(again.cacheID).toBe(three.cacheID);
    const conflict = refusedAs('ERR_LAYER_MOUNT_EXISTS', 'mount already exists with name');
    expect(() => store.createRWLayer('some-mount_name', three.chainID)).toThrow(conflict);
    const mounted = store.getRWLayer('some-mount_name');
    expect([mounted.mount(), mounted.mount()]).toEqual([directory, directory]);
    mounted.unmount();
    expect(fs.readFileSync(`${directory}/testfile.txt`, 'utf8')).toBe('nothing here');
    mounted.unmount();
    expect(store.releaseRWLayer(mounted)).toEqual([]);
    expect(store.releaseRWLayer(mounted)).toEqual([]);
    expect(store.release(again)).toEqual([three, two, one].map(told));
    expect(store.check()).toEqual([]);
  });

  it('gives out the bytes that it took in, whatever was added to the layer since', () => {
    const { store, fs, driver } = bootStore(type());
    const first = makeTar('etc/', 'etc/hosts = mydomain 10.0.0.1', 'etc/profile = PATH=/usr/bin');
    const second = makeTar('etc/hosts = mydomain 10.0.0.2', 'root/', 'root/.bashrc = PATH=/usr/sbin:/usr/bin');
    const one = store.register(first);
    writeFiles(fs, driver.get(one.cacheID), { 'etc/shadow': 'root:::::::' });
    driver.put(one.cacheID);
    const two = store.register(second, one.chainID);
    expect(two.diffID).toBe(diffID(nodeCodecs.sha256, second));
    store.release(one);
    expect(bytesOf(two.tar())).toEqual(second);
    const again = store.get(one.chainID);
    store.release(two);
    expect(bytesOf(again.tar())).toEqual(first);
    expect(bytesOf(again.tar())).toEqual(first);
    expect(store.release(again)).toEqual([told(one)]);
  });

  it.each(['base-pax.tar', 'base-gnu.tar'])('takes in the recorded %s in pieces of any size', (file) => {
    const tar = golden(`base/${file}`);
    const { store } = bootStore(type());
    const ingest = store.begin();
    for (let at = 0, length = 1; at < tar.length; at += length, length = (length * 7) % 1013) {
      ingest.write(tar.subarray(at, at + length));
    }
    expect(store.check()).toEqual([]);
    const layer = ingest.commit(diffID(nodeCodecs.sha256, tar));
    expect(layer.diffSize).toBe(name === 'overlay2' || name === 'aufs' ? 909 : 899);
    expect(bytesOf(layer.tar())).toEqual(tar);
    expect(store.check({ tars: true })).toEqual([]);
  });

  it('drops the new data of a chain that it has, and counts one reference more', () => {
    const booted = bootStore(type());
    const { store, fs, driver } = booted;
    const base = commitFiles(booted, undefined, { 'etc/profile': '# Base configuration' });
    const tar = makeTar('root/', 'root/.bashrc = # Root configuration');
    const first = store.register(tar, base.chainID);
    const folders = listing(fs, driver.home);
    const second = store.register(tar, base.chainID);
    expect(second).not.toBe(first);
    expect(second.cacheID).toBe(first.cacheID);
    expect(store.layers).toHaveLength(2);
    expect(listing(fs, driver.home)).toEqual(folders);
    expect(store.check()).toEqual([]);
    expect(store.release(first)).toEqual([]);
    expect(() => store.release(first)).toThrow(refusedAs('ERR_LAYER_NOT_RETAINED', 'layer not retained'));
    expect(store.release(second)).toEqual([told(first)]);
    expect(store.release(base)).toEqual([told(base)]);
  });

  it('refuses to give out a layer that was tampered with', () => {
    const { store, fs, root, driver } = bootStore(type());
    const first = makeTar('foo = abc', 'bar = def');
    const second = makeTar('foo = abc', 'bar = xyz');
    const [one, two] = [store.register(first), store.register(second)];
    const folder = (layer: Layer): string => `${root}/sha256/${hexOf(layer.chainID)}`;
    // what the layerdb says of one layer, for the files of another
    fs.copyFileSync(`${folder(two)}/diff`, `${folder(one)}/diff`);
    fs.copyFileSync(`${folder(one)}/tar-split.json.gz`, `${folder(two)}/tar-split.json.gz`);
    expect(() => bytesOf(two.tar())).toThrow('file integrity checksum failed for "bar"');
    writeFiles(fs, driver.get(two.cacheID), { bar: 'def' });
    driver.put(two.cacheID);
    const advice =
      'This may be because internal files in the layer store were modified. Re-pulling or rebuilding this image may resolve the issue';
    const message = `could not verify layer data for: ${two.diffID}. ${advice}`;
    expect(() => bytesOf(two.tar())).toThrow(refusedAs('ERR_LAYER_VERIFY', message));
    fs.unlinkSync(`${driver.get(two.cacheID)}/bar`);
    driver.put(two.cacheID);
    expect(() => bytesOf(two.tar())).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    expect(store.check({ tars: true }).map((line) => line.replace(/sha256:[0-9a-f]*/g, 'X'))).toEqual([
      'layer X is another on disk than in the store',
      expect.stringContaining('layer X is not what was taken in: ENOENT'),
    ]);
  });

  it('counts the sizes of a layer and of all below it', () => {
    const booted = bootStore(type());
    const one = commitFiles(booted, undefined, { file1: 'Base contents' });
    const two = commitFiles(booted, one.chainID, { file2: 'Added contents' });
    expect([one.diffSize, two.diffSize, one.size, two.size]).toEqual([13, 14, 13, 27]);
    expect(booted.restart().store.get(two.chainID)).toMatchObject({ size: 27, diffSize: 14 });
  });

  it('prepares a layer between image and container', () => {
    const booted = bootStore(type());
    const { store, fs, driver } = booted;
    const layer = commitFiles(booted, undefined, { 'testfile.txt': 'base data!' });
    const initFunc = (directory: string): void => writeFiles(fs, directory, { 'testfile.txt': 'init data!' });
    const container = store.createRWLayer('fun-mount', layer.chainID, { initFunc });
    expect(fs.readFileSync(`${container.mount()}/testfile.txt`, 'utf8')).toBe('init data!');
    expect(container.initID).toBe(`${container.mountID}-init`);
    expect(container.parent).toMatchObject({ chainID: layer.chainID });
    expect(container.changes()).toEqual([]);
    container.unmount();
    expect(store.releaseRWLayer(container)).toEqual([]);
    expect([container.mountID, container.initID!].map((id) => driver.exists(id))).toEqual([false, false]);
    expect(store.check()).toEqual([]);
  });

  it('does not count what was prepared', () => {
    const booted = bootStore(type());
    const { store, fs } = booted;
    const layer = commitFiles(booted, undefined, { file1: 'Base contents' });
    const initFunc = (directory: string): void => writeFiles(fs, directory, { 'file-init': 'why are you here?' });
    const container = store.createRWLayer('mount-size', layer.chainID, { initFunc });
    writeFiles(fs, container.mount(), { file2: 'data' });
    expect(container.size()).toBe(4);
    container.unmount();
  });

  it('tells what a container has changed', () => {
    const booted = bootStore(type());
    const { store, fs, task } = booted;
    const base = { 'testfile1.txt': 'base data!', 'testfile2.txt': 'base data!', 'testfile3.txt': 'base data!' };
    const layer = commitFiles(booted, undefined, base);
    const initFunc = (directory: string): void => writeFiles(fs, directory, { 'testfile1.txt': 'init data!' });
    const container = store.createRWLayer('mount-changes', layer.chainID, { initFunc });
    const directory = container.mount();
    task.nanosleep({ sec: 2, nsec: 0 });
    writeFiles(fs, directory, { 'testfile1.txt': 'mount data!', 'testfile4.txt': 'mount data!' });
    fs.unlinkSync(`${directory}/testfile2.txt`);
    fs.chmodSync(`${directory}/testfile3.txt`, 0o755);
    const changes = container.changes().map(({ kind, path }) => `${kind} ${path}`);
    expect(changes.sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1))).toEqual([
      'C /testfile1.txt',
      'D /testfile2.txt',
      'C /testfile3.txt',
      'A /testfile4.txt',
    ]);
  });

  it('unpacks a tar into a container', () => {
    const booted = bootStore(type());
    const { store, fs } = booted;
    const layer = commitFiles(booted, undefined, { 'testfile.txt': 'base data!' });
    const added = commitFiles(booted, undefined, { 'newfile.txt': 'new data!' });
    const container = store.createRWLayer('fun-mount', layer.chainID);
    expect(container.applyDiff(added.tar())).toBe(9);
    expect(fs.readFileSync(`${container.mount()}/newfile.txt`, 'utf8')).toBe('new data!');
    container.unmount();
  });

  it('gives the tar from any layer below', () => {
    const booted = bootStore(type());
    const one = commitFiles(booted, undefined, { a: '1' });
    const two = commitFiles(booted, one.chainID, { b: '22' });
    const three = commitFiles(booted, two.chainID, { c: '333' });
    const names = (tar: Iterable<Uint8Array>) => {
      const other = bootStore(type());
      const layer = other.store.register(tar);
      return other.fs.readdirSync(other.driver.get(layer.cacheID));
    };
    expect(names(three.tarFrom(two.chainID))).toEqual(['c']);
    expect(names(three.tarFrom(one.chainID))).toEqual(['b', 'c']);
    expect(names(three.tarFrom())).toEqual(['a', 'b', 'c']);
    const message = `layer ID '${three.chainID}' is not a parent of the specified layer: cannot provide diff to non-parent`;
    expect(() => two.tarFrom(three.chainID)).toThrow(refusedAs('ERR_LAYER_PARENT', message));
  });

  it('takes 125 layers on top of one another and not one more', () => {
    const { store, driver, fs } = bootStore(type());
    let top: Layer | undefined;
    for (let depth = 1; depth <= 125; depth++) top = store.register(makeTar(`f${depth} = x`), top?.chainID);
    const folders = fs.readdirSync(driver.home, { recursive: true }).length;
    const deep = refusedAs('ERR_LAYER_DEPTH', 'max depth exceeded');
    expect(() => store.register(makeTar('one more = x'), top!.chainID)).toThrow(deep);
    expect(fs.readdirSync(driver.home, { recursive: true })).toHaveLength(folders);
    const container = store.createRWLayer('deep', top!.chainID, {
      initFunc: (directory) => void fs.readdirSync(directory),
    });
    expect(fs.readdirSync(container.mount())).toHaveLength(125);
    expect(store.check()).toEqual([]);
    container.unmount();
    store.releaseRWLayer(container);
  });

  it('lays its files out as dockerd does', () => {
    const { store, fs, root, task } = bootStore(type());
    const base = store.register(golden('base/base-pax.tar'));
    const child = store.register(golden('layer/child.tar'), base.chainID);
    const container = store.createRWLayer('c1', child.chainID, { initFunc: (directory) => initLayer(task, directory) });
    const folder = (layer: Layer) => `sha256/${hexOf(layer.chainID)}`;
    const split = (layer: Layer) => fs.statSync(`${root}/${folder(layer)}/tar-split.json.gz`).size;
    expect(listing(fs, '/var/lib/docker/image')).toEqual([
      `40700 ${name}`,
      `40700 ${name}/layerdb`,
      `40755 ${name}/layerdb/mounts`,
      `40755 ${name}/layerdb/mounts/c1`,
      `100644 69 ${name}/layerdb/mounts/c1/init-id`,
      `100644 64 ${name}/layerdb/mounts/c1/mount-id`,
      `100644 71 ${name}/layerdb/mounts/c1/parent`,
      `40755 ${name}/layerdb/sha256`,
      ...[child, base].flatMap((layer) => [
        `40700 ${name}/layerdb/${folder(layer)}`,
        `100644 64 ${name}/layerdb/${folder(layer)}/cache-id`,
        `100644 71 ${name}/layerdb/${folder(layer)}/diff`,
        ...(layer === child ? [`100644 71 ${name}/layerdb/${folder(layer)}/parent`] : []),
        `100644 ${String(layer.diffSize).length} ${name}/layerdb/${folder(layer)}/size`,
        `100644 ${split(layer)} ${name}/layerdb/${folder(layer)}/tar-split.json.gz`,
      ]),
      `40755 ${name}/layerdb/tmp`,
    ]);
    expect(fs.readFileSync(`${root}/mounts/c1/parent`, 'utf8')).toBe(child.chainID);
    expect(fs.readFileSync(`${root}/mounts/c1/mount-id`, 'utf8')).toBe(store.getMountID('c1'));
    expect(container.mountID).toMatch(/^[0-9a-f]{64}$/);
  });
});
