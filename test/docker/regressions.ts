/** Histories that once went another way than on a real dockerd, or that told something about the real one. */
import type { LayerEntry } from '../../src/testing/layers.ts';
import type { DriverName } from './dockerd.ts';
import { type History, type HistoryStep, work } from './history.ts';
import type { OddEntry } from './odd-archive.ts';

export interface Regression {
  readonly name: string;
  /** All of them unless given. */
  readonly drivers?: readonly DriverName[];
  readonly history: History;
}

const common = { mode: 0o644, uid: 0, gid: 0, mtime: { sec: 1_000_000_000, nsec: 123_456_789 }, xattrs: [] } as const;
const content = { letter: 'n', length: 4095, hole: 0 } as const;
const file = (path: string): LayerEntry => ({ ...common, path, type: 'file', content });
const whiteout = (path: string): LayerEntry => ({ ...common, path, type: 'node', format: 0o020000, rdev: 0 });

const symlink: OddEntry = {
  ...common,
  name: 'd',
  type: '2',
  linkname: 'b',
  mode: 0o777,
  mtime: { sec: 9_999_999_999, nsec: 0 },
  length: 0,
};

const create: HistoryStep = { step: 'create', image: 0 };
const commit: HistoryStep = { step: 'commit', container: 0 };

/** The file is copied up, gets a second name, and is committed. */
const linked = (length: number): History => [
  { step: 'import', base: [{ ...common, path: 'c/c/d', type: 'file', content: { ...content, length } }] },
  create,
  work({ call: 'chmod', path: 'c/c/d', mode: 0o600 }, { call: 'link', path: 'c/c/d', newPath: 'c/d' }),
  commit,
];

export const regressions: readonly Regression[] = [
  {
    name: 'a base that deletes something: nothing is there, and a container lists it all the same',
    drivers: ['overlay2'],
    history: [{ step: 'load', layers: [[whiteout('c/b/f'), file('c/b/g')]] }, create, work(), commit],
  },
  {
    name: 'a hard link within a container to a file of the image is a link in the layer',
    drivers: ['overlay'],
    history: linked(4095),
  },
  {
    name: 'a hard link to an empty file of the image',
    drivers: ['overlay'],
    history: linked(0),
  },
  {
    name: 'hard links into a directory of the init layer',
    drivers: ['overlay'],
    history: [
      { step: 'load', layers: [[file('b/e')], [{ ...common, path: 'b', type: 'directory' }]] },
      create,
      work({ call: 'link', path: 'b/e', newPath: 'etc/e' }),
      commit,
      commit,
    ],
  },
  {
    name: 'an image without layers of its own for a container that changed nothing',
    drivers: ['overlay2'],
    history: [{ step: 'load', layers: [] }, create, commit, { step: 'create', image: 1 }, commit],
  },
  {
    name: 'a directory of the init layer replaced by a socket',
    drivers: ['vfs'],
    history: [
      { step: 'import', base: [] },
      create,
      work(
        { call: 'unlink', path: 'dev/console' },
        { call: 'rmdir', path: 'dev/pts' },
        { call: 'rmdir', path: 'dev/shm' },
        { call: 'rmdir', path: 'dev' },
        { call: 'mknod', path: 'dev', mode: 0o140644, rdev: 0 },
      ),
      commit,
    ],
  },
  {
    name: 'a symlink of the year 2286, whose time no 64 bits of nanoseconds hold',
    drivers: ['overlay2'],
    history: [{ step: 'import', base: { odd: [symlink] } }],
  },
  {
    name: 'two containers on one image, whose commits are layers of each other’s name',
    drivers: ['overlay2', 'vfs'],
    history: [
      { step: 'import', base: 'base-pax' },
      create,
      create,
      work({ call: 'mkdir', path: 'w/new', mode: 0o755 }),
      { ...(work({ call: 'mkdir', path: 'w/new', mode: 0o755 }) as object), container: 1 } as HistoryStep,
      commit,
      { step: 'commit', container: 1 },
      { step: 'remove image', image: 0 },
    ],
  },
];
