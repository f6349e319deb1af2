/** Kernels of other times: which filesystems they have, what overlayfs takes there, and which driver Docker starts. */
import { describe, expect, it } from 'vitest';
import { makedev, S_IFBLK } from '../../../src/abi/index.ts';
import { chooseDriver } from '../../../src/driver/index.ts';
import { overlay } from '../../../src/driver/overlay/index.ts';
import { overlay2 } from '../../../src/driver/overlay2/index.ts';
import { vfs } from '../../../src/driver/vfs/index.ts';
import { diskLike, type DiskLikeOptions } from '../../../src/filesystem/tmpfs/index.ts';
import { createMachine } from '../../../src/index.ts';
import {
  centos_7,
  type KernelProfile,
  linux_3_17,
  linux_3_18,
  linux_6_18,
  ubuntu_14_04,
} from '../../../src/kernel/index.ts';
import { bootfsOf } from '../../../src/machine/index.ts';
import { codeOf } from '../filesystem/tmpfs/disk.ts';

function booted(profile: KernelProfile, disk: DiskLikeOptions = { type: 'ext4' }) {
  const machine = createMachine({ bootfs: bootfsOf(profile), filesystems: [diskLike(disk)] });
  machine.boot();
  const { task } = machine;
  for (const name of ['/dev', '/docker', '/proc']) task.mkdir(name);
  task.mknod('/dev/vda1', S_IFBLK | 0o600, makedev(254, 1));
  task.mount('/dev/vda1', '/docker', disk.type);
  task.mount('proc', '/proc', 'proc');
  return machine;
}

describe('the driver that Docker starts', () => {
  it.each([
    ['the current kernel', linux_6_18, { type: 'ext4' }, 'overlay2', 0],
    ['the first kernel with overlay', linux_3_18, { type: 'ext4' }, 'overlay', 1],
    ['mainline before', linux_3_17, { type: 'ext4' }, 'vfs', 0],
    ['Ubuntu 14.04 without a driver for aufs', ubuntu_14_04, { type: 'ext4' }, 'vfs', 0],
    ['CentOS 7 without a driver for devicemapper', centos_7, { type: 'xfs', ftype: false }, 'vfs', 0],
    ['a kernel with overlay on the disk of CentOS 7', linux_3_18, { type: 'xfs', ftype: false }, 'vfs', 0],
  ] as const)('on %s', (_name, profile, disk, driver, warnings) => {
    const { task } = booted(profile, disk);
    const chosen = chooseDriver({ task, root: '/docker', drivers: [vfs(), overlay(), overlay2()] });
    expect([chosen.driver.name, chosen.warnings.length]).toEqual([driver, warnings]);
  });
});

describe('a kernel before overlay', () => {
  it('does not know it, nor a filesystem that it names and nobody has given', () => {
    const { task, fs } = booted(ubuntu_14_04);
    expect(codeOf(() => task.mount('overlay', '/docker', 'overlay'))).toBe('ENODEV');
    expect(codeOf(() => task.mount('none', '/docker', 'aufs'))).toBe('ENODEV');
    expect(fs.readFileSync('/proc/filesystems', 'utf8')).not.toMatch(/overlay|aufs/);
    expect(task.uname().release).toBe('3.13.0-24-generic');
  });
});

describe('overlayfs before several lower layers', () => {
  const mount = (profile: KernelProfile, data: string): string => {
    const { task } = booted(profile);
    for (const name of ['a', 'b', 'a:b', 'u', 'w', 'm']) task.mkdir(`/docker/${name}`);
    task.mkdir('/docker/a:b/inside');
    return codeOf(() => {
      task.mount('overlay', '/docker/m', 'overlay', data.replaceAll('/', '/docker/'));
      if (data.includes('/a:b')) task.stat('/docker/m/inside');
    });
  };

  it.each([
    ['lowerdir=/a,upperdir=/u,workdir=/w', 'ok', 'ok'],
    ['lowerdir=/a:b,upperdir=/u,workdir=/w', 'ok', 'ENOENT'],
    ['lowerdir=/a:/b,upperdir=/u,workdir=/w', 'EINVAL', 'ok'],
    ['lowerdir=/a:/b', 'EINVAL', 'ok'],
    ['lowerdir=/a,upperdir=/u', 'EINVAL', 'EINVAL'],
    ['lowerdir=/none,upperdir=/u,workdir=/w', 'EINVAL', 'ENOENT'],
  ])('takes %s: %s, where there are several: %s', (data, before, since) => {
    expect(mount(linux_3_18, data)).toBe(before);
    expect(mount(linux_6_18, data)).toBe(since);
  });
});
