import { describe, expect, test } from 'vitest';
import { MS_RDONLY, MS_REMOUNT, O_CREAT, O_RDWR } from '../../../../src/abi/flags.ts';
import { auplink } from '../../../../src/filesystem/aufs/auplink.ts';
import type { Machine } from '../../../../src/machine/machine.ts';
import { aufsMachine, names, read, write } from './machine.ts';

const PLINKS = '/rw/.wh..wh.plnk';
const OPTIONS = 'br:/rw=rw:/ro=ro+wh';

/** Of the second version, nothing permitted. */
const CAPABILITY = Uint8Array.of(0, 0, 0, 2, ...new Array<number>(16).fill(0));

/** A union of /rw over /ro at /mnt. */
function union(lower: (machine: Machine) => void, options = OPTIONS): Machine {
  const machine = aufsMachine('/rw', '/ro', '/mnt', '/sbin', '/plain');
  const { task } = machine;
  write(task, '/sbin/auplink', '');
  task.chmod('/sbin/auplink', 0o755);
  machine.register('/sbin/auplink', auplink);
  lower(machine);
  task.mount('none', '/mnt', 'aufs', options);
  return machine;
}

const run = ({ task }: Machine, ...argv: string[]): number => task.exec('/sbin/auplink', ['auplink', ...argv]);

/** `d/one`, `two` and `d/e/three` are one file of the lower branch. */
function linked(machine: Machine): void {
  const { task } = machine;
  task.mkdir('/ro/d', 0o755);
  task.mkdir('/ro/d/e', 0o755);
  write(machine.task, '/ro/d/one', 'old');
  task.link('/ro/d/one', '/ro/two');
  task.link('/ro/d/one', '/ro/d/e/three');
  write(machine.task, '/ro/other', 'other');
}

describe('auplink flush', () => {
  test('makes hard links of all names of a pseudo-linked file, and nothing else', () => {
    const machine = union(linked);
    const { task } = machine;
    write(machine.task, '/mnt/two', 'new');
    expect(names(machine.task, PLINKS)).toHaveLength(1);
    expect(names(machine.task, '/rw')).not.toContain('d');
    expect(run(machine, '/mnt', 'flush')).toBe(0);
    expect(names(machine.task, PLINKS)).toEqual([]);
    const inodes = ['/rw/two', '/rw/d/one', '/rw/d/e/three'].map((path) => task.lstat(path));
    expect(new Set(inodes.map(({ ino }) => ino)).size).toBe(1);
    expect(inodes[0]!.nlink).toBe(3);
    expect(names(machine.task, '/rw')).toEqual(['.wh..wh.aufs', '.wh..wh.orph', '.wh..wh.plnk', 'd', 'two']);
  });

  // fuzz:aufs, seed 5500001
  test('takes set-id bits and capabilities away, as each change of owner does', () => {
    const machine = union(linked);
    const { task } = machine;
    task.link('/mnt/two', '/mnt/four');
    task.chmod('/mnt/d/one', 0o4755);
    task.setxattr('/mnt/d/one', 'security.capability', CAPABILITY);
    expect(task.listxattr('/mnt/d/one')).toEqual(['security.capability']);
    expect(run(machine, '/mnt', 'flush')).toBe(0);
    expect(task.listxattr('/rw/d/one')).toEqual([]);
    expect(task.lstat('/rw/d/one').mode).toBe(0o100755);
  });

  test('keeps the names together over a mount; without it they come apart', () => {
    const texts = (flushed: boolean): string[] => {
      const machine = union(linked);
      const { task } = machine;
      write(machine.task, '/mnt/two', 'new');
      if (flushed) run(machine, '/mnt', 'flush');
      task.umount('/mnt', 0);
      task.mkdir('/top', 0o755);
      task.mount('none', '/mnt', 'aufs', 'br:/top=rw:/rw=ro+wh:/ro=ro+wh');
      return ['two', 'd/one', 'd/e/three'].map((path) => read(machine.task, `/mnt/${path}`));
    };
    expect(texts(true)).toEqual(['new', 'new', 'new']);
    expect(texts(false)).toEqual(['new', 'old', 'old']);
  });

  test('has the union forget its pseudo-links: the next link makes a new one', () => {
    const machine = union(linked);
    const { task } = machine;
    task.link('/mnt/other', '/mnt/again');
    const [before] = names(machine.task, PLINKS);
    expect(before).toMatch(/^\d+\.\d+$/);
    run(machine, '/mnt', 'flush');
    expect(task.lstat('/rw/other').ino).toBe(task.lstat('/rw/again').ino);
    write(machine.task, '/mnt/d/one', 'new');
    expect(names(machine.task, PLINKS)).toHaveLength(1);
    expect(run(machine, '/mnt', 'flush')).toBe(0);
    expect(names(machine.task, PLINKS)).toEqual([]);
  });

  test('leaves alone what is mounted inside, and is at home in any directory', () => {
    const machine = union(linked);
    const { task } = machine;
    task.mkdir('/mnt/inside', 0o755);
    task.mount('tmpfs', '/mnt/inside', 'tmpfs', '');
    write(machine.task, '/mnt/inside/file', '');
    write(machine.task, '/mnt/two', 'new');
    task.chdir('/mnt/d');
    expect(run(machine, '..', 'flush')).toBe(0);
    expect(task.lstat('/rw/d/e/three').nlink).toBe(3);
    expect(names(machine.task, '/mnt/inside')).toEqual(['file']);
  });

  test('clears what an earlier mount has left', () => {
    const machine = union(linked);
    const { task } = machine;
    write(machine.task, '/mnt/two', 'new');
    task.umount('/mnt', 0);
    task.mount('none', '/mnt', 'aufs', OPTIONS);
    expect(run(machine, '/mnt', 'flush')).toBe(0);
    expect(names(machine.task, PLINKS)).toEqual([]);
  });

  test('has nothing to do without pseudo-links', () => {
    const machine = union(linked, `${OPTIONS},noplink`);
    write(machine.task, '/mnt/other', 'new');
    expect(run(machine, '/mnt', 'flush')).toBe(0);
    expect(names(machine.task, '/rw')).toEqual(['.wh..wh.aufs', '.wh..wh.orph', 'other']);
  });
});

