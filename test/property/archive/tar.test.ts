import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../../../src/archive/archive-error.ts';
import { applyLayer } from '../../../src/archive/apply.ts';
import { nodeCodecs } from '../../../src/archive/node-codecs.ts';
import { diffEntries, packLayer } from '../../../src/archive/diff.ts';
import { listNames } from '../../../src/archive/list-names.ts';
import { readImageArchive } from '../../../src/archive/docker-archive.ts';
import { cleanName, compareNames, decodeName, encodeName } from '../../../src/abi/name-bytes.ts';
import { isHeaderOnly, paddingOf, type TarEntry, type TarHeader } from '../../../src/archive/tar-entry.ts';
import { checksumsOf } from '../../../src/archive/tar-header.ts';
import { readArchive } from '../../../src/archive/tar-reader.ts';
import { assembleArchive, formatSplit, parseSplit, splitArchive } from '../../../src/archive/tar-split.ts';
import { writeArchive } from '../../../src/archive/tar-writer.ts';
import { createMachine } from '../../../src/index.ts';
import type { Task } from '../../../src/kernel/task.ts';
import { golden, whole } from '../../unit/archive/golden.ts';
import { entry, makeTar } from '../../unit/archive/make-tar.ts';

const seed = 20261122;
const name = fc
  .array(fc.constantFrom('a', 'B', '-', ' ', '.x', 'é', '漢', '😀', '\udcff', '\n', 'L'.repeat(60)), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join(''));
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const number = fc.oneof(fc.nat(0o7777777), fc.nat(2 ** 31 - 1));
const entries = fc.array(
  fc
    .record({
      path,
      type: fc.constantFrom('0', '0', '1', '2', '3', '4', '5', '6'),
      linkname: path,
      mode: fc.nat(0o177777),
      uid: number,
      gid: number,
      sec: fc.integer({ min: -(2 ** 33), max: 2 ** 35 }),
      nsec: fc.oneof(fc.constant(0), fc.nat(999_999_999)),
      uname: fc.oneof(fc.constant(''), name),
      device: fc.nat(4095),
      xattrs: fc.dictionary(
        fc.constantFrom('user.a', 'user.é', 'security.capability'),
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
      ),
      body: fc.uint8Array({ maxLength: 1500 }),
    })
    .map(({ path, type, linkname, sec, nsec, device, body, xattrs, ...rest }): TarEntry => {
      const header: TarHeader = {
        ...rest,
        name: type === '5' ? `${path}/` : path,
        type,
        linkname: type === '1' || type === '2' ? linkname : '',
        mtime: { sec, nsec },
        gname: '',
        devmajor: type === '3' ? device : 0,
        devminor: type === '3' ? device : 0,
        size: isHeaderOnly(type) ? 0 : body.length,
        xattrs: new Map(Object.entries(xattrs)),
      };
      return { header, body: isHeaderOnly(type) ? [] : [body] };
    }),
  { maxLength: 8 },
);
const flat = (list: Iterable<TarEntry>): unknown[] => [...list].map(({ header, body }) => [header, whole(body)]);

/** The bytes in pieces of random sizes. */
function chunked(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

describe('tar', () => {
  it('what is written is what is read, however the bytes come', () => {
    fc.assert(
      fc.property(
        entries,
        fc.array(fc.integer({ min: 1, max: 1300 }), { minLength: 1, maxLength: 8 }),
        (list, sizes) => {
          const tar = whole(writeArchive(list));
          expect(flat(readArchive(tar))).toEqual(flat(list));
          expect(flat(readArchive(chunked(tar, sizes)))).toEqual(flat(list));
          expect(whole(writeArchive(readArchive(tar)))).toEqual(tar);
        },
      ),
      { seed, numRuns: 300 },
    );
  });

  it('records give the archive back', () => {
    const unique = fc.uniqueArray(entries, { maxLength: 1 }).map((lists) => {
      const seen = new Set<string>();
      return (lists[0] ?? []).filter(
        ({ header }) => !seen.has(cleanName(header.name)) && seen.add(cleanName(header.name)),
      );
    });
    fc.assert(
      fc.property(unique, fc.uint8Array({ maxLength: 700 }), (list, remainder) => {
        const tar = whole([...writeArchive(list), remainder]);
        const records = parseSplit(formatSplit(splitArchive(tar)));
        const bodies = new Map(list.map(({ header, body }) => [header.name, body]));
        expect(whole(assembleArchive(records, (file) => bodies.get(file)!))).toEqual(tar);
      }),
      { seed, numRuns: 200 },
    );
  });

  it('names survive as bytes, and are ordered as bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.uint8Array({ maxLength: 80 }), (a, b) => {
        expect(encodeName(decodeName(a))).toEqual(a);
        expect(Math.sign(compareNames(decodeName(a), decodeName(b)))).toBe(Math.sign(Buffer.compare(a, b)));
      }),
      { seed, numRuns: 500 },
    );
  });
});

