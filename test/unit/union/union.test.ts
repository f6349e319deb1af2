import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Volume } from 'memfs';
import { describe, expect, test } from 'vitest';
import { S_IFCHR } from '../../../src/abi/mode.ts';
import { readArchive } from '../../../src/archive/tar-reader.ts';
import { archive, createMachine, directory, mounted, tree, union, volume } from '../../../src/index.ts';
import { codeOf, treeOf } from './tree-of.ts';

const base = tree({
  '/etc/hosts': '127.0.0.1',
  '/etc/passwd': 'root',
  '/lib/a': 'a',
  '/lib/deep/b': 'b',
  '/old': 'old',
  '/link': { symlink: 'etc/hosts' },
  '/tool': { content: '#!', mode: 0o4755, uid: 3, gid: 4, mtime: 1_000_000_000 },
});
const top = tree({ '/etc/motd': 'hello', '/lib/a': 'newer a' });
const saved = new Uint8Array(readFileSync(join(import.meta.dirname, '../../golden/docker/save/two.tar')));

/** A union with a change of every kind. */
function changed() {
  const u = union([top, base]);
  u.fs.appendFileSync('/etc/hosts', '\n::1');
  u.fs.unlinkSync('/etc/passwd');
  u.fs.rmSync('/lib', { recursive: true });
  u.fs.mkdirSync('/lib');
  u.fs.writeFileSync('/lib/a', 'anew');
  u.fs.renameSync('/old', '/renamed');
  u.fs.writeFileSync('/fresh', 'fresh', { mode: 0o600 });
  u.fs.linkSync('/fresh', '/etc/fresh');
  u.fs.symlinkSync('fresh', '/soft');
  u.fs.chmodSync('/tool', 0o755);
  u.fs.mkdirSync('/empty');
  return u;
}

describe('the ten lines', () => {
  test('work in the merged tree through node:fs', () => {
    const u = union([tree({ '/share/doc': 'text' }), tree({ '/etc/hosts': '127.0.0.1' })]);
    u.fs.appendFileSync('/etc/hosts', '\n::1');
    expect(u.fs.readFileSync('/etc/hosts', 'utf8')).toBe('127.0.0.1\n::1');
    expect(u.fs.readFileSync('/share/doc', 'utf8')).toBe('text');
    expect(u.changes()).toEqual([
      { kind: 'C', path: '/etc' },
      { kind: 'C', path: '/etc/hosts' },
    ]);
    const layer = u.commit();
    expect(layer.diffID).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(layer.chainID).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(layer.size).toBe(layer.tar().length);
    expect(union([layer, ...u.layers]).fs.readFileSync('/etc/hosts', 'utf8')).toBe('127.0.0.1\n::1');
    expect([u.origin('/etc/hosts'), u.origin('/share/doc'), u.origin('/none')]).toEqual([
      'upper',
      u.layers[0],
      undefined,
    ]);
    expect(u.upper.readdirSync('/')).toEqual(['etc']);
    u.discard();
    expect(u.changes()).toEqual([]);
    expect(u.fs.readFileSync('/etc/hosts', 'utf8')).toBe('127.0.0.1');
  });

  test('callbacks, promises and streams too', async () => {
    const u = union([base]);
    await u.fs.promises.writeFile('/p', 'promised');
    expect(await new Promise((done) => u.fs.readFile('/p', 'utf8', (_, text) => done(text)))).toBe('promised');
    const chunks: unknown[] = [];
    for await (const chunk of u.fs.createReadStream('/etc/hosts')) chunks.push(String(chunk));
    expect(chunks).toEqual(['127.0.0.1']);
  });
});