describe('auplink cpup', () => {
  test('makes the names and keeps the pseudo-links', () => {
    const machine = union(linked);
    write(machine.task, '/mnt/two', 'new');
    expect(run(machine, '/mnt', 'cpup')).toBe(0);
    expect(machine.task.lstat('/rw/d/one').nlink).toBe(4);
    expect(names(machine.task, PLINKS)).toHaveLength(1);
  });
});

describe('auplink list', () => {
  test('writes the numbers and the names to descriptor 1, and changes nothing', () => {
    const machine = union(linked);
    const { task } = machine;
    write(machine.task, '/mnt/two', 'new');
    const { ino } = task.lstat('/mnt/two');
    const out = task.open('/out', O_RDWR | O_CREAT, 0o644);
    task.dup2(out, 1);
    expect(run(machine, '/mnt', 'list')).toBe(0);
    const [numbers, ...paths] = read(machine.task, '/out').split('\n');
    expect(numbers).toBe(`${ino} `);
    expect(paths.sort()).toEqual(['', '/mnt/d/e/three', '/mnt/d/one', '/mnt/two']);
    expect(names(machine.task, '/rw')).not.toContain('d');
  });

  test('needs nobody to listen', () => {
    const machine = union(linked);
    write(machine.task, '/mnt/two', 'new');
    expect(run(machine, '/mnt', 'list')).toBe(0);
  });
});

describe('the exit status of auplink', () => {
  const machine = union(linked);

  test.each([
    ['no words', [], 22],
    ['a word too many', ['/mnt', 'flush', 'now'], 22],
    ['an unknown command', ['/mnt', 'clean'], 22],
    ['no such directory', ['/none', 'flush'], 2],
    ['a file', ['/sbin/auplink', 'flush'], 20],
    ['no mount point', ['/mnt/d', 'flush'], 22],
    ['no mount point outside', ['/plain', 'flush'], 22],
    ['a mount of something else', ['/', 'flush'], 255],
    ['a union without pseudo-links', ['/mnt', 'list'], 0],
  ])('for %s', (_what, argv, status) => expect(run(machine, ...argv)).toBe(status));

  test('for a union that refuses to be written to', () => {
    const readOnly = union(linked);
    const { task } = readOnly;
    write(readOnly.task, '/mnt/two', 'new');
    task.mount('none', '/mnt', '', '', MS_REMOUNT | MS_RDONLY);
    expect(run(readOnly, '/mnt', 'flush')).toBe(30);
    expect(names(readOnly.task, PLINKS)).toHaveLength(1);
  });

  test('for a user who may not read the pseudo-links', () => {
    const other = union(linked);
    write(other.task, '/mnt/two', 'new');
    const child = other.task.clone();
    child.setresuid(1000, 1000, 1000);
    expect(child.exec('/sbin/auplink', ['auplink', '/mnt', 'flush'])).toBe(13);
    expect(names(other.task, PLINKS)).toHaveLength(1);
  });

  test('leaves no descriptor open', () => {
    const { task } = machine;
    const before = task.open('/', 0);
    task.close(before);
    for (const argv of [
      ['/mnt', 'flush'],
      ['/mnt/d', 'flush'],
      ['/', 'list'],
    ])
      run(machine, ...argv);
    const after = task.open('/', 0);
    task.close(after);
    expect(after).toBe(before);
  });
});
