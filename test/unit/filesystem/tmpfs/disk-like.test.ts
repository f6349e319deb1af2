/**
 * Disks under the names of ext4, xfs and btrfs. What is expected was seen on Linux 6.18 with loop devices made by
 * mkfs.ext4 (with and without `-O ^filetype`) and mkfs.xfs 6.1; its quotas were not built in.
 */
import { describe, expect, it } from 'vitest';
import { MS_RDONLY, MS_REMOUNT, O_RDWR, S_IFCHR } from '../../../../src/abi/index.ts';
import { codeOf, DEVICE, diskMachine, listing, machineWith, putBytes } from './disk.ts';

const mountLine = (text: string): string => text.split('\n').find((line) => line.includes(' /disk '))!;

describe('a disk that presents itself as another filesystem', () => {
  it.each([
    ['ext4', 0xef53, 'ext4 rw,relatime 0 0'],
    ['xfs', 0x58465342, 'xfs rw,relatime,inode64,logbufs=8,logbsize=32k,noquota 0 0'],
    ['btrfs', 0x9123683e, 'btrfs rw,relatime,space_cache=v2,subvolid=5,subvol=/ 0 0'],
  ] as const)('is told as %s', (type, magic, line) => {
    const { task, fs } = diskMachine({ type });
    fs.mkdirSync('/proc');
    task.mount('proc', '/proc', 'proc');
    expect(task.statfs('/disk').type).toBe(magic);
    expect(mountLine(fs.readFileSync('/proc/mounts', 'utf8') as string)).toBe(`/dev/vda1 /disk ${line}`);
    expect(fs.readFileSync('/proc/filesystems', 'utf8')).toContain(`\n\t${type}\n`);
  });

  it.each([
    ['ext4', [true, true]],
    ['xfs', [false, false]],
  ] as const)('as %s marks a file whose size is set to what it is', (type, marked) => {
    const { task, fs } = diskMachine({ type });
    const marks = ['', 'abcd'].map((content) => {
      fs.writeFileSync('/disk/f', content);
      fs.utimesSync('/disk/f', 1000, 1000);
      task.truncate('/disk/f', content.length);
      return task.stat('/disk/f').mtime.sec !== 1000;
    });
    expect(marks).toEqual(marked);
  });

  it('has the number of its device', () => {
    const { task } = diskMachine({ type: 'xfs' });
    expect(task.stat('/disk').dev).toBe(DEVICE);
    expect(diskMachine({ type: 'btrfs' }).task.stat('/disk').dev).not.toBe(DEVICE);
  });

  it('has as many blocks and inodes as mkfs makes, or as it was told', () => {
    const of = (options: Parameters<typeof diskMachine>[0]) => {
      const { blocks, bsize, files } = diskMachine(options).task.statfs('/disk');
      return [blocks * bsize, files];
    };
    expect(of({ type: 'ext4', size: 2 ** 30 })).toEqual([2 ** 30, 65_536]);
    expect(of({ type: 'xfs', size: 2 ** 30 })).toEqual([2 ** 30, 524_288]);
    expect(of({ type: 'ext4', size: 2 ** 20, inodes: 3 })).toEqual([2 ** 20, 3]);
  });

  it('takes inodes for files, not for links and attributes', () => {
    const { task } = diskMachine({ type: 'ext4', inodes: 3 });
    putBytes(task, '/disk/a', 1);
    for (let i = 0; i < 10; i++) task.link('/disk/a', `/disk/a${i}`);
    task.setxattr('/disk/a', 'user.a', new Uint8Array(3000));
    task.mkdir('/disk/b');
    expect(codeOf(() => task.mkdir('/disk/c'))).toBe('ENOSPC');
    task.rmdir('/disk/b');
    task.mkdir('/disk/c');
  });

  it('is full when its blocks are', () => {
    const { task, check } = (() => {
      const machine = diskMachine({ type: 'xfs', size: 8 * 4096 });
      return { task: machine.task, check: () => machine.check() };
    })();
    expect(putBytes(task, '/disk/a', 10 * 4096)).toBe(8 * 4096);
    expect(codeOf(() => putBytes(task, '/disk/b', 1))).toBe('ENOSPC');
    expect(check()).toEqual([]);
  });

  it('tells no types without ftype, those of dots included', () => {
    const { task } = diskMachine({ type: 'ext4', ftype: false });
    task.mkdir('/disk/sub');
    putBytes(task, '/disk/f', 0);
    expect(listing(task, '/disk')).toBe('..:0 .:0 f:0 sub:0');
    expect(listing(diskMachine({ type: 'ext4' }).task, '/disk')).toBe('..:4 .:4');
  });
});

