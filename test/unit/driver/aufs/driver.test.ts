/** aufs: what it leaves on the disk, what it mounts, and how it takes that away again. */
import { describe, expect, test } from 'vitest';
import { type ErrnoCode, raise } from '../../../../src/abi/errno.ts';
import { applyArchive } from '../../../../src/driver/driver.ts';
import { concatenate } from '../../../../src/archive/codecs.ts';
import { nodeCodecs } from '../../../../src/archive/node-codecs.ts';
import { formatChange } from '../../../../src/archive/diff.ts';
import { readArchive } from '../../../../src/archive/tar-reader.ts';
import { createLayerStore } from '../../../../src/layer/layer-store.ts';
import { errorOf, refusalsOf } from '../driver-machine.ts';
import { linesOf } from '../tree-lines.ts';
import { DOCKER, HOME, mountsBelow, startedAufs } from './aufs-machine.ts';

type Started = ReturnType<typeof startedAufs>;

/** Layers `base` with some files, `middle` and `top` on one another. */
function withLayers(): Started {
  const on = startedAufs();
  const { fs, driver } = on;
  driver.create('base');
  const root = driver.get('base');
  fs.mkdirSync(`${root}/d`);
  for (const name of ['d/a', 'd/b', 'gone', 'kept']) fs.writeFileSync(`${root}/${name}`, name);
  driver.create('middle', 'base');
  driver.createReadWrite('top', 'middle');
  return on;
}

/** The times at which such a call is made; `refuse` may refuse it by its number. */
function watchCalls({ machine }: Started, name: string, refuse?: (number: number) => ErrnoCode | undefined) {
  let count = 0;
  const stop = machine.kernel.trace.subscribe((event) => {
    if (event.kind !== 'syscall' || event.call !== name) return;
    const code = refuse?.(++count);
    if (refuse === undefined) count++;
    if (code !== undefined) raise(code);
  });
  return { stop, count: () => count };
}

const milliseconds = ({ task }: Started): number => {
  const { sec, nsec } = task.clockGettime();
  return sec * 1000 + Math.floor(nsec / 1e6);
};

describe('the layout', () => {
  test('is three folders with an entry for each layer, and a list of those below, the nearest first', () => {
    const { task, fs } = withLayers();
    const found = linesOf(task, HOME).map(({ path, mode }) => `${mode} ${path}`);
    expect(found.filter((line) => !/base\//.test(line))).toEqual([
      '40710 /',
      '40710 /diff',
      '40755 /diff/base',
      '40755 /diff/middle',
      '40755 /diff/top',
      '40710 /layers',
      '100644 /layers/base',
      '100644 /layers/middle',
      '100644 /layers/top',
      '40710 /mnt',
      '40755 /mnt/base',
      '40755 /mnt/middle',
      '40755 /mnt/top',
    ]);
    expect(fs.readFileSync(`${HOME}/layers/base`, 'utf8')).toBe('');
    expect(fs.readFileSync(`${HOME}/layers/top`, 'utf8')).toBe('middle\nbase\n');
  });

  test('does not know the umask', () => {
    const on = startedAufs();
    on.task.umask(0o077);
    on.driver.create('x');
    expect(linesOf(on.task, HOME).map(({ mode }) => mode)).toContain('40755');
  });
});

