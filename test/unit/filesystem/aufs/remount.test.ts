import { describe, expect, test } from 'vitest';
import {
  MAP_SHARED,
  MS_RDONLY,
  MS_REMOUNT,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  PROT_READ,
} from '../../../../src/abi/flags.ts';
import { auplink } from '../../../../src/filesystem/aufs/auplink.ts';
import { permissionOfBits, showPermission } from '../../../../src/filesystem/aufs/branch-permission.ts';
import { AUFS_CTL_BRINFO, type BranchInfo } from '../../../../src/filesystem/aufs/ioctl.ts';
import type { Task } from '../../../../src/kernel/task.ts';
import type { Machine } from '../../../../src/machine/machine.ts';
import { code } from '../booted.ts';
import { aufsMachine, names, read, readOpen, write } from './machine.ts';

const OWN = ['.wh..wh.aufs', '.wh..wh.orph', '.wh..wh.plnk'];

/** /rw over /one over /two at /mnt; /three and /new are there for more. */
function union(): Machine {
  const machine = aufsMachine('/rw', '/one', '/two', '/three', '/new', '/mnt', '/proc');
  const { task } = machine;
  task.mount('proc', '/proc', 'proc');
  for (const branch of ['one', 'two', 'three']) {
    write(task, `/${branch}/common`, branch);
    write(task, `/${branch}/${branch}`, branch);
    task.mkdir(`/${branch}/dir`, 0o755);
    write(task, `/${branch}/dir/${branch}`, branch);
  }
  task.mount('none', '/mnt', 'aufs', 'br:/rw=rw:/one=ro+wh:/two=ro+wh');
  return machine;
}

const remount = (task: Task, data: string, flags = 0): void => task.mount('none', '/mnt', '', data, MS_REMOUNT | flags);

/** The branches, as `PATH=PERMISSION`. */
function branches(task: Task): string[] {
  const fd = task.open('/mnt', O_RDONLY | O_DIRECTORY);
  const told = task.ioctl(fd, AUFS_CTL_BRINFO) as BranchInfo[];
  task.close(fd);
  return told.map(({ path, perm }) => `${path}=${showPermission(permissionOfBits(perm))}`);
}

