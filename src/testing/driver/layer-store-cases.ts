/** A layer store on top of the driver: layers by content, containers by name. After moby's tests of the layer store. */
import { EMPTY_LAYER_DIFF_ID, chainID as chainIDOf, diffID as diffIDOf } from '../../layer/digest.ts';
import { EMPTY_LAYER } from '../../layer/empty-layer.ts';
import { initLayer } from '../../layer/init-layer.ts';
import type { Layer } from '../../layer/layer.ts';
import { pureCodecs } from '../../archive/codecs.ts';
import { makeParents } from '../build.ts';
import { codeOf, expectEqual, expectRefused, expectTrue } from '../expectation.ts';
import { namesIn, putFile, readFile, readText, removeTree } from '../task-files.ts';
import type { Fill } from './driver-bench.ts';
import type { DriverCase } from './driver-case.ts';
import { fileEntry, layerTar } from './layer-tar.ts';
import { bytesOf, StoreBench } from './store-bench.ts';

/** One file, its directories, and where `text` is left out no file any more. */
const file =
  (path: string, text?: string): Fill =>
  (root, task) => {
    makeParents(task, `${root}/${path}`);
    if (text === undefined) task.unlink(`${root}/${path}`);
    else putFile(task, `${root}/${path}`, text);
  };

const all =
  (...fills: readonly Fill[]): Fill =>
  (root, task) => {
    for (const fill of fills) fill(root, task);
  };

/** A case over a store. */
const over = (name: string, run: (store: StoreBench) => void): DriverCase => ({
  name,
  run: (bench) => run(new StoreBench(bench)),
});

/** Three layers, and a second one on the second. */
function threeLayers(at: StoreBench): readonly [Layer, Layer, Layer, Layer] {
  const one = at.commit(undefined, file('layer1.txt', 'layer 1 file'));
  const two = at.commit(one.chainID, file('layer2.txt', 'layer 2 file'));
  const threeA = at.commit(two.chainID, file('layer3.txt', 'layer 3 file'));
  const threeB = at.commit(two.chainID, file('layer3b.txt', 'layer 3b file'));
  return [one, two, threeA, threeB];
}

const expectWhole = (at: StoreBench): void => expectEqual('what is wrong with the store', at.faults(), []);

