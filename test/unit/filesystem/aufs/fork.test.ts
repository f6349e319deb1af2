/** A union in a forked machine: what is held goes on with the same numbers, and neither side sees the other. */
import { describe, expect, test } from 'vitest';
import { O_DIRECTORY, O_RDONLY, O_RDWR } from '../../../../src/abi/flags.ts';
import { MAP_SHARED, PROT_READ } from '../../../../src/abi/flags.ts';
import { auplink } from '../../../../src/filesystem/aufs/index.ts';
import { AufsSuperblock } from '../../../../src/filesystem/aufs/super.ts';
import type { Task } from '../../../../src/kernel/task.ts';
import type { Machine } from '../../../../src/machine/machine.ts';
import { aufsMachine, DOCKER_OPTIONS, names, read, readOpen, write } from './machine.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function mount(task: Task): void {
  task.mount('none', '/mnt', 'aufs', `br:/rw=rw:/ro1=ro+wh:/ro2=ro+wh,${DOCKER_OPTIONS}`);
}

function stacked(): Machine {
  const machine = aufsMachine('/rw', '/ro1', '/ro2', '/mnt', '/dev', '/dev/shm');
  const { task } = machine;
  for (const path of ['/ro2/d', '/ro2/d/e', '/ro1/d', '/rw/up']) task.mkdir(path);
  for (const path of ['/ro2/b', '/ro2/d/x', '/ro2/d/e/z', '/ro1/d/y', '/rw/up/f']) write(task, path, path.slice(1));
  task.link('/ro2/b', '/ro2/c');
  mount(task);
  return machine;
}

function append(task: Task, path: string, text: string): void {
  const fd = task.open(path, O_RDWR);
  task.pwrite(fd, bytes(text), task.fstat(fd).size);
  task.close(fd);
}

const superblockOf = ({ kernel }: Machine): AufsSuperblock =>
  [...kernel.superblocks].find((each) => each instanceof AufsSuperblock)!;

test('each side writes to its own branch', () => {
  const machine = stacked();
  write(machine.task, '/mnt/d/x', 'both');
  const twin = machine.fork();
  write(machine.task, '/mnt/d/x', 'old side');
  write(twin.task, '/mnt/d/x', 'new side');
  twin.task.unlink('/mnt/d/y');
  expect(read(machine.task, '/mnt/d/x')).toBe('old side');
  expect(read(twin.task, '/rw/d/x')).toBe('new side');
  expect([names(machine.task, '/mnt/d'), names(twin.task, '/mnt/d')]).toEqual([
    ['e', 'x', 'y'],
    ['e', 'x'],
  ]);
  expect([...machine.check(), ...twin.check()]).toEqual([]);
});

test('an open lower file is copied up on the side that writes to it, and followed there', () => {
  const machine = stacked();
  const fd = machine.task.open('/mnt/d/x', O_RDWR);
  const twin = machine.fork();
  twin.task.pwrite(fd, bytes('!'), 7);
  expect([readOpen(machine.task, fd), readOpen(twin.task, fd)]).toEqual(['ro2/d/x', 'ro2/d/x!']);
  expect([names(machine.task, '/rw'), names(twin.task, '/rw')].map((all) => all.includes('d'))).toEqual([false, true]);
  expect(machine.task.fstat(fd).ino).toBe(twin.task.fstat(fd).ino);
});

test('a mapping that was made before a copy-up stays with the lower file on both sides', () => {
  const machine = stacked();
  const fd = machine.task.open('/mnt/d/x', O_RDONLY);
  machine.task.mmap(fd, 0, 7, PROT_READ, MAP_SHARED);
  append(machine.task, '/mnt/d/x', '!');
  expect(readOpen(machine.task, fd)).toBe('ro2/d/x!');
  const twin = machine.fork();
  append(twin.task, '/mnt/d/x', '!');
  expect([readOpen(machine.task, fd), readOpen(twin.task, fd)]).toEqual(['ro2/d/x!', 'ro2/d/x!!']);
});

test('a removed file that was copied up without a name is written to on each side', () => {
  const machine = stacked();
  const { task } = machine;
  const fd = task.open('/mnt/d/x', O_RDWR);
  task.unlink('/mnt/d/x');
  task.pwrite(fd, bytes('both'), 0);
  const free = (side: Task): number => side.statfs('/rw').ffree;
  const twin = machine.fork();
  task.pwrite(fd, bytes('one'), 0);
  twin.task.pwrite(fd, bytes('two'), 0);
  expect([readOpen(task, fd), readOpen(twin.task, fd)]).toEqual(['onehd/x', 'twohd/x']);
  const before = free(twin.task);
  twin.task.close(fd);
  expect([free(twin.task), free(task)]).toEqual([before + 1, before]);
  expect([...machine.check(), ...twin.check()]).toEqual([]);
});

test('a pseudo-link goes on: names come up on the side that reads them, with the number they had', () => {
  const machine = stacked();
  append(machine.task, '/mnt/b', '+');
  const { ino } = machine.task.stat('/mnt/c');
  const twin = machine.fork();
  expect(read(twin.task, '/mnt/c')).toBe('ro2/b+');
  expect([names(machine.task, '/rw'), names(twin.task, '/rw')].map((all) => all.includes('c'))).toEqual([false, true]);
  append(twin.task, '/mnt/c', '2');
  append(machine.task, '/mnt/c', '1');
  expect([read(machine.task, '/mnt/b'), read(twin.task, '/mnt/b')]).toEqual(['ro2/b+1', 'ro2/b+2']);
  for (const { task } of [machine, twin]) expect(task.stat('/mnt/b')).toMatchObject({ ino, nlink: 2 });
  for (const side of [machine, twin]) expect(superblockOf(side).plinks.size).toBe(1);
});

