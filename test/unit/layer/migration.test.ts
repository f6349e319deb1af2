/** What an older Docker has left becomes layers of the store. @see moby layer/migration_test.go for the cases */
import { describe, expect, it } from 'vitest';
import { nodeCodecs } from '../../../src/archive/node-codecs.ts';
import { formatSplit, splitArchive } from '../../../src/archive/tar-split.ts';
import { applyArchive } from '../../../src/driver/driver.ts';
import { migrateGraph } from '../../../src/layer/graph-migration.ts';
import type { Layer } from '../../../src/layer/layer.ts';
import { makeTar } from '../archive/make-tar.ts';
import { type BootedStore, bootStore, bytesOf, drivers } from './booted-store.ts';

const base = makeTar('root/', 'root/.bashrc = # Boring configuration', 'etc/', 'etc/profile = # Base configuration');
const update = makeTar('root/', 'root/.bashrc = # Updated configuration');
const [ONE, TWO, THREE] = ['1', '2', '3'].map((digit) => digit.repeat(64)) as [string, string, string];
const tarData = (tar: Uint8Array): Uint8Array => nodeCodecs.gzip(formatSplit(splitArchive(tar)));
const told = ({ chainID, diffID, size, diffSize }: Layer) => ({ chainID, diffID, size, diffSize });

function makeOld({ driver }: BootedStore, id: string, parent: string | undefined, tar: Uint8Array): Uint8Array {
  driver.create(id, parent);
  applyArchive(driver, id, parent, tar);
  return bytesOf(driver.diff(id, parent));
}

