/** Archives that no packer writes, or only an odd one: what unpacking makes of them, or refuses, is compared too. */
import fc, { type Arbitrary } from 'fast-check';
import type { Timespec } from '../../src/abi/stat.ts';
import { cleanName } from '../../src/abi/name-bytes.ts';
import { REGTYPE, writeArchive } from '../../src/archive/index.ts';
import { bytesOf } from '../../src/testing/subject.ts';

/** One entry as it stands in the archive. */
export interface OddEntry {
  readonly name: string;
  /** The type flag. */
  readonly type: string;
  readonly linkname: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timespec;
  readonly atime?: Timespec | undefined;
  readonly length: number;
  readonly xattrs: readonly (readonly [name: string, value: string])[];
}

export interface OddArchive {
  readonly odd: readonly OddEntry[];
}

const plainName = fc.constantFrom(
  'a',
  'b',
  'a/b',
  'a/b/c',
  'b/c',
  'd',
  'd/e',
  'etc',
  'etc/hosts',
  'dev/x',
  '.dockerenv',
);
const mark = fc.constantFrom(
  '.wh.a',
  '.wh.b',
  'a/.wh.b',
  'a/b/.wh.c',
  'b/.wh.c',
  'a/.wh..wh..opq',
  'b/.wh..wh..opq',
  '.wh..wh..opq',
  '.wh..wh.plnk/1.2',
  '.wh..wh.aufs',
  'd/.wh.nothing',
  '.wh.',
);
const oddName = fc.oneof(
  plainName.map((name) => `./${name}`),
  plainName.map((name) => `/${name}`),
  plainName.map((name) => `${name}/`),
  plainName.map((name) => `a/../${name}`),
  plainName.map((name) => `x//${name}`),
  fc.constantFrom(
    '.',
    './',
    '..',
    '../a',
    'a/../../b',
    '/',
    'é/漢',
    'p'.repeat(101),
    `${'q'.repeat(60)}/${'r'.repeat(60)}`,
  ),
);
const name = fc.oneof(
  { weight: 12, arbitrary: plainName },
  { weight: 3, arbitrary: mark },
  { weight: 2, arbitrary: oddName },
);
const type = fc.oneof(
  { weight: 24, arbitrary: fc.constantFrom('0', '0', '5', '5', '5') },
  { weight: 12, arbitrary: fc.constantFrom('1', '2', '2', '3', '4', '6') },
  { weight: 1, arbitrary: fc.constantFrom('7', 'V', '\0') },
);
const linkname = fc.oneof(
  { weight: 6, arbitrary: plainName },
  {
    weight: 2,
    arbitrary: fc.constantFrom('/a', '../b', '../../../etc/passwd', '', '.', '.wh..wh.plnk/1.2', 'missing'),
  },
);
const time = fc.constantFrom(
  { sec: 1_300_000_000, nsec: 0 },
  { sec: 1_300_000_000, nsec: 250_000_000 },
  { sec: 0, nsec: 0 },
  { sec: -1, nsec: 0 },
  { sec: 9_999_999_999, nsec: 0 },
);

/** Where other entries lie below a fifo, dockerd opens it and waits for ever. */
const isParent = (path: string): boolean => ['a', 'b', 'a/b', 'd', 'etc'].includes(cleanName(path).replace(/^\/+/, ''));
const withoutWaiting = (one: OddEntry): OddEntry =>
  one.type === '6' && isParent(one.name) ? { ...one, type: '5' } : one;

const entry: Arbitrary<OddEntry> = fc
  .record(
    {
      name,
      type,
      linkname,
      mode: fc.constantFrom(0o644, 0o755, 0o4755, 0o1777, 0, 0o100644, 0o777_7777 & 0o177777),
      uid: fc.constantFrom(0, 0, 1000, 3_000_000),
      gid: fc.constantFrom(0, 0, 50, 3_000_001),
      mtime: time,
      atime: time,
      length: fc.constantFrom(0, 1, 511, 512, 513, 5000),
      xattrs: fc.oneof(
        { weight: 5, arbitrary: fc.constant([]) },
        {
          weight: 1,
          arbitrary: fc.array(
            fc.tuple(
              fc.constantFrom('user.a', 'trusted.x', 'security.x', 'trusted.overlay.opaque'),
              fc.constantFrom('y', ''),
            ),
            { maxLength: 2 },
          ),
        },
      ),
    },
    { requiredKeys: ['name', 'type', 'linkname', 'mode', 'uid', 'gid', 'mtime', 'length', 'xattrs'] },
  )
  .map(withoutWaiting);

const size = { minLength: 1, maxLength: 8, size: 'max' } as const;

/** Names come twice in few of them, which is refused whatever else there is. */
export const oddArchive: Arbitrary<OddArchive> = fc.record({
  odd: fc.oneof(
    { weight: 7, arbitrary: fc.uniqueArray(entry, { ...size, selector: (one) => cleanName(one.name) }) },
    { weight: 1, arbitrary: fc.array(entry, size) },
  ),
});

const isLink = (type: string): boolean => type === '1' || type === '2';

/** The archive's bytes. */
export function archiveOfOdd({ odd }: OddArchive): Uint8Array {
  const entries = odd.map(({ length, xattrs, linkname, ...header }) => {
    const size = header.type === REGTYPE ? length : 0;
    const values = new Map(xattrs.map(([key, value]) => [key, new TextEncoder().encode(value)]));
    const rest = { uname: '', gname: '', devmajor: header.type === '3' ? 1 : 0, devminor: header.type === '3' ? 5 : 0 };
    return {
      header: { ...header, ...rest, size, linkname: isLink(header.type) ? linkname : '', xattrs: values },
      body: size === 0 ? [] : [bytesOf('o', size)],
    };
  });
  return Buffer.concat([...writeArchive(entries)]);
}
