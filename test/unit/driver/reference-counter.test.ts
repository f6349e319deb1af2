import { expect, test } from 'vitest';
import { createMachine } from '../../../src/index.ts';
import { FS_MAGIC_OVERLAY } from '../../../src/driver/backing-filesystem.ts';
import { isMounted, ReferenceCounter } from '../../../src/driver/reference-counter.ts';

test('holders are counted up and down, and forgotten with the last one', () => {
  const asked: string[] = [];
  const counter = new ReferenceCounter((path) => asked.push(path) < 0);
  expect([counter.increment('/a'), counter.increment('/a'), counter.increment('/b')]).toEqual([1, 2, 1]);
  expect([counter.decrement('/a'), counter.decrement('/a')]).toEqual([1, 0]);
  expect(counter.increment('/a')).toBe(1);
  expect(asked).toEqual(['/a', '/b', '/a']);
});

test('what an earlier start has left mounted counts one more', () => {
  const counter = new ReferenceCounter(() => true);
  expect([counter.increment('/a'), counter.decrement('/a'), counter.decrement('/a')]).toEqual([2, 1, 0]);
  expect(counter.decrement('/b')).toBe(0);
});

test('giving back what nobody holds goes below zero and is forgotten', () => {
  const counter = new ReferenceCounter(() => false);
  expect([counter.decrement('/a'), counter.increment('/a')]).toEqual([-1, 1]);
});

test('a mount is known by the type that statfs tells', () => {
  const { task } = createMachine();
  for (const path of ['/l', '/u', '/w', '/m']) task.mkdir(path);
  const mounted = () => isMounted(task, FS_MAGIC_OVERLAY, '/m');
  expect(mounted()).toBe(false);
  task.mount('overlay', '/m', 'overlay', 'lowerdir=/l,upperdir=/u,workdir=/w');
  expect(mounted()).toBe(true);
  task.umount('/m');
  expect(mounted()).toBe(false);
  expect(isMounted(task, FS_MAGIC_OVERLAY, '/nowhere')).toBe(false);
});
