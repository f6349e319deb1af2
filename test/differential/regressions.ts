/** Divergences from the real kernel that were found once, as small as they got: the seed and path that drew each. */
import type { Sequence } from '../../src/testing/sequence.ts';
import { fileRegressions } from './file-regressions.ts';
import { indexRegressions } from './index-regressions.ts';
import { layoutRegressions } from './layout-regressions.ts';

export interface Regression {
  readonly name: string;
  readonly filesystem: 'tmpfs' | 'overlay';
  /** What drew it; neither where somebody came upon it. */
  readonly seed?: number;
  readonly path?: number;
  readonly sequence: Sequence;
}

const RELATIME = 0x200000;
const STRICTATIME = 0x1000000;
const old = { sec: 1, nsec: 999999999 };
const file = (path: string, length = 1, hole = 0) =>
  ({
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: old,
    xattrs: [],
    path,
    type: 'file',
    content: { letter: 'l', length, hole },
  }) as const;
const directory = (path: string, mode = 0o755) =>
  ({ mode, uid: 0, gid: 0, mtime: old, xattrs: [], path, type: 'directory' }) as const;
const onTmpfs = (layer: Sequence['layers'][number], operations: unknown[], atime = RELATIME) =>
  ({ layers: [layer], options: '', atime, operations }) as Sequence;

