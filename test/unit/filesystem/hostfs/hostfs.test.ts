import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  MAP_SHARED,
  O_CREAT,
  O_RDONLY,
  PROT_READ,
  O_RDWR,
  O_WRONLY,
  SEEK_DATA,
  SEEK_HOLE,
  SEEK_SET,
} from '../../../../src/abi/flags.ts';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../../../src/abi/mode.ts';
import { decodeName, encodeName } from '../../../../src/abi/name-bytes.ts';
import { hostfs } from '../../../../src/filesystem/hostfs/index.ts';
import type { SystemCalls } from '../../../../src/kernel/system-calls.ts';
import type { Machine } from '../../../../src/machine/machine.ts';
import { booted, code } from '../booted.ts';
import { isRoot, LARGE, makeTree, snapshot } from './host-tree.ts';

/** Root is refused nothing by the host, a user without a name is. */
function asNobody<T>(action: () => T): T {
  process.seteuid!(65_534);
  try {
    return action();
  } finally {
    process.seteuid!(0);
  }
}

let root = '';
beforeAll(() => {
  root = makeTree();
});
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

function mounted(source = root): { machine: Machine; task: SystemCalls } {
  const machine = booted(hostfs());
  machine.task.mkdir('/h');
  machine.task.mount(source, '/h', 'hostfs');
  return { machine, task: machine.task };
}

function readAll(task: SystemCalls, file: string, step = 1 << 16): Uint8Array {
  const fd = task.open(file, O_RDONLY);
  const chunks: Uint8Array[] = [];
  for (;;) {
    const into = new Uint8Array(step);
    const got = task.read(fd, into);
    if (got === 0) break;
    chunks.push(into.subarray(0, got));
  }
  task.close(fd);
  return Buffer.concat(chunks);
}

function list(task: SystemCalls, directory: string) {
  const fd = task.open(directory, O_RDONLY);
  const entries = task.getdents(fd);
  task.close(fd);
  return entries;
}

const nanoseconds = ({ sec, nsec }: { sec: number; nsec: number }): bigint =>
  BigInt(sec) * 1_000_000_000n + BigInt(nsec);

/** Compares a subtree with what node:fs says; answers how many files there were. */
function compare(task: SystemCalls, inside: string, outside: Buffer): number {
  const real = fs.lstatSync(outside, { bigint: true });
  const ours = task.lstat(inside);
  const told = [ours.ino, ours.mode, ours.nlink, ours.uid, ours.gid, ours.rdev, ours.size, ours.blksize, ours.blocks];
  const wanted = [real.ino, real.mode, real.nlink, real.uid, real.gid, real.rdev, real.size, real.blksize, real.blocks];
  expect([inside, ...told]).toEqual([inside, ...wanted.map(Number)]);
  expect(nanoseconds(ours.mtime)).toBe(real.mtimeNs);
  expect(nanoseconds(ours.ctime)).toBe(real.ctimeNs);
  if ((ours.mode & S_IFMT) === S_IFREG) {
    expect(Buffer.compare(readAll(task, inside), fs.readFileSync(outside))).toBe(0);
  }
  if ((ours.mode & S_IFMT) === S_IFLNK) {
    expect(task.readlink(inside)).toBe(decodeName(fs.readlinkSync(outside, { encoding: 'buffer' })));
  }
  return (ours.mode & S_IFMT) === S_IFDIR ? compareDirectory(task, inside, outside) : 1;
}

function compareDirectory(task: SystemCalls, inside: string, outside: Buffer): number {
  let count = 1;
  const entries = list(task, inside);
  expect(entries.slice(0, 2).map(({ name }) => name)).toEqual(['.', '..']);
  const names = entries.slice(2).map(({ name }) => name);
  const real = fs.readdirSync(outside, { encoding: 'buffer' }).map(decodeName);
  expect([...names].sort()).toEqual([...real].sort());
  for (const { name, ino, type } of entries.slice(2)) {
    const at = Buffer.concat([outside, Buffer.from('/'), encodeName(name)]);
    const stat = fs.lstatSync(at);
    expect([name, ino, type]).toEqual([name, stat.ino, (stat.mode & S_IFMT) >> 12]);
    count += compare(task, `${inside}/${name}`, at);
  }
  return count;
}

