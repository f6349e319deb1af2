/** What people do with an fs in memory: trees from JSON, snapshots, replacing node:fs in tests. */
import { createFsFromVolume, type Volume } from 'memfs';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createFs } from '../../../src/fs/create-fs.ts';
import { createMachine } from '../../../src/union/create-machine.ts';

const setUp = () => {
  const fs = createFs(createMachine().task);
  const volume = fs.__vol as unknown as Volume;
  return { fs, volume };
};

describe('volumes', () => {
  test('from JSON and back', () => {
    const { fs, volume } = setUp();
    volume.fromJSON({ './README.md': '1', './src/index.js': '2', './empty': null }, '/app');
    expect(fs.readFileSync('/app/src/index.js', 'utf8')).toBe('2');
    expect(volume.toJSON('/app')).toEqual({ '/app/README.md': '1', '/app/src/index.js': '2', '/app/empty': null });
    expect(volume.toJSON('/app', {}, true)).toEqual({ 'README.md': '1', 'src/index.js': '2', empty: null });
  });

  test('from nested JSON', () => {
    const { fs, volume } = setUp();
    volume.fromNestedJSON({ etc: { hosts: '127.0.0.1', init: {} }, bin: { sh: Buffer.from([1, 2]) } }, '/');
    expect([fs.readFileSync('/etc/hosts', 'utf8'), fs.readdirSync('/etc/init'), fs.statSync('/bin/sh').size]).toEqual([
      '127.0.0.1',
      [],
      2,
    ]);
  });

  test('as a drawn tree', () => {
    const { volume } = setUp();
    volume.reset();
    volume.fromJSON({ '/dir/one': '1', '/dir/two': '2' });
    expect(volume.toTree()).toBe('/\n└─ dir/\n   ├─ one\n   └─ two');
  });

  test('as a snapshot that another machine takes', () => {
    const [one, other] = [setUp(), setUp()];
    one.volume.fromJSON({ '/app/a': 'A', '/app/b/c': 'C' });
    one.fs.symlinkSync('a', '/app/link');
    other.volume.fromSnapshot(one.volume.toSnapshot('/app'), '/app');
    expect([other.fs.readFileSync('/app/b/c', 'utf8'), other.fs.readlinkSync('/app/link')]).toEqual(['C', 'a']);
    const third = setUp();
    third.volume.fromBinarySnapshot(one.volume.toBinarySnapshot('/app'), '/app');
    expect(third.fs.readFileSync('/app/link', 'utf8')).toBe('A');
  });

  test("the volume itself has fs's methods, as memfs's has", async () => {
    const { volume } = setUp();
    volume.writeFileSync('/f', 'x');
    expect(volume.readFileSync('/f', 'utf8')).toBe('x');
    expect(await volume.promises.readFile('/f', 'utf8')).toBe('x');
    expect(createFsFromVolume(volume).readFileSync('/f', 'utf8')).toBe('x');
  });
});

describe('one file in place of a member', () => {
  test('a spy sees the calls, and may answer', () => {
    const { fs } = setUp();
    fs.writeFileSync('/f', 'real');
    const spy = vi.spyOn(fs, 'readFileSync').mockReturnValueOnce('false');
    expect([fs.readFileSync('/f', 'utf8'), fs.readFileSync('/f', 'utf8')]).toEqual(['false', 'real']);
    spy.mockRestore();
  });
});

/** A module that uses node:fs and knows of nothing else. */
const world = vi.hoisted(() => ({ fs: undefined as any }));
vi.mock('node:fs', async () => {
  const { createFs: create } = await import('../../../src/fs/create-fs.ts');
  const { createMachine: boot } = await import('../../../src/union/create-machine.ts');
  world.fs = create(boot().task);
  return { ...world.fs, default: world.fs };
});
vi.mock('node:fs/promises', async () => {
  await import('node:fs');
  return { ...world.fs.promises, default: world.fs.promises };
});

describe('in the place of node:fs', () => {
  beforeEach(async () => {
    await import('node:fs');
    world.fs.__vol.reset();
  });
  afterAll(() => vi.doUnmock('node:fs'));

  test('named imports, the default import and promises are one world', async () => {
    const { settings, saveSettings } = await import('./settings-program.ts');
    saveSettings('/home/ada', { colour: 'green' });
    expect(await settings('/home/ada')).toEqual({ colour: 'green', saved: true });
    expect(world.fs.readdirSync('/home/ada/.config')).toEqual(['settings.json']);
  });

  test('each test begins with nothing', async () => {
    const { settings } = await import('./settings-program.ts');
    await expect(settings('/home/ada')).rejects.toMatchObject({
      code: 'ENOENT',
      path: '/home/ada/.config/settings.json',
    });
  });
});