describe('a layer that is shown', () => {
  test('is one mount of all branches, however often it is asked for, and gone with the last who gives it back', () => {
    const { fs, driver } = withLayers();
    const at = `${HOME}/mnt/top`;
    expect([driver.get('top'), driver.get('top')]).toEqual([at, at]);
    const [mount, ...others] = mountsBelow(fs);
    expect(others).toEqual([]);
    expect(mount![0]).toBe(at);
    expect(mount![1]).toMatch(/^rw,relatime,si=[0-9a-f]+,dio,dirperm1$/);
    driver.put('top');
    expect(mountsBelow(fs)).toHaveLength(1);
    driver.put('top');
    expect([mountsBelow(fs), fs.readdirSync(at)]).toEqual([[], []]);
    driver.put('top');
    driver.put('none');
    driver.put('..');
    expect((fs.readdirSync(driver.get('top')) as string[]).sort()).toEqual(['d', 'gone', 'kept']);
  });

  test('that an earlier start has left mounted stays until its holder of then gives it back too', () => {
    const { fs, driver, start } = withLayers();
    driver.get('top');
    const again = start();
    again.get('top');
    again.put('top');
    expect(mountsBelow(fs)).toHaveLength(1);
    again.put('top');
    expect(mountsBelow(fs)).toEqual([]);
  });

  test('is unmounted by the end of the daemon, with /proc and without', () => {
    for (const proc of [true, false]) {
      const { task, fs, driver } = withLayers();
      driver.get('top');
      driver.get('middle');
      if (!proc) task.umount('/proc');
      driver.cleanup();
      if (!proc) task.mount('proc', '/proc', 'proc');
      expect(mountsBelow(fs)).toEqual([]);
    }
  });

  test('a mount that is refused leaves no count', () => {
    const on = withLayers();
    const { fs, driver } = on;
    fs.renameSync(`${HOME}/diff/base`, `${HOME}/diff/elsewhere`);
    const { code, message } = errorOf(() => driver.get('top'));
    expect(code).toBe('ERR_DRIVER_MOUNT');
    expect(message).toMatch(
      new RegExp(
        `^error creating aufs mount to ${HOME}/mnt/top: mount target=${HOME}/mnt/top data=br:${HOME}/diff/top=rw:.*,dirperm1: invalid argument$`,
      ),
    );
    fs.renameSync(`${HOME}/diff/elsewhere`, `${HOME}/diff/base`);
    expect(fs.readdirSync(driver.get('top'))).toContain('kept');
    driver.put('top');
    expect(mountsBelow(fs)).toEqual([]);
  });
});

describe('pseudo-links', () => {
  const linked = (on: Started): void => {
    const root = on.driver.get('top');
    on.fs.linkSync(`${root}/kept`, `${root}/name`);
    on.driver.put('top');
  };

  test('are made real when the layer is hidden', () => {
    const on = withLayers();
    linked(on);
    const { fs, driver, log } = on;
    expect((fs.readdirSync(`${HOME}/diff/top`) as string[]).filter((name) => !name.startsWith('.wh.')).sort()).toEqual([
      'kept',
      'name',
    ]);
    const root = driver.get('top');
    expect(fs.statSync(`${root}/kept`).ino).toBe(fs.statSync(`${root}/name`).ino);
    expect(log).toEqual([]);
  });

  test('are lost on a machine without auplink, and the log tells it', () => {
    const on = withLayers();
    on.fs.unlinkSync('/sbin/auplink');
    linked(on);
    const { fs, driver, log } = on;
    expect(fs.existsSync(`${HOME}/diff/top/kept`)).toBe(false);
    const root = driver.get('top');
    expect(fs.statSync(`${root}/kept`).ino).not.toBe(fs.statSync(`${root}/name`).ino);
    const message = 'auplink flush failed: /sbin/auplink: no such file or directory';
    expect(log.at(-1)).toEqual({ level: 'warning', message });
  });

  test('a flush that does not find its mount is tried six times, one that fails otherwise once', () => {
    for (const [status, runs] of [
      [22, 6],
      [1, 1],
    ] as const) {
      const on = withLayers();
      on.driver.get('top');
      const calls: (readonly string[])[] = [];
      on.machine.register('/sbin/auplink', (_, argv) => {
        calls.push(argv);
        return status;
      });
      on.driver.put('top');
      expect(calls).toEqual(Array.from({ length: runs }, () => ['auplink', `${HOME}/mnt/top`, 'flush']));
      expect(on.log).toEqual([{ level: 'warning', message: `auplink flush failed: exit status ${status}` }]);
      expect(mountsBelow(on.fs)).toEqual([]);
    }
  });
});

