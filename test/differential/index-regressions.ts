/** Divergences of links, indexes and what holds an inode that were found once. */
import type { Sequence } from '../../src/testing/sequence.ts';
import type { Regression } from './regressions.ts';

const RELATIME = 0x200000;
const INDEX_ALL = ',index=on,nfs_export=on';
const old = { sec: 1, nsec: 999999999 };
const common = { mode: 0o755, uid: 0, gid: 0, mtime: old, xattrs: [] } as const;
const file = (path: string) =>
  ({ ...common, path, type: 'file', content: { letter: 'l', length: 1, hole: 0 } }) as const;
const directory = (path: string) => ({ ...common, path, type: 'directory' }) as const;

const onOverlay = (options: string, layers: Sequence['layers'], operations: unknown[]) =>
  ({ layers, upper: [], options, atime: RELATIME, operations }) as unknown as Sequence;

export const indexRegressions: readonly Regression[] = [
  {
    name: 'the last link stays while a redirect shows the file under another cached name',
    filesystem: 'overlay',
    sequence: onOverlay(
      '',
      [[{ ...directory('x'), xattrs: [['trusted.overlay.redirect', '/y']] }], [file('y/f')]],
      [
        { call: 'stat', path: 'x/f' },
        { call: 'stat', path: 'y/f' },
        { call: 'unlink', path: 'x/f' },
        { call: 'link', path: 'y/f', newPath: 'z' },
        { call: 'unlink', path: 'y/f' },
        { call: 'stat', path: 'z' },
      ],
    ),
  },
  {
    name: 'an inode whose names a remount forgot goes with its last holder',
    filesystem: 'overlay',
    sequence: onOverlay(
      INDEX_ALL,
      [[file('f')]],
      [
        { call: 'open', slot: 0, path: 'f', flags: 2, mode: 0 },
        { call: 'link', path: 'f', newPath: 'z' },
        { call: 'unlink', path: 'f' },
        { call: 'stat', path: 'z' },
        { call: 'reconfigure', readOnly: false },
        { call: 'fstat', slot: 0 },
        { call: 'close', slot: 0 },
        { call: 'stat', path: 'z' },
        { call: 'unlink', path: 'z' },
      ],
    ),
  },
  {
    name: 'an inode whose last cached name is removed goes with its last holder',
    filesystem: 'overlay',
    sequence: onOverlay(
      INDEX_ALL,
      [[file('f')]],
      [
        { call: 'open', slot: 0, path: 'f', flags: 0, mode: 0 },
        { call: 'link', path: 'f', newPath: 'z' },
        { call: 'unlink', path: 'f' },
        { call: 'stat', path: 'z' },
        { call: 'linkSlot', slot: 0, newPath: 'q' },
        { call: 'close', slot: 0 },
        { call: 'stat', path: 'z' },
        { call: 'unlink', path: 'z' },
        { call: 'stat', path: 'q' },
        { call: 'unlink', path: 'q' },
      ],
    ),
  },
  {
    name: 'a removed directory that held a whiteout and is open keeps the union from becoming read-only',
    filesystem: 'overlay',
    seed: 910008,
    path: 266,
    sequence: onOverlay(
      '',
      [[file('a/f')]],
      [
        { call: 'open', slot: 4, path: 'a', flags: 65536, mode: 0 },
        { call: 'unlink', path: 'a/f' },
        { call: 'rmdir', path: 'a' },
        { call: 'reconfigure', readOnly: true },
      ],
    ),
  },
  {
    name: 'the index entry of a directory is there before its metadata is refused',
    filesystem: 'overlay',
    seed: 910009,
    path: 9,
    sequence: onOverlay(
      INDEX_ALL,
      [[directory('c')]],
      [
        { call: 'open', slot: 3, path: 'c', flags: 65536, mode: 0 },
        { call: 'fsetxattr', slot: 3, name: 'security.capability', value: '', flags: 0 },
        { call: 'stack' },
        { call: 'lchown', path: 'c', uid: 0, gid: 0 },
        { call: 'chmod', path: 'c', mode: 0o700 },
        { call: 'remount' },
        { call: 'chmod', path: 'c', mode: 0o700 },
      ],
    ),
  },
];
