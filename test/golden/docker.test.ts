/** For the actions that were recorded of a real dockerd, ours leaves the same on the disk. */
import { gunzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { driverNames } from '../docker/dockerd.ts';
import { chainOf } from '../docker/real-store.ts';
import { layerdb, readFile } from '../docker/store.ts';
import { golden, goldenGunzipped } from '../unit/archive/golden.ts';
import {
  containerID,
  type Flow,
  importBases,
  ourIDs,
  recordedIDs,
  recordedLayer,
  ROOT,
  runFlow,
} from './docker-flow.ts';
import { comparable, recordedLayerdb, recordedText, recordedTree, treeOf } from './docker-recording.ts';

const sorted = (rows: readonly string[], translate: (text: string) => string): string[] =>
  rows.map((row) => translate(comparable(row))).sort();

/** The lines of a transcript behind its command. */
const answerOf = (text: string): string[] => text.trimEnd().split('\n').slice(1).sort();

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe.each(driverNames)('%s', (driver) => {
  let flow: Flow;
  const recorded = recordedIDs(driver);

  beforeAll(async () => {
    flow = await runFlow(driver);
  });

  test('two images: the driver and the layerdb', async () => {
    const images = await importBases(driver);
    const rows = treeOf(images.store.task, ROOT, [`image/${driver}`, driver]);
    expect(sorted(rows, ourIDs(images))).toEqual(sorted(recordedTree(driver, '02-tree-images-only.txt'), recorded));
  });

  test('what the container changed, while it runs and after', () => {
    const lines = answerOf(recordedText(driver, '05-diff.txt'));
    for (const changes of flow.changes) expect(changes.flatMap((change) => change.split('\n')).sort()).toEqual(lines);
  });

  test('the mount of the running container', () => {
    const [line = ''] = recordedText(driver, '06-mount.txt').split('\n');
    expect(flow.mount && ourIDs(flow)(flow.mount)).toBe(line.startsWith('overlay ') ? recorded(line) : undefined);
  });

  test('mount-id, init-id and parent', () => {
    const directory = `${layerdb(flow.store)}/mounts/${containerID(driver)}`;
    const files = ['init-id', 'mount-id', 'parent'].map(
      (name) => `${name}: ${readFile(flow.store.task, `${directory}/${name}`)}`,
    );
    expect(ourIDs(flow)(files.join('\n'))).toBe(recorded(recordedText(driver, '07-layerdb-mounts.txt').trimEnd()));
  });

  test('the layers byte for byte', async () => {
    const [base, child] = await flow.store.save(flow.child);
    expect(Buffer.compare(base!, golden('base/base-pax.tar'))).toBe(0);
    expect(Buffer.compare(child!, recordedLayer(driver))).toBe(0);
    const digests = recordedText(driver, '19-save-layers.sha256')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    expect([digestOf(child!), digestOf(base!)].sort()).toEqual(digests.sort());
  });

  test('each file of the layerdb', () => {
    const ours = ourIDs(flow);
    const files = [...recordedLayerdb(driver)].map(([path, text]) => [recorded(path), recorded(text)]);
    const found = [...recordedLayerdb(driver).keys()].map((path) => [
      ours(path),
      ours(readFile(flow.store.task, `${layerdb(flow.store)}/${path}`).toString()),
    ]);
    expect(found).toEqual(files);
  });

  test('after the container has ended: the driver and the layerdb', () => {
    expect(sorted(flow.tree, ourIDs(flow))).toEqual(sorted(recordedTree(driver, '17-tree.txt'), recorded));
    expect(flow.store.check()).toEqual([]);
  });
});

describe('overlay2 alone', () => {
  const driver = 'overlay2';
  const recorded = recordedIDs(driver);
  let flow: Flow;

  beforeAll(async () => {
    flow = await runFlow(driver);
  });

  test('the records of each archive', () => {
    const records = (chain: string) =>
      gunzipSync(readFile(flow.store.task, `${layerdb(flow.store)}/sha256/${chain}/tar-split.json.gz`)).toString();
    for (const [image, name] of [
      [flow.base, 'base-pax'],
      [flow.gnu, 'base-gnu'],
      [flow.child, 'child'],
    ] as const) {
      expect(records(chainOf(image.layers))).toBe(Buffer.from(goldenGunzipped(`tar-split/${name}.json.gz`)).toString());
    }
  });

  test('GraphDriver of container and image', async () => {
    const data = async (inspected: Promise<{ data: unknown }>) =>
      ourIDs(flow)(JSON.stringify({ Data: (await inspected).data, Name: driver }));
    const container = recorded(recordedText(driver, '23-graphdriver-container.json').trimEnd());
    expect(await data(flow.store.inspectContainer(containerID(driver)))).toBe(container);
    const image = recorded(recordedText(driver, '24-graphdriver-image.json').trimEnd());
    expect(await data(flow.store.inspectImage(flow.child))).toBe(image);
  });
});
