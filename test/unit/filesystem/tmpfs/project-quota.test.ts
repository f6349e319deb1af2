/**
 * Projects and their quotas on a disk. Which links and renames are refused, and what new files take over, was seen on
 * xfs of Linux 6.18; the limits follow fs/xfs and fs/quota, for no kernel with quotas was at hand.
 */
import { describe, expect, it } from 'vitest';
import * as abi from '../../../../src/abi/index.ts';
import type { DiskQuota, Fsxattr, QuotaState } from '../../../../src/abi/index.ts';
import type { Task } from '../../../../src/kernel/index.ts';
import { codeOf, DEVICE, diskMachine, putBytes } from './disk.ts';

const NODE = '/disk/backingFsBlockDev';
const PAGE = 4096;

/** What `FS_IOC_FSGETXATTR` answers. */
function attributesOf(task: Task, path: string): Fsxattr {
  const fd = task.open(path, abi.O_RDONLY);
  try {
    return task.ioctl(fd, abi.FS_IOC_FSGETXATTR) as Fsxattr;
  } finally {
    task.close(fd);
  }
}

/** Gives a directory a project that its new files take over, as moby does. */
function setProject(task: Task, path: string, projid: number, xflags = abi.FS_XFLAG_PROJINHERIT): void {
  const told = attributesOf(task, path);
  const fd = task.open(path, abi.O_RDONLY);
  try {
    task.ioctl(fd, abi.FS_IOC_FSSETXATTR, { ...told, xflags, projid });
  } finally {
    task.close(fd);
  }
}

const limit = (task: Task, id: number, bytes: number): unknown =>
  task.quotactl(abi.QCMD(abi.Q_XSETQLIM, abi.PRJQUOTA), NODE, id, {
    fieldmask: abi.FS_DQ_BHARD | abi.FS_DQ_BSOFT,
    blkHardlimit: bytes / 512,
    blkSoftlimit: bytes / 512,
  });
const quotaOf = (task: Task, id: number, command = abi.Q_XGETQUOTA): DiskQuota =>
  task.quotactl(abi.QCMD(command, abi.PRJQUOTA), NODE, id) as DiskQuota;
const stateOf = (task: Task): QuotaState =>
  task.quotactl(abi.QCMD(abi.Q_XGETQSTAT, abi.PRJQUOTA), NODE, 0) as QuotaState;

function disk(type: 'xfs' | 'ext4' = 'xfs', data = 'prjquota') {
  const machine = diskMachine({ type, projectQuota: true, size: 2 ** 26 }, data);
  machine.task.mknod(NODE, abi.S_IFBLK | 0o600, DEVICE);
  return machine;
}

/** Directories of the projects 7 and 8, and one of none, with a file of each kind. */
function threeDirectories() {
  const { task } = disk('xfs', '');
  for (const d of ['a', 'b', 'o']) task.mkdir(`/disk/${d}`);
  setProject(task, '/disk/a', 7);
  setProject(task, '/disk/b', 8);
  for (const d of ['a', 'b', 'o']) {
    putBytes(task, `/disk/${d}/f`, 1);
    task.mkdir(`/disk/${d}/d`);
    task.symlink('q', `/disk/${d}/l`);
    task.mknod(`/disk/${d}/c`, abi.S_IFCHR | 0o600, 0);
    task.mknod(`/disk/${d}/p`, abi.S_IFIFO | 0o600, 0);
  }
  return task;
}