/** A machine with a directory to unpack into and a neighbour that nothing may touch. */
function machine(): { task: Task; outside(): unknown } {
  const { task } = createMachine();
  for (const directory of ['/root', '/outside', '/root-evil']) task.mkdir(directory, 0o755);
  task.close(task.open('/outside/secret', 0o102, 0o600));
  const outside = (): unknown => [
    listNames(task, '/'),
    ['/outside', '/outside/secret', '/root-evil'].map((file) => {
      const { atime: _, ...stat } = task.lstat(file);
      return stat;
    }),
    listNames(task, '/outside'),
    listNames(task, '/root-evil'),
  ];
  return { task, outside };
}

const hostile = makeTar(
  'd/',
  'd/up -> ../../outside',
  'abs -> /outside',
  'd/up/planted = x',
  'abs/secret = y',
  'abs/.wh.secret',
  'hard => abs/secret',
  entry('dev', { type: '3', devmajor: 1, devminor: 3 }),
  'd/.wh..wh..opq',
  'd/.wh.gone',
  entry(`${'long/'.repeat(30)}f = x`, { xattrs: new Map([['user.a', Uint8Array.of(1, 2)]]) }),
);

const mutation = fc.record({
  source: fc.constantFrom(
    golden('layer/child.tar').subarray(0, 60_000),
    golden('base/base-pax.tar'),
    golden('base/base-gnu.tar'),
    hostile,
  ),
  flips: fc.array(fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), bit: fc.nat(7) }), {
    maxLength: 6,
  }),
  cut: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  repaired: fc.boolean(),
});

/** Puts the checksums of all blocks that look like headers right, so that the mutation reaches what lies behind. */
function repair(tar: Uint8Array): void {
  for (let at = 0; at + 512 <= tar.length; at += 512) {
    const block = tar.subarray(at, at + 512);
    if (String.fromCharCode(...block.subarray(257, 262)) !== 'ustar') continue;
    block.set(new TextEncoder().encode(`${checksumsOf(block).unsigned.toString(8).padStart(6, '0')}\0 `), 148);
  }
}

function mutate({
  source,
  flips,
  cut,
  repaired,
}: {
  source: Uint8Array;
  flips: { at: number; bit: number }[];
  cut: number;
  repaired: boolean;
}): Uint8Array {
  const tar = source.slice(0, Math.ceil(source.length * cut));
  // Most flips go where headers are: the first 345 bytes of a block.
  for (const { at, bit } of flips) {
    const block = Math.floor((at * tar.length) / 512) * 512;
    const offset = block + (Math.floor(at * tar.length * 7) % 345);
    if (offset < tar.length) tar[offset]! ^= 1 << bit;
  }
  if (repaired) repair(tar);
  return tar;
}

describe('a damaged archive', () => {
  it.each(['overlay', 'plain'] as const)(
    'is refused or unpacked, in the %s form, and never reaches outside',
    (form) => {
      let refused = 0;
      let unpacked = 0;
      fc.assert(
        fc.property(mutation, fc.constantFrom('refuse', 'contain'), (mutated, breakout) => {
          const { task, outside } = machine();
          const before = outside();
          try {
            applyLayer(task, '/root', mutate(mutated), { form, breakout });
            unpacked++;
            expect(flat(diffEntries(task, '/root')).length).toBe(flat(readArchive(packLayer(task, '/root'))).length);
          } catch (error) {
            if (!(error instanceof ArchiveError)) throw error;
            refused++;
            expect(listNames(task, '/root')).toEqual([]);
          }
          expect(outside()).toEqual(before);
        }),
        { seed, numRuns: 250 },
      );
      expect(refused).toBeGreaterThan(40);
      expect(unpacked).toBeGreaterThan(40);
    },
  );

  it('never stops the reader of images, or of records, with anything but an ArchiveError', () => {
    const sources = [golden('save/two.tar'), golden('save/two.tar').subarray(60_000)];
    let refused = 0;
    fc.assert(
      fc.property(mutation, fc.constantFrom(...sources), (mutated, source) => {
        const tar = mutate({ ...mutated, source });
        for (const read of [() => readImageArchive(tar, nodeCodecs), () => splitArchive(tar)]) {
          try {
            read();
          } catch (error) {
            if (!(error instanceof ArchiveError)) throw error;
            refused++;
          }
        }
      }),
      { seed, numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(100);
    expect(paddingOf(1)).toBe(511);
  });
});
