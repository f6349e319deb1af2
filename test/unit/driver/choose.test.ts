/** The driver that a daemon starts with. Lines and refusals were seen with dockerd 20.10.24 on Linux 6.18. */
import { describe, expect, it } from 'vitest';
import { makedev, O_CREAT, O_RDONLY, O_WRONLY, S_IFBLK } from '../../../src/abi/index.ts';
import { backingFilesystem, chooseDriver, type DriverChoice, DriverError } from '../../../src/driver/index.ts';
import type { DriverErrorCode, DriverType } from '../../../src/driver/index.ts';
import { overlay } from '../../../src/driver/overlay/index.ts';
import { overlay2 } from '../../../src/driver/overlay2/index.ts';
import { vfs } from '../../../src/driver/vfs/index.ts';
import { diskLike, type DiskLikeOptions } from '../../../src/filesystem/tmpfs/index.ts';
import { createMachine } from '../../../src/index.ts';
import type { Task } from '../../../src/kernel/index.ts';

/** A driver that finds nothing to stand on, and one that does: their layers are vfs's. */
const refusing = (name: string, code: DriverErrorCode, message: string): DriverType => ({
  name,
  init() {
    throw new DriverError(code, message);
  },
});
const renamed = (name: string): DriverType => ({
  name,
  init: (parts) => Object.create(vfs().init(parts), { name: { value: name } }),
});

const aufs = refusing('aufs', 'ERR_DRIVER_NOT_SUPPORTED', 'driver not supported');
const devicemapper = refusing('devicemapper', 'ERR_DRIVER_NOT_SUPPORTED', 'driver not supported');
const wrongFilesystem = 'prerequisites for driver not satisfied (wrong filesystem?)';
const btrfs = refusing('btrfs', 'ERR_DRIVER_PREREQUISITES', wrongFilesystem);
const zfs = refusing('zfs', 'ERR_DRIVER_PREREQUISITES', wrongFilesystem);
const all = [vfs(), overlay(), aufs, devicemapper, btrfs, zfs, overlay2()];

/** A machine with a disk at `/docker` on which folders were left. */
function machine(left: readonly string[] = [], disk: DiskLikeOptions = { type: 'ext4' }): Task {
  const { task } = createMachine({ filesystems: [diskLike(disk)] });
  for (const name of ['/dev', '/docker', '/proc']) task.mkdir(name);
  task.mknod('/dev/vda1', S_IFBLK | 0o600, makedev(254, 1));
  task.mount('/dev/vda1', '/docker', disk.type);
  task.mount('proc', '/proc', 'proc');
  for (const path of left) {
    const names = path.split('/');
    for (let i = 1; i <= names.length; i++) {
      const part = `/docker/${names.slice(0, i).join('/')}`;
      if (task.statIfPresent(part) === undefined) task.mkdir(part);
    }
  }
  return task;
}

/** What was chosen or refused, and what the log says. */
function start(task: Task, parts: Partial<DriverChoice> = {}): { answer: string; log: string[] } {
  const log: string[] = [];
  try {
    const { driver } = chooseDriver({
      task,
      root: '/docker',
      drivers: all,
      log: ({ level, message }) => log.push(`${level}: ${message}`),
      ...parts,
    });
    return { answer: driver.name, log };
  } catch (error) {
    if (!(error instanceof DriverError)) throw error;
    return { answer: `${error.code}: ${error.message}`, log };
  }
}

const prior = (name: string): string => `info: [graphdriver] using prior storage driver: ${name}`;
const failed = (name: string, why: string): string =>
  `error: [graphdriver] prior storage driver ${name} failed: ${why}`;
const deprecated = (name: string): string =>
  `warning: [graphdriver] WARNING: the ${name} storage-driver is deprecated, and will be removed in a future release`;

describe('a driver by name', () => {
  it('is started, whatever was left', () => {
    const task = machine(['overlay2/x', 'overlay/y']);
    expect(start(task, { name: 'overlay' })).toEqual({
      answer: 'overlay',
      log: [deprecated('overlay')],
    });
    expect(start(task, { name: 'vfs' }).answer).toBe('vfs');
  });

  it.each([
    ['aufs', 'ERR_DRIVER_NOT_SUPPORTED: driver not supported', [deprecated('aufs')]],
    ['btrfs', `ERR_DRIVER_PREREQUISITES: ${wrongFilesystem}`, []],
    ['nosuch', 'ERR_DRIVER_CHOICE: driver not supported', ['error: Failed to GetDriver graph']],
  ])('that cannot run is not replaced: %s', (name, answer, log) => {
    expect(start(machine(), { name })).toEqual({ answer, log });
  });

  it('gets the options', () => {
    const options = ['overlay2.size=1G'];
    expect(start(machine(), { name: 'overlay2', options }).answer).toContain(
      'Storage Option overlay2.size only supported for backingFS XFS. Found extfs',
    );
  });
});