describe('projects', () => {
  it('are taken over by new files, with the mark by directories alone', () => {
    const task = threeDirectories();
    const told = (path: string) => [attributesOf(task, path).projid, attributesOf(task, path).xflags];
    expect(told('/disk/a')).toEqual([7, abi.FS_XFLAG_PROJINHERIT]);
    expect(told('/disk/a/d')).toEqual([7, abi.FS_XFLAG_PROJINHERIT]);
    expect(told('/disk/a/f')).toEqual([7, 0]);
    expect(told('/disk/o/f')).toEqual([0, 0]);
    const fd = task.open('/disk/a', abi.O_TMPFILE | abi.O_RDWR);
    expect((task.ioctl(fd, abi.FS_IOC_FSGETXATTR) as Fsxattr).projid).toBe(7);
  });

  it.each([
    ['a/f', 'b', 'EXDEV'],
    ['o/f', 'a', 'EXDEV'],
    ['a/f', 'o', 'ok'],
    ['o/c', 'a', 'ok'],
    ['a/c', 'b', 'EXDEV'],
    ['o/l', 'a', 'EXDEV'],
    ['o/p', 'a', 'ok'],
  ])('keep a link of %s in %s: %s', (path, directory, code) => {
    const task = threeDirectories();
    expect(codeOf(() => task.link(`/disk/${path}`, `/disk/${directory}/new`))).toBe(code);
    expect(codeOf(() => task.rename(`/disk/${path}`, `/disk/${directory}/new`))).toBe(code);
  });

  it.each([
    ['a/f', 'b/f', abi.RENAME_EXCHANGE, 'EXDEV'],
    ['a/f', 'o/f', abi.RENAME_EXCHANGE, 'ok'],
    ['o/f', 'a/f', abi.RENAME_EXCHANGE, 'EXDEV'],
    ['a/d', 'b/new', 0, 'EXDEV'],
    ['a/f', 'o/new', abi.RENAME_WHITEOUT, 'ok'],
    ['a/f', 'a/new', 0, 'ok'],
  ])('keep a rename of %s to %s with %i: %s', (from, to, flags, code) => {
    const task = threeDirectories();
    const rename = () => task.renameat2(abi.AT_FDCWD, `/disk/${from}`, abi.AT_FDCWD, `/disk/${to}`, flags);
    expect(codeOf(rename)).toBe(code);
    if (code === 'ok') expect(attributesOf(task, `/disk/${to}`).projid).toBe(7);
  });

  it('are no mark of a file, and other attributes are taken over beside them', () => {
    const task = threeDirectories();
    setProject(task, '/disk/a/f', 9);
    expect(attributesOf(task, '/disk/a/f')).toMatchObject({ projid: 9, xflags: 0 });
    const flags = abi.FS_XFLAG_PROJINHERIT | abi.FS_XFLAG_NODUMP | abi.FS_XFLAG_NOATIME;
    setProject(task, '/disk/b', 5, flags);
    task.mkdir('/disk/b/n');
    putBytes(task, '/disk/b/nf', 0);
    expect(attributesOf(task, '/disk/b/n')).toMatchObject({ projid: 5, xflags: flags });
    expect(attributesOf(task, '/disk/b/nf')).toMatchObject({ projid: 5, xflags: flags & ~abi.FS_XFLAG_PROJINHERIT });
  });

  it('are not known to ext4 without the feature, nor to btrfs and tmpfs', () => {
    const { task } = diskMachine({ type: 'ext4' });
    task.mkdir('/disk/d');
    expect(codeOf(() => setProject(task, '/disk/d', 5))).toBe('EOPNOTSUPP');
    expect(codeOf(() => setProject(task, '/disk/d', 0))).toBe('ok');
    expect(codeOf(() => setProject(task, '/', 5))).toBe('EOPNOTSUPP');
    expect(codeOf(() => setProject(diskMachine({ type: 'btrfs' }).task, '/disk', 5))).toBe('EOPNOTSUPP');
  });
});

describe('quotas that are off', () => {
  it('are not there on xfs without them, and off without the option', () => {
    const { task } = diskMachine({ type: 'xfs' });
    task.mknod(NODE, abi.S_IFBLK | 0o600, DEVICE);
    for (const act of [() => stateOf(task), () => quotaOf(task, 1), () => limit(task, 1, 0)]) {
      expect(codeOf(act)).toBe('ENOSYS');
    }
    const off = disk('xfs', '').task;
    expect([codeOf(() => stateOf(off)), codeOf(() => limit(off, 1, 0))]).toEqual(['ENOSYS', 'ENOSYS']);
  });

  it('are off on ext4', () => {
    const { task } = diskMachine({ type: 'ext4' });
    task.mknod(NODE, abi.S_IFBLK | 0o600, DEVICE);
    expect(codeOf(() => stateOf(task))).toBe('ENOSYS');
    expect(codeOf(() => quotaOf(task, 1))).toBe('ESRCH');
    expect(codeOf(() => task.quotactl(abi.QCMD(0x800099, abi.PRJQUOTA), NODE, 0))).toBe('EINVAL');
    task.setresuid(1000, 1000, 1000);
    expect(codeOf(() => task.stat(NODE))).toBe('ok');
    expect(codeOf(() => stateOf(task))).toBe('ENOSYS');
    expect(codeOf(() => quotaOf(task, 1))).toBe('EPERM');
  });
});

