/** Divergences that were found once where the layers lie on several filesystems. */
import type { Sequence } from '../../src/testing/sequence.ts';
import type { Regression } from './regressions.ts';

const RELATIME = 0x200000;
const old = { sec: 1, nsec: 999999999 };
const common = { mode: 0o755, uid: 0, gid: 0, mtime: old, xattrs: [] } as const;
const file = (path: string) =>
  ({ ...common, path, type: 'file', content: { letter: 'l', length: 1, hole: 0 } }) as const;
const directory = (path: string) => ({ ...common, path, type: 'directory' }) as const;
const symlink = (path: string, target: string) => ({ ...common, path, type: 'symlink', target }) as const;
const onLayout = (layout: Sequence['layout'], options: string, layers: Sequence['layers'], operations: unknown[]) =>
  ({ layers, upper: [], options, layout, atime: RELATIME, operations }) as unknown as Sequence;

export const layoutRegressions: readonly Regression[] = [
  {
    name: 'an object that lost the name it was known by is made anew under another',
    filesystem: 'overlay',
    seed: 3300037,
    path: 4,
    sequence: onLayout(
      'foreign',
      '',
      [[directory('c/a'), file('e')]],
      [
        { call: 'link', path: 'e', newPath: 'c/d' },
        { call: 'link', path: 'e', newPath: 'd' },
        { call: 'unlink', path: 'd' },
        { call: 'chattr', path: 'e', flags: 0x10 },
        { call: 'lsattr', path: 'c/d' },
      ],
    ),
  },
  {
    name: 'an attribute that is not there brings the mode up to date that was changed under another name',
    filesystem: 'overlay',
    seed: 3100006,
    path: 4,
    sequence: {
      ...onLayout(
        'foreign',
        '',
        [[{ ...file('a/f'), uid: 1000, gid: 1000 }]],
        [
          { call: 'link', path: 'a/f', newPath: 'c/d' },
          { call: 'chmod', path: 'c/d', mode: 0o444 },
          { call: 'lremovexattr', path: 'a/f', name: 'user.b' },
          { call: 'truncate', path: 'a/f', size: 8192 },
        ],
      ),
      upper: [{ ...directory('c'), mode: 0o777, uid: 1000, gid: 1000 }],
      caller: { uid: 1000, gid: 0, groups: [2000] },
    } as Sequence,
  },
  {
    name: 'an appended write goes behind what another name of the file has added',
    filesystem: 'overlay',
    seed: 810020,
    path: 3,
    sequence: onLayout(
      'foreign',
      '',
      [[file('c/e')], []],
      [
        { call: 'open', slot: 2, path: 'c/e', flags: 0o2001, mode: 0o777 },
        { call: 'linkSlot', slot: 2, newPath: 'd' },
        { call: 'truncate', path: 'd', size: 8192 },
        { call: 'write', slot: 2, letter: 's', length: 4096 },
      ],
    ),
  },
  {
    name: "copy_file_range refuses another filesystem's file before it looks for data",
    filesystem: 'overlay',
    seed: 60601,
    path: 299,
    sequence: onLayout(
      'one',
      '',
      [[symlink('e', '../d')], [directory('a')]],
      [
        { call: 'open', slot: 0, path: 'e', flags: 0o102, mode: 0o666 },
        { call: 'open', slot: 2, path: 'd', flags: 0o102, mode: 0o755 },
        { call: 'copyFileRange', slot: 2, offset: 100, to: 0, length: 5000 },
      ],
    ),
  },
  {
    name: 'a change of owner takes set-id bits from the upper object, whatever mode is known under this name',
    filesystem: 'overlay',
    seed: 820023,
    path: 4,
    sequence: onLayout(
      'foreign',
      '',
      [[{ ...file('c/f'), mode: 0o4755 }]],
      [
        { call: 'open', slot: 0, path: 'c/f', flags: 0, mode: 0o666 },
        { call: 'linkSlot', slot: 0, newPath: 'e' },
        { call: 'chmod', path: 'e', mode: 0o777 },
        { call: 'chown', path: 'c/f', uid: 0, gid: 0 },
      ],
    ),
  },
  {
    name: 'a redirect to a name that is too long leads nowhere',
    filesystem: 'overlay',
    seed: 820030,
    path: 55,
    sequence: onLayout(
      'nested',
      ',metacopy=on',
      [
        [
          {
            ...file('e'),
            xattrs: [
              ['trusted.overlay.metacopy', ''],
              ['trusted.overlay.redirect', `/${'x'.repeat(256)}`],
            ],
          },
        ],
        [],
      ],
      [],
    ),
  },
  {
    name: 'a file that may be a whiteout shows its own number once it was looked up a second time',
    filesystem: 'overlay',
    seed: 880001,
    path: 260,
    sequence: onLayout(
      'nested',
      ',xino=on',
      [[{ ...directory('a'), xattrs: [['trusted.overlay.opaque', 'x']] }, file('a/e')], [file('a/d')]],
      [
        { call: 'open', slot: 4, path: 'a', flags: 0o200000, mode: 0 },
        { call: 'getdents', slot: 4, count: 1 },
        { call: 'getdents', slot: 4, count: 3 },
        { call: 'seekdir', slot: 4, entry: -1 },
        { call: 'getdents', slot: 4 },
      ],
    ),
  },
  {
    name: 'a rename between two names that stand for one upper object by two inodes is stale',
    filesystem: 'overlay',
    seed: 860014,
    path: 29,
    sequence: onLayout(
      'foreign',
      '',
      [[file('a/d')]],
      [
        { call: 'link', path: 'a/d', newPath: 'd' },
        { call: 'rename', path: 'a/d', newPath: 'd' },
      ],
    ),
  },
  {
    name: 'a link does not make its file take over what the upper object has become',
    filesystem: 'overlay',
    seed: 860015,
    path: 64,
    sequence: onLayout(
      'nested',
      '',
      [[file('c/d')]],
      [
        { call: 'open', slot: 1, path: 'c/d', flags: 2, mode: 0o666 },
        { call: 'linkSlot', slot: 1, newPath: 'd' },
        { call: 'stat', path: 'd' },
        { call: 'fchmod', slot: 1, mode: 0o3777 },
        { call: 'link', path: 'd', newPath: 'c/e' },
        { call: 'chown', path: 'd', uid: 0, gid: -1 },
      ],
    ),
  },
  {
    name: 'a mapping holds the name in the innermost union only',
    filesystem: 'overlay',
    seed: 860018,
    path: 11,
    sequence: onLayout(
      'nested',
      '',
      [[file('b/d'), file('e')]],
      [
        { call: 'open', slot: 0, path: 'b/d', flags: 0, mode: 0o777 },
        { call: 'mmap', slot: 0, region: 0, offset: 0, length: 16384, protection: 3, flags: 2 },
        { call: 'close', slot: 0 },
        { call: 'chmod', path: 'b/d', mode: 0o700 },
        { call: 'unlink', path: 'b/d' },
        { call: 'open', slot: 2, path: 'e', flags: 0, mode: 0o777 },
        { call: 'fstatfs', slot: 2 },
        { call: 'close', slot: 2 },
        { call: 'remount', close: false },
        { call: 'load', region: 0, offset: 0, length: 10 },
      ],
    ),
  },
  {
    name: 'the umask comes after the set-group-id bit of a new executable of a foreign group',
    filesystem: 'overlay',
    seed: 2000072,
    path: 23,
    sequence: {
      ...onLayout(
        'one',
        '',
        [[{ ...file('b'), type: 'directory', mode: 0o6777 } as never]],
        [
          { call: 'umask', mask: 0o077 },
          { call: 'open', slot: 0, path: 'b/d', flags: 0o1102, mode: 0o2755 },
        ],
      ),
      caller: { uid: 1000, gid: 1000, groups: [] },
    },
  },
  {
    name: 'two inodes of a union before one file are one file for copy_file_range(2)',
    filesystem: 'overlay',
    seed: 8800119,
    path: 0,
    sequence: onLayout(
      'nested',
      '',
      [[{ ...file('e'), content: { letter: 'l', length: 5000, hole: 0 } } as never]],
      [
        { call: 'open', slot: 0, path: 'e', flags: 2, mode: 0 },
        { call: 'linkSlot', slot: 0, newPath: 'd' },
        { call: 'open', slot: 1, path: 'd', flags: 2, mode: 0 },
        { call: 'copyFileRange', slot: 1, offset: 0, to: 0, offsetTo: 1, length: 4096 },
        { call: 'copyFileRange', slot: 1, offset: 0, to: 0, offsetTo: 5000, length: 4096 },
        { call: 'stat', path: 'e' },
      ],
    ),
  },
];
