import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { PAGE_SIZE } from '../../../src/abi/flags.ts';
import { newEpoch } from '../../../src/kernel/epoch.ts';
import { PageCache } from '../../../src/kernel/page-cache.ts';
import { Readahead } from '../../../src/kernel/readahead.ts';

const MAX = 12 * PAGE_SIZE;

/** A file twice: in a cache over a disk, and as plain bytes with the disk that the same calls would leave. */
class Pair {
  readonly disk: Uint8Array;
  readonly cache: PageCache;
  /** What the file reads as. */
  memory: Uint8Array;
  /** What is on the disk, by the model, and the size that its tables tell. */
  readonly stored: Uint8Array;
  storedSize: number;
  readonly dirty: Set<number>;
  readonly ahead = new Readahead();

  constructor(from: {
    disk: Uint8Array;
    memory: Uint8Array;
    dirty: Set<number>;
    storedSize: number;
    fork?: PageCache;
  }) {
    this.disk = from.disk.slice();
    this.stored = from.disk.slice();
    this.memory = from.memory.slice();
    this.dirty = new Set(from.dirty);
    this.storedSize = from.storedSize;
    const backing = {
      readPages: (offset: number, into: Uint8Array) => into.set(this.disk.subarray(offset, offset + into.length)),
      writePages: (offset: number, bytes: Uint8Array) => this.disk.set(bytes, offset),
    };
    this.cache = from.fork?.fork(newEpoch(), backing) ?? PageCache.empty(newEpoch(), backing, from.memory.length);
  }

  write(offset: number, length: number, byte: number): void {
    this.cache.write(new Uint8Array(length).fill(byte), offset);
    if (length === 0) return;
    const grown = new Uint8Array(Math.max(this.memory.length, offset + length));
    grown.set(this.memory);
    this.memory = grown.fill(byte, offset, offset + length);
    this.mark(offset, offset + length);
  }

  mark(start: number, end: number): void {
    for (let page = Math.floor(start / PAGE_SIZE); page * PAGE_SIZE < end; page++) this.dirty.add(page);
  }

  /** As a filesystem does it: the disk's blocks behind the end go too. */
  truncate(size: number): void {
    const last = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
    this.cache.truncate(size);
    if (size < this.memory.length) {
      this.disk.fill(0, last);
      this.stored.fill(0, last);
      for (const page of [...this.dirty]) if (page * PAGE_SIZE >= last) this.dirty.delete(page);
      if (size < last) this.mark(size, size + 1);
    }
    const cut = new Uint8Array(size);
    cut.set(this.memory.subarray(0, size));
    this.memory = cut;
  }

  writeback(): void {
    this.cache.writeback();
    for (const page of this.dirty) {
      const start = page * PAGE_SIZE;
      this.stored.fill(0, start, start + PAGE_SIZE);
      this.stored.set(this.memory.subarray(start, start + PAGE_SIZE), start);
    }
    this.storedSize = this.memory.length;
    this.dirty.clear();
  }

  /** Power goes: the file is what the disk has. */
  dropDirty(): void {
    this.cache.dropDirty();
    this.cache.size = this.storedSize;
    this.memory = this.stored.slice(0, this.storedSize);
    this.dirty.clear();
  }

  check(offset: number, length: number, withAhead: boolean): void {
    const into = new Uint8Array(length).fill(0xee);
    const done = this.cache.read(into, offset, withAhead ? this.ahead : undefined);
    const expected = this.memory.subarray(offset, offset + length);
    expect(Buffer.compare(into.subarray(0, done), expected)).toBe(0);
    expect(this.cache.size).toBe(this.memory.length);
    expect(this.cache.dirtyPages).toBe(this.dirty.size);
    expect(Buffer.compare(this.disk, this.stored)).toBe(0);
  }
}

const place = fc.oneof(
  fc.nat(MAX - 1),
  fc.tuple(fc.nat(10), fc.integer({ min: -2, max: 2 })).map(([page, off]) => Math.max(0, page * PAGE_SIZE + off)),
);
const operation = fc.record({
  kind: fc.constantFrom('read', 'read', 'write', 'write', 'writeback', 'truncate', 'dropDirty', 'dropClean', 'fork'),
  offset: place,
  length: place,
  byte: fc.nat(255),
});

/** Bytes, and every other two pages zeros. */
const pattern = new Uint8Array(2 * MAX).map((_, i) => ((i >> 13) % 2 === 0 ? (i * 7) % 251 : 0));

test('a cache over a disk reads as plain bytes do, and a power cut leaves what was stored', () => {
  const property = fc.property(fc.nat(MAX), fc.array(operation, { maxLength: 30 }), (size, operations) => {
    const disk = pattern.slice().fill(0, size);
    let pair = new Pair({ disk, memory: disk.subarray(0, size), dirty: new Set(), storedSize: size });
    const left: Pair[] = [];
    for (const { kind, offset, length, byte } of operations) {
      if (kind === 'write') pair.write(offset, Math.min(length, MAX - offset), byte);
      else if (kind === 'truncate') pair.truncate(offset);
      else if (kind === 'writeback') pair.writeback();
      else if (kind === 'dropDirty') pair.dropDirty();
      else if (kind === 'dropClean') pair.cache.dropClean();
      else if (kind === 'fork') {
        left.push(pair);
        pair = new Pair({
          disk: pair.disk,
          memory: pair.memory,
          dirty: pair.dirty,
          storedSize: pair.storedSize,
          fork: pair.cache,
        });
      }
      pair.check(offset, length, byte % 2 === 0);
    }
    for (const one of [...left, pair]) one.check(0, 2 * MAX, false);
  });
  fc.assert(property, { seed: 6, numRuns: 1000 });
});