describe('what is shown', () => {
  test('a tree with one of everything: attributes, listings, content, targets', () => {
    const count = compare(mounted().task, '/h', Buffer.from(root));
    expect(count).toBeGreaterThan(410);
  });

  test.skipIf(!fs.existsSync('/usr/share/doc'))('a part of the real system', () => {
    const name = fs
      .readdirSync('/usr/share/doc')
      .find((entry) => fs.lstatSync(`/usr/share/doc/${entry}`).isDirectory())!;
    const directory = path.join('/usr/share/doc', name);
    expect(compare(mounted(directory).task, '/h', Buffer.from(directory))).toBeGreaterThan(1);
  });

  test('the order of a listing is the host’s own and positions go on where they were taken', () => {
    const { task } = mounted();
    const directory = fs.opendirSync(path.join(root, 'empty'));
    const real: string[] = [];
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) real.push(entry.name);
    directory.closeSync();
    const entries = list(task, '/h/empty');
    expect(entries.slice(2).map(({ name }) => name)).toEqual(real);
    expect(real).not.toEqual([...real].sort());
    const fd = task.open('/h/empty', O_RDONLY);
    for (const at of [0, 1, 57, 300]) {
      task.lseek(fd, entries[at]!.off, SEEK_SET);
      expect(task.getdents(fd, 5).map(({ name }) => name)).toEqual(entries.slice(at + 1, at + 6).map((e) => e.name));
    }
  });

  test('reads at any place, in pieces of any size', () => {
    const { task } = mounted();
    const real = fs.readFileSync(path.join(root, 'large'));
    for (const step of [100_003, 4096, 65_537]) expect(Buffer.compare(readAll(task, '/h/large', step), real)).toBe(0);
    const fd = task.open('/h/large', O_RDONLY);
    for (const at of [LARGE - 5, 4095, 0, 131_072, 131_071]) {
      const into = new Uint8Array(10);
      const got = task.pread(fd, into, at);
      expect(Buffer.from(into.subarray(0, got))).toEqual(real.subarray(at, at + 10));
    }
  });

  test('all of a file is data, as where a filesystem knows of no holes', () => {
    const { task } = mounted();
    const fd = task.open('/h/sparse', O_RDONLY);
    expect(task.lseek(fd, 10, SEEK_DATA)).toBe(10);
    expect(task.lseek(fd, 10, SEEK_HOLE)).toBe(300_003);
    expect(code(() => task.lseek(fd, 300_003, SEEK_DATA))).toBe('ENXIO');
  });

  test('a mapping shows the file', () => {
    const { task } = mounted();
    const fd = task.open('/h/large', O_RDONLY);
    const region = task.mmap(fd, 4096, 8192, PROT_READ, MAP_SHARED);
    expect(Buffer.from(region.read(5, 100))).toEqual(fs.readFileSync(path.join(root, 'large')).subarray(4101, 4201));
  });

  test('symlinks are followed inside the machine, not on the host', () => {
    const { task } = mounted();
    expect(Buffer.from(readAll(task, '/h/dir/soft')).toString()).toBe('hello\n');
    expect(code(() => task.stat('/h/broken'))).toBe('ENOENT');
    task.mkdir('/nowhere');
    task.close(task.open('/nowhere/at all', O_CREAT | O_WRONLY, 0o600));
    expect(task.stat('/h/broken').size).toBe(0);
  });

  test('hard links are one file', () => {
    const { task } = mounted();
    expect(task.stat('/h/small').ino).toBe(task.stat('/h/dir/hard').ino);
    expect(task.stat('/h/small').nlink).toBe(2);
  });

  test('the line in /proc/mounts and statfs', () => {
    const { task } = mounted();
    expect(task.statfs('/h').type).toBe(0x00c0ffee);
    expect(task.statfs('/h').flags & 1).toBe(1);
    expect(task.statfs('/h').blocks).toBe(fs.statfsSync(root).blocks);
  });

  test('extended attributes are not there', () => {
    const { task } = mounted();
    expect(code(() => task.getxattr('/h/small', 'user.a'))).toBe('EOPNOTSUPP');
    expect(task.listxattr('/h/small')).toEqual([]);
  });
});

