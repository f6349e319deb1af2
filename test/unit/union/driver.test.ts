/** The ten lines on any graph driver: what the tree shows and what a commit holds is the same. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArchive } from '../../../src/archive/tar-reader.ts';
import type { DriverType } from '../../../src/driver/driver.ts';
import { aufs } from '../../../src/driver/aufs/index.ts';
import { overlay } from '../../../src/driver/overlay/index.ts';
import { overlay2 } from '../../../src/driver/overlay2/index.ts';
import { vfs } from '../../../src/driver/vfs/index.ts';
import { archive, tree, union } from '../../../src/index.ts';
import { treeOf } from './tree-of.ts';

const MTIME = 1_600_000_000;
const file = (content: string) => ({ content, mtime: MTIME });
const directory = { directory: true, mtime: MTIME } as const;

const base = tree({
  '/etc': directory,
  '/etc/hosts': file('127.0.0.1'),
  '/etc/passwd': file('root'),
  '/lib': directory,
  '/lib/a': file('a'),
  '/lib/deep': directory,
  '/lib/deep/b': file('b'),
  '/old': file('old'),
  '/tool': { content: '#!', mode: 0o4755, uid: 3, gid: 4, mtime: MTIME },
});
const top = tree({ '/etc': directory, '/etc/motd': file('hello'), '/lib': directory, '/lib/a': file('newer a') });
const saved = new Uint8Array(readFileSync(join(import.meta.dirname, '../../golden/docker/save/two.tar')));

function change(driver?: DriverType) {
  const clock = { now: () => ({ sec: 1_700_000_000, nsec: 0 }), tick() {}, advance() {}, fork: () => clock };
  const u = union([top, base], driver === undefined ? { clock } : { clock, driver });
  u.fs.appendFileSync('/etc/hosts', '\n::1');
  u.fs.unlinkSync('/etc/passwd');
  u.fs.rmSync('/lib', { recursive: true });
  u.fs.mkdirSync('/lib');
  u.fs.writeFileSync('/lib/a', 'anew');
  u.fs.renameSync('/old', '/renamed');
  u.fs.writeFileSync('/fresh', 'fresh', { mode: 0o600 });
  u.fs.symlinkSync('fresh', '/soft');
  u.fs.chmodSync('/tool', 0o755);
  u.fs.mkdirSync('/empty');
  return u;
}

const without = (lines: Record<string, string>): [string, string][] =>
  Object.entries(lines).filter(([path]) => path !== '/');

/** The layers of overlay's first version share their files by hard links, which count. */
const counted = ({ name }: DriverType, lines: [string, string][]): [string, string][] =>
  name === 'overlay' ? lines.map(([path, line]) => [path, line.replace(/^(\S+ \S+ \S+) \d+/, '$1')]) : lines;

describe.each([overlay2(), overlay(), aufs(), vfs()])('$name', (driver) => {
  test('shows what the layers show without a driver', () => {
    expect(without(treeOf(change(driver).fs))).toEqual(without(treeOf(change().fs)));
  });

  test('tells in changes() exactly what commit() writes', () => {
    const u = change(driver);
    const written = [...readArchive(u.commit().tar())].map(({ header }) => `/${header.name.replace(/\/$/, '')}`);
    const told = u.changes().flatMap(({ kind, path, opaque }) => {
      if (kind === 'D') return [path.replace(/([^/]*)$/, '.wh.$1')];
      return opaque ? [path, `${path}/.wh..wh..opq`] : [path];
    });
    expect(written).toEqual(told);
  });

  test('commits a layer that shows the same tree when it is stacked again, on this driver and without one', () => {
    const u = change(driver);
    const layer = u.commit();
    const expected = without(treeOf(u.fs));
    expect(without(treeOf(union([layer, ...u.layers]).fs))).toEqual(expected);
    const again = union([layer, ...u.layers], { driver });
    expect(counted(driver, without(treeOf(again.fs)))).toEqual(counted(driver, expected));
    expect(again.store!.layers.map(({ chainID }) => chainID)).toContain(layer.chainID);
  });

  test('keeps the digests of an image', () => {
    const layers = archive(saved, { image: 'small/a:1' });
    const { store } = union([layers], { driver });
    expect(new Set(store!.layers.map(({ diffID }) => diffID))).toEqual(new Set(layers.map(({ diffID }) => diffID)));
    expect(store!.check()).toEqual([]);
  });

  test('tells where a name comes from, starts again, and shows the writable layer', () => {
    const u = change(driver);
    expect(u.origin('/etc/hosts')).toBe('upper');
    expect(u.origin('etc/./motd')).toBe(u.layers[0]);
    expect([u.origin('/etc/passwd'), u.origin('/nothing')]).toEqual([undefined, undefined]);
    expect(u.upper.existsSync('/fresh')).toBe(true);
    const open = u.fs.openSync('/fresh', 'r');
    u.discard();
    expect(u.changes()).toEqual([]);
    expect(u.origin('/etc/hosts')).toBe(u.layers[1]);
    expect(u.fs.readFileSync('/etc/hosts', 'utf8')).toBe('127.0.0.1');
    expect(u.fs.readFileSync(open, 'utf8')).toBe('fresh');
    expect(u.machine.check()).toEqual([]);
  });

  test('writes its changes into a real directory', async () => {
    const target = mkdtempSync(join(tmpdir(), 'lowerdir-'));
    try {
      writeFileSync(join(target, 'old'), 'old');
      const u = union([base], { driver });
      u.fs.renameSync('/old', '/renamed');
      await u.apply(target);
      expect(readdirSync(target)).toEqual(['renamed']);
    } finally {
      rmSync(target, { recursive: true });
    }
  });
});

test('a union on aufs shows its branch, with whiteouts and marks as files', () => {
  const { upper } = change(aufs());
  expect((upper.readdirSync('/') as string[]).filter((name) => !name.startsWith('.wh..wh.')).sort()).toEqual([
    '.wh.old',
    'empty',
    'etc',
    'fresh',
    'lib',
    'renamed',
    'soft',
    'tool',
  ]);
  expect(upper.readdirSync('/etc')).toContain('.wh.passwd');
  expect(upper.readdirSync('/lib')).toContain('.wh..wh..opq');
});

test('a union tells the mount line of its driver', () => {
  expect(change(overlay2()).mountLine).toContain(' overlay rw,relatime,lowerdir=/var/lib/docker/overlay2/l/');
  expect(change(aufs()).mountLine).toMatch(/^none \/var\/lib\/docker\/aufs\/mnt\/[0-9a-f]{64} aufs rw,relatime,si=/);
  expect(change(vfs()).mountLine).toMatch(/^\S+ \/ tmpfs /);
});
