/** Project quotas of layers: which ids they get, what holds them, and what is said where there are none. */
import { describe, expect, test } from 'vitest';
import { ErrnoException } from '../../../src/abi/errno.ts';
import { FS_IOC_FSGETXATTR, FS_IOC_FSSETXATTR, FS_XFLAG_PROJINHERIT, type Fsxattr } from '../../../src/abi/fileattr.ts';
import { CLONE_NEWNS, CLONE_NEWUSER } from '../../../src/abi/flags.ts';
import { makedev, S_IFBLK } from '../../../src/abi/mode.ts';
import { type DiskQuota, PRJQUOTA, Q_XGETQUOTA, QCMD } from '../../../src/abi/quota.ts';
import { startQuota } from '../../../src/driver/quota.ts';
import { diskLike } from '../../../src/filesystem/tmpfs/index.ts';
import { createMachine } from '../../../src/index.ts';
import type { Task } from '../../../src/kernel/task.ts';
import { putFile } from '../machine/union-machine.ts';
import { errorOf } from './driver-machine.ts';

const HOME = '/data/home';
const DEVICE = `${HOME}/backingFsBlockDev`;
const NOT_SUPPORTED = {
  code: 'ERR_DRIVER_QUOTA',
  message: 'Filesystem does not support, or has not enabled quotas',
};

function onDisk(options = 'pquota') {
  const machine = createMachine({ filesystems: [diskLike({ type: 'xfs', projectQuota: true })] });
  const { task, fs } = machine;
  for (const path of ['/dev', '/data', '/proc']) fs.mkdirSync(path);
  task.mknod('/dev/vda1', S_IFBLK | 0o600, makedev(254, 1));
  task.mount('/dev/vda1', '/data', 'xfs', options);
  task.mount('proc', '/proc', 'proc');
  fs.mkdirSync(HOME);
  const directory = (name: string): string => {
    fs.mkdirSync(`${HOME}/${name}`, { recursive: true });
    return `${HOME}/${name}`;
  };
  return { machine, task, fs, directory };
}

function attributesOf(task: Task, path: string, set?: Partial<Fsxattr>): Fsxattr {
  const fd = task.open(path, 0);
  const found = task.ioctl(fd, FS_IOC_FSGETXATTR) as Fsxattr;
  if (set !== undefined) task.ioctl(fd, FS_IOC_FSSETXATTR, { ...found, ...set });
  task.close(fd);
  return found;
}

const projectOf = (task: Task, path: string): number => attributesOf(task, path).projid;

const quotaOf = (task: Task, project: number): DiskQuota =>
  task.quotactl(QCMD(Q_XGETQUOTA, PRJQUOTA), DEVICE, project) as DiskQuota;

/** The task, but for one kind of call that is refused. */
const refusing = (task: Task, name: 'mknod' | 'quotactl' | 'ioctl', code: 'EPERM' | 'EIO' | 'ENOTBLK'): Task =>
  new Proxy(task, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown;
      if (typeof value !== 'function') return value;
      if (key !== name) return value.bind(target);
      return () => {
        throw new ErrnoException(code, name);
      };
    },
  });

