/** Watching, by the machine's inotify and by polling; events compared with the real node:fs. */
import * as nodeFs from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createFs } from '../../../src/fs/create-fs.ts';
import { createMachine } from '../../../src/union/create-machine.ts';

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const setUp = () => {
  const machine = createMachine();
  return { task: machine.task, fs: createFs(machine.task) };
};

/** What is told while `act` runs; a pause lets the real kernel tell what it has to. */
async function heardWhile(fs: any, path: string, options: object, act: () => void): Promise<string[]> {
  const heard: string[] = [];
  const watcher = fs.watch(path, options, (type: string, name: unknown) => heard.push(`${type} ${name}`));
  await pause(20);
  act();
  await pause(50);
  watcher.close();
  return heard;
}

const scenarios: readonly (readonly [string, string, (fs: any, dir: string) => void])[] = [
  ['a file is made', '', (fs, dir) => fs.writeFileSync(`${dir}/new`, 'x')],
  ['a file is written', '', (fs, dir) => fs.appendFileSync(`${dir}/f`, 'x')],
  ['modes and times change', '', (fs, dir) => fs.chmodSync(`${dir}/f`, 0o600)],
  ['a file is renamed', '', (fs, dir) => fs.renameSync(`${dir}/f`, `${dir}/g`)],
  ['a file is removed', '', (fs, dir) => fs.unlinkSync(`${dir}/f`)],
  ['directories come and go', '', (fs, dir) => [fs.mkdirSync(`${dir}/d`), fs.rmdirSync(`${dir}/d`)]],
  ['a watched file is written', '/f', (fs, dir) => fs.appendFileSync(`${dir}/f`, 'x')],
];

describe.skipIf(!nodeFs.existsSync('/dev/shm'))('events of fs.watch are those of the real one', () => {
  test.each(scenarios)('%s', async (_name, watched, act) => {
    const dir = nodeFs.mkdtempSync('/dev/shm/lowerdir-watch-');
    const { fs } = setUp();
    fs.mkdirSync(dir, { recursive: true });
    const told = [];
    for (const each of [nodeFs, fs] as any[]) {
      each.writeFileSync(`${dir}/f`, 'x');
      told.push(await heardWhile(each, dir + watched, {}, () => act(each, dir)));
    }
    nodeFs.rmSync(dir, { recursive: true });
    expect(told[0]!.length).toBeGreaterThan(0);
    expect(told[1]).toEqual(told[0]);
  });
});

describe('fs.watch', () => {
  test('hears what another task does', async () => {
    const { task, fs } = setUp();
    const other = createFs(task.clone());
    fs.mkdirSync('/w');
    expect(await heardWhile(fs, '/w', {}, () => other.mkdirSync('/w/d'))).toEqual(['rename d']);
  });

  test('recursively, also below directories that come later', async () => {
    const { fs } = setUp();
    fs.mkdirSync('/w/old', { recursive: true });
    const heard: string[] = [];
    const watcher = fs.watch('/w', { recursive: true }, (type, name) => heard.push(`${type} ${name}`));
    fs.writeFileSync('/w/old/a', '');
    fs.mkdirSync('/w/new');
    await pause(5);
    fs.writeFileSync('/w/new/b', '');
    await pause(5);
    fs.renameSync('/w/new', '/w/moved');
    await pause(5);
    fs.writeFileSync('/w/moved/c', '');
    await pause(5);
    watcher.close();
    expect(heard).toEqual(expect.arrayContaining(['rename old/a', 'rename new', 'rename new/b', 'rename moved/c']));
  });

  test('encodings, signals and close', async () => {
    const { fs } = setUp();
    fs.mkdirSync('/w');
    const stop = new AbortController();
    const heard: unknown[] = [];
    const watcher = fs.watch('/w', { encoding: 'buffer', signal: stop.signal }, (_type, name) => heard.push(name));
    const closed = new Promise((resolve) => watcher.on('close', () => resolve('closed')));
    fs.writeFileSync('/w/ä', '');
    await pause(5);
    stop.abort();
    expect(await closed).toBe('closed');
    fs.writeFileSync('/w/late', '');
    await pause(5);
    expect(heard[0]).toEqual(Buffer.from('ä'));
    expect(heard.every((name) => (name as Buffer).equals(Buffer.from('ä')))).toBe(true);
  });

  test('promises.watch iterates until it is aborted', async () => {
    const { fs } = setUp();
    fs.mkdirSync('/w');
    const stop = new AbortController();
    setTimeout(() => fs.mkdirSync('/w/one'), 5);
    const heard: unknown[] = [];
    const watching = (async () => {
      for await (const event of fs.promises.watch('/w', { signal: stop.signal })) {
        heard.push(event);
        stop.abort();
      }
    })();
    await expect(watching).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    expect(heard).toEqual([{ eventType: 'rename', filename: 'one' }]);
  });
});

describe('fs.watchFile', () => {
  test('tells of changes, of a file that goes, and of one that comes', async () => {
    const { fs } = setUp();
    fs.writeFileSync('/f', 'one');
    const heard: [number, number][] = [];
    const seen = (now: nodeFs.Stats, before: nodeFs.Stats) => {
      expect(now).toBeInstanceOf(fs.Stats);
      heard.push([now.size, before.size]);
    };
    fs.watchFile('/f', { interval: 5 }, seen);
    fs.writeFileSync('/f', 'three');
    await pause(15);
    fs.unlinkSync('/f');
    await pause(15);
    fs.writeFileSync('/f', 'x');
    await pause(15);
    fs.unwatchFile('/f', seen);
    fs.writeFileSync('/f', 'unseen');
    await pause(15);
    expect(heard).toEqual([
      [5, 3],
      [0, 5],
      [1, 5],
    ]);
  });

  test('tells zeros of a file that is not there', async () => {
    const { fs } = setUp();
    const told = new Promise((resolve) =>
      fs.watchFile('/none', { interval: 5, bigint: true }, (now) => resolve(now.ino)),
    );
    expect(await told).toBe(0n);
    fs.unwatchFile('/none');
  });
});
