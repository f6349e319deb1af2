/** The order of a layer's entries, and what becomes of a layer that somebody changed behind dockerd's back. */
import { describe, expect, test } from 'vitest';
import { ErrnoException } from '../../src/abi/errno.ts';
import { O_TRUNC, O_WRONLY } from '../../src/abi/flags.ts';
import { pathErrorText } from '../../src/abi/errno-text.ts';
import { driverNames } from '../docker/dockerd.ts';
import type { LowerdirStore } from '../docker/lowerdir-store.ts';
import { layerDirectory, layerdb, namesIn, readText } from '../docker/store.ts';
import { dumpTar } from '../unit/archive/tar-dump.ts';
import { golden, goldenText } from '../unit/archive/golden.ts';
import { newStore } from './docker-flow.ts';
import { mutateOrder } from './docker-mutate.ts';
import { folders } from './docker-recording.ts';

/** Docker's words: those of Go where a system call was refused. */
const textOf = (error: Error): string =>
  error instanceof ErrnoException ? pathErrorText(error.syscall!, error.path!, error) : error.message;

/** The second the whiteouts were made in, in octal. */
const whiteouts = /\.wh\.[^/.][^']*' .* mtime=(\d+)/;
const CONTAINER = 'c'.repeat(64);

test.each(driverNames)('names chosen for their order, with %s', async (driver) => {
  const dump = goldenText(`order/${folders[driver]}.dump`);
  const time = Number.parseInt(whiteouts.exec(dump)![1]!, 8);
  const store = newStore(driver, time);
  const container = await store.create(await store.importImage(golden('order/b.tar')), CONTAINER);
  store.clock.set(time);
  await store.work(container, 'started', mutateOrder);
  const changes = goldenText(`order/${folders[driver]}.diff`).trimEnd().split('\n');
  expect([...(await store.changes(container))].sort()).toEqual(changes.sort());
  store.clock.set(time);
  const [, layer] = await store.save(await store.commit(container));
  expect(dumpTar(layer!)).toBe(dump);
});

describe('a file of a layer was', () => {
  const answers = goldenText('tamper/out.txt')
    .split('\n')
    .filter((line) => line.startsWith('Error response'))
    .map((line) => line.replace('Error response from daemon: ', '').replace(/[0-9a-f]{64}/, '<layer>'));

  /** What `docker save` says when `tamper` was done to a file of its only layer. */
  async function saveAfter(tamper: (store: LowerdirStore, file: string) => void): Promise<string> {
    const store = newStore('overlay2', 1_800_000_000);
    const image = await store.importImage(golden('order/b.tar'));
    const [chain] = namesIn(store.task, `${layerdb(store)}/sha256`);
    const id = readText(store.task, `${layerdb(store)}/sha256/${chain}/cache-id`);
    tamper(store, `${layerDirectory(store, id)}/d/gone/1`);
    return store.save(image).then(
      () => 'saved',
      (error: Error) => textOf(error).replace(id, '<layer>'),
    );
  }
  const write = (content: string) =>
    saveAfter(({ task }, file) => {
      const fd = task.open(file, O_WRONLY | O_TRUNC);
      task.write(fd, Buffer.from(content));
      task.close(fd);
    });

  test('changed', async () => expect(await write('y\n')).toBe(answers[0]));
  test('made longer', async () => expect(await write('x\nand more\n')).toBe(answers[1]));
  test('removed', async () => expect(await saveAfter(({ task }, file) => task.unlink(file))).toBe(answers[2]));
});
