import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PAGE_SIZE } from '../../../src/abi/flags.ts';
import { ExtentMap } from '../../../src/kernel/extent-map.ts';
import { newEpoch } from '../../../src/kernel/xarray.ts';
import { ModelFile, SIZE } from './model-file.ts';

const SEED = 20240612;
const MAPS = 4;

const offset = fc.oneof(
  fc.nat(SIZE / 2),
  fc.nat(SIZE / 2 / PAGE_SIZE).map((page) => page * PAGE_SIZE),
  fc.nat(300),
  fc.tuple(fc.nat(6), fc.integer({ min: -3, max: 3 })).map(([page, by]) => Math.max(0, page * PAGE_SIZE + by)),
);
const length = fc.oneof(
  fc.nat(40),
  fc.nat(3 * PAGE_SIZE),
  fc.nat(4).map((pages) => pages * PAGE_SIZE),
);
const acts = [
  ...[
    'write',
    'write',
    'write',
    'append',
    'append',
    'append',
    'fill',
    'fill',
    'zero',
    'punch',
    'truncate',
    'collapse',
    'insert',
    'insert',
  ],
  ...[
    'clone',
    'cloneAligned',
    'copy',
    'shred',
    'cloneAll',
    'cloneAll',
    'cloneAll',
    'own',
    'own',
    'fork',
    'ofBytes',
    'ofSeed',
    'back',
  ],
] as const;
const step = fc.record({
  act: fc.constantFrom(...acts),
  map: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(MAPS - 1) }),
  to: fc.nat(MAPS - 1),
  offset,
  other: offset,
  length,
  byte: fc.integer({ min: 1, max: 255 }),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface Side {
  map: ExtentMap;
  model: ModelFile;
}

function pattern(length: number, byte: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => ((byte + i) % 255) + 1);
}

function page(offset: number): number {
  return offset - (offset % PAGE_SIZE);
}

/** The offset of `step`, or in every other step a place where an extent of `map` begins or ends. */
function place(map: ExtentMap, step: Step): number {
  const edges = Array.from(map.extents(), (extent) => [extent.offset, extent.offset + extent.length]).flat();
  const edge = edges[step.offset % edges.length] ?? SIZE;
  return step.byte % 2 === 0 && edge + 4 * PAGE_SIZE <= SIZE ? edge : step.offset;
}

function run(sides: Side[], step: Step): void {
  const side = sides[step.map]!;
  const { map, model } = side;
  const { length, other } = step;
  const offset = place(map, step);
  const from = sides[step.to]!;
  const copy = (a: number, b: number, n: number, clone: boolean) => {
    const most = Math.max(0, Math.min(n, SIZE - a, SIZE - b));
    if (clone) map.cloneRange(from.map, a, b, most);
    else map.copyRange(from.map, a, b, most);
    model.copy(from.model, a, b, most, clone);
  };
  if (step.act === 'write' || step.act === 'append') {
    const at = step.act === 'write' ? offset : Math.min(model.end(), SIZE - length);
    const bytes = pattern(length, step.byte);
    map.write(bytes, at);
    model.write(bytes, at);
    bytes.fill(0);
  } else if (step.act === 'fill' || step.act === 'zero' || step.act === 'punch') {
    map[step.act](offset, length);
    model[step.act](offset, length);
  } else if (step.act === 'truncate') {
    map.truncate(offset);
    model.truncate(offset);
  } else if (step.act === 'collapse' || step.act === 'insert') {
    const room = SIZE - Math.max(model.end(), page(offset));
    const by = step.act === 'insert' ? Math.min(page(length) || PAGE_SIZE, page(room)) : page(length);
    map[step.act](page(offset), by);
    model[step.act](page(offset), by);
  } else if (step.act === 'clone') copy(other, offset, length, true);
  else if (step.act === 'cloneAligned') copy(page(other) + (offset % PAGE_SIZE), offset, length, true);
  else if (step.act === 'copy') copy(other, offset, length, false);
  else if (step.act === 'shred') for (let i = 0; i < 90; i++) copy(other + i * 3, offset + i * 40, 7, false);
  else if (step.act === 'cloneAll') {
    map.truncate(0);
    model.truncate(0);
    copy(0, 0, step.byte % 2 ? from.model.end() : SIZE, true);
  } else replaceSide(sides, step);
}

function replaceSide(sides: Side[], { act, map, to, length, byte }: Step): void {
  const side = sides[map]!;
  const epoch = newEpoch();
  if (act === 'ofSeed') {
    const made = ExtentMap.ofSeed(epoch, byte, length);
    const bytes = new Uint8Array(length);
    made.read(bytes, 0);
    sides[map] = { map: made, model: ModelFile.of(bytes) };
  } else if (act === 'ofBytes') {
    const bytes = pattern(length, byte);
    sides[map] = { map: ExtentMap.ofBytes(epoch, bytes), model: ModelFile.of(bytes.slice()) };
  } else if (map !== to) {
    // `own` leaves the old handle in use, `fork` renews both, `back` returns to an epoch that is in use elsewhere.
    const target = act === 'back' ? sides[(to + 1) % MAPS]!.map.epoch : epoch;
    const other = side.map.own(target);
    if (other !== side.map) sides[to] = { map: other, model: side.model.copyOf() };
    if (act === 'fork') side.map = side.map.own(newEpoch());
  }
}

function check({ map, model }: Side, step: Step): void {
  const bytes = new Uint8Array(SIZE);
  bytes.fill(0xaa);
  map.read(bytes, 0);
  expect(Buffer.compare(bytes, model.bytes)).toBe(0);
  expect(map.pages).toBe(model.pages());
  let last = 0;
  for (const { offset, length } of map.extents()) {
    expect(offset >= last && length > 0).toBe(true);
    last = offset + length;
  }
  const size = Math.max(1, model.end());
  for (const at of [0, step.offset, step.other]) {
    expect(map.missingPages(at, step.length)).toBe(model.missing(at, step.length));
    expect(map.seekData(at, size)).toBe(model.seekData(at, size));
    expect(map.seekHole(at, size)).toBe(model.seekHole(at, size));
  }
  const part = new Uint8Array(Math.min(step.length, SIZE - step.offset));
  map.read(part, step.offset);
  expect(Buffer.compare(part, model.bytes.subarray(step.offset, step.offset + part.length))).toBe(0);
}

test('maps that share extents equal their models after every operation', () => {
  const property = fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
    const epoch = newEpoch();
    const sides = Array.from({ length: MAPS }, () => ({ map: ExtentMap.empty(epoch), model: new ModelFile() }));
    for (const step of steps) {
      run(sides, step);
      for (const side of sides) check(side, step);
    }
  });
  fc.assert(property, { seed: SEED, numRuns: 400 });
}, 30_000);