describe('changes()', () => {
  test('tells every kind of change', () => {
    expect(changed().changes()).toEqual([
      { kind: 'A', path: '/empty' },
      { kind: 'C', path: '/etc' },
      { kind: 'A', path: '/etc/fresh' },
      { kind: 'C', path: '/etc/hosts' },
      { kind: 'D', path: '/etc/passwd' },
      { kind: 'A', path: '/fresh' },
      { kind: 'C', path: '/lib', opaque: true },
      { kind: 'C', path: '/lib/a' },
      { kind: 'D', path: '/old' },
      { kind: 'A', path: '/renamed' },
      { kind: 'A', path: '/soft' },
      { kind: 'C', path: '/tool' },
    ]);
  });

  test('is exactly what commit() writes', () => {
    const u = changed();
    const written = [...readArchive(u.commit().tar())].map(({ header }) => `/${header.name.replace(/\/$/, '')}`);
    const told = u.changes().flatMap(({ kind, path, opaque }) => {
      if (kind === 'D') return [path.replace(/([^/]*)$/, '.wh.$1')];
      return opaque ? [path, `${path}/.wh..wh..opq`] : [path];
    });
    expect(written).toEqual(told);
  });

  test('is empty for a union that was only read', () => {
    const u = union([top, base]);
    treeOf(u.fs);
    expect(u.changes()).toEqual([]);
    expect([...readArchive(u.commit().tar())]).toEqual([]);
  });
});

describe('commit()', () => {
  test('stacked again shows the same tree', () => {
    const u = changed();
    const again = union([u.commit(), ...u.layers]);
    const seconds = (fs: Parameters<typeof treeOf>[0]) => {
      const lines = Object.entries(treeOf(fs)).map(([path, line]) => [path, line.replace(/ (\d+)(\d{3})\b/, ' $1')]);
      return { ...Object.fromEntries(lines), '/': 'a layer says nothing of its root' };
    };
    expect(seconds(again.fs)).toEqual(seconds(u.fs));
    expect(again.changes()).toEqual([]);
    expect(again.machine.check()).toEqual([]);
  });

  test('leaves the union as it is, and gives the same digest again', () => {
    const u = changed();
    const before = treeOf(u.fs);
    const layer = u.commit();
    expect(treeOf(u.fs)).toEqual(before);
    expect(u.commit().diffID).toBe(layer.diffID);
    u.fs.writeFileSync('/more', 'x');
    expect(u.commit().diffID).not.toBe(layer.diffID);
    expect(layer.size).toBeLessThan(u.commit().size);
  });

  test('chains digests: the same layers in another order are another chain', () => {
    const one = union([top, base]);
    const other = union([base, top]);
    for (const u of [one, other]) u.fs.mkdirSync('/x');
    for (const u of [one, other]) u.fs.utimesSync('/x', 5, 5);
    expect(one.commit().diffID).toBe(other.commit().diffID);
    expect(one.commit().chainID).not.toBe(other.commit().chainID);
  });

  test('its tar is a layer for archive() as well', () => {
    const u = changed();
    const layer = u.commit();
    const [read] = archive(layer.tar());
    expect(read!.diffID).toBe(layer.diffID);
    expect(treeOf(union([read!, ...u.layers]).fs)).toEqual(treeOf(union([layer, ...u.layers]).fs));
  });

  test('a layer may be stacked in several unions that know nothing of one another', () => {
    const layer = changed().commit();
    const [a, b] = [union([layer, base]), union([layer, base])];
    a.fs.writeFileSync('/fresh', 'of a');
    expect(b.fs.readFileSync('/fresh', 'utf8')).toBe('fresh');
    expect(union([layer, base]).fs.readFileSync('/fresh', 'utf8')).toBe('fresh');
  });
});

describe('discard()', () => {
  test('brings the lower layers back; open files see what they saw', () => {
    const u = changed();
    const fd = u.fs.openSync('/fresh', 'r');
    u.discard();
    expect(treeOf(u.fs)).toEqual(treeOf(union([top, base]).fs));
    expect(u.fs.readFileSync(fd, 'utf8')).toBe('fresh');
    u.fs.closeSync(fd);
    u.fs.writeFileSync('/again', 'x');
    expect(u.changes()).toEqual([{ kind: 'A', path: '/again' }]);
    expect(u.machine.check()).toEqual([]);
  });

  test('works from a working directory that is gone then', () => {
    const u = changed();
    u.discard();
    u.discard();
    expect(u.upper.readdirSync('/')).toEqual([]);
  });
});