describe('mounting', () => {
  test.each([
    ['', '', 'ENOENT'],
    ['/no/such/place', '', 'ENOENT'],
    ['small', '', 'ENOTDIR'],
    ['small/x', '', 'ENOTDIR'],
    ['.', 'nothing=1', 'EINVAL'],
  ])('%s with "%s" gives %s', (source, data, expected) => {
    const { task } = mounted();
    const from = source === '' || source.startsWith('/') ? source : path.join(root, source);
    expect(code(() => task.mount(from, '/h', 'hostfs', data))).toBe(expected);
  });

  test('nothing but the root is looked at', () => {
    const { machine } = mounted('/usr');
    const superblock = [...machine.kernel.superblocks].find(({ type }) => type.name === 'hostfs')!;
    expect(superblock.root.children).toBeUndefined();
    expect(superblock.inode(fs.lstatSync('/usr').ino)).toBe(superblock.root.inode);
    expect(superblock.inode(fs.lstatSync('/usr/share').ino)).toBeUndefined();
  });

  test('files of other host filesystems below do not collide', () => {
    const { task } = mounted('/');
    const there = ['/proc', '/sys', '/dev', '/tmp', '/usr'].filter((name) => fs.existsSync(name));
    const numbers = there.map((name) => task.stat(`/h${name}`).ino);
    expect(new Set([task.stat('/h').ino, ...numbers]).size).toBe(numbers.length + 1);
    for (const [at, name] of there.entries()) {
      const own = fs.statSync(name).dev === fs.statSync('/').dev;
      if (own) expect(numbers[at]).toBe(fs.statSync(name).ino);
      else expect(numbers[at]).toBeGreaterThanOrEqual(2 ** 52);
    }
    const entries = list(task, '/h');
    for (const [at, name] of there.entries()) {
      expect(entries.find((entry) => `/${entry.name}` === name)!.ino).toBe(numbers[at]);
    }
  });
});

describe('nothing is written', () => {
  test.each<[string, (task: SystemCalls) => unknown]>([
    ['open for writing', (task) => task.open('/h/small', O_RDWR)],
    ['create', (task) => task.open('/h/new', O_CREAT | O_WRONLY, 0o600)],
    ['mkdir', (task) => task.mkdir('/h/new')],
    ['mknod', (task) => task.mknod('/h/new', 0o010600, 0)],
    ['symlink', (task) => task.symlink('a', '/h/new')],
    ['link', (task) => task.link('/h/small', '/h/new')],
    ['unlink', (task) => task.unlink('/h/small')],
    ['rmdir', (task) => task.rmdir('/h/empty')],
    ['rename', (task) => task.rename('/h/small', '/h/new')],
    ['chmod', (task) => task.chmod('/h/small', 0o600)],
    ['chown', (task) => task.chown('/h/small', 1, 1)],
    ['truncate', (task) => task.truncate('/h/small', 0)],
    ['utimes', (task) => task.utimensat(-100, '/h/small')],
    ['setxattr', (task) => task.setxattr('/h/small', 'user.a', new Uint8Array(1))],
    ['removexattr', (task) => task.removexattr('/h/small', 'user.a')],
    ['remount read-write', (task) => task.mount('', '/h', '', '', 32)],
  ])('%s gives EROFS', (_name, act) => {
    const { task } = mounted();
    expect(code(() => act(task))).toBe('EROFS');
  });

  test('the host looks the same after everything was read, access times of files included', () => {
    const withAtime = (stat: fs.BigIntStats) => stat.isFile() && stat.uid === BigInt(process.getuid?.() ?? 0);
    const before = snapshot(root, withAtime);
    compareQuietly(mounted().task, '/h');
    expect(snapshot(root, withAtime)).toEqual(before);
  });
});

/** Reads all there is through the machine alone. */
function compareQuietly(task: SystemCalls, at: string): void {
  const { mode } = task.lstat(at);
  if ((mode & S_IFMT) === S_IFREG) readAll(task, at);
  if ((mode & S_IFMT) === S_IFLNK) task.readlink(at);
  if ((mode & S_IFMT) === S_IFDIR)
    for (const { name } of list(task, at).slice(2)) compareQuietly(task, `${at}/${name}`);
}

describe('who may', () => {
  test('the caller’s credentials are held against the host’s modes', () => {
    const { task } = mounted();
    const user = task.clone() as SystemCalls;
    user.setresgid(54321, 54321, 54321);
    user.setgroups([]);
    user.setresuid(54321, 54321, 54321);
    expect(code(() => user.open('/h/small', O_RDONLY))).toBe('EACCES');
    expect(code(() => user.open('/h/large', O_RDONLY))).toBe('none');
    expect(code(() => user.open('/h/dir', O_RDONLY))).toBe('EACCES');
    expect(user.stat('/h/dir/hard').size).toBe(6);
  });

  test('what the host itself refuses is refused', () => {
    const secret = path.join(root, 'secret');
    fs.writeFileSync(secret, 'x', { mode: 0o000 });
    fs.chmodSync(root, 0o755);
    const { task } = mounted();
    const fd = task.open('/h/secret', O_RDONLY);
    const read = () => code(() => task.read(fd, new Uint8Array(1)));
    expect(isRoot ? asNobody(read) : read()).toBe('EACCES');
    fs.rmSync(secret);
  });
});