describe('what was left behind', () => {
  it.each([
    ['overlay2 and vfs', ['overlay2/x', 'vfs/dir'], 'overlay2', [prior('overlay2')]],
    ['overlay', ['overlay/x'], 'overlay', [prior('overlay'), deprecated('overlay')]],
    ['an empty folder', ['overlay'], 'overlay2', []],
    ['vfs', ['vfs/dir'], 'overlay2', []],
    ['aufs', ['aufs/diff'], 'ERR_DRIVER_NOT_SUPPORTED: driver not supported', [failed('aufs', 'driver not supported')]],
    ['btrfs', ['btrfs/x'], `ERR_DRIVER_PREREQUISITES: ${wrongFilesystem}`, [failed('btrfs', wrongFilesystem)]],
    [
      'overlay2 and overlay',
      ['overlay2/x', 'overlay/y'],
      'ERR_DRIVER_CHOICE: /docker contains several valid graphdrivers: overlay2, overlay; Please cleanup or explicitly choose storage driver (-s <DRIVER>)',
      [],
    ],
    [
      'overlay2, aufs and devicemapper',
      ['devicemapper/x', 'overlay2/y', 'aufs/z'],
      'ERR_DRIVER_CHOICE: /docker contains several valid graphdrivers: overlay2, aufs, devicemapper; Please cleanup or explicitly choose storage driver (-s <DRIVER>)',
      [],
    ],
  ])('decides: %s', (_what, left, answer, log) => {
    expect(start(machine(left))).toEqual({ answer, log });
  });

  it('may be a file', () => {
    const task = machine();
    task.close(task.open('/docker/aufs', O_CREAT | O_WRONLY, 0o600));
    expect(start(task).log).toEqual([failed('aufs', 'driver not supported')]);
  });

  it('counts for nothing under a name that no driver has', () => {
    expect(start(machine(['aufs/diff']), { drivers: [overlay2(), vfs()] }).answer).toBe('overlay2');
  });
});

describe('a first start', () => {
  it('prefers overlay2', () => expect(start(machine())).toEqual({ answer: 'overlay2', log: [] }));

  it('goes down the list on a disk that tells no types', () => {
    const task = machine([], { type: 'ext4', ftype: false });
    expect(start(task)).toEqual({ answer: 'vfs', log: [] });
    expect(backingFilesystem(task, '/docker')).toBe('extfs');
    expect(start(machine(['overlay2/x'], { type: 'ext4', ftype: false })).answer).toBe('overlay2');
  });

  it('warns of a deprecated driver that it comes to', () => {
    const drivers = [vfs(), btrfs, renamed('devicemapper')];
    expect(start(machine(), { drivers })).toEqual({ answer: 'devicemapper', log: [deprecated('devicemapper')] });
    const { warnings } = chooseDriver({ task: machine(), root: '/docker', drivers });
    expect(warnings.map((text) => `warning: ${text}`)).toEqual([deprecated('devicemapper')]);
  });

  it('tries drivers without a place on the list last', () => {
    expect(start(machine(), { drivers: [renamed('mine'), vfs()] }).answer).toBe('vfs');
    expect(start(machine(), { drivers: [renamed('mine'), aufs] }).answer).toBe('mine');
  });

  it('finds none', () => {
    expect(start(machine(), { drivers: [aufs, btrfs] }).answer).toBe(
      'ERR_DRIVER_CHOICE: No supported storage backend found',
    );
  });

  it('stops at any other error', () => {
    const broken = refusing('btrfs', 'ERR_DRIVER_OPTION', 'Unknown option x');
    expect(start(machine(), { drivers: [broken, vfs()] }).answer).toBe('ERR_DRIVER_OPTION: Unknown option x');
  });

  it('wants each name once', () => {
    expect(start(machine(), { drivers: [vfs(), vfs()] }).answer).toBe('ERR_DRIVER_CHOICE: Name already registered vfs');
  });

  it('leaves nothing open and nothing mounted', () => {
    const task = machine();
    const before = task.open('/', O_RDONLY);
    start(task);
    expect(task.open('/', O_RDONLY)).toBe(before + 1);
  });
});
