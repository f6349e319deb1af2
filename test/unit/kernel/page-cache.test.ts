import { describe, expect, test } from 'vitest';
import { raise } from '../../../src/abi/errno.ts';
import { PAGE_SIZE } from '../../../src/abi/flags.ts';
import { newEpoch } from '../../../src/kernel/epoch.ts';
import { ExtentMap } from '../../../src/kernel/extent-map.ts';
import { type PageBacking, PageCache } from '../../../src/kernel/page-cache.ts';
import { READAHEAD_MAX, Readahead } from '../../../src/kernel/readahead.ts';

/** A disk of one file, which counts what it is asked and fails where it is told to. */
class FakeDisk implements PageBacking {
  readonly bytes: Uint8Array;
  reads: [number, number][] = [];
  writes: [number, number][] = [];
  readonly badReads = new Set<number>();
  readonly badWrites = new Set<number>();
  stopAt: number | undefined;

  constructor(size: number) {
    this.bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 12)) % 251);
  }

  readPages(offset: number, into: Uint8Array): void {
    this.reads.push([offset, into.length]);
    for (let page = offset; page < offset + into.length; page += PAGE_SIZE) if (this.badReads.has(page)) raise('EIO');
    into.fill(0);
    into.set(this.bytes.subarray(offset, offset + into.length));
  }

  writePages(offset: number, bytes: Uint8Array): void {
    this.writes.push([offset, bytes.length]);
    if (this.stopAt === offset) throw new Error('power');
    for (let page = offset; page < offset + bytes.length; page += PAGE_SIZE) if (this.badWrites.has(page)) raise('EIO');
    this.bytes.set(bytes, offset);
  }
}

const SIZE = 40 * PAGE_SIZE + 100;

function cacheOf(size = SIZE) {
  const disk = new FakeDisk(size);
  return { disk, cache: PageCache.empty(newEpoch(), disk, size) };
}

function read(cache: PageCache, offset: number, length: number, ahead?: Readahead): Uint8Array {
  const into = new Uint8Array(length);
  return into.subarray(0, cache.read(into, offset, ahead));
}

/** The code of what `act` raises. */
function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
}

describe('reading', () => {
  test('bytes are those of the backing, up to the end of the file', () => {
    const { disk, cache } = cacheOf();
    expect(read(cache, 5000, 9000)).toEqual(disk.bytes.slice(5000, 14000));
    expect(read(cache, SIZE - 10, 100)).toEqual(disk.bytes.slice(SIZE - 10));
    expect(read(cache, SIZE, 1)).toHaveLength(0);
    expect(read(cache, SIZE + PAGE_SIZE, 1)).toHaveLength(0);
  });

  test('without readahead exactly the missing pages are asked for, each once', () => {
    const { disk, cache } = cacheOf();
    read(cache, PAGE_SIZE + 1, 1);
    read(cache, 3 * PAGE_SIZE, 1);
    read(cache, 0, 5 * PAGE_SIZE);
    expect(disk.reads).toEqual([1, 3, 0, 2, 4].map((page) => [page * PAGE_SIZE, PAGE_SIZE]));
    read(cache, 0, 5 * PAGE_SIZE);
    expect(disk.reads).toHaveLength(5);
    expect(cache.cachedPages).toBe(5);
    expect([...cache.present()]).toEqual([{ start: 0, end: 5 * PAGE_SIZE }]);
  });

  test('the window of a reader from front to back grows to 128 KiB', () => {
    const size = 2 ** 20;
    const { disk, cache } = cacheOf(size);
    const ahead = new Readahead();
    for (let at = 0; at < size; at += PAGE_SIZE) read(cache, at, PAGE_SIZE, ahead);
    const kib = disk.reads.map(([, length]) => length / 1024);
    expect(kib.slice(0, 4)).toEqual([16, 32, 64, 128]);
    expect(Math.max(...kib)).toBe(READAHEAD_MAX / 1024);
    expect(kib.reduce((a, b) => a + b)).toBe(1024);
    expect(cache.cachedPages).toBe(256);
  });

  test('a reader here and there brings in what it asks for alone', () => {
    const { disk, cache } = cacheOf(2 ** 20);
    const ahead = new Readahead();
    for (const page of [100, 50, 200]) read(cache, page * PAGE_SIZE, 10, ahead);
    expect(disk.reads.map(([, length]) => length)).toEqual([PAGE_SIZE, PAGE_SIZE, PAGE_SIZE]);
  });

  test('zeros are cached without bytes and shared as zeros', () => {
    const { disk, cache } = cacheOf();
    disk.bytes.fill(0, 0, 2 * PAGE_SIZE);
    expect(read(cache, 0, 2 * PAGE_SIZE)).toEqual(new Uint8Array(2 * PAGE_SIZE));
    expect([...cache.extents(0, 2 * PAGE_SIZE).extents()].map((e) => e.kind)).toEqual(['zero']);
    expect(disk.reads).toHaveLength(1);
  });

  test('a bad page fails the read that begins with it and shortens the one that runs into it', () => {
    const { disk, cache } = cacheOf();
    disk.badReads.add(2 * PAGE_SIZE);
    expect(read(cache, 10, 4 * PAGE_SIZE)).toEqual(disk.bytes.slice(10, 2 * PAGE_SIZE));
    expect(refusal(() => read(cache, 2 * PAGE_SIZE + 5, 1))).toBe('EIO');
    expect(read(cache, 3 * PAGE_SIZE, 10)).toEqual(disk.bytes.slice(3 * PAGE_SIZE, 3 * PAGE_SIZE + 10));
  });

  test('a bad page that was only read ahead fails nobody', () => {
    const { disk, cache } = cacheOf();
    disk.badReads.add(3 * PAGE_SIZE);
    expect(read(cache, 0, 10, new Readahead())).toEqual(disk.bytes.slice(0, 10));
    expect(cache.cachedPages).toBe(1);
    disk.badReads.clear();
    expect(read(cache, 0, SIZE)).toEqual(disk.bytes);
  });
});