describe('a branch comes in', () => {
  test('below all others, without a permission read-only', () => {
    const { task } = union();
    read(task, '/mnt/common');
    remount(task, 'append:/three=ro+wh');
    remount(task, 'append:/new');
    expect(branches(task)).toEqual(['/rw=rw', '/one=ro+wh', '/two=ro+wh', '/three=ro+wh', '/new=ro']);
    expect(names(task, '/mnt')).toEqual(['common', 'dir', 'one', 'three', 'two']);
    expect(read(task, '/mnt/common')).toBe('one');
    expect(names(task, '/mnt/dir')).toEqual(['one', 'three', 'two']);
  });

  test('on top, where it takes what is written from then on', () => {
    const { task } = union();
    write(task, '/mnt/before', '');
    remount(task, 'prepend:/new=rw');
    write(task, '/mnt/after', '');
    write(task, '/mnt/common', 'changed');
    expect(names(task, '/new')).toEqual([...OWN, 'after', 'common']);
    expect(names(task, '/rw')).toEqual([...OWN, 'before']);
    task.unlink('/mnt/one');
    expect(names(task, '/new')).toContain('.wh.one');
  });

  test('in between, where it hides what lies below', () => {
    const { task } = union();
    write(task, '/three/.wh.two', '');
    remount(task, 'add:1:/three=ro+wh');
    expect(branches(task)).toEqual(['/rw=rw', '/three=ro+wh', '/one=ro+wh', '/two=ro+wh']);
    expect(read(task, '/mnt/common')).toBe('three');
    expect(code(() => read(task, '/mnt/two'))).toBe('ENOENT');
  });

  test('and without +wh its whiteouts are plain files that nobody sees', () => {
    const { task } = union();
    write(task, '/three/.wh.two', '');
    remount(task, 'add:1:/three=ro');
    expect(read(task, '/mnt/two')).toBe('two');
    expect(names(task, '/mnt')).not.toContain('.wh.two');
  });

  test('once: a directory that is a branch stays as it is', () => {
    const { task } = union();
    remount(task, 'append:/one=rw,prepend:/two=rw');
    expect(branches(task)).toEqual(['/rw=rw', '/one=ro+wh', '/two=ro+wh']);
  });

  test('up to 127 of them', () => {
    const { task } = union();
    for (let i = 0; i < 124; i++) {
      task.mkdir(`/b${i}`, 0o755);
      remount(task, `append:/b${i}=ro+wh`);
    }
    write(task, '/b123/last', 'last');
    expect(read(task, '/mnt/last')).toBe('last');
    write(task, '/mnt/last', 'changed');
    expect(read(task, '/rw/last')).toBe('changed');
    expect(branches(task)).toHaveLength(127);
    expect(code(() => remount(task, 'append:/three=ro'))).toBe('ENOSPC');
    expect(code(() => remount(task, 'prepend:/three=ro'))).toBe('ENOSPC');
  });

  test.each([
    ['append:/none', 'EINVAL'],
    ['append:/one/common', 'EINVAL'],
    ['append:/one/dir', 'EINVAL'],
    ['append:/', 'EINVAL'],
    ['append:/mnt/dir', 'EINVAL'],
    ['append:/proc', 'EINVAL'],
    ['add:4:/three', 'EDOM'],
    ['add:127:/three', 'ENOSPC'],
    ['add:3:/three', 'none'],
    ['prepend:/three,bogus', 'EINVAL'],
  ])('%s: %s', (data, expected) => {
    const { task } = union();
    expect(code(() => remount(task, data))).toBe(expected);
    expect(branches(task)).toHaveLength(expected === 'none' ? 4 : 3);
  });
});

describe('what is held when a branch comes in', () => {
  test('an open directory lists it as soon as it is read from the start', () => {
    const { task } = union();
    const fd = task.open('/mnt/dir', O_RDONLY | O_DIRECTORY);
    task.getdents(fd);
    remount(task, 'append:/three=ro');
    task.lseek(fd, 0, 0);
    expect(task.getdents(fd).map(({ name }) => name)).toContain('three');
    expect(task.fstat(fd).ino).toBe(task.stat('/mnt/dir').ino);
    expect(task.fstat(fd).nlink).toBe(task.stat('/mnt/dir').nlink);
  });

  test('an open file goes on; its name is another file where a new branch has one above', () => {
    const { task } = union();
    const fd = task.open('/mnt/common', O_RDWR);
    const { ino } = task.fstat(fd);
    remount(task, 'add:1:/three=ro');
    expect(readOpen(task, fd)).toBe('one');
    expect(read(task, '/mnt/common')).toBe('three');
    expect(task.stat('/mnt/common').ino).not.toBe(ino);
  });

  test('an open file of a lower branch is copied up to the new top at its first write', () => {
    const { task } = union();
    const fd = task.open('/mnt/common', O_RDWR);
    remount(task, 'prepend:/new=rw');
    task.pwrite(fd, new TextEncoder().encode('ONE'), 0);
    expect(read(task, '/mnt/common')).toBe('ONE');
    expect([names(task, '/rw'), names(task, '/new')]).toEqual([OWN, [...OWN, 'common']]);
  });

  test('an open file of the branch that was writable goes on being written to', () => {
    const { task } = union();
    const fd = task.open('/mnt/made', O_RDWR | 0o100, 0o644);
    remount(task, 'prepend:/new=rw');
    task.pwrite(fd, new TextEncoder().encode('text'), 0);
    expect(read(task, '/rw/made')).toBe('text');
    expect(read(task, '/mnt/made')).toBe('text');
  });

  test('a working directory that a new branch hides is gone from its place', () => {
    const { task } = union();
    task.chdir('/mnt/dir');
    write(task, '/three/.wh.dir', '');
    task.rename('/three/dir', '/three/moved');
    remount(task, 'add:1:/three=ro+wh');
    expect(code(() => task.stat('/mnt/dir'))).toBe('ENOENT');
    expect(code(() => names(task, '.'))).toBe('ENOENT');
    expect(task.stat('.').nlink).toBeGreaterThan(0);
  });

  test('nothing is wrong inside afterwards, nor in a fork', () => {
    const machine = union();
    const { task } = machine;
    const fd = task.open('/mnt/dir/one', O_RDWR);
    task.chdir('/mnt/dir');
    task.link('/mnt/two', '/mnt/linked');
    remount(task, 'append:/three=ro+wh,prepend:/new=rw');
    expect(machine.check()).toEqual([]);
    const twin = machine.fork();
    expect(readOpen(twin.task, fd)).toBe('one');
    expect(branches(twin.task)).toEqual(branches(task));
    expect(names(twin.task, '.')).toEqual(names(task, '.'));
    expect(twin.check()).toEqual([]);
  });
});

