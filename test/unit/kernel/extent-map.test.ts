import { describe, expect, test } from 'vitest';
import { PAGE_SIZE } from '../../../src/abi/flags.ts';
import { ExtentMap } from '../../../src/kernel/extent-map.ts';
import { newEpoch } from '../../../src/kernel/xarray.ts';

const SIZE = 20 * 1024;

function filled(length: number, byte = 1): Uint8Array {
  return new Uint8Array(length).fill(byte);
}

function bytesOf(map: ExtentMap, length: number, offset = 0): Uint8Array {
  const bytes = filled(length, 0xaa);
  map.read(bytes, offset);
  return bytes;
}

/** Where data begins and holes begin from each of some offsets, as lseek(2) tells. */
function seeks(map: ExtentMap, size: number): [(number | undefined)[], number[]] {
  const offsets = Array.from({ length: Math.ceil(size / 1000) }, (_, i) => i * 1000);
  return [offsets.map((at) => map.seekData(at, size)), offsets.map((at) => map.seekHole(at, size))];
}

/** What tmpfs of Linux 6.18 answered to the same calls: st_blocks / 8 and SEEK_DATA, SEEK_HOLE at 0, 1000, 2000 … */
describe('pages, data and holes as on tmpfs', () => {
  test('ten bytes written at 5000', () => {
    const map = ExtentMap.empty(newEpoch());
    map.write(filled(10), 5000);
    expect(map.pages).toBe(1);
    expect(seeks(map, 5010)).toEqual([
      [4096, 4096, 4096, 4096, 4096, 5000],
      [0, 1000, 2000, 3000, 4000, 5010],
    ]);
  });

  test('a punch of parts and whole pages, then a truncate inside the page', () => {
    const map = ExtentMap.empty(newEpoch());
    map.write(filled(10), 5000);
    map.write(filled(10), 12000);
    map.punch(4196, 100);
    expect(map.pages).toBe(2);
    expect(map.seekHole(5000, SIZE)).toBe(12288);
    map.punch(5000, 8000);
    expect(map.pages).toBe(1);
    expect(seeks(map, 8192)[0]).toEqual([4096, 4096, 4096, 4096, 4096, 5000, 6000, 7000, 8000]);
    expect(map.seekHole(5000, SIZE)).toBe(8192);
    expect(bytesOf(map, SIZE)).toEqual(filled(SIZE, 0));
    map.truncate(4097);
    expect([map.pages, map.seekData(0, 4097), map.seekHole(4096, 4097)]).toEqual([1, 4096, 4097]);
    map.truncate(4096);
    expect([map.pages, map.seekData(0, 4096)]).toEqual([0, undefined]);
  });

  test('fallocate reserves pages that are no data until they are written', () => {
    const map = ExtentMap.empty(newEpoch());
    map.fill(5000, 5000);
    expect([map.pages, map.seekData(0, 10000), map.seekHole(4096, 10000)]).toEqual([2, undefined, 4096]);
    expect(map.missingPages(0, 10000)).toBe(1);
    map.write(filled(1), 9000);
    expect([map.pages, map.seekData(0, 10000), map.seekHole(8192, 10000)]).toEqual([2, 8192, 10000]);
    map.punch(4096, 100);
    expect([map.pages, map.seekData(0, 10000)]).toEqual([2, 8192]);
  });

  test('pages reserved behind the end go with a truncate to the same size', () => {
    const map = ExtentMap.empty(newEpoch());
    map.write(filled(100), 0);
    map.fill(5000, 9000);
    expect(map.pages).toBe(4);
    map.truncate(100);
    expect(map.pages).toBe(1);
  });
});

test('zero makes whole pages unwritten and leaves the parts as data', () => {
  const map = ExtentMap.ofBytes(newEpoch(), filled(3 * PAGE_SIZE));
  map.zero(100, 2 * PAGE_SIZE);
  expect(map.pages).toBe(3);
  expect(Array.from(map.extents(), ({ kind }) => kind)).toEqual(['bytes', 'unwritten', 'bytes']);
  expect([map.seekHole(0, 3 * PAGE_SIZE), map.seekData(PAGE_SIZE, 3 * PAGE_SIZE)]).toEqual([PAGE_SIZE, 2 * PAGE_SIZE]);
});

describe('seeded content', () => {
  test('is the same from wherever it is read, and far out', () => {
    const map = ExtentMap.ofSeed(newEpoch(), 7, 2 ** 42);
    for (const base of [0, 2 ** 35 - 50, 2 ** 41 + 3]) {
      const whole = bytesOf(map, 100, base);
      for (let i = 0; i < 30; i++) expect(bytesOf(map, 50, base + i)).toEqual(whole.slice(i, i + 50));
      expect(new Set(whole).size).toBeGreaterThan(50);
    }
    expect(bytesOf(map, 64)).not.toEqual(bytesOf(ExtentMap.ofSeed(newEpoch(), 8, 64), 64));
    expect(bytesOf(map, 64)).not.toEqual(bytesOf(ExtentMap.ofSeed(newEpoch(), 7 + 2 ** 32, 64), 64));
  });

  test('has all byte values about equally often', () => {
    const counts = new Array(256).fill(0);
    for (const byte of bytesOf(ExtentMap.ofSeed(newEpoch(), 1, 2 ** 18), 2 ** 18)) counts[byte] += 1;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1200);
  });

  test('survives a write in its midst', () => {
    const map = ExtentMap.ofSeed(newEpoch(), 3, 2 ** 30);
    const before = bytesOf(map, 3 * PAGE_SIZE, 2 ** 20);
    map.write(filled(5, 0), 2 ** 20 + 5000);
    before.fill(0, 5000, 5005);
    expect(bytesOf(map, 3 * PAGE_SIZE, 2 ** 20)).toEqual(before);
    expect([...map.extents()].length).toBe(3);
  });
});