describe('project ids', () => {
  test('count from 2, and are inherited by what is made in a directory', () => {
    const { task, directory } = onDisk();
    const quotas = startQuota(task, HOME);
    for (const name of ['a', 'b']) quotas.setQuota(directory(name), 2 ** 20);
    expect(['a', 'b'].map((name) => projectOf(task, `${HOME}/${name}`))).toEqual([2, 3]);
    expect(attributesOf(task, `${HOME}/a`).xflags & FS_XFLAG_PROJINHERIT).not.toBe(0);
    expect(projectOf(task, directory('a/below'))).toBe(2);
    expect(quotaOf(task, 3)).toMatchObject({ blkHardlimit: 2048, blkSoftlimit: 2048 });
  });

  test('a directory keeps its own; a new one of the same name gets another', () => {
    const { task, fs, directory } = onDisk();
    const quotas = startQuota(task, HOME);
    quotas.setQuota(directory('a'), 4096);
    quotas.setQuota(`${HOME}/a`, 8192);
    expect([projectOf(task, `${HOME}/a`), quotaOf(task, 2).blkHardlimit]).toEqual([2, 16]);
    fs.rmdirSync(`${HOME}/a`);
    quotas.setQuota(directory('a'), 4096);
    expect(projectOf(task, `${HOME}/a`)).toBe(3);
  });

  test('start behind that of the home', () => {
    const { task, directory } = onDisk();
    attributesOf(task, HOME, { projid: 999, xflags: FS_XFLAG_PROJINHERIT });
    const quotas = startQuota(task, HOME);
    quotas.setQuota(directory('a'), 4096);
    expect(projectOf(task, `${HOME}/a`)).toBe(1001);
  });

  test('that an earlier start gave are not given again, in the home and one directory below', () => {
    const { task, directory } = onDisk();
    const first = startQuota(task, HOME);
    for (const name of ['a', 'dir/b', 'dir/c']) first.setQuota(directory(name), 4096);
    putFile(task, `${HOME}/file`, '');
    const again = startQuota(task, HOME);
    again.setQuota(`${HOME}/dir/b`, 8192);
    again.setQuota(directory('d'), 4096);
    expect(['a', 'dir/b', 'dir/c', 'd'].map((name) => projectOf(task, `${HOME}/${name}`))).toEqual([2, 3, 4, 5]);
    expect(quotaOf(task, 3).blkHardlimit).toBe(16);
  });
});

describe('the node of the disk', () => {
  test('is made anew with each start', () => {
    const { task } = onDisk();
    task.mknod(DEVICE, S_IFBLK | 0o644, makedev(9, 9));
    startQuota(task, HOME);
    expect(task.lstat(DEVICE)).toMatchObject({ mode: 0o60600, rdev: makedev(254, 1), uid: 0, gid: 0 });
  });

  test('stays also where there are no quotas', () => {
    const { task } = onDisk('');
    expect(errorOf(() => startQuota(task, HOME))).toEqual(NOT_SUPPORTED);
    expect(task.lstat(DEVICE).mode).toBe(0o60600);
  });
});

describe('refusals', () => {
  test('to make the node: the kernel may not allow it, which is no error of its own', () => {
    const { task } = onDisk();
    expect(errorOf(() => startQuota(refusing(task, 'mknod', 'EPERM'), HOME))).toEqual(NOT_SUPPORTED);
    const message = `failed to mknod ${DEVICE}: input/output error`;
    expect(errorOf(() => startQuota(refusing(task, 'mknod', 'EIO'), HOME))).toEqual({ ...NOT_SUPPORTED, message });
  });

  test('to ask for quotas: some say that the question was wrong', () => {
    const { task } = onDisk();
    expect(errorOf(() => startQuota(refusing(task, 'quotactl', 'EIO'), HOME))).toEqual(NOT_SUPPORTED);
    const message = 'block device required';
    expect(errorOf(() => startQuota(refusing(task, 'quotactl', 'ENOTBLK'), HOME))).toEqual({
      ...NOT_SUPPORTED,
      message,
    });
  });

  test('to tell or to set what a directory belongs to', () => {
    const { task } = onDisk();
    const message = `failed to get projid for ${HOME}: operation not permitted`;
    expect(errorOf(() => startQuota(refusing(task, 'ioctl', 'EPERM'), HOME))).toEqual({ ...NOT_SUPPORTED, message });
    const quotas = startQuota(task, HOME);
    expect(errorOf(() => quotas.setQuota(`${HOME}/none`, 4096)).code).toBe('ENOENT');
    expect(projectOf(task, HOME)).toBe(0);
  });

  test('in a user namespace nothing is tried', () => {
    const { task } = onDisk();
    const child = task.clone(CLONE_NEWUSER | CLONE_NEWNS);
    for (const kind of ['uid', 'gid']) putFile(task, `/proc/${child.pid}/${kind}_map`, '0 0 10');
    expect(errorOf(() => startQuota(child, HOME))).toEqual(NOT_SUPPORTED);
    expect(task.statIfPresent(DEVICE)).toBeUndefined();
  });
});
