/** The files of a store: what is refused, what is passed over at start, what a check tells. @see moby layer/filestore_test.go */
import { describe, expect, it } from 'vitest';
import { nodeCodecs } from '../../../src/archive/node-codecs.ts';
import { vfs } from '../../../src/driver/vfs/index.ts';
import { hexOf } from '../../../src/layer/digest.ts';
import type { Layer } from '../../../src/layer/layer.ts';
import { goldenGunzipped, golden } from '../archive/golden.ts';
import { makeTar } from '../archive/make-tar.ts';
import { bootStore, drivers } from './booted-store.ts';

const id = (digit: string): string => digit.repeat(64);
const refusedWith = (code: string, syscall: string) => expect.objectContaining({ code, syscall });

describe('the layerdb', () => {
  it('finishes no transaction where no folder can be', () => {
    const { store, fs, root, driver } = bootStore(vfs());
    fs.writeFileSync(`${root}/sha256`, 'was here first!');
    expect(() => store.register(makeTar('a = 1'))).toThrow(refusedWith('ENOTDIR', 'mkdir'));
    expect(fs.readdirSync(`${root}/tmp`)).toEqual([]);
    expect(fs.readdirSync(`${driver.home}/dir`)).toEqual([]);
    fs.unlinkSync(`${root}/sha256`);
    store.register(makeTar('a = 1'));
    expect(store.check()).toEqual([]);
  });

  it('begins no transaction where no folder can be', () => {
    const { store, fs, root, driver } = bootStore(vfs());
    fs.writeFileSync(`${root}/tmp`, 'was here first!');
    expect(() => store.begin()).toThrow(refusedWith('ENOTDIR', 'mkdir'));
    expect(fs.readdirSync(`${driver.home}/dir`)).toEqual([]);
    expect(() => store.createRWLayer('c')).toThrow(refusedWith('ENOTDIR', 'mkdir'));
    expect(fs.readdirSync(`${driver.home}/dir`)).toEqual([]);
    fs.unlinkSync(`${root}/tmp`);
    store.begin().abort();
    expect(fs.statSync(`${root}/tmp`).mode & 0o777).toBe(0o755);
  });

  it('keeps the folder that stands in the way of a layer', () => {
    const { store, fs, root } = bootStore(vfs());
    const tar = makeTar('a = 1');
    const { chainID } = store.register(tar);
    store.release(store.get(chainID));
    const other = bootStore(vfs());
    other.fs.mkdirSync(`${other.root}/sha256/${hexOf(chainID)}`, { recursive: true });
    expect(() => other.store.register(tar)).toThrow(refusedWith('EEXIST', 'rename'));
    expect(other.fs.readdirSync(`${other.root}/sha256/${hexOf(chainID)}`)).toEqual([]);
    expect(other.store.layers).toEqual([]);
    expect(fs.existsSync(root)).toBe(true);
  });

  it('holds what dockerd recorded of the same layers', () => {
    const { store, fs, root } = bootStore(vfs());
    const base = store.register(golden('base/base-pax.tar'));
    const gnu = store.register(golden('base/base-gnu.tar'));
    const child = store.register(golden('layer/child.tar'), base.chainID);
    const file = (layer: Layer, name: string) =>
      new Uint8Array(fs.readFileSync(`${root}/sha256/${hexOf(layer.chainID)}/${name}`));
    const text = (layer: Layer, name: string) => new TextDecoder().decode(file(layer, name));
    expect([base, gnu, child].map(({ chainID }) => chainID)).toEqual([
      'sha256:a7850b8b0c46dbf567e15334754d008b596c1d7fad1a67ddf96b1869bad412f4',
      'sha256:f82e2e412c4bc514d0343877c988cb6efc5e26735a97f1485e178901e4b95e4a',
      'sha256:5d8530d4bf4b5c65f9031aa4dab32f858c5b8e69fbf4abfe4158b205840a8cf5',
    ]);
    expect(text(child, 'diff')).toBe('sha256:7af23a74d8d131b5f3323953569d673238eb6ca844e0a82d6921c5b8030d9c4c');
    expect(text(child, 'parent')).toBe(base.chainID);
    expect(text(base, 'size')).toBe('899');
    for (const [layer, name] of [
      [base, 'base-pax'],
      [gnu, 'base-gnu'],
      [child, 'child'],
    ] as const) {
      const recorded = goldenGunzipped(`tar-split/${name}.json.gz`);
      expect(nodeCodecs.gunzip(file(layer, 'tar-split.json.gz'))).toEqual(recorded);
      fs.writeFileSync(`${root}/sha256/${hexOf(layer.chainID)}/tar-split.json.gz`, golden(`tar-split/${name}.json.gz`));
    }
    expect(store.check({ tars: true })).toEqual([]);
  });
});