describe('a branch goes', () => {
  test('with what it had, and its own names stay in it', () => {
    const { task } = union();
    write(task, '/mnt/made', '');
    remount(task, 'del:/one');
    expect(branches(task)).toEqual(['/rw=rw', '/two=ro+wh']);
    expect(read(task, '/mnt/common')).toBe('two');
    expect(names(task, '/mnt/dir')).toEqual(['two']);
    remount(task, 'del:/rw');
    expect(names(task, '/mnt')).toEqual(['common', 'dir', 'two']);
    expect(names(task, '/rw')).toEqual([...OWN, 'made']);
    expect(code(() => write(task, '/mnt/made', ''))).toBe('EROFS');
  });

  test('and can be unmounted then', () => {
    const { task } = union();
    task.mount('none', '/new', 'tmpfs', '');
    remount(task, 'append:/new=ro');
    expect(code(() => task.umount('/new', 0))).toBe('EBUSY');
    remount(task, 'del:/new');
    expect(code(() => task.umount('/new', 0))).toBe('none');
  });

  test('unless it is the last one', () => {
    const { task } = union();
    expect(code(() => remount(task, 'del:/one,del:/two,del:/rw'))).toBe('EBUSY');
    expect(branches(task)).toEqual(['/rw=rw']);
  });

  test('but not while something of it is held', () => {
    const held = (hold: (task: Task) => void): string => {
      const machine = union();
      hold(machine.task);
      const told = code(() => remount(machine.task, 'del:/one'));
      expect(branches(machine.task)).toHaveLength(told === 'none' ? 2 : 3);
      expect(machine.check()).toEqual([]);
      return told;
    };
    expect(held((task) => task.open('/mnt/one', O_RDONLY))).toBe('EBUSY');
    expect(held((task) => task.open('/mnt/two', O_RDONLY))).toBe('none');
    expect(held((task) => task.open('/mnt', O_RDONLY))).toBe('none');
    expect(held((task) => task.open('/mnt/dir', O_RDONLY))).toBe('EBUSY');
    expect(held((task) => task.open('/mnt/dir', O_PATH))).toBe('none');
    expect(held((task) => task.open('/mnt/one', O_PATH))).toBe('EBUSY');
    expect(held((task) => task.chdir('/mnt/dir'))).toBe('none');
    expect(held((task) => task.stat('/mnt/one'))).toBe('none');
    expect(held((task) => task.link('/mnt/one', '/mnt/linked'))).toBe('EBUSY');
    expect(held((task) => task.link('/mnt/two', '/mnt/linked'))).toBe('none');
    expect(held((task) => task.clone().chdir('/mnt/dir'))).toBe('none');
    expect(held((task) => void task.clone().open('/mnt/one', O_RDONLY))).toBe('EBUSY');
  });

  test('nor while it is the only one that has a working directory', () => {
    const { task } = union();
    task.mkdir('/one/alone', 0o755);
    task.chdir('/mnt/alone');
    expect(code(() => remount(task, 'del:/one'))).toBe('EBUSY');
    task.chdir('/');
    expect(code(() => remount(task, 'del:/one'))).toBe('none');
  });

  test('nor before its pseudo-links are flushed', () => {
    const { task } = union();
    task.link('/mnt/one', '/mnt/linked');
    expect(code(() => remount(task, 'del:/one'))).toBe('EBUSY');
    expect(auplink(task, ['auplink', '/mnt', 'flush'])).toBe(0);
    expect(code(() => remount(task, 'del:/one'))).toBe('none');
    expect(read(task, '/mnt/linked')).toBe('one');
    expect(task.stat('/mnt/one').nlink).toBe(2);
  });

  test.each([
    ['del:/none', 'ENOENT'],
    ['del:/one/one', 'ENOTDIR'],
    ['del:/three', 'none'],
    ['del:/one/dir', 'none'],
  ])('%s: %s, and all branches stay', (data, expected) => {
    const { task } = union();
    expect(code(() => remount(task, data))).toBe(expected);
    expect(branches(task)).toHaveLength(3);
  });
});