describe('a directory that does not stand still', () => {
  test('a file that has gone, changed or been replaced gives ESTALE, and check() tells', () => {
    const own = makeTree();
    const { machine, task } = mounted(own);
    expect(machine.check()).toEqual([]);
    for (const name of ['small', 'large', 'dir/deep/er/file', 'dir/soft', 'empty']) task.lstat(`/h/${name}`);
    const fd = task.open('/h/large', O_RDONLY);
    expect(task.read(fd, new Uint8Array(10))).toBe(10);
    fs.rmSync(path.join(own, 'small'));
    fs.appendFileSync(path.join(own, 'large'), 'more');
    fs.rmSync(path.join(own, 'dir'), { recursive: true });
    fs.rmSync(path.join(own, 'empty'), { recursive: true });
    expect(code(() => readAll(task, '/h/small'))).toBe('ESTALE');
    expect(task.pread(fd, new Uint8Array(10), 5)).toBe(10);
    expect(code(() => task.pread(fd, new Uint8Array(10), 600_000))).toBe('ESTALE');
    expect(code(() => readAll(task, '/h/dir/deep/er/file'))).toBe('ESTALE');
    expect(code(() => task.readlink('/h/dir/soft'))).toBe('ESTALE');
    expect(code(() => list(task, '/h/empty'))).toBe('ESTALE');
    const wrong = machine.check();
    expect(wrong).toContain('hostfs: "/small" is gone');
    expect(wrong).toContain('hostfs: "/large" has changed since it was looked up');
    expect(task.stat('/h/small').size).toBe(6);
    fs.rmSync(own, { recursive: true });
  });

  test('a name that is not there is remembered as missing', () => {
    const { task } = mounted();
    expect(code(() => task.stat('/h/later'))).toBe('ENOENT');
    fs.writeFileSync(path.join(root, 'later'), '');
    expect(code(() => task.stat('/h/later'))).toBe('ENOENT');
    fs.rmSync(path.join(root, 'later'));
  });
});

describe('fork and unions', () => {
  test('a fork goes on with open files, cwd and numbers', () => {
    const { machine, task } = mounted();
    const fd = task.open('/h/large', O_RDONLY);
    const listing = task.open('/h/empty', O_RDONLY);
    task.read(fd, new Uint8Array(100));
    const seen = task.getdents(listing, 10).length;
    task.chdir('/h/dir/deep');
    const twin = machine.fork().task;
    for (const one of [twin, task]) {
      const into = new Uint8Array(50);
      one.read(fd, into);
      expect(Buffer.from(into)).toEqual(fs.readFileSync(path.join(root, 'large')).subarray(100, 150));
      expect(one.getdents(listing).length + seen).toBe(402);
      expect(one.getcwd()).toBe('/h/dir/deep');
      expect(one.stat('er/file').ino).toBe(fs.statSync(path.join(root, 'dir/deep/er/file')).ino);
    }
    expect(compare(twin, '/h', Buffer.from(root))).toBe(compare(task, '/h', Buffer.from(root)));
  });

  test('below a union files are copied up on the first write, and the host keeps its own', () => {
    const { task } = mounted();
    for (const name of ['/u', '/w', '/m']) task.mkdir(name);
    task.mount('overlay', '/m', 'overlay', 'lowerdir=/h,upperdir=/u,workdir=/w');
    const before = fs.readFileSync(path.join(root, 'large'));
    const fd = task.open('/m/large', O_RDWR);
    task.pwrite(fd, new TextEncoder().encode('changed'), 200_000);
    const merged = Buffer.from(before);
    merged.write('changed', 200_000);
    expect(Buffer.compare(readAll(task, '/m/large'), merged)).toBe(0);
    expect(task.stat('/u/large').size).toBe(LARGE);
    task.unlink('/m/small');
    task.chmod('/m/dir/deep/er/file', 0o600);
    expect(list(task, '/m/dir/deep').map(({ name }) => name)).toEqual(['.', '..', 'er']);
    expect(code(() => task.stat('/m/small'))).toBe('ENOENT');
    expect(Buffer.compare(fs.readFileSync(path.join(root, 'large')), before)).toBe(0);
  });
});