const registering: readonly DriverCase[] = [
  over('the empty layer has a name of its own and lies in no store', (at) => {
    expectEqual('its name', EMPTY_LAYER.chainID, EMPTY_LAYER_DIFF_ID);
    expectEqual('its size', [EMPTY_LAYER.size, EMPTY_LAYER.diffSize], [0, 0]);
    expectEqual('its tar', bytesOf(EMPTY_LAYER.tar()), new Uint8Array(1024));
    const taken = at.store.register(EMPTY_LAYER.tar());
    expectEqual('what it is when it is taken in', [taken.diffID, taken.diffSize], [EMPTY_LAYER_DIFF_ID, 0]);
    expectEqual('what it shows', at.list(taken, { times: 'none' }), ['/ 40755 0:0']);
  }),
  over('a layer that cannot be unpacked, or is not the announced one, leaves nothing', (at) => {
    const { bench, store } = at;
    const base = at.commit(undefined, file('base', 'base'));
    at.commit(base.chainID, file('first', 'first'));
    const room = bench.room();
    const tar = layerTar(fileEntry('a', 'x'.repeat(3000)), fileEntry('b', 'y'.repeat(3000)));
    expectRefused('half of a tar', ['ERR_TAR_TRUNCATED'], () => store.register(tar.subarray(0, 4000), base.chainID));
    const ingest = store.begin(base.chainID);
    ingest.write(tar);
    expectRefused('another tar', ['ERR_LAYER_DIFF_ID'], () => ingest.commit(base.diffID));
    expectRefused('on no layer', ['ERR_LAYER_NOT_FOUND'], () => store.register(tar, diffIDOf(pureCodecs.sha256, tar)));
    expectEqual('the layers', store.layers.length, 2);
    expectEqual('the room that is left', bench.room(), room);
    expectEqual('what is mounted', bench.mounts(), []);
    expectWhole(at);
  }),
  over('a layer that is given up before its first byte, or before its end, leaves nothing', (at) => {
    const { bench, store } = at;
    const base = at.commit(undefined, file('base', 'base'));
    at.commit(base.chainID, file('first', 'first'));
    const room = bench.room();
    store.begin(base.chainID).abort();
    const ingest = store.begin();
    ingest.write(layerTar(fileEntry('a', 'x'.repeat(3000))).subarray(0, 2000));
    ingest.abort();
    ingest.abort();
    expectRefused('what comes later', ['ERR_LAYER_INGEST'], () => ingest.write(new Uint8Array(512)));
    expectEqual('the room that is left', bench.room(), room);
    expectWhole(at);
  }),
  over('what a stopped daemon has left is found and swept away; layers stay whole', (at) => {
    const { bench, store } = at;
    const [one, two] = threeLayers(at);
    const unfinished = store.begin(one.chainID);
    unfinished.write(layerTar(fileEntry('a', 'x'.repeat(3000))).subarray(0, 2000));
    bench.driver.create('f'.repeat(64), one.cacheID);
    // The daemon dies: nothing of it is undone.
    const again = new StoreBench(bench);
    expectTrue('the left-overs are seen', again.faults().length > 0);
    const swept = again.store.sweep();
    expectTrue('they are swept away', swept.includes('f'.repeat(64)) && swept.includes(unfinished.cacheID));
    expectTrue('they are gone', !bench.driver.exists('f'.repeat(64)) && !bench.driver.exists(unfinished.cacheID));
    expectEqual('the layers', again.store.layers.length, 4);
    expectEqual('the tar of one', bytesOf(again.store.get(two.chainID).tar()).length > 0, true);
    expectWhole(again);
  }),
  over('the same layer on the same one again is one reference more, on another one another layer', (at) => {
    const { store } = at;
    const base = at.commit(undefined, file('etc/profile', 'profile'));
    const other = at.commit(undefined, file('etc/other', 'other'));
    const tar = at.tarOf(base.chainID, file('sbin/init', 'init'));
    const [first, second] = [store.register(tar, base.chainID), store.register(tar, base.chainID)];
    const elsewhere = store.register(tar, other.chainID);
    expectEqual('their names', [first.chainID, first.cacheID], [second.chainID, second.cacheID]);
    expectEqual('the tar of both', elsewhere.diffID, first.diffID);
    expectTrue('the name elsewhere', elsewhere.chainID !== first.chainID);
    expectEqual('what the first release removes', store.release(first), []);
    expectTrue('the layer is still there', at.existing([second])[0]!);
    expectEqual('what the second removes', at.chainIDs(store.release(second)), [second.chainID]);
    expectRefused('a third one', ['ERR_LAYER_NOT_FOUND'], () => store.get(second.chainID));
    expectWhole(at);
  }),
  over('a layer is removed with the last that holds it, and those below that only it held', (at) => {
    const { store } = at;
    const [one, two, threeA, threeB] = threeLayers(at);
    const room = at.bench.room().blocks;
    for (const each of [one, two]) expectEqual('what a release below removes', store.release(each), []);
    expectEqual('what a release on top removes', at.chainIDs(store.release(threeB)), [threeB.chainID]);
    expectEqual('who is there', at.existing([one, two, threeA, threeB]), [true, true, true, false]);
    const removed = at.chainIDs(store.release(threeA));
    expectEqual('what the last release removes', removed, [threeA.chainID, two.chainID, one.chainID]);
    expectEqual('who is there at the end', at.existing([one, two, threeA, threeB]), [false, false, false, false]);
    expectTrue('room is given back', at.bench.room().blocks > room);
    expectEqual('what a second release removes', store.release(threeA), []);
    expectWhole(at);
  }),
  over('sizes are those of a layer alone and of all below it', (at) => {
    const texts = ['x'.repeat(100), 'y'.repeat(20_000), 'z'.repeat(3)];
    const one = at.commit(undefined, file('file1', texts[0]));
    const two = at.commit(one.chainID, all(file('file1', texts[1]), file('dir/file2', texts[2])));
    expectEqual('the first', [one.diffSize, one.size], [100, 100]);
    expectEqual('the second', [two.diffSize, two.size], [20_003, 20_103]);
    expectEqual('what the driver counts', at.bench.driver.diffSize(two.cacheID, one.cacheID), 20_003);
  }),
];

/** Rewrites a file of the store's own directory for a layer. */
function tamper(at: StoreBench, layer: Layer): void {
  const { bench } = at;
  const path = `${at.root}/sha256/${layer.chainID.slice('sha256:'.length)}/tar-split.json.gz`;
  const records = new TextDecoder().decode(pureCodecs.gunzip(readFile(bench.task, path)));
  const wrong = records.replace(
    /"payload":"([A-Za-z])/,
    (_, letter: string) => `"payload":"${letter === 'A' ? 'B' : 'A'}`,
  );
  expectTrue('the file is another one now', wrong !== records);
  putFile(bench.task, path, pureCodecs.gzip(new TextEncoder().encode(wrong)));
}