describe('sharing', () => {
  test('extents brings in the range and no more, and copies share the bytes', () => {
    const { disk, cache } = cacheOf();
    const shared = cache.extents(PAGE_SIZE, 3 * PAGE_SIZE);
    expect(cache.cachedPages).toBe(3);
    const copy = ExtentMap.empty(newEpoch());
    copy.copyRange(shared, PAGE_SIZE, 0, 3 * PAGE_SIZE);
    cache.write(Uint8Array.of(1, 2, 3), PAGE_SIZE);
    const into = new Uint8Array(3 * PAGE_SIZE);
    copy.read(into, 0);
    expect(into).toEqual(disk.bytes.slice(PAGE_SIZE, 4 * PAGE_SIZE));
  });

  test('extents of a file with a bad page fail', () => {
    const { disk, cache } = cacheOf();
    disk.badReads.add(0);
    expect(refusal(() => cache.extents())).toBe('EIO');
  });
});

describe('writing', () => {
  test('a page that is written in part is read first, a whole one is not', () => {
    const { disk, cache } = cacheOf();
    const expected = disk.bytes.slice();
    const patch = new Uint8Array(2 * PAGE_SIZE).fill(9);
    cache.write(patch, PAGE_SIZE + 100);
    expected.set(patch, PAGE_SIZE + 100);
    expect(disk.reads.map(([offset]) => offset / PAGE_SIZE)).toEqual([1, 3]);
    expect(read(cache, 0, SIZE)).toEqual(expected);
    expect(cache.dirtyPages).toBe(3);
    expect(disk.writes).toEqual([]);
  });

  test('writeback stores neighbours at once, zeros behind the end of the file, and only once', () => {
    const { disk, cache } = cacheOf();
    for (const page of [3, 1, 2, 7]) cache.write(Uint8Array.of(page), page * PAGE_SIZE + 5);
    cache.write(Uint8Array.of(5), SIZE + 20);
    const size = cache.size;
    const full = read(cache, 0, size);
    expect(size).toBe(SIZE + 21);
    Object.assign(disk, { bytes: Uint8Array.from({ length: 41 * PAGE_SIZE }, (_, i) => disk.bytes[i] ?? 0xee) });
    cache.writeback();
    expect(disk.writes).toEqual([
      [PAGE_SIZE, 3 * PAGE_SIZE],
      [7 * PAGE_SIZE, PAGE_SIZE],
      [40 * PAGE_SIZE, PAGE_SIZE],
    ]);
    expect(disk.bytes.slice(0, size)).toEqual(full);
    expect(disk.bytes.slice(size)).toEqual(new Uint8Array(41 * PAGE_SIZE - size));
    cache.writeback();
    expect(disk.writes).toHaveLength(3);
    expect(cache.dirtyPages).toBe(0);
  });

  test('a bad page cannot be written in part', () => {
    const { disk, cache } = cacheOf();
    disk.badReads.add(0);
    expect(refusal(() => cache.write(Uint8Array.of(1), 5))).toBe('EIO');
    expect(cache.dirtyPages).toBe(0);
    cache.write(new Uint8Array(PAGE_SIZE), 0);
    expect(cache.dirtyPages).toBe(1);
  });

  test('a power cut loses what was not stored and nothing else', () => {
    const { disk, cache } = cacheOf();
    const before = disk.bytes.slice();
    cache.write(Uint8Array.of(1, 1, 1), 10);
    cache.writeback();
    before.set([1, 1, 1], 10);
    cache.write(Uint8Array.of(2, 2, 2), 10);
    cache.write(Uint8Array.of(3), SIZE + PAGE_SIZE);
    cache.dropDirty();
    cache.size = SIZE;
    expect(read(cache, 0, SIZE)).toEqual(before);
    expect(cache.dirtyPages).toBe(0);
  });

  test('dropClean gives memory back and keeps what is not stored', () => {
    const { disk, cache } = cacheOf();
    cache.extents();
    cache.write(Uint8Array.of(2), 5 * PAGE_SIZE);
    cache.dropClean();
    expect(cache.cachedPages).toBe(1);
    const expected = disk.bytes.slice();
    expected[5 * PAGE_SIZE] = 2;
    expect(read(cache, 0, SIZE)).toEqual(expected);
  });
});