describe('a branch changes', () => {
  test('from writable to read-only, and loses what the union had made there', () => {
    const { task } = union();
    write(task, '/mnt/made', 'text');
    remount(task, 'mod:/rw=ro+wh');
    expect(names(task, '/rw')).toEqual(['made']);
    expect(code(() => write(task, '/mnt/made', ''))).toBe('EROFS');
    remount(task, 'prepend:/new=rw');
    write(task, '/mnt/made', 'new');
    expect([read(task, '/rw/made'), read(task, '/new/made')]).toEqual(['text', 'new']);
  });

  test('but keeps whiteouts, and pseudo-links that were not flushed', () => {
    const { task } = union();
    task.unlink('/mnt/one');
    task.link('/mnt/two', '/mnt/linked');
    remount(task, 'mod:/rw=ro+wh');
    expect(names(task, '/rw')).toEqual(['.wh..wh.plnk', '.wh.one', 'linked']);
    expect(code(() => read(task, '/mnt/one'))).toBe('ENOENT');
    remount(task, 'mod:/rw=ro');
    expect(read(task, '/mnt/one')).toBe('one');
  });

  test('from read-only to writable', () => {
    const { task } = union();
    remount(task, 'mod:/rw=ro,mod:/one=rw');
    expect(branches(task)).toEqual(['/rw=ro', '/one=rw', '/two=ro+wh']);
    expect(names(task, '/one')).toEqual([...OWN, 'common', 'dir', 'one']);
    write(task, '/mnt/one', 'changed');
    expect(read(task, '/one/one')).toBe('changed');
    expect(code(() => write(task, '/rw/../mnt/two', 'x'))).toBe('none');
    expect(read(task, '/one/two')).toBe('x');
  });

  test('with a file open for writing, which is copied up from then on', () => {
    const { task } = union();
    const fd = task.open('/mnt/made', O_RDWR | 0o100, 0o644);
    remount(task, 'mod:/rw=ro');
    expect(code(() => task.pwrite(fd, new Uint8Array(1), 0))).toBe('EROFS');
    remount(task, 'prepend:/new=rw');
    expect(task.pwrite(fd, new Uint8Array(1), 0)).toBe(1);
    expect([task.stat('/rw/made').size, task.stat('/new/made').size]).toEqual([0, 1]);
  });

  test('but not to read-only while a file is mapped', () => {
    const { task } = union();
    const fd = task.open('/mnt/two', O_RDONLY);
    const region = task.mmap(fd, 0, 1, PROT_READ, MAP_SHARED);
    expect(code(() => remount(task, 'mod:/rw=ro'))).toBe('EBUSY');
    expect(names(task, '/rw')).toEqual(OWN);
    region.unmap();
    expect(code(() => remount(task, 'mod:/rw=ro'))).toBe('none');
  });

  test('in the way that it makes whiteouts', () => {
    const { task } = union();
    remount(task, 'mod:/rw=rw+nolwh');
    expect(names(task, '/rw')).toEqual(OWN.slice(1));
    task.unlink('/mnt/one');
    task.unlink('/mnt/two');
    expect(task.stat('/rw/.wh.one').nlink).toBe(1);
    remount(task, 'mod:/rw=rw');
    task.unlink('/mnt/common');
    expect(task.stat('/rw/.wh.common').nlink).toBe(2);
  });

  test.each([
    ['mod:/one', 'EINVAL'],
    ['mod:/none=ro', 'ENOENT'],
    ['mod:/one/one=ro', 'ENOTDIR'],
    ['mod:/three=rw', 'none'],
  ])('%s: %s, and all branches stay', (data, expected) => {
    const { task } = union();
    expect(code(() => remount(task, data))).toBe(expected);
    expect(branches(task)).toEqual(['/rw=rw', '/one=ro+wh', '/two=ro+wh']);
  });

  test('not to writable on a filesystem that is not', () => {
    const { task } = union();
    task.mount('none', '/new', 'tmpfs', '', MS_RDONLY);
    remount(task, 'append:/new=ro');
    expect(code(() => remount(task, 'mod:/new=rw'))).toBe('EINVAL');
  });
});