const tars: readonly DriverCase[] = [
  over('the tar of a layer comes out as it went in, byte for byte, at any height and after a start', (at) => {
    const first = at.tarOf(undefined, all(file('etc/profile', 'profile'), file('long', 'l'.repeat(70_000))));
    const one = at.store.register(first);
    const second = at.tarOf(one.chainID, all(file('etc/profile', undefined), file('etc/new', 'new')));
    const two = at.store.register(second, one.chainID);
    // Bytes behind the end are part of the layer too.
    const padded = new Uint8Array(20_480);
    padded.set(layerTar(fileEntry('b', 'b'), fileEntry('a', 'a')));
    const three = at.store.register(padded, two.chainID);
    const expected = [first, second, padded];
    const tars = (layers: readonly Layer[]) => layers.map((layer) => bytesOf(layer.tar()));
    expectEqual('the tars', tars([one, two, three]), expected);
    expectEqual(
      'their digests',
      [one, two, three].map(({ diffID }) => diffID),
      expected.map((tar) => diffIDOf(pureCodecs.sha256, tar)),
    );
    at.restart();
    expectEqual(
      'the tars after a start',
      tars([one, two, three].map(({ chainID }) => at.store.get(chainID))),
      expected,
    );
  }),
  over('a tar that is not what went in is refused while it comes out', (at) => {
    const { bench } = at;
    const one = at.commit(undefined, file('etc/profile', 'profile'));
    const two = at.commit(one.chainID, file('etc/profile', 'another profile'));
    tamper(at, one);
    const codes = ['ERR_LAYER_VERIFY', 'ERR_TAR_SPLIT_CHECKSUM', 'ERR_TAR_SPLIT', 'ENOENT'];
    expectRefused('other records', codes, () => bytesOf(one.tar()));
    expectEqual('the other layer', bytesOf(two.tar()).length > 0, true);
    const three = at.commit(two.chainID, file('file', 'text'));
    // What the driver keeps is changed behind the store's back, wherever it keeps it.
    const found = pathsBelow(at, bench.home).filter((path) => path.includes(three.cacheID) && path.endsWith('/file'));
    expectTrue('the file is found in the home', found.length > 0);
    for (const path of found) putFile(bench.task, path, 'tExt');
    expectRefused('another file', codes, () => bytesOf(three.tar()));
    expectEqual('what is mounted', bench.mounts(), []);
  }),
  over('what was there before stores were by content is taken over under its old id', (at) => {
    const { bench, store } = at;
    bench.make('1'.repeat(64), undefined, all(file('etc/hosts', 'localhost'), file('root/.bashrc', '# rc')));
    bench.make('2'.repeat(64), '1'.repeat(64), file('root/.bashrc', '# another rc'));
    const one = takenOver(at, '1'.repeat(64));
    const two = takenOver(at, '2'.repeat(64), one);
    const expected = chainIDOf(pureCodecs.sha256, one.chainID, two.diffID);
    expectEqual('its name', [two.chainID, two.cacheID], [expected, '2'.repeat(64)]);
    expectEqual('its tar', diffIDOf(pureCodecs.sha256, bytesOf(two.tar())), two.diffID);
    bench.makeWritable('5'.repeat(64), '2'.repeat(64), file('own', 'of the container'));
    store.createRWLayerByGraphID('old', '5'.repeat(64), two.chainID);
    at.restart();
    expectEqual('the containers', at.store.mounts, ['old']);
    const root = at.store.getRWLayer('old').mount();
    expectEqual('what its container shows', namesIn(bench.task, root), ['etc', 'own', 'root']);
    at.store.getRWLayer('old').unmount();
    expectWhole(at);
  }),
  over('a tar-split of before is used where it is right, and made anew where there is none', (at) => {
    const { bench, store } = at;
    const id = '3'.repeat(64);
    bench.make(id, undefined, file('etc/hosts', 'localhost'));
    const tar = bench.diff(id);
    const known = takenOver(at, id);
    expectEqual('its digest', known.diffID, diffIDOf(pureCodecs.sha256, tar));
    const kept = `${at.root}/sha256/${known.chainID.slice('sha256:'.length)}/tar-split.json.gz`;
    const again = store.checksumForGraphID(id, undefined, kept, '/var/lib/docker/again.json.gz');
    expectEqual('the digest by the old records', again.diffID, known.diffID);
    putFile(bench.task, '/var/lib/docker/broken', 'no records');
    const anew = store.checksumForGraphID(id, undefined, '/var/lib/docker/broken', '/var/lib/docker/anew.json.gz');
    expectEqual('the digest by broken records', anew.diffID, known.diffID);
    expectRefused('an id that the driver does not know', ['ERR_LAYER_GRAPH_ID'], () =>
      store.createRWLayerByGraphID('lost', '4'.repeat(64), known.chainID),
    );
  }),
];

