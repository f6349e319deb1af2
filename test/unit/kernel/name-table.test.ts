import { expect, test } from 'vitest';
import { NameTable } from '../../../src/kernel/name-table.ts';
import { newEpoch } from '../../../src/kernel/xarray.ts';

function tableOf(count: number): NameTable<{ name: string }> {
  const table = NameTable.empty<{ name: string }>(newEpoch());
  for (let i = 0; i < count; i++) table.set({ name: `name-${i}` });
  return table;
}

test('one insert into a large directory after a fork copies a few nodes', () => {
  const table = tableOf(100_000);
  const epoch = newEpoch();
  const other = table.own(epoch);
  other.set({ name: 'new' });
  expect(epoch.copiedNodes).toBeGreaterThan(1);
  expect(epoch.copiedNodes).toBeLessThan(10);
  expect(epoch.copiedBytes).toBeLessThan(1000);
  const { copiedNodes } = epoch;
  other.set({ name: 'new' });
  other.delete('new');
  expect(epoch.copiedNodes).toBe(copiedNodes);
  expect([table.size, other.size, table.get('new')]).toEqual([100_000, 100_000, undefined]);
});

test('a directory that was emptied is as small as a new one', () => {
  const table = tableOf(5000);
  for (let i = 0; i < 5000; i++) expect(table.delete(`name-${i}`)?.name).toBe(`name-${i}`);
  expect([table.size, [...table.values()]]).toEqual([0, []]);
  table.set({ name: 'a' });
  const epoch = newEpoch();
  table.own(epoch).set({ name: 'b' });
  expect(epoch.copiedNodes).toBe(1);
});

test('names that differ in lone surrogates only are different names', () => {
  const table = NameTable.empty<{ name: string }>(newEpoch());
  for (let i = 0; i < 128; i++) table.set({ name: String.fromCharCode(0xdc80 + i) });
  expect(table.size).toBe(128);
  expect(table.get('\udc81')?.name).toBe('\udc81');
});

test('an entry replaced on one side of a fork stays on the other', () => {
  const table = tableOf(10);
  const other = table.own(newEpoch());
  const entry = { name: 'name-3' };
  other.set(entry);
  expect(other.get('name-3')).toBe(entry);
  expect(table.get('name-3')).not.toBe(entry);
});