describe('costs', () => {
  test('appending 16 bytes at a time makes few extents', () => {
    const map = ExtentMap.empty(newEpoch());
    for (let i = 0; i < 100_000; i++) map.write(filled(16, i % 251), i * 16);
    expect([...map.extents()].length).toBeLessThan(40);
    expect(bytesOf(map, 16, 16 * 777)).toEqual(filled(16, 777 % 251));
  });

  test('one write to a shared file of 10,000 extents copies one chunk and the list of chunks', () => {
    const file = ExtentMap.empty(newEpoch());
    for (let i = 0; i < 10_000; i++) file.write(filled(16), i * 2 * PAGE_SIZE);
    const epoch = newEpoch();
    const other = file.own(epoch);
    expect(epoch.copiedNodes).toBe(0);
    other.write(filled(16, 2), 5000 * 2 * PAGE_SIZE);
    expect(epoch.copiedNodes).toBe(2);
    expect(epoch.copiedBytes).toBeLessThan(4000);
    other.write(filled(16, 2), 5001 * 2 * PAGE_SIZE);
    expect(epoch.copiedNodes).toBeLessThanOrEqual(3);
    expect(bytesOf(file, 16, 5000 * 2 * PAGE_SIZE)).toEqual(filled(16));
  });

  test('random small writes to a shared file leave about one extent for each page', () => {
    const map = ExtentMap.ofBytes(newEpoch(), filled(64 * PAGE_SIZE));
    for (let i = 0; i < 4000; i++) map.write(filled(16, 2), ((i * 7919) % (256 * 64)) * 16);
    expect([...map.extents()].length).toBeLessThanOrEqual(128);
  });
});

test('a clone of a whole file, and back within one epoch, shares without being seen', () => {
  const epoch = newEpoch();
  const [a, b] = [ExtentMap.empty(epoch), ExtentMap.empty(epoch)];
  a.write(filled(6000), 0);
  b.cloneRange(a, 0, 0, 6000);
  b.write(filled(10, 5), 20);
  expect(bytesOf(a, 10, 20)).toEqual(filled(10));
  a.write(filled(10, 2), 0);
  b.write(filled(10, 3), 6000);
  a.write(filled(10, 4), 6000);
  expect(bytesOf(b, 10)).toEqual(filled(10));
  expect(bytesOf(b, 10, 6000)).toEqual(filled(10, 3));
  expect(bytesOf(a, 10, 6000)).toEqual(filled(10, 4));
});

describe('growth in place stops where it would be seen', () => {
  test('at the next extent', () => {
    const map = ExtentMap.empty(newEpoch());
    map.write(filled(2 * PAGE_SIZE - 16), 0);
    map.write(filled(16), 2 * PAGE_SIZE - 16);
    map.write(filled(100, 2), 3 * PAGE_SIZE);
    map.write(filled(PAGE_SIZE + 50, 3), 2 * PAGE_SIZE);
    expect(bytesOf(map, 50, 3 * PAGE_SIZE)).toEqual(filled(50, 3));
    expect(bytesOf(map, 50, 3 * PAGE_SIZE + 50)).toEqual(filled(50, 2));
    const [first, second] = [...map.extents()];
    expect(first!.offset + first!.length).toBeLessThanOrEqual(second!.offset);
    expect(map.pages).toBe(4);
  });

  test('at bytes that an insert moved away', () => {
    const map = ExtentMap.empty(newEpoch());
    map.write(filled(2 * PAGE_SIZE), 0);
    map.insert(PAGE_SIZE, PAGE_SIZE);
    map.write(filled(PAGE_SIZE, 2), PAGE_SIZE);
    expect(bytesOf(map, PAGE_SIZE, 2 * PAGE_SIZE)).toEqual(filled(PAGE_SIZE));
  });

  test('at a chunk that another map still holds', () => {
    const file = ExtentMap.empty(newEpoch());
    for (let i = 0; i < 100; i++) file.write(filled(1), i * 2 * PAGE_SIZE);
    const other = file.own(newEpoch());
    other.write(filled(1, 2), 0);
    other.write(filled(1, 2), 200 * PAGE_SIZE);
    expect([[...file.extents()].length, [...other.extents()].length]).toEqual([100, 101]);
    expect(bytesOf(file, 1)).toEqual(filled(1));
  });
});

test('bytes shared into a reserved page make it data that can be punched', () => {
  const [from, map] = [ExtentMap.ofBytes(newEpoch(), filled(100)), ExtentMap.empty(newEpoch())];
  map.fill(0, PAGE_SIZE);
  map.copyRange(from, 0, 200, 100);
  map.punch(200, 100);
  expect(bytesOf(map, PAGE_SIZE)).toEqual(filled(PAGE_SIZE, 0));
  expect(map.seekData(0, PAGE_SIZE)).toBe(0);
});