/** Every path below a directory. */
function pathsBelow(at: StoreBench, directory: string): string[] {
  const { task } = at.bench;
  return namesIn(task, directory).flatMap((name) => {
    const path = `${directory}/${name}`;
    return (task.lstat(path).mode & 0o170000) === 0o040000 ? [path, ...pathsBelow(at, path)] : [path];
  });
}

/** Makes a layer of the driver one of the store. */
function takenOver({ store }: StoreBench, graphID: string, parent?: Layer): Layer {
  const tarData = `/var/lib/docker/${graphID}.json.gz`;
  const checksum = store.checksumForGraphID(graphID, parent?.cacheID, undefined, tarData);
  return store.registerByGraphID({ graphID, tarData, ...checksum, ...(parent && { parent: parent.chainID }) });
}

const containers: readonly DriverCase[] = [
  over('a container is mounted, written to and committed; its layer shows what it showed', (at) => {
    const { bench, store } = at;
    const base = at.commit(undefined, all(file('etc/hosts', 'mydomain 10.0.0.1'), file('home/me/.bashrc', 'rc')));
    const container = store.createRWLayer('c', base.chainID);
    bench.pause();
    expectEqual('its parent', container.parent?.chainID, base.chainID);
    const root = container.mount();
    expectEqual('what it shows', readText(bench.task, `${root}/etc/hosts`), 'mydomain 10.0.0.1');
    file('etc/hosts', 'mydomain 10.0.0.2')(root, bench.task);
    const layer = store.register(container.tar(), base.chainID);
    container.unmount();
    expectEqual('what the layer shows', bench.text(layer.cacheID, 'etc/hosts'), 'mydomain 10.0.0.2');
    expectEqual('what the base shows', bench.text(base.cacheID, 'etc/hosts'), 'mydomain 10.0.0.1');
    expectRefused('the same name again', ['ERR_LAYER_MOUNT_EXISTS'], () => store.createRWLayer('c', base.chainID));
    expectRefused('another name', ['ERR_LAYER_MOUNT_NOT_FOUND'], () => store.getRWLayer('d'));
    store.releaseRWLayer(container);
    expectTrue('its layer is gone', !bench.driver.exists(container.mountID));
    expectEqual('what is mounted', bench.mounts(), []);
    expectWhole(at);
  }),
  over('a store that is opened again has the same layers, containers and references', (at) => {
    const layers = threeLayers(at);
    const [one, two, threeA] = layers;
    const container = at.container('c', threeA.chainID, file('layer2.txt', undefined));
    const told = (each: Layer) => [each.chainID, each.diffID, each.cacheID, each.size, each.parent?.chainID];
    const before = layers.map(told);
    at.restart();
    const again = layers.map(({ chainID }) => at.store.get(chainID));
    expectEqual('the layers', again.map(told), before);
    expectEqual('the containers', at.store.mounts, ['c']);
    expectRefused('the same name', ['ERR_LAYER_MOUNT_EXISTS'], () => at.store.createRWLayer('c', two.chainID));
    const held = at.store.getRWLayer('c');
    expectEqual('its layer', [held.mountID, held.parent?.chainID], [container.mountID, threeA.chainID]);
    expectEqual('what it shows', namesIn(at.bench.task, held.mount()), ['layer1.txt', 'layer3.txt']);
    held.unmount();
    for (const each of again)
      expectEqual(
        'what a release removes',
        at.chainIDs(at.store.release(each)),
        each === again[3] ? [each.chainID] : [],
      );
    const removed = at.chainIDs(at.store.releaseRWLayer(held));
    expectEqual('what the container held', removed, [threeA.chainID, two.chainID, one.chainID]);
    expectWhole(at);
  }),
  over('the init layer lies between the image and the container, and is no change', (at) => {
    const { bench } = at;
    const { task } = bench;
    const base = at.commit(undefined, all(file('etc/hosts', 'of the image'), file('file', 'x')));
    const initFunc = (directory: string): void => {
      initLayer(task, directory);
      file('etc/init', 'by init')(directory, task);
    };
    const container = at.container('c', base.chainID, file('etc/hosts', 'of the container'), { initFunc });
    expectEqual('its id', container.initID, `${container.mountID}-init`);
    const root = container.mount();
    expectEqual('the file of the init layer', readText(task, `${root}/etc/init`), 'by init');
    expectTrue(
      'what Docker puts there',
      ['.dockerenv', 'dev/console', 'proc'].every((path) => task.statIfPresent(`${root}/${path}`) !== undefined),
    );
    expectEqual('the file of the container', readText(task, `${root}/etc/hosts`), 'of the container');
    container.unmount();
    const told = container.changes().map(({ kind, path }) => `${kind} ${path}`);
    expectEqual('the changes', told.sort(), ['C /etc', 'C /etc/hosts']);
    at.store.releaseRWLayer(container);
    expectTrue(
      'both are gone',
      !bench.driver.exists(container.mountID) && !bench.driver.exists(`${container.mountID}-init`),
    );
    expectWhole(at);
  }),
  over('the size of a container is that of its changes, without the init layer', (at) => {
    const { task } = at.bench;
    const base = at.commit(undefined, file('file1', 'x'.repeat(1000)));
    const initFunc = (directory: string): void => file('init-file', 'i'.repeat(300))(directory, task);
    const fill = all(file('file2', 'y'.repeat(70)), file('dir/file3', 'z'.repeat(5)));
    const container = at.container('c', base.chainID, fill, { initFunc });
    expectEqual('the size', container.size(), 75);
  }),
  over('a container tells what was changed, added and removed', (at) => {
    const fill = all(file('testfile1.txt', 'one'), file('testfile2.txt', 'two'), file('dir/kept', 'k'));
    const base = at.commit(undefined, fill);
    const change = all(file('testfile1.txt', 'changed'), file('testfile2.txt', undefined), file('dir/new', 'n'));
    const container = at.container('c', base.chainID, change);
    const told = container
      .changes()
      .map(({ kind, path }) => `${kind} ${path}`)
      .sort();
    expectEqual('the changes', told, ['A /dir/new', 'C /dir', 'C /testfile1.txt', 'D /testfile2.txt']);
  }),
  over('a tar is unpacked into a container', (at) => {
    const base = at.commit(undefined, file('dir/old', 'old'));
    const container = at.store.createRWLayer('c', base.chainID);
    const tar = layerTar(fileEntry('dir/.wh.old'), fileEntry('dir/new', 'new'));
    expectEqual('its size', container.applyDiff(tar), 3);
    const root = container.mount();
    const shown = [namesIn(at.bench.task, root), namesIn(at.bench.task, `${root}/dir`)];
    expectEqual('what it shows', shown, [['dir'], ['new']]);
    container.unmount();
  }),
  over('a layer with others on top of it is not removed', (at) => {
    const { store } = at;
    const [one, two, threeA, threeB] = threeLayers(at);
    const container = at.container('c', threeB.chainID, file('new', 'n'));
    for (const each of [one, two, threeB]) expectEqual('what a release removes', store.release(each), []);
    expectEqual('who is there', at.existing([one, two, threeA, threeB]), [true, true, true, true]);
    expectEqual('what it shows', bytesOf(container.tar()).length > 0, true);
    expectEqual('what goes with the container', at.chainIDs(store.releaseRWLayer(container)), [threeB.chainID]);
    expectTrue('a handle that was given back', codeOf(() => store.release(two)) !== 'ERR_LAYER_NOT_FOUND');
    expectWhole(at);
  }),
  over('many containers on one layer do not see each other', (at) => {
    const base = at.commit(undefined, all(file('shared', 'base'), file('dir/a', 'a')));
    const names = Array.from({ length: 8 }, (_, index) => `c-${index}`);
    for (const name of names) {
      at.container(name, base.chainID, (root, task) => {
        putFile(task, `${root}/shared`, name);
        putFile(task, `${root}/of-${name}`, name);
        if (name === 'c-3') removeTree(task, `${root}/dir`);
      });
    }
    for (const name of names) {
      const container = at.store.getRWLayer(name);
      const root = container.mount();
      expectEqual(`the file of ${name}`, readText(at.bench.task, `${root}/shared`), name);
      const rest = name === 'c-3' ? [] : ['dir'];
      expectEqual(`what ${name} shows`, namesIn(at.bench.task, root), [...rest, `of-${name}`, 'shared']);
      container.unmount();
    }
    expectEqual('the file of the base', at.bench.text(base.cacheID, 'shared'), 'base');
  }),
];

/** Group by group. */
export const layerStoreCases: Readonly<Record<string, readonly DriverCase[]>> = {
  'layers in a store': registering,
  'tars out of a store': tars,
  'containers in a store': containers,
};
