import * as nodeFs from 'node:fs';
import { Volume } from 'memfs';
import { describe, expect, test } from 'vitest';
import { O_CREAT, O_RDONLY, O_WRONLY } from '../../../../src/abi/flags.ts';
import { type FsLike, memfs, type StatsLike } from '../../../../src/filesystem/memfs/index.ts';
import type { SystemCalls } from '../../../../src/kernel/system-calls.ts';
import { booted, code } from '../booted.ts';

function mounted(object: FsLike, data = '') {
  const machine = booted(memfs({ it: object }));
  machine.task.mkdir('/m');
  machine.task.mount('it', '/m', 'memfs', data);
  return { machine, task: machine.task };
}

function content(task: SystemCalls, path: string): string {
  const fd = task.open(path, O_RDONLY);
  const into = new Uint8Array(task.fstat(fd).size + 1);
  const got = task.read(fd, into);
  task.close(fd);
  return new TextDecoder().decode(into.subarray(0, got));
}

function list(task: SystemCalls, path: string) {
  const fd = task.open(path, O_RDONLY);
  const entries = task.getdents(fd).slice(2);
  task.close(fd);
  return entries;
}

function someVolume() {
  const volume = Volume.fromJSON({ '/a/b': 'bee', '/a/c/d': 'dee', '/big': 'x'.repeat(300_000), '/e': null });
  volume.symlinkSync('b', '/a/link');
  volume.linkSync('/a/b', '/hard');
  volume.chmodSync('/a/b', 0o644);
  volume.chownSync('/a/b', 7, 8);
  volume.utimesSync('/a/b', 1000.25, 2000.5);
  return volume;
}