test('numbers go on: what is known keeps its own, and both sides give out the same next', () => {
  const machine = stacked();
  const inoOf = (task: Task, path: string): number => task.stat(path).ino;
  const known = ['/mnt/d', '/mnt/d/x', '/mnt/up/f', '/mnt/b'].map((path) => [path, inoOf(machine.task, path)] as const);
  const twin = machine.fork();
  for (const [path, ino] of known) expect(inoOf(twin.task, path), path).toBe(ino);
  for (const { task } of [machine, twin]) {
    write(task, '/mnt/new', 'n');
    task.unlink('/mnt/up/f');
    write(task, '/mnt/newer', 'n');
  }
  for (const path of ['/mnt/new', '/mnt/newer', '/mnt/d/e/z']) {
    expect(inoOf(machine.task, path), path).toBe(inoOf(twin.task, path));
  }
});

test('a listing that is under way goes on', () => {
  const machine = stacked();
  const fd = machine.task.open('/mnt/d', O_RDONLY | O_DIRECTORY);
  const first = machine.task.getdents(fd, 3).map(({ name }) => name);
  const twin = machine.fork();
  twin.task.unlink('/mnt/d/y');
  const rest = (task: Task): string[] => task.getdents(fd).map(({ name }) => name);
  expect([...first, ...rest(twin.task)]).toEqual([...first, ...rest(machine.task)]);
});

test('a working directory in a lower branch is copied up by its twin', () => {
  const machine = stacked();
  machine.task.chdir('/mnt/d/e');
  const twin = machine.fork();
  write(twin.task, 'new', 'n');
  expect(read(twin.task, '/rw/d/e/new')).toBe('n');
  expect(names(machine.task, '.')).toEqual(['z']);
});

test('a held directory that is removed stays empty on that side', () => {
  const machine = stacked();
  const fd = machine.task.open('/mnt/d/e', O_RDONLY | O_DIRECTORY);
  machine.task.unlink('/mnt/d/e/z');
  const twin = machine.fork();
  twin.task.rmdir('/mnt/d/e');
  expect(() => write(twin.task, `/proc/self/fd/${fd}/new`, '')).toThrow();
  expect(() => twin.task.getdents(fd)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  expect(machine.task.getdents(fd).map(({ name }) => name)).toEqual(['.', '..']);
  write(machine.task, '/mnt/d/e/new', 'n');
  expect([...machine.check(), ...twin.check()]).toEqual([]);
});

test('a branch that comes in on one side is not there on the other', () => {
  const machine = stacked();
  machine.task.mkdir('/ro3');
  write(machine.task, '/ro3/third', '3');
  machine.task.stat('/mnt/d/x');
  const twin = machine.fork();
  twin.task.mount('none', '/mnt', '', 'append:/ro3=ro+wh', 32);
  expect([names(machine.task, '/mnt'), names(twin.task, '/mnt')].map((all) => all.includes('third'))).toEqual([
    false,
    true,
  ]);
  expect([...machine.check(), ...twin.check()]).toEqual([]);
});

test('the twin flushes, unmounts and mounts again, and shows the same', () => {
  const machine = stacked();
  append(machine.task, '/mnt/b', '+');
  machine.task.unlink('/mnt/d/y');
  const twin = machine.fork();
  expect(auplink(twin.task, ['auplink', '/mnt', 'flush'])).toBe(0);
  twin.task.umount('/mnt');
  mount(twin.task);
  for (const { task } of [machine, twin]) {
    expect([read(task, '/mnt/c'), ...names(task, '/mnt/d')]).toEqual(['ro2/b+', 'e', 'x']);
  }
});

describe('what a fork costs', () => {
  const FILES = 20_000;
  const FORK_MAX_MS = 1;

  test('does not depend on how much was looked up', () => {
    const machine = stacked();
    const { task } = machine;
    task.mkdir('/ro2/many');
    for (let i = 0; i < FILES; i++) task.mknod(`/ro2/many/${i}`, 0o100644, 0);
    for (let i = 0; i < FILES; i++) task.stat(`/mnt/many/${i}`);
    expect(superblockOf(machine).inodes.size).toBeGreaterThan(FILES);
    const times = Array.from({ length: 21 }, () => {
      const start = performance.now();
      machine.fork();
      return performance.now() - start;
    });
    expect(times.sort((a, b) => a - b)[10]).toBeLessThan(FORK_MAX_MS);
    expect(superblockOf(machine.fork()).inodes.size).toBe(1);
  });

  test('nor does the first lookup of a fork copy the table of numbers', () => {
    const machine = stacked();
    for (let i = 0; i < 1000; i++) machine.task.mknod(`/ro2/d/e/${i}`, 0o100644, 0);
    for (let i = 0; i < 1000; i++) machine.task.stat(`/mnt/d/e/${i}`);
    const twin = machine.fork();
    write(twin.task, '/mnt/new', 'n');
    expect(twin.task.stat('/mnt/new').ino).not.toBe(machine.task.stat('/mnt/d/e/999').ino);
    expect(twin.task.stat('/mnt/d/e/999').ino).toBe(machine.task.stat('/mnt/d/e/999').ino);
  });
});
