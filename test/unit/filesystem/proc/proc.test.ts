import { describe, expect, test } from 'vitest';
import { O_CREAT, O_DIRECTORY, O_RDONLY, O_RDWR, O_WRONLY } from '../../../../src/abi/flags.ts';
import { proc } from '../../../../src/filesystem/proc/index.ts';
import type { SystemCalls } from '../../../../src/kernel/system-calls.ts';
import { booted, code } from '../booted.ts';

function mounted() {
  const machine = booted(proc);
  const { task } = machine;
  task.mkdir('/proc');
  task.mount('proc', '/proc', 'proc');
  return { machine, task };
}

function text(task: SystemCalls, path: string, step = 4096): string {
  const fd = task.open(path, O_RDONLY);
  let found = '';
  for (const into = new Uint8Array(step); ; ) {
    const got = task.read(fd, into);
    if (got === 0) break;
    found += new TextDecoder().decode(into.subarray(0, got));
  }
  task.close(fd);
  return found;
}

function names(task: SystemCalls, path: string): string[] {
  const fd = task.open(path, O_RDONLY | O_DIRECTORY);
  const found = task.getdents(fd).map(({ name }) => name);
  task.close(fd);
  return found;
}

describe('files of the machine', () => {
  test('/proc/filesystems', () => {
    expect(text(mounted().task, '/proc/filesystems')).toBe('nodev\ttmpfs\nnodev\toverlay\nnodev\tproc\n');
  });

  test('/proc/version and /proc/meminfo', () => {
    const { task } = mounted();
    expect(text(task, '/proc/version')).toMatch(/^Linux version 6\.18\.0 \(\S+\) .*#1 SMP PREEMPT_DYNAMIC\n$/);
    const meminfo = text(task, '/proc/meminfo');
    expect(meminfo.split('\n')[0]).toBe('MemTotal:       16777216 kB');
    const shared = () => Number(/Shmem: +(\d+) kB/.exec(text(task, '/proc/meminfo'))![1]);
    const before = shared();
    const fd = task.open('/file', O_CREAT | O_WRONLY, 0o600);
    task.write(fd, new Uint8Array(10 * 4096));
    expect(shared() - before).toBe(40);
    for (const line of meminfo.trimEnd().split('\n')) expect(line).toMatch(/^\S+: +\d+ kB$/);
  });

  test('/proc/mounts as Linux prints it, with what is escaped', () => {
    const { task } = mounted();
    task.mkdir('/a#b c');
    task.mount('s#r c', '/a#b c', 'tmpfs', 'size=1m', 2);
    const lines = text(task, '/proc/mounts').split('\n');
    expect(lines.slice(1)).toEqual([
      'proc /proc proc rw,relatime 0 0',
      's\\043r\\040c /a#b\\040c tmpfs rw,nosuid,relatime,size=1024k 0 0',
      '',
    ]);
    expect(text(task, '/proc/self/mounts', 7)).toBe(lines.join('\n'));
  });

  test('/proc/self/mountinfo', () => {
    const { task } = mounted();
    for (const name of ['/m', '/m/in', '/b']) task.mkdir(name);
    task.mount('t', '/m', 'tmpfs', '', 1);
    task.mkdir('/b2');
    task.mount('/m', '/b', '', '', 4096);
    const lines = text(task, '/proc/self/mountinfo').trimEnd().split('\n');
    const [root, own, tmp, bound] = lines.map((line) => line.split(' '));
    expect(own!.slice(1)).toEqual(
      `${root![0]} 0:${task.stat('/proc').dev} / /proc rw,relatime - proc proc rw`.split(' '),
    );
    expect(tmp!.slice(1, 6)).toEqual([root![0], `0:${task.stat('/m').dev}`, '/', '/m', 'ro,relatime']);
    expect(bound![4]).toBe('/b');
    expect(root![3]).toBe('/');
  });

  test('numbers, modes and sizes', () => {
    const { task } = mounted();
    expect(task.stat('/proc')).toMatchObject({ ino: 1, mode: 0o040555, uid: 0, size: 0, blksize: 1024, blocks: 0 });
    expect(task.lstat('/proc/self')).toMatchObject({ ino: 4026531840, mode: 0o120777, size: 0 });
    expect(task.lstat('/proc/mounts')).toMatchObject({ ino: 4026531842, mode: 0o120777, size: 11 });
    expect(task.stat('/proc/version')).toMatchObject({ mode: 0o100444, size: 0, nlink: 1 });
    expect(task.statfs('/proc')).toMatchObject({ type: 0x9fa0, blocks: 0, namelen: 255 });
  });
});

describe('tasks', () => {
  test('self is the caller, and each has a directory until it ends', () => {
    const { task } = mounted();
    const child = task.clone() as SystemCalls;
    expect(task.readlink('/proc/self')).toBe(String(task.pid));
    expect(child.readlink('/proc/self')).toBe(String(child.pid));
    const fixed = ['.', '..', 'sys', 'mounts', 'meminfo', 'version', 'filesystems', 'self'];
    expect(names(task, '/proc')).toEqual([...fixed, `${task.pid}`, `${child.pid}`]);
    expect(task.stat(`/proc/${child.pid}`).nlink).toBe(3);
    expect(task.stat('/proc').nlink).toBe(5);
    child.exit();
    expect(code(() => task.stat(`/proc/${child.pid}`))).toBe('ENOENT');
    expect(code(() => task.stat(`/proc/${child.pid}/mounts`))).toBe('ENOENT');
    expect(names(task, '/proc')).toEqual([...fixed, `${task.pid}`]);
  });

  test('cwd and root', () => {
    const { task } = mounted();
    for (const name of ['/jail', '/jail/in']) task.mkdir(name);
    const child = task.clone() as SystemCalls;
    child.chroot('/jail');
    child.chdir('/in');
    expect(task.readlink(`/proc/${child.pid}/root`)).toBe('/jail');
    expect(task.readlink(`/proc/${child.pid}/cwd`)).toBe('/jail/in');
    expect(task.readlink('/proc/self/cwd')).toBe('/');
    task.rmdir('/jail/in');
    expect(task.readlink(`/proc/${child.pid}/cwd`)).toBe('/jail/in (deleted)');
    const files = ['fd', 'cwd', 'root', 'mounts', 'uid_map', 'gid_map', 'setgroups', 'mountinfo'];
    expect(names(task, '/proc/self')).toEqual(['.', '..', ...files]);
  });

  test('descriptors come, change and go', () => {
    const { task } = mounted();
    const fd = task.open('/a', O_CREAT | O_RDWR, 0o600);
    expect(task.readlink(`/proc/self/fd/${fd}`)).toBe('/a');
    expect(task.lstat(`/proc/self/fd/${fd}`)).toMatchObject({ mode: 0o120700, size: 64 });
    expect(names(task, '/proc/self/fd')).toEqual(['.', '..', `${fd}`, `${fd + 1}`]);
    task.unlink('/a');
    expect(task.readlink(`/proc/self/fd/${fd}`)).toBe('/a (deleted)');
    task.close(fd);
    expect(code(() => task.lstat(`/proc/self/fd/${fd}`))).toBe('ENOENT');
    expect(task.open('/', O_RDONLY)).toBe(fd);
    expect(task.lstat(`/proc/self/fd/${fd}`).mode).toBe(0o120500);
    for (const name of ['x', '-1', '03', '', '1e1']) {
      if (name !== '') expect(code(() => task.lstat(`/proc/self/fd/${name}`))).toBe('ENOENT');
    }
  });

  test('other users see neither descriptors nor places', () => {
    const { task } = mounted();
    const user = task.clone() as SystemCalls;
    user.setresuid(1000, 1000, 1000);
    expect(code(() => user.readlink(`/proc/${task.pid}/cwd`))).toBe('EACCES');
    expect(code(() => user.stat(`/proc/${task.pid}/fd/3`))).toBe('EACCES');
    expect(user.readlink('/proc/self/cwd')).toBe('/');
    expect(user.stat('/proc/self/fd')).toMatchObject({ uid: 1000, mode: 0o040500 });
    expect(text(user, `/proc/${task.pid}/mounts`)).toContain('proc /proc proc');
  });

  test('mounts are those of the task’s own namespace, below its root', () => {
    const { task } = mounted();
    const child = task.clone() as SystemCalls;
    child.unshare(0x20000);
    child.mkdir('/own');
    child.mount('mine', '/own', 'tmpfs');
    expect(text(child, '/proc/mounts')).toContain('mine /own tmpfs');
    expect(text(task, '/proc/mounts')).not.toContain('mine');
    expect(text(task, `/proc/${child.pid}/mounts`)).toContain('mine /own tmpfs');
  });
});

describe('what cannot be done, as a real /proc answers', () => {
  test.each<[string, string, (task: SystemCalls) => unknown]>([
    ['create', 'ENOENT', (task) => task.open('/proc/new', O_CREAT | O_RDWR, 0o600)],
    ['mkdir', 'ENOENT', (task) => task.mkdir('/proc/new')],
    ['mknod', 'ENOENT', (task) => task.mknod('/proc/self/new', 0o010644, 0)],
    ['symlink', 'ENOENT', (task) => task.symlink('a', '/proc/self/fd/new')],
    ['rename', 'ENOENT', (task) => task.rename('/proc/version', '/proc/new')],
    ['unlink', 'EPERM', (task) => task.unlink('/proc/version')],
    ['rmdir', 'EPERM', (task) => task.rmdir('/proc/self/fd')],
    ['chmod of a task’s file', 'EPERM', (task) => task.chmod('/proc/self/mounts', 0o600)],
    ['chmod', 'none', (task) => task.chmod('/proc/version', 0o400)],
    ['getxattr', 'EOPNOTSUPP', (task) => task.getxattr('/proc/version', 'user.a')],
    ['setxattr', 'EOPNOTSUPP', (task) => task.setxattr('/proc/version', 'user.a', new Uint8Array(1))],
    ['seek to the end', 'EINVAL', (task) => task.lseek(task.open('/proc/version', O_RDONLY), 5, 2)],
    ['mount option', 'EINVAL', (task) => task.mount('proc', '/', 'proc', 'nothing')],
  ])('%s: %s', (_name, expected, act) => {
    expect(code(() => act(mounted().task))).toBe(expected);
  });

  test('a fork has its own tasks under the same numbers', () => {
    const { machine, task } = mounted();
    task.chmod('/proc/version', 0o400);
    const fd = task.open('/proc/version', O_RDONLY);
    task.chdir('/proc/self/fd');
    const twin = machine.fork();
    const into = new Uint8Array(5);
    expect(twin.task.read(fd, into)).toBe(5);
    expect(twin.task.fstat(fd)).toMatchObject({ mode: 0o100400 });
    task.close(fd);
    expect(twin.task.readlink(`${fd}`)).toBe('/proc/version');
    expect(code(() => task.readlink(`${fd}`))).toBe('ENOENT');
    expect(names(twin.task, '/proc')).toEqual(names(task, '/proc'));
    expect(twin.check()).toEqual([]);
  });
});

describe('sys/vm/drop_caches', () => {
  const path = '/proc/sys/vm/drop_caches';
  const write = (task: SystemCalls, value: string): number => {
    const fd = task.open(path, O_WRONLY);
    try {
      return task.write(fd, new TextEncoder().encode(value));
    } finally {
      task.close(fd);
    }
  };

  test('takes numbers from 1 on, and is not read, not even by root', () => {
    const { task } = mounted();
    expect(task.stat('/proc/sys')).toMatchObject({ ino: 4026531854, mode: 0o040555, nlink: 1 });
    expect(task.stat(path).mode).toBe(0o100200);
    for (const value of ['1', ' 1', '1\n', '1 2', '9']) expect(write(task, value), value).toBe(value.length);
    for (const value of ['0', '-1', 'abc', '1x', '\n', '99999999999']) {
      expect(
        code(() => write(task, value)),
        value,
      ).toBe('EINVAL');
    }
    expect(write(task, '')).toBe(0);
    expect(code(() => task.open(path, O_RDONLY))).toBe('EACCES');
  });

  test('2 makes an overlay forget the names that nobody holds', () => {
    const { machine, task } = mounted();
    for (const name of ['/lower', '/upper', '/work', '/merged']) task.mkdir(name);
    for (const name of ['/lower/held', '/lower/free']) task.mknod(name, 0o100644, 0);
    task.mount('overlay', '/merged', 'overlay', 'lowerdir=/lower,upperdir=/upper,workdir=/work');
    task.open('/merged/held', O_RDONLY);
    task.stat('/merged/free');
    const asked: string[] = [];
    const stop = machine.kernel.trace.subscribe((event) => {
      if (event.kind === 'lookup' && event.filesystem === 'overlay') asked.push(event.name);
    });
    write(task, '1');
    for (const name of ['held', 'free']) task.stat(`/merged/${name}`);
    expect(asked).toEqual([]);
    write(task, '2');
    for (const name of ['held', 'free']) task.stat(`/merged/${name}`);
    expect(asked).toEqual(['free']);
    stop();
  });
});