describe('a remount', () => {
  const shown = (task: Task): string | undefined => /aufs \S+si=\w+(\S*)/.exec(read(task, '/proc/mounts'))?.[1];

  test('changes options one after the other, and what came before the first refused one stays', () => {
    const { task } = union();
    expect(code(() => remount(task, 'dio,append:/three=ro,append:/,verbose'))).toBe('EINVAL');
    expect(shown(task)).toBe(',dio');
    expect(branches(task)).toHaveLength(4);
  });

  test('changes nothing where a word is not known or a path is not there', () => {
    const { task } = union();
    for (const data of [
      'dio,bogus',
      'dio,append:/none',
      'dio,del:/none',
      'dio,trunc_xino=/three',
      'dio,itrunc_xino=3',
    ]) {
      expect(code(() => remount(task, data))).not.toBe('none');
    }
    expect(shown(task)).toBe('');
    expect(code(() => remount(task, 'trunc_xino=/one,itrunc_xino=2,trunc_xib'))).toBe('none');
  });

  test('without pseudo-links forgets them, and their directory goes once it is empty', () => {
    const { task } = union();
    task.link('/mnt/one', '/mnt/linked');
    remount(task, 'noplink');
    expect(shown(task)).toBe(',noplink');
    expect(names(task, '/rw/.wh..wh.plnk')).toHaveLength(1);
    remount(task, 'plink');
    auplink(task, ['auplink', '/mnt', 'flush']);
    remount(task, 'noplink');
    expect(names(task, '/rw')).not.toContain('.wh..wh.plnk');
    remount(task, 'plink');
    expect(names(task, '/rw')).toContain('.wh..wh.plnk');
  });

  test('makes a union read-only and writable again', () => {
    const { task } = union();
    remount(task, '', MS_RDONLY);
    expect(code(() => write(task, '/mnt/made', ''))).toBe('EROFS');
    remount(task, '');
    expect(code(() => write(task, '/mnt/made', ''))).toBe('none');
  });

  test('takes paths from where the caller is', () => {
    const { task } = union();
    task.chdir('/new');
    task.symlink('/three', '/new/link');
    remount(task, 'append:link=ro,prepend:.=rw');
    expect(branches(task)).toEqual(['/new=rw', '/rw=rw', '/one=ro+wh', '/two=ro+wh', '/three=ro']);
  });
});