describe('a mount that is busy', () => {
  test('is tried again after a tenth of a second', () => {
    const on = withLayers();
    on.driver.get('top');
    const before = milliseconds(on);
    const { stop, count } = watchCalls(on, 'umount', (number) => (number < 5 ? 'EBUSY' : undefined));
    on.driver.put('top');
    stop();
    expect([count(), milliseconds(on) - before]).toEqual([5, 400]);
    expect(mountsBelow(on.fs)).toEqual([]);
  });

  test('is given up after five tries, and can be removed later', () => {
    const on = withLayers();
    on.driver.get('top');
    const { stop, count } = watchCalls(on, 'umount', () => 'EBUSY');
    expect(errorOf(() => on.driver.remove('top')).code).toBe('EBUSY');
    stop();
    expect([count(), on.driver.exists('top'), mountsBelow(on.fs).length]).toEqual([5, true, 1]);
    on.driver.remove('top');
    expect([on.driver.exists('top'), mountsBelow(on.fs)]).toEqual([false, []]);
  });
});

describe('a removal', () => {
  test('renames before it removes, and goes on where it was refused', () => {
    const on = withLayers();
    const { driver, fs } = on;
    const { stop } = watchCalls(on, 'rename', () => 'EBUSY');
    expect(errorOf(() => driver.remove('top'))).toEqual({
      code: 'ERR_DRIVER_REMOVE',
      message: `could not remove diff path for id top: error preparing atomic delete: rename ${HOME}/diff/top ${HOME}/diff/top-removing: device or resource busy`,
    });
    stop();
    expect([driver.exists('top'), driver.leftovers!()]).toEqual([false, [`${HOME}/mnt/top`, `${HOME}/diff/top`]]);
    driver.remove('top');
    expect(driver.leftovers!()).toEqual([]);
    for (const folder of ['mnt', 'diff', 'layers']) expect(fs.readdirSync(`${HOME}/${folder}`)).not.toContain('top');
  });

  test('that was stopped in the midst of a directory is ended by the next, and hides nothing', () => {
    const { driver, fs } = withLayers();
    fs.writeFileSync(`${HOME}/diff/top/old`, 'old');
    fs.mkdirSync(`${HOME}/diff/top-removing/full`, { recursive: true });
    fs.unlinkSync(`${HOME}/layers/top`);
    expect(driver.exists('top')).toBe(false);
    expect(driver.leftovers!()).toEqual([`${HOME}/mnt/top`, `${HOME}/diff/top`, `${HOME}/diff/top-removing`]);
    driver.create('top', 'base');
    expect(fs.readdirSync(`${HOME}/diff/top`)).toEqual([]);
    expect(driver.leftovers!()).toEqual([]);
  });
});

