/** Divergences of open files, their locks and mappings that were found once. */
import type { Sequence } from '../../src/testing/sequence.ts';
import type { Regression } from './regressions.ts';

const STRICTATIME = 0x1000000;
const old = { sec: 1, nsec: 999999999 };
const common = { mode: 0o755, uid: 0, gid: 0, mtime: old, xattrs: [] } as const;
const file = (path: string, length = 1, hole = 0) =>
  ({ ...common, path, type: 'file', content: { letter: 'l', length, hole } }) as const;
const directory = (path: string) => ({ ...common, path, type: 'directory' }) as const;
const onOverlay = (layer: Sequence['layers'][number], operations: unknown[]) =>
  ({ layers: [layer], upper: [], options: '', atime: STRICTATIME, operations }) as unknown as Sequence;

const mapped = { call: 'mmap', slot: 0, region: 1, offset: 0, length: 16384, protection: 3, flags: 2 };

export const fileRegressions: readonly Regression[] = [
  {
    name: 'a page of a private mapping is copied whole',
    filesystem: 'overlay',
    seed: 3100010,
    path: 99,
    sequence: onOverlay(
      [file('f', 4096, 4096)],
      [
        { call: 'open', slot: 0, path: 'f', flags: 0o102, mode: 0o666 },
        mapped,
        { call: 'store', region: 1, offset: 100, letter: 'p', length: 5000 },
        { call: 'pwrite', slot: 0, letter: 's', length: 5000, offset: 4097 },
        { call: 'load', region: 1, offset: 0, length: 9000 },
      ],
    ),
  },
  {
    name: 'copied pages of a private mapping go with the end of the file',
    filesystem: 'overlay',
    sequence: onOverlay(
      [file('f', 16384)],
      [
        { call: 'open', slot: 0, path: 'f', flags: 0o102, mode: 0o666 },
        mapped,
        { call: 'store', region: 1, offset: 100, letter: 'p', length: 5000 },
        { call: 'store', region: 1, offset: 9000, letter: 'q', length: 100 },
        { call: 'ftruncate', slot: 0, size: 5000 },
        { call: 'ftruncate', slot: 0, size: 16384 },
        { call: 'load', region: 1, offset: 0, length: 10000 },
        { call: 'ftruncate', slot: 0, size: 0 },
        { call: 'load', region: 1, offset: 0, length: 5000 },
        { call: 'ftruncate', slot: 0, size: 16384 },
        { call: 'load', region: 1, offset: 0, length: 10000 },
      ],
    ),
  },
  {
    name: 'a lock needs a file that is open for reading or writing',
    filesystem: 'overlay',
    seed: 5,
    path: 1,
    sequence: onOverlay(
      [directory('a/a')],
      [
        { call: 'open', slot: 2, path: 'a/f', flags: 0o103, mode: 0o700 },
        { call: 'flock', slot: 2, operation: 2 },
        { call: 'flock', slot: 0, operation: 0 },
      ],
    ),
  },
  {
    name: 'a mapping is an access',
    filesystem: 'overlay',
    seed: 5,
    path: 51,
    sequence: onOverlay(
      [file('a/f')],
      [
        { call: 'open', slot: 0, path: 'a/f', flags: 0o400102, mode: 0o666 },
        { call: 'mmap', slot: 1, region: 1, offset: 0, length: 16384, protection: 1, flags: 1 },
      ],
    ),
  },
  {
    name: 'reading a hole through a mapping makes a page',
    filesystem: 'overlay',
    seed: 5,
    path: 168,
    sequence: onOverlay(
      [file('b/f', 5, 20000)],
      [
        { call: 'open', slot: 1, path: 'b/f', flags: 2, mode: 0o755 },
        { call: 'mmap', slot: 2, region: 1, offset: 0, length: 4096, protection: 2, flags: 1 },
        { call: 'load', region: 0, offset: 100, length: 1 },
      ],
    ),
  },
  {
    name: 'a private write through a mapping makes a page of a hole',
    filesystem: 'overlay',
    seed: 101,
    path: 19,
    sequence: onOverlay(
      [file('a/e', 1, 20000)],
      [
        { call: 'open', slot: 1, path: 'a/e', flags: 0o102, mode: 0o666 },
        { call: 'mmap', slot: 1, region: 0, offset: 8192, length: 16384, protection: 2, flags: 2 },
        { call: 'store', region: 0, offset: 4096, letter: 's', length: 1 },
      ],
    ),
  },
  {
    name: 'a mapping keeps no lock of a closed file',
    filesystem: 'overlay',
    seed: 17,
    path: 11,
    sequence: onOverlay(
      [file('e')],
      [
        { call: 'open', slot: 2, path: 'e', flags: 2, mode: 0o666 },
        { call: 'flock', slot: 2, operation: 1 },
        { call: 'mmap', slot: 2, region: 1, offset: 0, length: 4096, protection: 1, flags: 1 },
        { call: 'open', slot: 2, path: 'e', flags: 0o1101, mode: 0o666 },
        { call: 'flock', slot: 0, operation: 2 },
      ],
    ),
  },
  {
    name: 'fallocate knows FALLOC_FL_WRITE_ZEROES before it looks at the descriptor',
    filesystem: 'overlay',
    seed: 5,
    path: 66,
    sequence: onOverlay(
      [directory('a/b')],
      [
        { call: 'open', slot: 4, path: 'a/b', flags: 0o200000, mode: 0 },
        { call: 'fallocate', slot: 3, mode: 128, offset: 2, length: 4096 },
      ],
    ),
  },
  {
    name: 'copy_file_range from a lower layer of another kind is refused',
    filesystem: 'overlay',
    seed: 203,
    path: 80,
    sequence: {
      ...onOverlay(
        [file('a/e')],
        [
          { call: 'open', slot: 0, path: 'd', flags: 0o102, mode: 0o666 },
          { call: 'open', slot: 2, path: 'a/e', flags: 0, mode: 0 },
          { call: 'copyFileRange', slot: 1, to: 0, offsetTo: 4097, length: 4096 },
        ],
      ),
      layout: 'nested',
    },
  },
  {
    name: 'a load behind the end of the file maps the pages before it, for writing too',
    filesystem: 'overlay',
    seed: 910001,
    path: 95,
    sequence: onOverlay(
      [file('e')],
      [
        { call: 'open', slot: 1, path: 'e', flags: 2, mode: 0o777 },
        { call: 'mmap', slot: 1, region: 1, offset: 0, length: 16384, protection: 3, flags: 1 },
        { call: 'load', region: 1, offset: 8192, length: 4096 },
        { call: 'store', region: 0, offset: 4000, letter: 's', length: 3 },
      ],
    ),
  },
  {
    name: 'a mapping that may be written to keeps the union from becoming read-only',
    filesystem: 'overlay',
    seed: 910003,
    path: 267,
    sequence: onOverlay(
      [directory('a'), file('d')],
      [
        { call: 'open', slot: 1, path: 'a/d', flags: 66, mode: 0o700 },
        { call: 'mmap', slot: 1, region: 1, offset: 8192, length: 5000, protection: 3, flags: 1 },
        { call: 'open', slot: 1, path: 'd', flags: 0, mode: 0o777 },
        { call: 'reconfigure', readOnly: true },
      ],
    ),
  },
];