describe('mounting a disk', () => {
  const options = { type: 'xfs' } as const;

  it.each([
    ['/dev/vda1', 'nosuch', 'EINVAL'],
    ['/dev/vda1', 'pquota', 'EINVAL'],
    ['/dev/vda1', 'pquota,noquota', 'ok'],
    ['/dev/vda1', 'nouuid,inode64,attr2', 'ok'],
    ['', '', 'EINVAL'],
    ['nope', '', 'ENOENT'],
    ['/disk', '', 'ENOTBLK'],
    ['/dev/null', '', 'ENOTBLK'],
  ])('of %s with "%s" gives %s', (source, data, code) => {
    const { task } = machineWith(options);
    task.mknod('/dev/null', S_IFCHR | 0o666, 0x103);
    expect(codeOf(() => task.mount(source, '/disk', 'xfs', data))).toBe(code);
  });

  it('again shows the same disk, unless one of the two is read-only', () => {
    const { task } = diskMachine(options);
    for (const name of ['/again', '/ro']) task.mkdir(name);
    task.mkdir('/disk/d');
    task.mount('/dev/vda1', '/again', 'xfs');
    expect(task.stat('/again/d').ino).toBe(task.stat('/disk/d').ino);
    expect(codeOf(() => task.mount('/dev/vda1', '/ro', 'xfs', '', MS_RDONLY))).toBe('EBUSY');
  });

  it('again with other options leaves them as they are', () => {
    const { task } = diskMachine(options);
    expect(codeOf(() => task.mount('', '/disk', '', 'noquota', MS_REMOUNT))).toBe('ok');
    expect(codeOf(() => task.mount('', '/disk', '', 'prjquota', MS_REMOUNT))).toBe('EINVAL');
    expect(codeOf(() => task.mount('', '/disk', '', 'nosuch', MS_REMOUNT))).toBe('EINVAL');
  });

  it('finds what was there before it was unmounted', () => {
    const machine = diskMachine(options);
    const { task } = machine;
    putBytes(task, '/disk/a', 5000);
    task.umount('/disk');
    expect(codeOf(() => task.stat('/disk/a'))).toBe('ENOENT');
    task.mount('/dev/vda1', '/disk', 'xfs');
    expect(task.stat('/disk/a').size).toBe(5000);
    expect(machine.check()).toEqual([]);
  });
});

describe('a disk outlives its machine', () => {
  it('is there after a restart, without what had no name', () => {
    const machine = diskMachine({ type: 'ext4' });
    const { task } = machine;
    putBytes(task, '/disk/kept', 4096);
    putBytes(task, '/disk/open', 4096);
    task.open('/disk/open', O_RDWR);
    task.unlink('/disk/open');
    const next = machine.restart();
    next.task.mount('/dev/vda1', '/disk', 'ext4');
    expect(next.task.stat('/disk/kept').size).toBe(4096);
    const { blocks, bfree } = next.task.statfs('/disk');
    expect(blocks - bfree).toBe(1);
    expect(next.check()).toEqual([]);
  });

  it('goes two ways in a fork, mounted or not', () => {
    const machine = diskMachine({ type: 'xfs', projectQuota: true }, 'pquota');
    machine.task.mkdir('/disk/both');
    const child = machine.fork();
    child.task.mkdir('/disk/child');
    machine.task.mkdir('/disk/parent');
    expect(listing(child.task, '/disk')).toBe('..:4 .:4 both:4 child:4');
    expect(listing(machine.task, '/disk')).toBe('..:4 .:4 both:4 parent:4');
    machine.task.umount('/disk');
    const later = machine.fork();
    later.task.mount('/dev/vda1', '/disk', 'xfs');
    later.task.mkdir('/disk/later');
    machine.task.mount('/dev/vda1', '/disk', 'xfs');
    expect(listing(machine.task, '/disk')).toBe('..:4 .:4 both:4 parent:4');
    child.task.umount('/disk');
    child.task.mount('/dev/vda1', '/disk', 'xfs');
    expect(listing(child.task, '/disk')).toBe('..:4 .:4 both:4 child:4');
    expect([machine, child, later].flatMap((each) => each.check())).toEqual([]);
  });
});

describe('an overlay on a disk without ftype', () => {
  it('lists its whiteouts, and takes no directory away that holds some', () => {
    const { task } = diskMachine({ type: 'ext4', ftype: false });
    for (const d of ['l', 'l/d', 'l/g', 'u', 'w', 'm']) task.mkdir(`/disk/${d}`);
    for (const f of ['l/a', 'l/b', 'l/d/x', 'l/g/z']) putBytes(task, `/disk/${f}`, 1);
    task.mount('overlay', '/disk/m', 'overlay', 'lowerdir=/disk/l,upperdir=/disk/u,workdir=/disk/w');
    task.unlink('/disk/m/a');
    expect(listing(task, '/disk/m')).toBe('..:0 .:0 a:0 b:0 d:0 g:0');
    expect(codeOf(() => task.lstat('/disk/m/a'))).toBe('ENOENT');
    task.unlink('/disk/m/d/x');
    expect(listing(task, '/disk/m/d')).toBe('..:0 .:0 x:0');
    expect(codeOf(() => task.rmdir('/disk/m/d'))).toBe('ENOTEMPTY');
    expect(codeOf(() => task.mkdir('/disk/m/d'))).toBe('EEXIST');
    expect(listing(task, '/disk/u')).toBe('..:0 .:0 a:0 d:0');
  });
});
