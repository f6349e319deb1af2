/** The options of mount(2), and how many branches go into each call. */
import { describe, expect, test } from 'vitest';
import { MS_REMOUNT, PAGE_SIZE } from '../../../../src/abi/flags.ts';
import { ErrnoException } from '../../../../src/abi/errno.ts';
import { type BranchMount, mountData, mountLayer } from '../../../../src/driver/aufs/mount.ts';
import type { Task } from '../../../../src/kernel/task.ts';
import { errorOf } from '../driver-machine.ts';

const hex = (number: number): string => number.toString(16).padStart(64, '0');
const branchOf = (number: number): string => `/var/lib/docker/aufs/diff/${hex(number)}`;
const stackOf = (count: number, options: Partial<BranchMount> = {}): BranchMount => ({
  target: `/var/lib/docker/aufs/mnt/${hex(0)}`,
  branch: branchOf(0),
  below: Array.from({ length: count }, (_, i) => branchOf(i + 1)),
  dirperm1: true,
  label: '',
  ...options,
});
const branchesIn = (data: string): string[] => [...data.matchAll(/diff\/([0-9a-f]{64})/g)].map(([, id]) => id!);

describe('the data', () => {
  test('is one string where all branches fit a page', () => {
    const small = { target: '/m', branch: '/rw', below: ['/a', '/b'], dirperm1: true, label: '' };
    expect(mountData(small)).toEqual(['br:/rw=rw:/a=ro+wh:/b=ro+wh,dio,xino=/dev/shm/aufs.xino,dirperm1']);
    expect(mountData({ ...small, dirperm1: false })).toEqual([
      'br:/rw=rw:/a=ro+wh:/b=ro+wh,dio,xino=/dev/shm/aufs.xino',
    ]);
    expect(mountData({ ...small, label: 'a:b:c' })).toEqual([
      'br:/rw=rw:/a=ro+wh:/b=ro+wh,dio,xino=/dev/shm/aufs.xino,dirperm1,context="a:b:c"',
    ]);
  });

  test('appends the rest, as many branches in each call as a page has room for', () => {
    const mount = stackOf(126);
    const data = mountData(mount);
    // 4096 - 54 - 9 bytes: br:PATH=rw and :PATH=ro+wh of 97 bytes, then append:PATH=ro+wh, of 104
    expect(data.map((each) => branchesIn(each).length)).toEqual([41, 38, 38, 10]);
    expect(data.flatMap(branchesIn)).toEqual(Array.from({ length: 127 }, (_, i) => hex(i)));
    for (const each of data.slice(1))
      expect(each).toMatch(/^(append:\/var\/lib\/docker\/aufs\/diff\/[0-9a-f]{64}=ro\+wh,)+$/);
    for (const each of data) expect(each.length).toBeLessThan(PAGE_SIZE);
  });

  test('has no more branches in a call than AUFS takes, however short they are', () => {
    const below = Array.from({ length: 126 }, (_, i) => `/${i}`);
    const data = mountData({ ...stackOf(0), branch: '/rw', below });
    expect(data.map((each) => each.split('=ro+wh').length - 1)).toEqual([80, 46]);
  });

  test('never cuts a branch, wherever the end of the page falls, and counts bytes', () => {
    for (let pad = 0; pad < 120; pad++) {
      const below = Array.from({ length: 126 }, (_, i) => `/${'ü'.repeat(pad)}/${hex(i)}`);
      const [first, ...rest] = mountData({ ...stackOf(0), below, label: 'x'.repeat(pad) });
      const names = [...`${first}${rest.join('')}`.matchAll(/[:](\/ü*\/[0-9a-f]{64})=ro\+wh/g)].map(([, name]) => name);
      expect(names).toEqual(below);
      for (const data of [first!, ...rest]) expect(Buffer.byteLength(data)).toBeLessThan(PAGE_SIZE);
    }
  });

  test('with exactly the room that there is takes the branch, with a byte less does not', () => {
    const room = PAGE_SIZE - 54;
    const fixed = 'br:/rw=rw'.length + ':=ro+wh'.length;
    const longest = `/${'x'.repeat(room - fixed - 1)}`;
    const mount = { target: '/m', branch: '/rw', below: [longest], dirperm1: false, label: '' };
    expect(mountData(mount)).toHaveLength(1);
    expect(mountData({ ...mount, below: [`${longest}x`] })).toHaveLength(2);
    // an appended branch has 14 bytes of options, and the whole of the room
    const tooLong = `/${'x'.repeat(room - 14)}`;
    expect(errorOf(() => mountData({ ...mount, below: [tooLong] }))).toEqual({
      code: 'ERR_DRIVER_MOUNT',
      message: `error creating aufs mount to /m: the options for the branch ${tooLong} do not fit a page`,
    });
    expect(errorOf(() => mountData({ ...mount, branch: longest.repeat(2) })).code).toBe('ERR_DRIVER_MOUNT');
    expect(errorOf(() => mountData({ ...mount, label: 'x'.repeat(PAGE_SIZE) })).code).toBe('ERR_DRIVER_MOUNT');
  });
});

describe('the calls', () => {
  /** A task that notes what it is asked to mount, and refuses the call of that number. */
  function noting(refused?: number) {
    const calls: [string, ...unknown[]][] = [];
    const task = {
      mount(...parts: unknown[]) {
        calls.push(['mount', ...parts]);
        if (calls.length === refused) throw new ErrnoException('EINVAL', 'mount');
      },
      umount: (...parts: unknown[]) => void calls.push(['umount', ...parts]),
    };
    return { calls, task: task as unknown as Task };
  }

  test('are one mount and a remount for each further page', () => {
    const mount = stackOf(60);
    const { calls, task } = noting();
    mountLayer(task, mount);
    const [first, second] = mountData(mount);
    expect(calls).toEqual([
      ['mount', 'none', mount.target, 'aufs', first, 0],
      ['mount', 'none', mount.target, 'aufs', second, MS_REMOUNT],
    ]);
  });

  test('that are refused are told with their data, and leave nothing mounted', () => {
    const mount = stackOf(60);
    const [first, second] = mountData(mount);
    const at = `error creating aufs mount to ${mount.target}: mount target=${mount.target}`;
    const once = noting(1);
    expect(errorOf(() => mountLayer(once.task, mount))).toEqual({
      code: 'ERR_DRIVER_MOUNT',
      message: `${at} data=${first}: invalid argument`,
    });
    expect(once.calls).toHaveLength(1);
    const later = noting(2);
    expect(errorOf(() => mountLayer(later.task, mount))).toEqual({
      code: 'ERR_DRIVER_MOUNT',
      message: `${at} flags=MS_REMOUNT data=${second}: invalid argument`,
    });
    expect(later.calls.map(([call]) => call)).toEqual(['mount', 'mount', 'umount']);
  });
});
