import { expect, test } from 'vitest';
import { newEpoch, XArray } from '../../../src/kernel/xarray.ts';

test('one write after a fork copies one path, the next one nothing', () => {
  const before = newEpoch();
  const array = XArray.empty<number>(before);
  for (let i = 0; i < 100_000; i++) array.set(i, i);
  expect(before.copiedNodes).toBe(0);
  const after = newEpoch();
  const other = array.own(after);
  other.set(500, -1);
  expect([after.copiedNodes, after.copiedBytes]).toEqual([4, 4 * 32 * 8]);
  other.set(501, -1);
  expect(after.copiedNodes).toBe(4);
  expect([array.get(500), other.get(500)]).toEqual([500, -1]);
});

test('own answers the handle itself in its own epoch', () => {
  const array = XArray.empty<number>(newEpoch());
  expect(array.own(array.epoch)).toBe(array);
  expect(array.own(newEpoch())).not.toBe(array);
});

test('the largest index works, and emptied levels go', () => {
  const array = XArray.empty<string>(newEpoch());
  array.set(Number.MAX_SAFE_INTEGER, 'last');
  array.set(3, 'three');
  expect(array.ceiling(4)).toBe(Number.MAX_SAFE_INTEGER);
  expect(array.floor(Number.MAX_SAFE_INTEGER - 1)).toBe(3);
  expect(array.get(Number.MAX_SAFE_INTEGER)).toBe('last');
  expect(array.delete(Number.MAX_SAFE_INTEGER)).toBe(true);
  expect(array.delete(Number.MAX_SAFE_INTEGER)).toBe(false);
  const epoch = newEpoch();
  array.own(epoch).set(4, 'four');
  expect(epoch.copiedNodes).toBe(1);
});

test('a walk survives the deletion of what it stands on', () => {
  const array = XArray.empty<number>(newEpoch());
  for (let i = 0; i < 200; i++) array.set(i * 3, i * 3);
  const seen: number[] = [];
  for (const value of array.ascending(30)) {
    seen.push(value);
    array.delete(value);
  }
  expect(seen).toEqual(Array.from({ length: 190 }, (_, i) => 30 + i * 3));
  expect(array.size).toBe(10);
});