describe('upper and origin()', () => {
  test('the raw upper tree has whiteouts', () => {
    const { upper } = changed();
    expect(upper.lstatSync('/old').mode).toBe(S_IFCHR);
    expect((upper.readdirSync('/') as string[]).sort()).toEqual(
      ['empty', 'etc', 'fresh', 'lib', 'old', 'renamed', 'soft', 'tool'].sort(),
    );
  });

  test('names tell their layer', () => {
    const u = changed();
    expect(u.origin('/etc/motd')).toBe(u.layers[0]);
    expect(u.origin('/link')).toBe(u.layers[1]);
    expect(u.origin('/renamed')).toBe('upper');
    expect(u.origin('/')).toBe('upper');
    expect(u.origin('/old')).toBeUndefined();
    expect(u.origin('/lib/deep/b')).toBeUndefined();
  });
});

describe('layers from', () => {
  test('a real directory, which is never written', () => {
    const at = mkdtempSync(join(tmpdir(), 'lowerdir-'));
    try {
      mkdirSync(join(at, 'd'));
      writeFileSync(join(at, 'd/f'), 'real');
      symlinkSync('d/f', join(at, 's'));
      const u = union([directory(at)]);
      u.fs.appendFileSync('/s', ', changed');
      expect(u.fs.readFileSync('/d/f', 'utf8')).toBe('real, changed');
      u.fs.rmSync('/d', { recursive: true });
      expect(readFileSync(join(at, 'd/f'), 'utf8')).toBe('real');
      expect(u.changes()).toEqual([{ kind: 'D', path: '/d' }]);
    } finally {
      rmSync(at, { recursive: true });
    }
  });

  test('a memfs volume', () => {
    const u = union([volume(Volume.fromJSON({ '/a/b': 'in memfs' }) as never)]);
    expect(u.fs.readFileSync('/a/b', 'utf8')).toBe('in memfs');
    u.fs.writeFileSync('/a/c', 'x');
    expect((u.fs.readdirSync('/a') as string[]).sort()).toEqual(['b', 'c']);
  });

  test('docker save, by tag, gzip-compressed or not', () => {
    const layers = archive(saved, { image: 'small/a:1' });
    expect(layers).toHaveLength(2);
    const u = union([layers]);
    expect(u.layers).toHaveLength(2);
    expect(treeOf(union([archive(gzipSync(saved), { image: 'small/a:1' })]).fs)).toEqual(treeOf(u.fs));
    expect(treeOf(union([archive(saved, { image: 'small/b:1' })]).fs)).not.toEqual(treeOf(u.fs));
  });

  test('the directory of a machine, as it is at that moment', () => {
    const machine = createMachine();
    const { task, fs } = machine;
    task.mkdir('/layer');
    fs.writeFileSync('/layer/f', 'then');
    const layer = mounted(machine, '/layer');
    fs.writeFileSync('/layer/f', 'now');
    expect(union([layer]).fs.readFileSync('/f', 'utf8')).toBe('then');
  });
});

describe('bad input', () => {
  test.each<[string, () => unknown, string]>([
    ['no layers', () => union([]), 'ERR_UNION_LAYERS'],
    ['not an array', () => union(base as never), 'ERR_UNION_LAYERS'],
    ['something that is no layer', () => union([base, 'x' as never]), 'ERR_UNION_LAYERS'],
    ['nothing among the layers', () => union([undefined as never]), 'ERR_UNION_LAYERS'],
    ['a directory that is missing', () => directory('/no/such/directory'), 'ERR_UNION_LAYERS'],
    ['a directory that is a file', () => directory(import.meta.filename), 'ERR_UNION_LAYERS'],
    ['several images and none named', () => archive(saved), 'ERR_UNION_IMAGE'],
    ['an image that is not in the archive', () => archive(saved, { image: 'none' }), 'ERR_UNION_IMAGE'],
    ['a truncated tar', () => archive(union([base]).commit().tar().subarray(0, 100)), 'ERR_TAR_TRUNCATED'],
  ])('%s', (_, action, code) => {
    expect(codeOf(action)).toBe(code);
  });

  test('is named in the message', () => {
    expect(() => directory('/no/such/directory')).toThrow('"/no/such/directory"');
    expect(() => archive(saved, { image: 'none' })).toThrow('small/a:1, small/b:1');
    expect(() => union([base, 'x' as never])).toThrow('layer 1');
  });
});
