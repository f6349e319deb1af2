/** An overlay in a forked machine: open files, held directories and listings go on; neither side sees the other. */
import { expect, test } from 'vitest';
import { O_DIRECTORY, O_RDONLY, O_RDWR } from '../../../../src/abi/flags.ts';
import { MAP_SHARED, PROT_READ } from '../../../../src/abi/flags.ts';
import type { Task } from '../../../../src/kernel/task.ts';
import { createMachine } from '../../../../src/union/create-machine.ts';
import type { Machine } from '../../../../src/machine/machine.ts';
import { list, makeStack, mountStack, read, tree, write } from './observe.ts';

const encoder = new TextEncoder();

function stacked(): Machine<unknown> {
  const machine = createMachine({ seed: 1 });
  makeStack(machine.task);
  mountStack(machine.task);
  return machine as Machine<unknown>;
}

function text(task: Task, fd: number): string {
  const bytes = new Uint8Array(100);
  return new TextDecoder().decode(bytes.subarray(0, task.pread(fd, bytes, 0)));
}

test('each side writes to its own upper layer', () => {
  const machine = stacked();
  write(machine.task, '/t/m/b', 'both');
  const twin = machine.fork();
  write(machine.task, '/t/m/b', 'old side');
  write(twin.task, '/t/m/b', 'new side');
  twin.task.unlink('/t/m/s');
  expect(read(machine.task, '/t/m/b')).toBe('old side');
  expect(read(twin.task, '/t/u/b')).toBe('new side');
  expect(list(machine.task, '/t/m')).toContain('s');
  expect(list(twin.task, '/t/m')).not.toContain('s');
  expect([...machine.check(), ...twin.check()]).toEqual([]);
});

test('an open lower file is copied up on the side that changes it, and followed there', () => {
  const machine = stacked();
  const fd = machine.task.open('/t/m/b', O_RDONLY);
  const twin = machine.fork();
  write(twin.task, '/t/m/b', '+', 0o2001);
  expect(text(twin.task, fd)).toBe('BBB+');
  expect(text(machine.task, fd)).toBe('BBB');
  machine.task.fchmod(fd, 0o600);
  expect(machine.task.stat('/t/m/b').mode & 0o777).toBe(0o600);
  expect(twin.task.stat('/t/m/b').mode & 0o777).toBe(0o644);
});

test('a descriptor that was followed before the fork keeps both files', () => {
  const machine = stacked();
  const fd = machine.task.open('/t/m/b', O_RDONLY);
  write(machine.task, '/t/m/b', '+', 0o2001);
  expect(text(machine.task, fd)).toBe('BBB+');
  const twin = machine.fork();
  expect(text(twin.task, fd)).toBe('BBB+');
  expect(new TextDecoder().decode(twin.task.mmap(fd, 0, 3, PROT_READ, MAP_SHARED).read(0, 3))).toBe('BBB');
  twin.task.close(fd);
  expect(text(machine.task, fd)).toBe('BBB+');
});

test('a nameless file and a removed one live on in both until they are closed', () => {
  const machine = stacked();
  const { task } = machine;
  const fd = task.open('/t/m/up/f', O_RDWR);
  task.unlink('/t/m/up/f');
  const free = (side: Task): number => side.statfs('/t').ffree;
  const twin = machine.fork();
  task.pwrite(fd, encoder.encode('one'), 0);
  expect(text(twin.task, fd)).toBe('up');
  const before = free(twin.task);
  twin.task.close(fd);
  expect(free(twin.task)).toBe(before + 1);
  expect(text(task, fd)).toBe('one');
});

test('a listing that is under way goes on', () => {
  const machine = stacked();
  const fd = machine.task.open('/t/m/d', O_RDONLY | O_DIRECTORY);
  const first = machine.task.getdents(fd, 3).map(({ name }) => name);
  const twin = machine.fork();
  const rest = (task: Task): string[] => task.getdents(fd).map(({ name }) => name);
  expect([...first, ...rest(twin.task)]).toEqual([...first, ...rest(machine.task)]);
});

test('a working directory in a lower layer is copied up by its twin', () => {
  const machine = stacked();
  machine.task.chdir('/t/m/d/e');
  const twin = machine.fork();
  write(twin.task, 'new', 'n');
  expect(read(twin.task, '/t/u/d/e/new')).toBe('n');
  expect(list(machine.task, '.')).toEqual(['z']);
});

test('the twin unmounts and mounts again, and shows the same', () => {
  const machine = stacked();
  write(machine.task, '/t/m/d/x', 'changed');
  machine.task.unlink('/t/m/b');
  const twin = machine.fork();
  const seen = tree(twin.task, '/t/m');
  twin.task.umount('/t/m');
  mountStack(twin.task);
  expect(tree(twin.task, '/t/m')).toEqual(seen);
  expect(tree(machine.task, '/t/m')).toEqual(seen);
});