describe('errors of writeback', () => {
  test('each open file is told once; the page is clean and its bytes stay in memory', () => {
    const { disk, cache } = cacheOf();
    const early = cache.sampleErrors();
    disk.badWrites.add(0);
    cache.write(Uint8Array.of(7), 0);
    cache.write(Uint8Array.of(8), 2 * PAGE_SIZE);
    cache.writeback();
    const late = cache.sampleErrors();
    expect(cache.dirtyPages).toBe(0);
    expect(disk.bytes[2 * PAGE_SIZE]).toBe(8);
    expect(refusal(() => cache.sync(early))).toBe('EIO');
    expect(refusal(() => cache.sync(late))).toBe('EIO');
    expect(refusal(() => cache.sync(early))).toBe('none');
    expect(refusal(() => cache.sync(cache.sampleErrors()))).toBe('none');
    expect(read(cache, 0, 1)[0]).toBe(7);
    cache.dropClean();
    expect(read(cache, 0, 1)[0]).toBe(disk.bytes[0]);
  });

  test('a stop of the machine leaves the page dirty and is no error of the file', () => {
    const { disk, cache } = cacheOf();
    const mark = cache.sampleErrors();
    disk.stopAt = 0;
    cache.write(Uint8Array.of(7), 0);
    expect(() => cache.writeback()).toThrow('power');
    expect(cache.dirtyPages).toBe(1);
    disk.stopAt = undefined;
    cache.sync(mark);
    expect(disk.bytes[0]).toBe(7);
  });

  test('a backing that cannot write says EROFS', () => {
    const disk = new FakeDisk(SIZE);
    const cache = PageCache.empty(newEpoch(), { readPages: (o, into) => disk.readPages(o, into) }, SIZE);
    const mark = cache.sampleErrors();
    cache.write(Uint8Array.of(7), 0);
    expect(refusal(() => cache.sync(mark))).toBe('EROFS');
  });
});

describe('truncate and fork', () => {
  test('what was cut off does not come back', () => {
    const { cache, disk } = cacheOf();
    cache.write(Uint8Array.of(1), 10 * PAGE_SIZE);
    cache.truncate(PAGE_SIZE + 10);
    expect(cache.size).toBe(PAGE_SIZE + 10);
    expect([...cache.dirty()]).toEqual([{ start: PAGE_SIZE, end: 2 * PAGE_SIZE }]);
    disk.bytes.fill(0, 2 * PAGE_SIZE);
    cache.truncate(3 * PAGE_SIZE);
    const expected = disk.bytes.slice(0, 3 * PAGE_SIZE);
    expected.fill(0, PAGE_SIZE + 10);
    expect(read(cache, 0, SIZE)).toEqual(expected);
  });

  test('invalidate forgets whole pages, dirty ones too', () => {
    const { cache, disk } = cacheOf();
    cache.extents();
    cache.write(Uint8Array.of(1), 2 * PAGE_SIZE);
    disk.bytes.fill(5);
    cache.invalidate(PAGE_SIZE + 1, 3 * PAGE_SIZE);
    expect(cache.dirtyPages).toBe(0);
    expect(cache.cachedPages).toBe(39);
    expect(read(cache, 2 * PAGE_SIZE, 1)[0]).toBe(5);
    expect(read(cache, PAGE_SIZE, 1)[0]).not.toBe(5);
  });

  test('a fork has the same pages, dirty ones and errors, and goes its own way', () => {
    const { cache, disk } = cacheOf();
    const other = new FakeDisk(SIZE);
    cache.write(Uint8Array.of(1), 0);
    const twin = cache.fork(newEpoch(), other);
    cache.write(Uint8Array.of(2), 0);
    twin.write(Uint8Array.of(3), PAGE_SIZE);
    expect([cache.dirtyPages, twin.dirtyPages]).toEqual([1, 2]);
    expect([read(cache, 0, 1)[0], read(twin, 0, 1)[0]]).toEqual([2, 1]);
    cache.writeback();
    expect([cache.dirtyPages, twin.dirtyPages]).toEqual([0, 2]);
    twin.writeback();
    expect([disk.bytes[0], other.bytes[0], other.bytes[PAGE_SIZE]]).toEqual([2, 1, 3]);
    expect(disk.bytes[PAGE_SIZE]).not.toBe(3);
  });
});