/** An object with the least that is needed, and numbers that tell nothing. */
function leastObject(files: Record<string, string>, ino?: number): FsLike & { reads: string[] } {
  const directories = new Set(
    Object.keys(files).flatMap((path) => path.split('/').map((_, i, all) => all.slice(0, i).join('/'))),
  );
  const reads: string[] = [];
  return {
    reads,
    lstatSync(path): StatsLike {
      const isDirectory = path === '/' || directories.has(path);
      if (!isDirectory && files[path] === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' });
      const own = ino === undefined ? {} : { ino };
      return {
        isFile: () => !isDirectory,
        isDirectory: () => isDirectory,
        isSymbolicLink: () => false,
        size: isDirectory ? 0 : files[path]!.length,
        ...own,
      };
    },
    readdirSync(path) {
      const prefix = path === '/' ? '/' : `${path}/`;
      const below = [...Object.keys(files), ...directories].filter((name) => name.startsWith(prefix) && name !== '/');
      return [...new Set(below.map((name) => name.slice(prefix.length).split('/')[0]!))].filter((name) => name !== '');
    },
    readlinkSync: () => '',
    readFileSync(path) {
      reads.push(path);
      return new TextEncoder().encode(files[path]);
    },
  };
}

describe('a memfs volume', () => {
  test('attributes, content, listings and links are the volume’s', () => {
    const volume = someVolume();
    const { task } = mounted(volume as unknown as FsLike);
    const real = volume.lstatSync('/a/b');
    const ours = task.stat('/m/a/b');
    expect(ours).toMatchObject({ mode: 0o100644, uid: 7, gid: 8, size: 3, nlink: 2, ino: Number(real.ino) });
    expect(ours.mtime).toEqual({ sec: 2000, nsec: 500_000_000 });
    expect(ours.atime).toEqual({ sec: 1000, nsec: 250_000_000 });
    expect(task.stat('/m/hard').ino).toBe(ours.ino);
    expect(content(task, '/m/a/link')).toBe('bee');
    expect(task.readlink('/m/a/link')).toBe('b');
    expect(content(task, '/m/big')).toBe('x'.repeat(300_000));
    expect(list(task, '/m/a').map(({ name, type }) => [name, type])).toEqual([
      ['b', 8],
      ['c', 4],
      ['link', 10],
    ]);
    for (const { name, ino } of list(task, '/m/a')) expect(ino).toBe(task.lstat(`/m/a/${name}`).ino);
    expect(code(() => task.stat('/m/none'))).toBe('ENOENT');
  });

  test('root= shows a directory inside, and stands in the options', () => {
    const { task, machine } = mounted(someVolume() as unknown as FsLike, 'root=/a/');
    expect(content(task, '/m/c/d')).toBe('dee');
    expect(list(task, '/m').map(({ name }) => name)).toEqual(['b', 'c', 'link']);
    const superblock = [...machine.kernel.superblocks].find(({ type }) => type.name === 'memfs')!;
    expect(superblock.showOptions()).toBe(',root=/a');
  });

  test.each([
    ['it', 'root=/none', 'ENOENT'],
    ['it', 'root=/a/b', 'ENOTDIR'],
    ['it', 'rooot=/a', 'EINVAL'],
    ['it', 'root=/a,x', 'EINVAL'],
    ['other', '', 'ENOENT'],
    ['toString', '', 'ENOENT'],
  ])('mounting %s with %s gives %s', (source, data, expected) => {
    const { task } = mounted(someVolume() as unknown as FsLike);
    expect(code(() => task.mount(source, '/m', 'memfs', data))).toBe(expected);
  });

  test('nothing is written, and a union above takes the changes', () => {
    const volume = someVolume();
    const before = JSON.stringify(volume.toJSON());
    const { task } = mounted(volume as unknown as FsLike);
    expect(code(() => task.open('/m/new', O_CREAT | O_WRONLY, 0o600))).toBe('EROFS');
    expect(code(() => task.unlink('/m/big'))).toBe('EROFS');
    for (const name of ['/u', '/w', '/o']) task.mkdir(name);
    task.mount('overlay', '/o', 'overlay', 'lowerdir=/m,upperdir=/u,workdir=/w');
    const fd = task.open('/o/big', O_WRONLY);
    task.pwrite(fd, new TextEncoder().encode('YY'), 200_000);
    task.close(fd);
    task.unlink('/o/hard');
    expect(content(task, '/o/big')).toBe(`${'x'.repeat(200_000)}YY${'x'.repeat(99_998)}`);
    expect(JSON.stringify(volume.toJSON())).toBe(before);
  });

  test('a volume that does not stand still gives ESTALE', () => {
    const volume = someVolume();
    const { task, machine } = mounted(volume as unknown as FsLike);
    for (const name of ['a/b', 'big', 'a/c', 'a/link']) task.lstat(`/m/${name}`);
    volume.rmSync('/a', { recursive: true });
    volume.writeFileSync('/big', 'short');
    expect(code(() => content(task, '/m/a/b'))).toBe('ESTALE');
    expect(code(() => content(task, '/m/big'))).toBe('ESTALE');
    expect(code(() => list(task, '/m/a/c'))).toBe('ESTALE');
    expect(code(() => task.readlink('/m/a/link'))).toBe('ESTALE');
    expect(machine.check()).toContain('memfs: "/a/b" is gone');
  });
});

describe('any object like node:fs', () => {
  test('the least there can be: defaults, whole files read once, numbers of their own', () => {
    const object = leastObject({ '/x': 'ex', '/d/y': 'why'.repeat(100_000) });
    const { task, machine } = mounted(object);
    expect(task.stat('/m/x')).toMatchObject({ mode: 0o100644, uid: 0, nlink: 1, size: 2, mtime: { sec: 0, nsec: 0 } });
    expect(task.stat('/m/d').mode).toBe(0o040755);
    const fd = task.open('/m/d/y', O_RDONLY);
    for (const into = new Uint8Array(1000); task.read(fd, into) > 0; );
    expect(object.reads).toEqual(['/d/y']);
    const numbers = ['/m', '/m/x', '/m/d', '/m/d/y'].map((path) => task.stat(path).ino);
    expect(new Set(numbers).size).toBe(4);
    for (const ino of numbers) expect(ino).toBeGreaterThanOrEqual(2 ** 52);
    const twin = machine.fork().task;
    expect(['/m', '/m/x', '/m/d', '/m/d/y'].map((path) => twin.stat(path).ino)).toEqual(numbers);
  });

  test('numbers that several files have are given once', () => {
    const { task } = mounted(leastObject({ '/x': 'ex', '/d/y': 'why' }, 5));
    const numbers = ['/m', '/m/x', '/m/d/y', '/m/d'].map((path) => task.stat(path).ino);
    expect(numbers[0]).toBe(5);
    expect(new Set(numbers).size).toBe(4);
    expect(['/m', '/m/x', '/m/d/y', '/m/d'].map((path) => task.stat(path).ino)).toEqual(numbers);
    for (const { name, ino } of list(task, '/m')) expect(ino).toBe(task.stat(`/m/${name}`).ino);
  });

  test('numbers do not depend on the order of lookups', () => {
    const files = { '/x': 'ex', '/d/y': 'why' };
    const [a, b] = [mounted(leastObject(files)).task, mounted(leastObject(files)).task];
    const first = [a.stat('/m/x').ino, a.stat('/m/d/y').ino];
    const second = [b.stat('/m/d/y').ino, b.stat('/m/x').ino].reverse();
    expect(first).toEqual(second);
  });

  test('node:fs itself', () => {
    const { task } = mounted(nodeFs, `root=${process.cwd()}/src/abi`);
    expect(list(task, '/m').map(({ name }) => name)).toContain('errno.ts');
    expect(content(task, '/m/errno.ts')).toBe(nodeFs.readFileSync('src/abi/errno.ts', 'utf8'));
  });

  test('errors of the object are passed on', () => {
    const object = leastObject({ '/x': 'ex' });
    const { task } = mounted(object);
    const refuse = (code: string) => () => {
      throw Object.assign(new Error('no'), { code });
    };
    object.readFileSync = refuse('EACCES');
    expect(code(() => content(task, '/m/x'))).toBe('EACCES');
    object.readFileSync = refuse('ERR_SOMETHING');
    expect(code(() => content(task, '/m/x'))).toBe('EIO');
    object.readFileSync = () => 42;
    expect(code(() => content(task, '/m/x'))).toBe('EIO');
    object.readFileSync = () => 'ex';
    expect(content(task, '/m/x')).toBe('ex');
  });
});
