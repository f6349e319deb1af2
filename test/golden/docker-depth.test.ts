/** Containers over many layers: how overlay2 mounts them, and how many there may be. */
import { expect, test } from 'vitest';
import { archiveOfLayer } from '../docker/base-archive.ts';
import { mountID } from '../docker/store.ts';
import type { LowerdirStore } from '../docker/lowerdir-store.ts';
import { goldenText } from '../unit/archive/golden.ts';
import { newStore, ROOT } from './docker-flow.ts';

const CONTAINER = 'c'.repeat(64);
const file = { mode: 0o644, uid: 0, gid: 0, mtime: { sec: 1_600_000_000, nsec: 0 }, xattrs: [] } as const;

/** A layer that holds one file of its own. */
const layer = (at: number): Uint8Array =>
  archiveOfLayer([{ ...file, path: `f${at}`, type: 'file', content: { letter: 'x', length: 1, hole: 0 } }]);
const layers = (count: number): Uint8Array[] => Array.from({ length: count }, (_, at) => layer(at));

/** Ids and links by the order in which a text first names them. */
function inOrder(text: string): string {
  const seen = new Map<string, number>();
  return text.replaceAll(ROOT, 'ROOT').replace(/\b([0-9a-f]{64}|[A-Z2-7]{26})\b/g, (id) => {
    if (!seen.has(id)) seen.set(id, seen.size);
    return `<${seen.get(id)}>`;
  });
}

const told = (data: unknown): string => JSON.stringify({ Data: data, Name: 'overlay2' });

function mountOf(store: LowerdirStore): string | undefined {
  const rw = store.layers.getRWLayer(CONTAINER);
  const line = store.mountLine(rw.mount());
  rw.unmount();
  return line;
}

test('the mount of a container over seven layers', async () => {
  const [mount, lower, container, image] = goldenText('cli/deep-mount.txt').trimEnd().split('\n');
  const count = lower!.split(':').length - 1;
  const store = newStore('overlay2', 1_800_000_000);
  const ours = await store.loadImage(layers(count));
  await store.create(ours, CONTAINER);
  const task = store.task;
  const id = mountID(store, CONTAINER);
  const fd = task.open(`${ROOT}/overlay2/${id}/lower`, 0);
  const bytes = new Uint8Array(4096);
  const lowers = Buffer.from(bytes.subarray(0, task.read(fd, bytes))).toString();
  task.close(fd);
  const data = (await store.inspectContainer(CONTAINER)).data;
  const lines = [mountOf(store), lowers, told(data), told((await store.inspectImage(ours)).data)];
  expect(inOrder(lines.join('\n'))).toBe(inOrder([mount, lower, container, image].join('\n')));
});

test('125 layers make a container, whose mount names them from the home; one more is refused', async () => {
  const recorded = goldenText('cli/max-depth.txt');
  const store = newStore('overlay2', 1_800_000_000);
  const image = await store.loadImage(layers(125));
  await store.create(image, CONTAINER);
  const [, count, line] = /^(126)\n(overlay .*)$/m.exec(recorded)!;
  const lowers = /lowerdir=([^,]*)/.exec(mountOf(store)!)![1]!.split(':');
  expect(lowers).toHaveLength(Number(count));
  // the transcript breaks off in the middle of a link
  const begins = inOrder(line!.slice(0, line!.lastIndexOf(':')));
  expect(inOrder(mountOf(store)!).slice(0, begins.length)).toBe(begins);
  await expect(store.loadImage(layers(126))).rejects.toThrow(/^max depth exceeded$/);
  expect(recorded).toContain('max depth exceeded');
  expect(store.check()).toEqual([]);
});
