/** Copies of trees: the four cases of moby's `copy` package, in words of our own, and what Docker 20.10.24 was seen to do. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ErrnoException } from '../../../src/abi/errno.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, CLONE_NEWNS, CLONE_NEWUSER } from '../../../src/abi/flags.ts';
import {
  isDirectory,
  isRegular,
  isSymlink,
  makedev,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFSOCK,
} from '../../../src/abi/mode.ts';
import type { Timespec } from '../../../src/abi/stat.ts';
import { copyDirectory } from '../../../src/driver/copy-directory.ts';
import { createMachine } from '../../../src/index.ts';
import type { TraceEvent } from '../../../src/kernel/trace.ts';
import { codeOf } from '../union/tree-of.ts';
import { putFile, putSparse } from '../machine/union-machine.ts';
import { linesOf, type TreeLine } from './tree-lines.ts';

const CONTENT = { mode: 'content', opaque: false } as const;
const HARD_LINK = { mode: 'hard-link', opaque: true } as const;
const CAPABILITY = Uint8Array.from([1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const Y = Uint8Array.of(0x79);
const at = (sec: number, nsec = 0): Timespec => ({ sec, nsec });

/** A machine with an empty directory `/from`, and what its calls did since then. */
function machine() {
  const { task, kernel, fs } = createMachine();
  task.mkdir('/from', 0o755);
  const events: TraceEvent[] = [];
  return { task, kernel, fs, events, listen: () => kernel.trace.subscribe((event) => void events.push(event)) };
}

const callsOf = (events: readonly TraceEvent[], call: string): number =>
  events.filter((event) => event.kind === 'syscall' && event.call === call).length;

describe('the data of files', () => {
  test('goes through the kernel, and is charged whole though its extents are shared', () => {
    const { task, fs, events, listen } = machine();
    const bytes = new Uint8Array(300_000).map((_, index) => index % 251);
    fs.writeFileSync('/from/f', bytes);
    const free = task.statfs('/').bfree;
    listen();
    copyDirectory(task, '/from', '/to', CONTENT);
    const written = events.flatMap((event) => (event.kind === 'data' && event.op === 'write' ? [event.bytes] : []));
    expect(written.reduce((sum, count) => sum + count, 0)).toBe(bytes.length);
    expect(free - task.statfs('/').bfree).toBe(Math.ceil(bytes.length / 4096));
    expect([callsOf(events, 'copy_file_range'), callsOf(events, 'read')]).toEqual([1, 0]);
    expect(Buffer.compare(fs.readFileSync('/to/f') as Buffer, bytes)).toBe(0);
  });

  test.each([
    ['EXDEV', 'ioctl'],
    ['ENOSYS', 'copy_file_range'],
    ['EXDEV', 'copy_file_range'],
  ] as const)('goes through the copier where the kernel says %s to %s, which is asked once', (code, refused) => {
    const { task, kernel, fs, events, listen } = machine();
    for (const name of ['a', 'b']) fs.writeFileSync(`/from/${name}`, name.repeat(100_000));
    listen();
    const refuse = refusing(task, refused, code);
    copyDirectory(refuse, '/from', '/to', CONTENT);
    expect(kernel.trace.active).toBe(true);
    expect(fs.readFileSync('/to/b', 'utf8')).toBe('b'.repeat(100_000));
    expect(callsOf(events, 'write')).toBeGreaterThan(2);
    expect(callsOf(events, 'copy_file_range')).toBe(0);
  });

  test('a file that is in the way is not written over', () => {
    const { task, fs } = machine();
    fs.writeFileSync('/from/f', 'new');
    fs.mkdirSync('/to');
    fs.writeFileSync('/to/f', 'old');
    expect(codeOf(() => copyDirectory(task, '/from', '/to', CONTENT))).toBe('EEXIST');
    expect(fs.readFileSync('/to/f', 'utf8')).toBe('old');
  });

  test('a refusal is passed on, and leaves no descriptor open', () => {
    const { task, fs } = machine();
    fs.writeFileSync('/from/f', 'x');
    const before = task.open('/', 0);
    task.close(before);
    expect(codeOf(() => copyDirectory(refusing(task, 'copy_file_range', 'EIO'), '/from', '/to', CONTENT))).toBe('EIO');
    expect(task.open('/', 0)).toBe(before);
  });
});