describe('the diff', () => {
  const headersOf = (on: Started, id: string, parent?: string): string[] =>
    [...readArchive(concatenate([...on.driver.diff(id, parent)]))].map(
      ({ header: { name, type, linkname } }) => `${name}${type === '1' ? ` => ${linkname}` : ''}`,
    );

  /** A container that has deleted, replaced, linked and added. */
  function changed(): Started {
    const on = withLayers();
    const root = on.driver.get('top');
    on.fs.unlinkSync(`${root}/gone`);
    on.fs.rmSync(`${root}/d`, { recursive: true });
    on.fs.mkdirSync(`${root}/d`);
    on.fs.writeFileSync(`${root}/d/new`, 'new');
    on.fs.linkSync(`${root}/kept`, `${root}/name`);
    on.driver.put('top');
    return on;
  }

  test("is the layer's own directory without what AUFS keeps at its top", () => {
    const on = changed();
    expect(on.fs.readdirSync(`${HOME}/diff/top`)).toContain('.wh..wh.aufs');
    expect(headersOf(on, 'top', 'middle')).toEqual([
      '.wh.gone',
      'd/',
      'd/.wh..wh..opq => .wh.gone',
      'd/new',
      'kept',
      'name => kept',
    ]);
  });

  test('keeps a mark at the top, which a tar means and AUFS does not look at', () => {
    const on = withLayers();
    on.fs.writeFileSync(`${HOME}/diff/top/.wh..wh..opq`, '');
    expect(headersOf(on, 'top', 'middle')).toEqual(['.wh..wh..opq']);
    expect(on.fs.readdirSync(on.driver.get('top'))).toContain('kept');
  });

  test('unpacked on the same layers makes the same tree', () => {
    const on = changed();
    const tar = concatenate([...on.driver.diff('top', 'middle')]);
    on.driver.create('copy', 'middle');
    expect(applyArchive(on.driver, 'copy', 'middle', tar)).toBe(on.driver.diffSize('top', 'middle'));
    const lines = (id: string): unknown[] =>
      linesOf(on.task, on.driver.get(id)).map(({ path, mode, content }) => [path, mode, content]);
    expect(lines('copy')).toEqual(lines('top'));
  });

  test('over two layers compares two trees', () => {
    const on = changed();
    expect(headersOf(on, 'top', 'base')).toEqual(['d/', 'd/.wh.a', 'd/.wh.b', 'd/new', '.wh.gone', 'name']);
    expect(on.driver.changes('top', 'base').map(formatChange)).toContain('D /d/a');
    expect(mountsBelow(on.fs)).toEqual([]);
  });

  test('of a layer is put together without showing the layer', () => {
    const on = startedAufs();
    const { task, driver } = on;
    const store = createLayerStore({ task, root: `${DOCKER}/image/aufs/layerdb`, driver, codecs: nodeCodecs });
    driver.create('source');
    on.fs.writeFileSync(`${driver.get('source')}/file`, 'x'.repeat(5000));
    const tar = concatenate([...driver.diff('source')]);
    const base = store.register(tar);
    const top = store.register(tar, base.chainID);
    const { stop, count } = watchCalls(on, 'mount');
    expect(concatenate([...top.tar()])).toEqual(tar);
    stop();
    expect(count()).toBe(0);
  });
});

describe('refusals', () => {
  test('of layers', () => {
    const { driver } = withLayers();
    const storage = '--storage-opt is not supported for aufs';
    expect(
      refusalsOf([
        () => driver.create('x', 'base', { storageOptions: { size: '1G' } }),
        () => driver.createReadWrite('x', 'base', { storageOptions: { foo: '1' } }),
        () => driver.create('base'),
        () => driver.get('none'),
        () => driver.changes('none'),
        () => driver.diffGetter!('none'),
        () => driver.remove(''),
      ]),
    ).toEqual([
      { code: 'ERR_DRIVER_STORAGE_OPTION', message: storage },
      { code: 'ERR_DRIVER_STORAGE_OPTION', message: storage },
      { code: 'ERR_DRIVER_ID', message: `open ${HOME}/layers/base: file exists` },
      ...Array.from({ length: 3 }, () => ({
        code: 'ERR_DRIVER_ID',
        message: `open ${HOME}/layers/none: no such file or directory`,
      })),
      { code: 'ERR_DRIVER_ID', message: 'refusing to remove the directories: id is empty' },
    ]);
    for (const id of ['..', 'a/b', 'a:b', 'a,b', 'a=b', 'a\nb', 'x-removing', 'x'.repeat(247)]) {
      expect([id, errorOf(() => driver.create(id)).code]).toEqual([id, 'ERR_DRIVER_ID']);
      expect(driver.exists(id)).toBe(false);
    }
    driver.create('x'.repeat(246));
    driver.remove('x'.repeat(246));
    driver.remove('none');
    expect(driver.metadata('base')).toBeUndefined();
  });

  test('a create that is refused at any of its calls leaves nothing', () => {
    let refusals = 0;
    for (let number = 1; ; number++) {
      const on = withLayers();
      let calls = 0;
      const stop = on.machine.kernel.trace.subscribe((event) => {
        if (event.kind === 'syscall' && event.call !== 'close' && ++calls === number) raise('ENOSPC');
      });
      const { code } = errorOf(() => on.driver.create('x', 'middle'));
      stop();
      if (code === undefined) break;
      refusals++;
      expect([on.driver.exists('x'), on.driver.leftovers!()]).toEqual([false, []]);
      on.driver.create('x', 'middle');
    }
    expect(refusals).toBeGreaterThan(8);
  });
});
