import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NameTable } from '../../../src/kernel/name-table.ts';
import { newEpoch, XArray } from '../../../src/kernel/xarray.ts';

const SEED = 20240611;
const MAPS = 4;

const index = fc.oneof(
  { weight: 6, arbitrary: fc.nat(80) },
  { weight: 2, arbitrary: fc.nat(5000) },
  { weight: 1, arbitrary: fc.integer({ min: 2 ** 30 - 40, max: 2 ** 30 + 40 }) },
  { weight: 1, arbitrary: fc.maxSafeNat() },
);
const step = fc.record({
  act: fc.constantFrom('set', 'set', 'set', 'delete', 'delete', 'fork'),
  map: fc.nat(MAPS - 1),
  to: fc.nat(MAPS - 1),
  index,
  value: fc.nat(),
});

function near(model: Map<number, number>, at: number): [number | undefined, number | undefined] {
  const keys = [...model.keys()];
  const above = keys.filter((key) => key >= at);
  const below = keys.filter((key) => key <= at);
  return [above.length ? Math.min(...above) : undefined, below.length ? Math.max(...below) : undefined];
}

test('arrays that share nodes equal their maps after every operation', () => {
  const property = fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
    const sides = Array.from({ length: MAPS }, () => ({
      array: XArray.empty<number>(newEpoch()),
      model: new Map<number, number>(),
    }));
    for (const { act, map, to, index, value } of steps) {
      const side = sides[map]!;
      if (act === 'set') {
        side.array.set(index, value);
        side.model.set(index, value);
      } else if (act === 'delete') {
        const key = near(side.model, index)[value % 2] ?? index;
        expect(side.array.delete(key)).toBe(side.model.delete(key));
      } else if (map !== to) {
        sides[to] = { array: side.array.own(newEpoch()), model: new Map(side.model) };
        side.array = side.array.own(newEpoch());
      }
      for (const { array, model } of sides) {
        expect(array.size).toBe(model.size);
        expect(array.get(index)).toBe(model.get(index));
        expect([array.ceiling(index), array.floor(index)]).toEqual(near(model, index));
      }
    }
    for (const { array, model } of sides) {
      const sorted = [...model].sort(([a], [b]) => a - b).map(([, value]) => value);
      expect([...array.ascending()]).toEqual(sorted);
      expect([...array.descending()]).toEqual(sorted.reverse());
    }
  });
  fc.assert(property, { seed: SEED, numRuns: 150 });
});

test('name tables that share nodes equal their maps after every operation', () => {
  const name = fc.oneof(
    fc.nat(20).map((n) => `file${n}`),
    fc.string({ maxLength: 3 }),
  );
  const act = fc.record({
    act: fc.constantFrom('set', 'set', 'set', 'set', 'set', 'delete', 'delete', 'fork'),
    map: fc.nat(2),
    to: fc.nat(2),
    name,
    many: fc.nat(40),
  });
  const property = fc.property(fc.array(act, { maxLength: 60 }), (steps) => {
    const sides = Array.from({ length: 3 }, () => ({
      table: NameTable.empty<{ name: string; tag: number }>(newEpoch()),
      model: new Map<string, { name: string; tag: number }>(),
    }));
    for (const { act, map, to, name, many } of steps) {
      const side = sides[map]!;
      const names = Array.from({ length: many + 1 }, (_, i) => (i === 0 ? name : `${name}${i}`));
      for (const name of act === 'fork' ? [] : names) {
        const entry = { name, tag: many };
        if (act === 'set') {
          side.table.set(entry);
          side.model.set(name, entry);
        } else {
          expect(side.table.delete(name)).toBe(side.model.get(name));
          side.model.delete(name);
        }
      }
      if (act === 'fork' && map !== to) {
        sides[to] = { table: side.table.own(newEpoch()), model: new Map(side.model) };
        side.table = side.table.own(newEpoch());
      }
      for (const { table, model } of sides) {
        expect(table.size).toBe(model.size);
        expect(new Set(table.values())).toEqual(new Set(model.values()));
        for (const name of names) expect(table.get(name)).toBe(model.get(name));
      }
    }
  });
  fc.assert(property, { seed: SEED, numRuns: 100 });
});