/** The task, but for one call that is always refused. */
function refusing(
  task: ReturnType<typeof machine>['task'],
  call: 'ioctl' | 'copy_file_range',
  code: 'EXDEV' | 'ENOSYS' | 'EIO',
) {
  const name = call === 'ioctl' ? 'ioctl' : 'copyFileRange';
  const refuse = () => {
    throw new ErrnoException(code, call);
  };
  return new Proxy(task, {
    get: (target, key) => {
      if (key === name) return refuse;
      const value = Reflect.get(target, key) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('a tree', () => {
  test('keeps names, types, modes, owners, times and content', () => {
    const { task, fs } = machine();
    for (let i = 0; i < 60; i++) {
      const directory = i % 3 === 0 ? '/from' : `/from/d${i % 7}`;
      if (task.statIfPresent(directory) === undefined) task.mkdir(directory, 0o700 | (i & 0o77));
      fs.writeFileSync(`${directory}/f${i}`, `content ${i}`.repeat(i));
      task.chown(`${directory}/f${i}`, i, 100 + i);
      task.chmod(`${directory}/f${i}`, [0o644, 0o4755, 0o2711, 0o000][i % 4]!);
      task.utimensat(AT_FDCWD, `${directory}/f${i}`, at(10 * i, 5), at(1000 + i, i * 1001));
    }
    for (let i = 0; i < 7; i++) task.utimensat(AT_FDCWD, `/from/d${i}`, at(50 + i), at(i, 7));
    task.chown('/from', 3, 4);
    task.chmod('/from', 0o1755);
    const before = linesOf(task, '/from');
    copyDirectory(task, '/from', '/to', CONTENT);
    expect(linesOf(task, '/to')).toEqual(before);
    expect(before).toHaveLength(68);
  });

  test('files of several names stay that, also next to names that are not copied', () => {
    const { task, fs } = machine();
    fs.writeFileSync('/from/a', 'one');
    for (const [name, link] of [
      ['/from/a', '/from/b'],
      ['/from/a', '/outside'],
    ] as const)
      task.link(name, link);
    copyDirectory(task, '/from', '/to', CONTENT);
    expect([task.stat('/to/a').nlink, task.stat('/from/a').nlink]).toEqual([2, 3]);
    expect(task.stat('/to/a').ino).toBe(task.stat('/to/b').ino);
    expect(task.stat('/to/a').ino).not.toBe(task.stat('/from/a').ino);
  });

  test('with hard links only files are shared; all else is made anew', () => {
    const { task, fs } = machine();
    task.mkdir('/from/d', 0o711);
    fs.writeFileSync('/from/d/f', 'shared');
    task.symlink('f', '/from/d/s');
    task.mknod('/from/d/p', S_IFIFO | 0o640, 0);
    task.mknod('/from/d/n', S_IFCHR | 0o666, makedev(1, 3));
    task.setxattr('/from/d', 'trusted.overlay.opaque', Y);
    task.utimensat(AT_FDCWD, '/from/d', at(1), at(2));
    copyDirectory(task, '/from', '/to', HARD_LINK);
    expect(task.lstat('/to/d/f')).toMatchObject({ ino: task.lstat('/from/d/f').ino, nlink: 2 });
    for (const name of ['s', 'p', 'n']) {
      expect(task.lstat(`/to/d/${name}`)).toMatchObject({ nlink: 1, mode: task.lstat(`/from/d/${name}`).mode });
      expect(task.lstat(`/to/d/${name}`).ino).not.toBe(task.lstat(`/from/d/${name}`).ino);
    }
    expect(task.getxattr('/to/d', 'trusted.overlay.opaque')).toEqual(Y);
    expect(task.stat('/to/d').mtime).toEqual(at(2));
  });

  test('whiteouts go along as the devices that they are; opaque marks where they are asked for', () => {
    const { task } = machine();
    task.mkdir('/from/d');
    task.mknod('/from/d/gone', S_IFCHR, 0);
    task.setxattr('/from/d', 'trusted.overlay.opaque', Y);
    copyDirectory(task, '/from', '/with', { mode: 'content', opaque: true });
    copyDirectory(task, '/from', '/without', CONTENT);
    expect(task.getxattr('/with/d', 'trusted.overlay.opaque')).toEqual(Y);
    expect(task.listxattr('/without/d')).toEqual([]);
    for (const to of ['/with', '/without'])
      expect(task.lstat(`${to}/d/gone`)).toMatchObject({ mode: S_IFCHR, rdev: 0 });
  });

  test('of extended attributes only capabilities go along, also of files of several names and with set-id bits', () => {
    const { task, fs } = machine();
    for (const name of ['cap', 'user']) fs.writeFileSync(`/from/${name}`, '');
    task.link('/from/cap', '/from/cap2');
    task.chown('/from/cap', 5, 6);
    task.chmod('/from/cap', 0o6755);
    task.setxattr('/from/cap', 'security.capability', CAPABILITY);
    task.setxattr('/from/user', 'user.color', Y);
    task.setxattr('/from/user', 'trusted.overlay.origin', Y);
    copyDirectory(task, '/from', '/to', CONTENT);
    expect(task.getxattr('/to/cap2', 'security.capability')).toEqual(CAPABILITY);
    expect(task.stat('/to/cap')).toMatchObject({ mode: 0o106755, uid: 5, gid: 6 });
    expect(task.listxattr('/to/user')).toEqual([]);
  });

  test('times that Go cannot tell become 1970 for files and devices, not for directories and symlinks', () => {
    const { task, fs } = machine();
    for (const [name, sec] of [
      ['neg', -5],
      ['far', 9_999_999_999],
      ['last', 9_223_372_036],
    ] as const) {
      fs.writeFileSync(`/from/${name}`, '');
      task.utimensat(AT_FDCWD, `/from/${name}`, at(sec), at(sec));
    }
    task.mknod('/from/fifo', S_IFIFO | 0o600, 0);
    task.mkdir('/from/dir');
    task.symlink('neg', '/from/link');
    for (const name of ['fifo', 'dir', 'link']) {
      task.utimensat(AT_FDCWD, `/from/${name}`, at(-5), at(-7), AT_SYMLINK_NOFOLLOW);
    }
    copyDirectory(task, '/from', '/to', CONTENT);
    const times = Object.fromEntries(
      ['neg', 'far', 'last', 'fifo', 'dir', 'link'].map((name) => [name, task.lstat(`/to/${name}`).mtime.sec]),
    );
    expect(times).toEqual({ neg: 0, far: 0, last: 9_223_372_036, fifo: 0, dir: -7, link: -7 });
  });

  test('a socket cannot be copied', () => {
    const { task } = machine();
    task.mknod('/from/socket', S_IFSOCK | 0o640, 0);
    expect(codeOf(() => copyDirectory(task, '/from', '/to', CONTENT))).toBe('EINVAL');
  });

  test('a sparse file is as long, and reads the same', () => {
    const { task, fs } = machine();
    putSparse(task, '/from/sparse');
    copyDirectory(task, '/from', '/to', CONTENT);
    expect(task.stat('/to/sparse').size).toBe(task.stat('/from/sparse').size);
    expect(Buffer.compare(fs.readFileSync('/to/sparse') as Buffer, fs.readFileSync('/from/sparse') as Buffer)).toBe(0);
  });

  test('in a user namespace devices are left out', () => {
    const { task } = machine();
    task.mkdir('/proc');
    task.mount('proc', '/proc', 'proc');
    task.mkdir('/to', 0o777);
    task.chmod('/to', 0o777);
    task.mknod('/from/null', S_IFCHR | 0o666, makedev(1, 3));
    task.mknod('/from/fifo', S_IFIFO | 0o666, 0);
    const child = task.clone(CLONE_NEWUSER | CLONE_NEWNS);
    for (const kind of ['uid', 'gid']) putFile(task, `/proc/${child.pid}/${kind}_map`, '0 0 10');
    copyDirectory(child, '/from', '/to', CONTENT);
    expect(linesOf(task, '/to').map(({ path }) => path)).toEqual(['/', '/fifo']);
  });
});

describe('any tree', () => {
  const name = fc.constantFrom('a', 'b', 'é', '-', '.x', 'A', '0', 'long'.repeat(60));
  const time = fc.record({ sec: fc.integer({ min: -9, max: 2_000_000_000 }), nsec: fc.nat(999_999_999) });
  const entry = fc.record({
    /** Of the directories that there are. */
    parent: fc.nat(7),
    name,
    kind: fc.constantFrom('dir', 'file', 'link', 'symlink', 'fifo', 'char', 'block', 'whiteout'),
    mode: fc.nat(0o7777),
    uid: fc.nat(9),
    gid: fc.nat(9),
    atime: time,
    mtime: time,
    attribute: fc.constantFrom(undefined, 'security.capability', 'trusted.overlay.opaque', 'user.a'),
    size: fc.nat(9000),
  });
  type Entry = typeof entry extends fc.Arbitrary<infer T> ? T : never;

  function build(entries: readonly Entry[]) {
    const { task, fs } = machine();
    const files: string[] = [];
    const made: [string, Entry][] = [];
    const directories = ['/from'];
    for (const each of entries) {
      const path = `${directories[each.parent % directories.length]}/${each.name}`;
      const make: Record<Entry['kind'], () => void> = {
        dir: () => task.mkdir(path),
        file: () => fs.writeFileSync(path, 'x'.repeat(each.size), { flag: 'wx' }),
        link: () => task.link(files[each.size % files.length] ?? '/nothing', path),
        symlink: () => task.symlink(`t${each.size}`, path),
        fifo: () => task.mknod(path, S_IFIFO, 0),
        char: () => task.mknod(path, S_IFCHR, makedev(each.uid + 1, each.gid)),
        block: () => task.mknod(path, S_IFBLK, makedev(each.uid + 1, each.gid)),
        whiteout: () => task.mknod(path, S_IFCHR, 0),
      };
      if (codeOf(make[each.kind]) !== undefined) continue;
      if (each.kind === 'file') files.push(path);
      if (each.kind === 'dir') directories.push(path);
      made.push([path, each]);
    }
    for (const [path, each] of made.reverse()) {
      task.lchown(path, each.uid, each.gid);
      if (each.kind !== 'symlink') task.chmod(path, each.mode);
      if (each.attribute !== undefined) {
        const value = each.attribute === 'security.capability' ? CAPABILITY : Y;
        codeOf(() => task.lsetxattr(path, each.attribute!, value));
      }
    }
    for (const [path, each] of made) task.utimensat(AT_FDCWD, path, each.atime, each.mtime, AT_SYMLINK_NOFOLLOW);
    return { task, made: made.length };
  }

  /** What a copy does not keep: other attributes, times before 1970 but of directories and symlinks. */
  function kept(line: TreeLine, opaque: boolean): TreeLine {
    const mode = Number.parseInt(line.mode, 8);
    const whole = isDirectory(mode) || isSymlink(mode);
    const clamped = (moment: Timespec) => (moment.sec < 0 && !whole ? at(0) : moment);
    const xattrs = line.xattrs.filter(
      (text) => text.startsWith('security.capability') || (opaque && text.startsWith('trusted.overlay.opaque')),
    );
    return { ...line, xattrs, atime: clamped(line.atime), mtime: clamped(line.mtime) };
  }

  /** The copy of a file's first name is an access, which its other names hand on: so with Docker. */
  function withoutReading(lines: readonly TreeLine[]): TreeLine[] {
    const several = new Set(
      lines.flatMap(({ path, content }) => (content.startsWith('= ') ? [path, content.slice(2)] : [])),
    );
    return lines.map((line) => (several.has(line.path) ? { ...line, atime: at(0) } : line));
  }

  test.each([
    ['content', false],
    ['content', true],
    ['hard-link', true],
  ] as const)('is the same after a copy by %s, opaque marks %s', (mode, opaque) => {
    let objects = 0;
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 30, size: 'max' }), (entries) => {
        const { task, made } = build(entries);
        objects += made;
        const before = withoutReading(linesOf(task, '/from'));
        copyDirectory(task, '/from', '/to', { mode, opaque });
        const shared = (line: TreeLine) => mode === 'hard-link' && isRegular(Number.parseInt(line.mode, 8));
        const after = withoutReading(linesOf(task, '/to'));
        expect(after).toEqual(before.map((line) => (shared(line) ? line : kept(line, opaque))));
      }),
      { seed: 4, numRuns: 150 },
    );
    expect(objects).toBeGreaterThan(900);
  });
});