export const regressions: readonly Regression[] = [
  {
    name: 'a chown that is refused leaves the capabilities of the file',
    filesystem: 'tmpfs',
    seed: 424242,
    path: 2693,
    sequence: onTmpfs(
      [],
      [
        { call: 'open', slot: 2, path: 'd', flags: 0o400100, mode: 0o700 },
        { call: 'fsetxattr', slot: 0, name: 'security.capability', value: 'y', flags: 0 },
        { call: 'become', caller: { uid: 1000, gid: 0, groups: [2000] } },
        { call: 'fchown', slot: 1, uid: 1000, gid: 2000 },
      ],
      STRICTATIME,
    ),
  },
  {
    name: 'fallocate of a reserved page makes it data',
    filesystem: 'tmpfs',
    seed: 6,
    path: 457,
    sequence: onTmpfs(
      [directory('b')],
      [
        { call: 'open', slot: 2, path: 'b/d', flags: 0o402102, mode: 0o755 },
        { call: 'fallocate', slot: 2, mode: 0, offset: 4096, length: 5000 },
        { call: 'fallocate', slot: 2, mode: 1, offset: 5, length: 5000 },
      ],
    ),
  },
  {
    name: 'O_CREAT of a foreign device in a sticky directory that all may write to',
    filesystem: 'tmpfs',
    seed: 6,
    path: 570,
    sequence: onTmpfs(
      [
        {
          mode: 0o755,
          uid: 2000,
          gid: 1000,
          mtime: old,
          xattrs: [],
          path: 'd',
          type: 'node',
          format: 0o060000,
          rdev: 250156,
        },
        directory('', 0o3777),
      ],
      [{ call: 'open', slot: 3, path: 'd', flags: 0o102, mode: 0o666 }],
    ),
  },
  {
    name: 'truncate to the same size sets the time where there are pages',
    filesystem: 'tmpfs',
    seed: 6,
    path: 224,
    sequence: onTmpfs(
      [file('e'), file('z', 0)],
      [
        { call: 'truncate', path: 'e', size: 1 },
        { call: 'truncate', path: 'z', size: 0 },
      ],
    ),
  },
  {
    name: 'an empty write in append mode leaves the position',
    filesystem: 'tmpfs',
    seed: 6,
    path: 40,
    sequence: onTmpfs(
      [file('e')],
      [
        { call: 'open', slot: 1, path: 'e', flags: 0o2002, mode: 0 },
        { call: 'write', slot: 1, letter: 'r', length: 0 },
        { call: 'read', slot: 1, length: 100 },
      ],
    ),
  },
  {
    name: 'a read-write open of a fifo with access mode 3',
    filesystem: 'tmpfs',
    seed: 3,
    path: 63,
    sequence: onTmpfs(
      [{ mode: 0o755, uid: 0, gid: 0, mtime: old, xattrs: [], path: 'e', type: 'node', format: 0o010000, rdev: 0 }],
      [{ call: 'open', slot: 2, path: 'e', flags: 3, mode: 0o700 }],
    ),
  },
  {
    name: 'copying a hole makes data',
    filesystem: 'tmpfs',
    seed: 4,
    path: 292,
    sequence: onTmpfs(
      [file('d', 1, 20000), directory('a')],
      [
        { call: 'open', slot: 2, path: 'a/e', flags: 0o102, mode: 0o777 },
        { call: 'open', slot: 1, path: 'd', flags: 2, mode: 0o777 },
        { call: 'copyFileRange', slot: 1, to: 2, length: 9000 },
      ],
    ),
  },
  {
    name: 'a listing of a merged directory tells the number of its parent',
    filesystem: 'overlay',
    seed: 1,
    path: 2,
    sequence: {
      layers: [[file('b/c/d')], [directory('b')]],
      upper: [],
      options: '',
      atime: RELATIME,
      operations: [{ call: 'utimensat', path: 'b/c/d', mtime: { sec: 0, nsec: 1073741822 }, flags: 256 }],
    } as unknown as Sequence,
  },
  {
    name: 'a lower hard link that copy-up parts has one link, whatever its layer counts',
    filesystem: 'overlay',
    seed: 880001,
    path: 523,
    sequence: {
      layers: [[file('c/c/e')], [directory('b/c')]],
      upper: [],
      options: '',
      atime: RELATIME,
      operations: [
        { call: 'link', path: 'c/c/e', newPath: 'b/f' },
        { call: 'stack' },
        { call: 'open', slot: 2, path: 'c/c/e', flags: 64, mode: 0 },
        { call: 'unlink', path: 'c/c/e' },
        { call: 'linkSlot', slot: 1, newPath: 'd' },
      ],
    } as unknown as Sequence,
  },
  {
    name: 'a listing kept for the next opener finds out which names have gone since it was read',
    filesystem: 'overlay',
    seed: 880001,
    path: 2477,
    sequence: {
      layers: [[file('c/d')], []],
      upper: [],
      options: '',
      atime: RELATIME,
      operations: [
        { call: 'truncate', path: 'c/d', size: 8192 },
        { call: 'open', slot: 4, path: 'c', flags: 0, mode: 0 },
        { call: 'open', slot: 3, path: 'c', flags: 0, mode: 0 },
        { call: 'mkdir', path: 'c/a', mode: 0o777 },
        { call: 'getdents', slot: 4, count: 3 },
        { call: 'close', slot: 4 },
        { call: 'getdents', slot: 3, count: 1 },
        { call: 'rmdir', path: 'c/a' },
        { call: 'getdents', slot: 3, count: 3 },
      ],
    } as unknown as Sequence,
  },
  {
    name: 'nothing is copied up into a removed directory whose last place was the work directory',
    filesystem: 'overlay',
    seed: 880001,
    path: 2631,
    sequence: {
      layers: [[directory('b/a')]],
      upper: [],
      options: '',
      atime: RELATIME,
      operations: [
        { call: 'open', slot: 3, path: 'b/a', flags: 0o200000, mode: 0 },
        { call: 'rmdir', path: 'b/a' },
        { call: 'rmdir', path: 'b' },
        { call: 'fchmod', slot: 3, mode: 0o2755 },
      ],
    } as unknown as Sequence,
  },
  {
    name: 'file capabilities that say nothing cannot be copied up',
    filesystem: 'overlay',
    seed: 880005,
    path: 1737,
    sequence: {
      layers: [[file('c/f')], []],
      upper: [],
      options: '',
      atime: RELATIME,
      operations: [
        { call: 'open', slot: 1, path: 'c/f', flags: 2, mode: 0 },
        { call: 'fsetxattr', slot: 1, name: 'security.capability', value: '', flags: 0 },
        { call: 'stack' },
        { call: 'open', slot: 2, path: 'c/f', flags: 0o1002, mode: 0 },
      ],
    } as unknown as Sequence,
  },
  {
    name: 'an attribute set by another name of an indexed file does not bring that name up',
    filesystem: 'overlay',
    seed: 5,
    path: 109,
    sequence: {
      layers: [[file('a/f'), { ...file('b/f'), type: 'link', to: 'a/f' }]],
      upper: [],
      options: ',index=on',
      atime: RELATIME,
      operations: [
        { call: 'open', slot: 2, path: 'b/f', flags: 0o401000, mode: 0 },
        { call: 'setxattr', path: 'a/f', name: 'user.a', value: 'value', flags: 1 },
        { call: 'removexattr', path: 'a/f', name: 'user.a' },
      ],
    } as unknown as Sequence,
  },
  {
    name: 'a new link is looked up anew, and counts the index entry once the old name is gone',
    filesystem: 'overlay',
    seed: 3,
    path: 66,
    sequence: {
      layers: [[file('b/b/e')]],
      upper: [],
      options: ',index=on,nfs_export=on',
      atime: RELATIME,
      operations: [
        { call: 'link', path: 'b/b/e', newPath: 'd' },
        { call: 'unlink', path: 'b/b/e' },
        { call: 'stat', path: 'd' },
      ],
    } as unknown as Sequence,
  },
  {
    name: 'a device is copied up to the index by way of the work directory, which is the same',
    filesystem: 'overlay',
    seed: 5,
    path: 59,
    sequence: {
      layers: [
        [
          { ...file('d'), type: 'node', format: 8192, rdev: 15367 },
          { ...file('f'), type: 'link', to: 'd' },
        ],
        [],
      ],
      upper: [],
      options: ',index=on',
      atime: RELATIME,
      operations: [{ call: 'link', path: 'd', newPath: 'e' }],
    } as unknown as Sequence,
  },
  {
    name: 'a directory that a redirect led to elsewhere is stale by its own name, and listed only once',
    filesystem: 'overlay',
    seed: 1,
    path: 4,
    sequence: {
      layers: [
        [{ ...directory('b'), xattrs: [['trusted.overlay.redirect', 'c']] }],
        [{ ...file('c/a/d'), type: 'node', format: 4096, rdev: 0 }],
      ],
      upper: [directory('b/a')],
      options: '',
      atime: RELATIME,
      operations: [],
    } as unknown as Sequence,
  },
  {
    name: 'a listing that fails behind its first entries answers those, and goes on behind the one that failed',
    filesystem: 'overlay',
    seed: 31,
    path: 9,
    sequence: {
      layers: [
        [
          {
            ...file('a/d'),
            xattrs: [
              ['trusted.overlay.metacopy', ''],
              ['trusted.overlay.redirect', '/d'],
            ],
          },
          file('a/c/e'),
        ],
        [],
      ],
      upper: [],
      options: ',xino=on',
      layout: 'two',
      atime: RELATIME,
      operations: [
        { call: 'link', path: 'a/c/e', newPath: 'd' },
        { call: 'open', slot: 3, path: 'a', flags: 0, mode: 0o777 },
        { call: 'getdents', slot: 3, count: 3 },
        { call: 'getdents', slot: 3, count: 3 },
      ],
    } as unknown as Sequence,
  },
  {
    name: 'a remount forgets names that nobody holds, and with them the numbers made up for directories',
    filesystem: 'overlay',
    seed: 12,
    path: 2,
    sequence: {
      layers: [[directory('b')]],
      upper: [],
      options: '',
      layout: 'two',
      atime: RELATIME,
      operations: [
        { call: 'stat', path: 'b' },
        { call: 'reconfigure', readOnly: false },
        { call: 'stat', path: 'b' },
      ],
    } as unknown as Sequence,
  },
  {
    name: 'times that become now are kept apart from values on their way to the upper layer',
    filesystem: 'overlay',
    seed: 62,
    path: 19,
    sequence: {
      layers: [[]],
      upper: [{ ...file('d', 4095), attributes: 0xa0 }],
      options: '',
      layout: 'one',
      atime: RELATIME,
      operations: [{ call: 'utimensat', path: 'd', flags: 0 }],
    } as unknown as Sequence,
  },
  {
    name: 'data that begins behind the size that the metadata tells cannot be copied up',
    filesystem: 'overlay',
    seed: 1,
    path: 26,
    sequence: {
      layers: [
        [
          {
            ...file('b/f'),
            xattrs: [
              ['trusted.overlay.metacopy', ''],
              ['trusted.overlay.redirect', '/e'],
            ],
          },
        ],
        [file('e', 5, 20_000)],
      ],
      upper: [],
      options: ',metacopy=on',
      layout: 'one',
      atime: RELATIME,
      operations: [{ call: 'open', slot: 1, path: 'b/f', flags: 0o2001, mode: 0o777 }],
    } as unknown as Sequence,
  },
  {
    name: 'a directory that two names lead to cannot move between them in a rename',
    filesystem: 'overlay',
    seed: 11,
    path: 179,
    sequence: {
      layers: [
        [{ ...directory('c'), xattrs: [['trusted.overlay.redirect', '/b']] }],
        [file('a/a/f'), directory('b/a/b')],
      ],
      upper: [],
      options: '',
      layout: 'one',
      atime: RELATIME,
      operations: [
        { call: 'rmdir', path: 'b/a' },
        { call: 'rename', path: 'a', newPath: 'c/a' },
      ],
    } as unknown as Sequence,
  },
  {
    name: 'a kept listing is read anew when a layer is known by then to hide files',
    filesystem: 'overlay',
    seed: 62,
    path: 2,
    sequence: {
      layers: [
        [{ ...directory('a'), xattrs: [['trusted.overlay.opaque', 'x']] }],
        [
          {
            ...file('a/e'),
            xattrs: [
              ['trusted.overlay.metacopy', ''],
              ['trusted.overlay.redirect', '/e'],
            ],
          },
          { ...directory('a/c'), xattrs: [['trusted.overlay.opaque', 'x']] },
        ],
        [],
      ],
      upper: [],
      options: '',
      layout: 'one',
      atime: RELATIME,
      operations: [],
    } as unknown as Sequence,
  },
  {
    name: 'data is not copied up behind capabilities that cannot be read',
    filesystem: 'overlay',
    seed: 202,
    path: 176,
    sequence: {
      layers: [[file('e')]],
      upper: [],
      options: ',metacopy=on',
      layout: 'one',
      atime: RELATIME,
      operations: [
        { call: 'setxattr', path: 'e', name: 'security.capability', value: '', flags: 0 },
        { call: 'open', slot: 1, path: 'e', flags: 2, mode: 0o777 },
        { call: 'truncate', path: 'e', size: 0 },
        { call: 'stat', path: 'e' },
      ],
    } as unknown as Sequence,
  },
  ...fileRegressions,
  ...indexRegressions,
  ...layoutRegressions,
];
