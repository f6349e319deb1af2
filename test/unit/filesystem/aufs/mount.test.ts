import { describe, expect, test } from 'vitest';
import { MS_RDONLY, MS_REMOUNT } from '../../../../src/abi/flags.ts';
import { MAX_OPTIONS } from '../../../../src/filesystem/aufs/params.ts';
import type { Task } from '../../../../src/kernel/task.ts';
import { code } from '../booted.ts';
import { aufsMachine, names, read, write } from './machine.ts';

const OWN = ['.wh..wh.aufs', '.wh..wh.orph', '.wh..wh.plnk'];

function prepared(): Task {
  const { task } = aufsMachine('/rw', '/ro', '/ro/sub', '/other', '/mnt', '/proc', '/dev');
  task.mount('proc', '/proc', 'proc');
  write(task, '/ro/file', 'lower');
  write(task, '/file', '');
  return task;
}

const mount = (task: Task, data: string, flags = 0): void => task.mount('none', '/mnt', 'aufs', data, flags);

/** The line of /proc/mounts for the union, without its number. */
const shown = (task: Task): string | undefined =>
  read(task, '/proc/mounts')
    .split('\n')
    .find((line) => line.includes(' aufs '))
    ?.replace(/si=[0-9a-f]+/, 'si=N');

describe('mounting a union', () => {
  test('makes in its writable branch what it needs, and says what it was told', () => {
    const task = prepared();
    mount(task, 'br:/rw=rw:/ro=ro+wh,dio,xino=/dev/aufs.xino,dirperm1');
    expect(names(task, '/rw')).toEqual(OWN);
    expect(names(task, '/ro')).toEqual(['file', 'sub']);
    expect(names(task, '/dev')).toEqual([]);
    expect(shown(task)).toBe('none /mnt aufs rw,relatime,si=N,dio,dirperm1 0 0');
  });

  test('gives each union a number of its own, the same in each run', () => {
    const numbers = (): string[] => {
      const task = prepared();
      task.mkdir('/mnt2', 0o755);
      mount(task, 'br:/rw:/ro');
      task.mount('none', '/mnt2', 'aufs', 'br:/other');
      return [...read(task, '/proc/mounts').matchAll(/si=[0-9a-f]+/g)].map(([text]) => text);
    };
    const [first, second] = numbers();
    expect(first).not.toBe(second);
    expect(numbers()).toEqual([first, second]);
  });

  test.each([
    ['rw', OWN],
    ['rw+nolwh', OWN.slice(1)],
    ['ro', []],
    ['ro+wh', []],
  ])('with a first branch that is %s', (permission, made) => {
    const task = prepared();
    mount(task, `br:/rw=${permission}:/ro=ro`);
    expect(names(task, '/rw')).toEqual(made);
  });

  test('without pseudo-links', () => {
    const task = prepared();
    mount(task, 'br:/rw:/ro,noplink');
    expect(names(task, '/rw')).toEqual(OWN.slice(0, 2));
  });

  test('read-only: nothing is writable unless it is said to be', () => {
    const task = prepared();
    mount(task, 'br:/rw:/ro', MS_RDONLY);
    expect(names(task, '/rw')).toEqual([]);
    expect(code(() => write(task, '/mnt/file', 'new'))).toBe('EROFS');
  });

  test('with branches in an order of their own', () => {
    const task = prepared();
    write(task, '/rw/file', 'upper');
    mount(task, 'append:/ro=ro,prepend:/rw=ro,add:1:/other=ro,del:/rw,mod:/other=rw');
    expect(read(task, '/mnt/file')).toBe('lower');
    expect(names(task, '/other')).toEqual(OWN);
  });

  test.each([
    ['', 'EINVAL'],
    ['dio', 'EINVAL'],
    ['br:/rw:/none', 'EINVAL'],
    ['br:/rw:/file', 'EINVAL'],
    ['br:/rw:/rw', 'EINVAL'],
    ['br:/rw:/ro:/ro/sub', 'EINVAL'],
    ['br:/ro/sub:/ro', 'EINVAL'],
    ['br:/', 'none'],
    ['br:/rw:/proc=ro', 'EINVAL'],
    ['br:/rw,del:/none', 'ENOENT'],
    ['br:/rw,del:/file', 'ENOTDIR'],
    ['br:/rw,del:/ro', 'EINVAL'],
    ['br:/rw,del:/rw', 'EBUSY'],
    ['br:/rw,mod:/none=ro', 'ENOENT'],
    ['br:/rw,mod:/ro=ro', 'EINVAL'],
    ['add:1:/rw', 'EDOM'],
    ['add:-1:/rw', 'EDOM'],
    ['br:/rw,add:127:/ro', 'ENOSPC'],
    ['br:/rw,xino=/none/x', 'ENOENT'],
    ['br:/rw,xino=/file/x', 'ENOTDIR'],
    ['br:/rw,xino=/file', 'EEXIST'],
    ['br:/rw,xino=/dev/', 'EISDIR'],
    ['br:/rw,xino=', 'ENOENT'],
  ])('%s: %s', (data, expected) => {
    const task = prepared();
    expect(code(() => mount(task, data))).toBe(expected);
    expect(shown(task) === undefined).toBe(expected !== 'none');
  });

  test('is refused over what it is made of twice, or what cannot be written to', () => {
    const task = prepared();
    task.mount('none', '/other', 'tmpfs', '');
    task.mount('none', '/other', '', '', MS_REMOUNT | MS_RDONLY);
    expect(code(() => mount(task, 'br:/other=rw'))).toBe('EINVAL');
    mount(task, 'br:/other=ro:/rw=rw');
    task.mkdir('/again', 0o755);
    expect(code(() => task.mount('none', '/again', 'aufs', 'br:/mnt=ro'))).toBe('EINVAL');
  });

  test('finds something else where its own things should be', () => {
    for (const [name, isDirectory] of [
      ['.wh..wh.aufs', true],
      ['.wh..wh.plnk', false],
      ['.wh..wh.orph', false],
    ] as const) {
      const task = prepared();
      if (isDirectory) task.mkdir(`/rw/${name}`);
      else write(task, `/rw/${name}`, '');
      expect(code(() => mount(task, 'br:/rw:/ro'))).toBe('EINVAL');
      expect(code(() => mount(task, 'br:/ro=ro:/other=rw'))).toBe('none');
    }
  });

  test('leaves nothing held when it is refused', () => {
    const task = prepared();
    task.mount('none', '/other', 'tmpfs', '');
    expect(code(() => mount(task, 'br:/other:/ro:/ro/sub'))).toBe('EINVAL');
    expect(code(() => task.umount('/other', 0))).toBe('none');
  });

  test('takes a page of options and no more', () => {
    const task = prepared();
    const list = (count: number): string => Array.from({ length: count }, (_, i) => `/b${i}=ro`).join(':');
    for (let i = 0; i <= MAX_OPTIONS; i++) task.mkdir(`/b${i}`);
    expect(code(() => mount(task, `br:${list(MAX_OPTIONS + 1)}`))).toBe('E2BIG');
    expect(code(() => mount(task, `br:${list(MAX_OPTIONS)}`))).toBe('none');
  });
});