describe.each(drivers)('what is wrong in a store over %s', (_, type) => {
  function prepared() {
    const booted = bootStore(type());
    const { store, root } = booted;
    const lower = store.register(makeTar('lower = lower'));
    const upper = store.register(makeTar('upper = upper'), lower.chainID);
    store.createRWLayer('c', upper.chainID);
    const folder = (layer: Layer): string => `${root}/sha256/${hexOf(layer.chainID)}`;
    return { ...booted, lower, upper, folder };
  }

  it.each([
    ['diff', 'junk', /on disk and not in the store: invalid checksum digest format: "junk"/],
    ['size', '12 ', /on disk and not in the store: invalid size "12 "/],
    ['cache-id', 'ABC', /on disk and not in the store: invalid cache id value/],
    ['parent', 'sha256:1', /on disk and not in the store: invalid checksum digest format/],
    ['parent', `sha256:${id('9')}`, /on disk and not in the store: .* its parent is missing/],
    ['cache-id', undefined, /on disk and not in the store: ENOENT/],
  ])('a layer whose %s is %j is not loaded, nor what stands on it', (name, content, fault) => {
    const { fs, folder, upper, restart } = prepared();
    fs.rmSync(`${folder(upper)}/${name}`);
    if (content !== undefined) fs.writeFileSync(`${folder(upper)}/${name}`, content);
    const { store } = restart();
    expect(store.layers).toHaveLength(1);
    expect(store.mounts).toEqual([]);
    const [first, second] = store.check();
    expect(first).toMatch(fault);
    expect(second).toMatch(/mount c is on disk and not in the store: .* its image is missing/);
    const layer = store.layers[0]!;
    expect(store.release(store.get(layer.chainID))).toHaveLength(1);
  });

  it('layers that are said to lie on one another are not loaded', () => {
    const { fs, folder, lower, upper, restart } = prepared();
    fs.writeFileSync(`${folder(lower)}/parent`, upper.chainID);
    const { store } = restart();
    expect(store.layers).toEqual([]);
    expect(store.check()).toContainEqual(
      expect.stringMatching(`^layer ${lower.chainID} is on disk and not in the store`),
    );
  });

  it('tells each thing in one sentence', () => {
    const { fs, folder, lower, upper, restart, driver, root } = prepared();
    const { mountID } = restart().store.getRWLayer('c');
    driver.remove(lower.cacheID);
    fs.writeFileSync(`${folder(upper)}/tar-split.json.gz`, 'no gzip');
    driver.remove(mountID);
    fs.mkdirSync(`${root}/mounts/empty`);
    fs.mkdirSync(`${root}/tmp/write-set-1`);
    fs.mkdirSync(`${root}/tmp/else`);
    fs.mkdirSync(`${root}/sha256/${id('b')}-${id('c')}-removing`);
    driver.create(id('a'));
    const { store } = restart();
    expect(store.check()).toEqual([
      expect.stringMatching(
        new RegExp(`^layer ${lower.chainID} is not in the driver's home: ${lower.cacheID}$|tar-split`),
      ),
      expect.stringMatching(
        new RegExp(`^layer ${lower.chainID} is not in the driver's home: ${lower.cacheID}$|tar-split`),
      ),
      expect.stringMatching(/^mount empty is on disk and not in the store: ENOENT/),
      `mount c is not in the driver's home: ${mountID}`,
      `the removal of layer sha256:${id('b')} has not ended`,
      'a transaction has not ended: write-set-1',
      `nobody refers to ${id('a')} in the driver's home`,
    ]);
  });

  it('is taken away by a sweep where it is only left over, and kept by a start', () => {
    const { fs, upper, lower, restart, driver, root } = prepared();
    const orphan = `${root}/sha256/${id('b')}-${id('c')}-removing`;
    fs.mkdirSync(orphan);
    fs.writeFileSync(`${orphan}/cache-id`, id('d'));
    driver.create(id('d'));
    driver.create(id('a'));
    driver.createReadWrite(`${id('a')}-init`, upper.cacheID);
    fs.mkdirSync(`${root}/tmp/write-set-1`);
    fs.writeFileSync(`${root}/tmp/write-set-1/diff`, 'x');
    fs.mkdirSync(`${root}/mounts/half`);
    fs.writeFileSync(`${root}/mounts/half/parent`, upper.chainID);
    driver.remove(restart().store.getRWLayer('c').mountID);
    const { store } = restart();
    const kept = [orphan, `${root}/tmp/write-set-1`, `${root}/mounts/half`, `${root}/mounts/c`];
    expect(kept.filter((path) => fs.existsSync(path))).toEqual(kept);
    expect(driver.exists(id('a'))).toBe(true);
    const ingest = store.begin(lower.chainID);
    expect(store.sweep()).toEqual([
      orphan,
      `${root}/mounts/c`,
      `${root}/mounts/half`,
      `${root}/tmp/write-set-1`,
      id('a'),
      `${id('a')}-init`,
    ]);
    ingest.write(makeTar('late = late'));
    ingest.commit();
    expect(store.check({ tars: true })).toEqual([]);
    expect(driver.exists(id('d'))).toBe(false);
    expect(store.sweep()).toEqual([]);
  });
});