describe.each(drivers)('layers of a Docker before 1.10 on %s', (_, type) => {
  it.each([true, false])('are registered under the digests of their tars (with tar-split: %s)', (split) => {
    const booted = bootStore(type());
    const { store, fs } = booted;
    fs.mkdirSync('/old');
    const packedBase = makeOld(booted, ONE, undefined, base);
    const packedUpdate = makeOld(booted, TWO, ONE, update);
    const tars = split ? ([base, update] as const) : ([packedBase, packedUpdate] as const);
    const old = (at: 0 | 1): string | undefined => {
      if (split) fs.writeFileSync('/old/tar-data.json.gz', tarData(tars[at]));
      return split ? '/old/tar-data.json.gz' : undefined;
    };
    const first = store.checksumForGraphID(ONE, undefined, old(0), '/old/new');
    expect(first.size).toBe(22 + 20);
    const oneA = store.registerByGraphID({ graphID: ONE, tarData: '/old/new', ...first });
    const oneB = store.register(tars[0]);
    expect(oneB.cacheID).toBe(ONE);
    expect(bytesOf(oneA.tar())).toEqual(tars[0]);

    const twoA = store.register(tars[1], oneA.chainID);
    const second = store.checksumForGraphID(TWO, ONE, old(1), '/old/new');
    const twoB = store.registerByGraphID({ graphID: TWO, parent: oneA.chainID, tarData: '/old/new', ...second });
    expect(twoB.cacheID).toBe(twoA.cacheID);
    expect(store.release(twoA)).toEqual([]);
    expect(store.release(twoB)).toEqual([told(twoA)]);
    expect(store.release(oneA)).toEqual([]);
    expect(store.check({ tars: true })).toEqual([`nobody refers to ${TWO} in the driver's home`]);
    expect(store.release(oneB)).toEqual([told(oneA)]);
  });

  it('have a new tar-split where the old one does not belong to them', () => {
    const booted = bootStore(type());
    const { store, fs } = booted;
    const packed = makeOld(booted, ONE, undefined, base);
    for (const wrong of [tarData(update), Uint8Array.of(1, 2, 3)]) {
      fs.writeFileSync('/old.gz', wrong);
      const checksum = store.checksumForGraphID(ONE, undefined, '/old.gz', '/new.gz');
      expect(checksum.diffID).toBe(store.register(packed).diffID);
    }
  });

  it('are found in the old directory, parents first', () => {
    const booted = bootStore(type());
    const { store, fs, task } = booted;
    const image = (id: string, json: unknown, files: Record<string, string | Uint8Array> = {}): void => {
      fs.mkdirSync(`/graph/${id}`, { recursive: true });
      fs.writeFileSync(`/graph/${id}/json`, typeof json === 'string' ? json : JSON.stringify(json));
      for (const [name, content] of Object.entries(files)) fs.writeFileSync(`/graph/${id}/${name}`, content);
    };
    makeOld(booted, THREE, undefined, base);
    makeOld(booted, TWO, THREE, update);
    makeOld(booted, ONE, TWO, makeTar('one = 1'));
    image(ONE, { parent: 'ignored' }, { parent: TWO });
    image(TWO, { id: TWO, parent_id: `sha256:${THREE}` }, { 'tar-data.json.gz': tarData(update), layersize: '22' });
    image(THREE, { id: THREE }, { 'tar-data.json.gz': tarData(base) });
    image('a'.repeat(64), { parent: 'b'.repeat(64) });
    image('c'.repeat(64), 'no json');
    image('d'.repeat(64), { parent: 'e'.repeat(64) });
    image('e'.repeat(64), { parent: 'd'.repeat(64) });
    image('_tmp', {});

    const { layers, failures } = migrateGraph(task, store, '/graph');
    expect([...layers.keys()].sort()).toEqual([ONE, TWO, THREE]);
    expect([...failures.keys()].sort()).toEqual(['a', 'b', 'c', 'd', 'e'].map((digit) => digit.repeat(64)));
    expect(failures.get('a'.repeat(64))).toMatchObject({ code: 'ERR_LAYER_NOT_FOUND' });
    expect(layers.get(ONE)!.parent!.chainID).toBe(layers.get(TWO)!.chainID);
    expect(bytesOf(layers.get(TWO)!.tar())).toEqual(update);
    expect(fs.readFileSync(`/graph/${TWO}/.migration-diffid`, 'utf8')).toBe(layers.get(TWO)!.diffID);
    expect(fs.readFileSync(`/graph/${TWO}/.migration-size`, 'utf8')).toBe('23');

    const again = booted.restart();
    const second = migrateGraph(task, again.store, '/graph');
    expect([...second.layers].map(([id, layer]) => [id, layer.chainID])).toEqual(
      [...layers].map(([id, layer]) => [id, layer.chainID]),
    );
    expect(again.store.check({ tars: true })).toEqual([]);
    expect(migrateGraph(task, store, '/nowhere').layers.size).toBe(0);
  });

  it('may be those of containers', () => {
    const booted = bootStore(type());
    const { store, fs, driver } = booted;
    const image = store.register(base);
    const other = store.register(update);
    driver.createReadWrite(`${ONE}-init`, image.cacheID);
    driver.createReadWrite(ONE, `${ONE}-init`);
    driver.createReadWrite(TWO, image.cacheID);
    store.createRWLayerByGraphID('c1', ONE, image.chainID);
    store.createRWLayerByGraphID('c1', ONE, image.chainID);
    store.createRWLayerByGraphID('c2', TWO, image.chainID);
    expect(store.getRWLayer('c1')).toMatchObject({ mountID: ONE, initID: `${ONE}-init` });
    expect('initID' in store.getRWLayer('c2')).toBe(false);
    const refused = (name: string, id: string, parent?: string) => () => store.createRWLayerByGraphID(name, id, parent);
    expect(refused('c1', ONE, other.chainID)).toThrow('name conflict, mismatched parent');
    expect(refused('c1', TWO, image.chainID)).toThrow('mount already exists');
    expect(refused('c3', THREE)).toThrow(`graph ID does not exist: "${THREE}"`);
    expect(refused('c3', TWO, THREE)).toThrow('layer does not exist');
    expect(store.check()).toEqual([]);
    expect(fs.readFileSync(`${booted.root}/mounts/c1/parent`, 'utf8')).toBe(image.chainID);
    const again = booted.restart().store;
    expect(again.check()).toEqual([]);
    expect(again.mounts).toEqual(['c1', 'c2']);
  });
});