describe('quotas of projects', () => {
  it('tell that they are on', () => {
    const { flags } = stateOf(disk().task);
    expect(flags).toBe(abi.FS_QUOTA_PDQ_ACCT | abi.FS_QUOTA_PDQ_ENFD);
    expect(stateOf(disk('xfs', 'pqnoenforce').task).flags).toBe(abi.FS_QUOTA_PDQ_ACCT);
  });

  it('are shown among the options', () => {
    const options = (type: 'xfs' | 'ext4', data: string): string => {
      const { kernel } = disk(type, data);
      return [...kernel.superblocks].find((superblock) => superblock.type.name === type)!.showOptions();
    };
    expect(options('xfs', 'pquota')).toBe(',inode64,logbufs=8,logbsize=32k,prjquota');
    expect(options('xfs', 'pqnoenforce')).toBe(',inode64,logbufs=8,logbsize=32k,pqnoenforce');
    expect(options('ext4', 'prjquota')).toBe(',quota,prjquota');
  });

  it('know nothing of a project without limits and use', () => {
    const { task } = disk();
    expect(codeOf(() => quotaOf(task, 3))).toBe('ENOENT');
    limit(task, 3, 0);
    expect(codeOf(() => quotaOf(task, 3))).toBe('ENOENT');
    expect(codeOf(() => quotaOf(disk('ext4').task, 3))).toBe('ok');
  });

  it('round a limit up to blocks of the disk', () => {
    const { task } = disk();
    limit(task, 3, 10 * PAGE + 512);
    expect(quotaOf(task, 3)).toMatchObject({ id: 3, flags: abi.FS_PROJ_QUOTA, blkHardlimit: 88, blkSoftlimit: 88 });
    expect(quotaOf(task, 1, abi.Q_XGETNEXTQUOTA).id).toBe(3);
    expect(codeOf(() => quotaOf(task, 4, abi.Q_XGETNEXTQUOTA))).toBe('ENOENT');
  });

  it('count what a project uses', () => {
    const machine = disk();
    const { task } = machine;
    task.mkdir('/disk/d');
    putBytes(task, '/disk/d/old', 3 * PAGE);
    setProject(task, '/disk/d', 3);
    expect(quotaOf(task, 3)).toMatchObject({ bcount: 0, icount: 1 });
    putBytes(task, '/disk/d/a', 2 * PAGE);
    task.symlink('x'.repeat(200), '/disk/d/l');
    expect(quotaOf(task, 3)).toMatchObject({ bcount: 24, icount: 3 });
    setProject(task, '/disk/d/old', 3, 0);
    expect(quotaOf(task, 3)).toMatchObject({ bcount: 48, icount: 4 });
    task.truncate('/disk/d/a', PAGE);
    task.unlink('/disk/d/l');
    expect(quotaOf(task, 3)).toMatchObject({ bcount: 32, icount: 3 });
    task.umount('/disk');
    task.mount('/dev/vda1', '/disk', 'xfs', 'pquota');
    expect(quotaOf(task, 3)).toMatchObject({ bcount: 32, icount: 3 });
    expect(machine.check()).toEqual([]);
  });

  it('stop a full project with what xfs gives, and no other', () => {
    const { task } = disk();
    for (const d of ['d', 'e']) task.mkdir(`/disk/${d}`);
    setProject(task, '/disk/d', 3);
    limit(task, 3, 4 * PAGE);
    expect(putBytes(task, '/disk/d/a', 6 * PAGE)).toBe(4 * PAGE);
    expect(codeOf(() => putBytes(task, '/disk/d/b', 1))).toBe('ENOSPC');
    expect(putBytes(task, '/disk/e/a', 6 * PAGE)).toBe(6 * PAGE);
    task.unlink('/disk/d/a');
    expect(putBytes(task, '/disk/d/b', PAGE)).toBe(PAGE);
    const fd = task.open('/disk/d/b', abi.O_RDWR);
    expect(codeOf(() => task.fallocate(fd, 0, 0, 5 * PAGE))).toBe('ENOSPC');
  });

  it('are passed over by root on ext4, and stop others with EDQUOT', () => {
    const { task } = disk('ext4');
    task.mkdir('/disk/d', 0o777);
    task.chmod('/disk/d', 0o777);
    setProject(task, '/disk/d', 3);
    limit(task, 3, 4 * PAGE);
    expect(putBytes(task, '/disk/d/root', 6 * PAGE)).toBe(6 * PAGE);
    task.setresuid(1000, 1000, 1000);
    expect(codeOf(() => putBytes(task, '/disk/d/user', 1))).toBe('EDQUOT');
  });

  it('only count with pqnoenforce', () => {
    const { task } = disk('xfs', 'pqnoenforce');
    task.mkdir('/disk/d');
    setProject(task, '/disk/d', 3);
    limit(task, 3, PAGE);
    expect(putBytes(task, '/disk/d/a', 6 * PAGE)).toBe(6 * PAGE);
    expect(quotaOf(task, 3).bcount).toBe(48);
  });

  it('are what statfs tells of a directory, through an overlay too', () => {
    const { task } = disk();
    task.mkdir('/disk/c');
    setProject(task, '/disk/c', 3);
    limit(task, 3, 40 * PAGE);
    for (const d of ['c/diff', 'c/work', 'l', 'm']) task.mkdir(`/disk/${d}`);
    const data = 'lowerdir=/disk/l,upperdir=/disk/c/diff,workdir=/disk/c/work';
    task.mount('overlay', '/disk/m', 'overlay', data);
    putBytes(task, '/disk/m/a', 10 * PAGE);
    expect(task.statfs('/disk/m')).toMatchObject({ blocks: 40, bfree: 30, bavail: 30, type: 0x794c7630 });
    expect(task.statfs('/disk/c').blocks).toBe(40);
    expect(task.statfs('/disk').blocks).toBe(2 ** 26 / PAGE);
    expect(putBytes(task, '/disk/m/b', 50 * PAGE)).toBe(30 * PAGE);
    expect(codeOf(() => putBytes(task, '/disk/m/c', 1))).toBe('ENOSPC');
  });

  it('hold for inodes', () => {
    const { task } = disk();
    task.mkdir('/disk/d');
    setProject(task, '/disk/d', 3);
    const limits = { fieldmask: abi.FS_DQ_IHARD, inoHardlimit: 2 };
    task.quotactl(abi.QCMD(abi.Q_XSETQLIM, abi.PRJQUOTA), NODE, 3, limits);
    task.mkdir('/disk/d/a');
    expect(codeOf(() => task.mkdir('/disk/d/b'))).toBe('ENOSPC');
    expect(task.statfs('/disk/d')).toMatchObject({ files: 2, ffree: 0 });
  });

  it('pass over a hard limit below the soft one, and refuse fields they do not know', () => {
    const { task } = disk();
    const set = (fieldmask: number, blkHardlimit: number, blkSoftlimit: number) =>
      task.quotactl(abi.QCMD(abi.Q_XSETQLIM, abi.PRJQUOTA), NODE, 3, { fieldmask, blkHardlimit, blkSoftlimit });
    set(abi.FS_DQ_BHARD | abi.FS_DQ_BSOFT, 80, 80);
    set(abi.FS_DQ_BHARD | abi.FS_DQ_BSOFT, 40, 80);
    expect(quotaOf(task, 3).blkHardlimit).toBe(80);
    expect(codeOf(() => set(1 << 12, 0, 0))).toBe('EINVAL');
    expect(codeOf(() => task.quotactl(abi.QCMD(abi.Q_XSETQLIM, abi.PRJQUOTA), NODE, 3))).toBe('EFAULT');
    expect(codeOf(() => task.quotactl(abi.QCMD(abi.Q_XGETQUOTA, abi.USRQUOTA), NODE, 3))).toBe('ESRCH');
  });

  it('go along in a fork and stay apart', () => {
    const machine = disk();
    const { task } = machine;
    task.mkdir('/disk/d');
    setProject(task, '/disk/d', 3);
    limit(task, 3, 4 * PAGE);
    putBytes(task, '/disk/d/a', 2 * PAGE);
    const child = machine.fork();
    putBytes(child.task, '/disk/d/b', 2 * PAGE);
    expect(codeOf(() => putBytes(child.task, '/disk/d/c', 1))).toBe('ENOSPC');
    expect(quotaOf(task, 3)).toMatchObject({ bcount: 16, icount: 2 });
    expect(quotaOf(child.task, 3)).toMatchObject({ bcount: 32, icount: 4 });
  });
});
