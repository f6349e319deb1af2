/** A fork costs nothing that depends on how many files a machine has, neither at once nor with the first write. */
import { beforeAll, describe, expect, test } from 'vitest';
import { O_APPEND, O_CREAT, O_WRONLY } from '../../../src/abi/flags.ts';
import { S_IFREG } from '../../../src/abi/mode.ts';
import type { TmpfsSuperblock } from '../../../src/filesystem/tmpfs/super.ts';
import type { Task } from '../../../src/kernel/task.ts';
import { createMachine } from '../../../src/union/create-machine.ts';
import type { Machine } from '../../../src/machine/machine.ts';

const FILES = 1_000_000;
const NODES_MAX = 64;
const BYTES_MAX = 64 * 1024;
const FORK_MAX_MS = 1;

/** Every hundredth file of a directory has data, the first one enough for many extents. */
function fill(task: Task, directories: number): void {
  const each = FILES / directories;
  for (let d = 0; d < directories; d++) {
    task.mkdir(`/d${d}`);
    for (let f = 0; f < each; f++) task.mknod(`/d${d}/f${f}`, S_IFREG | 0o644, 0);
    for (let f = 0; f < each; f += 100) write(task, `/d${d}/f${f}`, 0, 5000);
  }
  write(task, '/d0/f50', 0, 100);
  for (let i = 0; i < 500; i++) write(task, '/d0/f0', i * 8192, 5000);
  for (const name of ['/empty', '/upper', '/work', '/merged']) task.mkdir(name);
  task.mount('overlay', '/merged', 'overlay', 'lowerdir=/,upperdir=/upper,workdir=/work');
  task.link('/d0/f7', '/name');
}

function write(task: Task, path: string, offset: number, length: number): void {
  const fd = task.open(path, O_WRONLY | O_CREAT, 0o644);
  task.pwrite(fd, new Uint8Array(length).fill(120), offset);
  task.close(fd);
}

function append(task: Task, path: string): void {
  const fd = task.open(path, O_WRONLY | O_APPEND);
  task.write(fd, Uint8Array.of(33));
  task.close(fd);
}

const firstWrites: Readonly<Record<string, (task: Task) => void>> = {
  create: (task) => write(task, '/d0/new', 0, 100),
  'append to a small file': (task) => append(task, '/d0/f50'),
  'append to a file of many extents': (task) => append(task, '/d0/f0'),
  'overwrite in a file of many extents': (task) => write(task, '/d0/f0', 100 * 8192 + 7, 10),
  truncate: (task) => task.truncate('/d0/f0', 4096),
  unlink: (task) => task.unlink('/d0/f5'),
  'unlink of a file with data': (task) => task.unlink('/d0/f0'),
  chmod: (task) => task.chmod('/d0/f5', 0o600),
  'rename in place': (task) => task.rename('/d0/f5', '/d0/g5'),
  'rename over a file': (task) => task.rename('/d0/f5', '/d0/f6'),
  'rename to another directory': (task) => task.rename('/d0/f5', '/empty/f5'),
  link: (task) => task.link('/d0/f5', '/empty/f5'),
  symlink: (task) => task.symlink('f5', '/d0/s'),
  mkdir: (task) => task.mkdir('/d0/directory'),
  rmdir: (task) => task.rmdir('/empty'),
  'copy-up below a union': (task) => append(task, '/merged/d0/f0'),
  'a whiteout below a union': (task) => task.unlink('/merged/d0/f5'),
  setxattr: (task) => task.setxattr('/d0/f5', 'user.a', Uint8Array.of(1)),
};

const diskOf = (machine: Machine): TmpfsSuperblock => machine.task.fs.root.mount.superblock as TmpfsSuperblock;

function expectLittle(machine: Machine, action: (task: Task) => void): void {
  const { epoch } = diskOf(machine);
  expect([epoch.copiedNodes, epoch.copiedBytes]).toEqual([0, 0]);
  action(machine.task);
  expect(epoch.copiedNodes).toBeGreaterThan(0);
  expect(epoch.copiedNodes).toBeLessThanOrEqual(NODES_MAX);
  expect(epoch.copiedBytes).toBeLessThanOrEqual(BYTES_MAX);
}

function medianForkTime(machine: Machine): number {
  const times = Array.from({ length: 21 }, () => {
    const start = performance.now();
    machine.fork();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[10]!;
}

describe.each([10_000, 1])(`${FILES} files in %i directories`, (directories) => {
  let machine: Machine;

  beforeAll(() => {
    machine = createMachine();
    fill(machine.task, directories);
    return () => {
      machine = undefined as never;
    };
  }, 60_000);

  test('hold what they should', () => {
    expect(diskOf(machine).inodes.size).toBeGreaterThan(FILES);
    expect(machine.task.stat(`/d${directories - 1}/f${FILES / directories - 1}`).size).toBe(0);
  });

  test(`fork in under ${FORK_MAX_MS} ms`, () => {
    expect(medianForkTime(machine)).toBeLessThan(FORK_MAX_MS);
  });

  test.each(Object.entries(firstWrites))('%s: the first write of the child', (_, action) => {
    expectLittle(machine.fork(), action);
  });

  test.each(Object.entries(firstWrites))('%s: the first write of the parent', (_, action) => {
    const parent = machine.fork();
    parent.task.stat('/d0/f5');
    parent.fork();
    expectLittle(parent, action);
  });

  test('the machine that was built here goes on as well', () => {
    const child = machine.fork();
    expectLittle(machine, (task) => append(task, '/d0/f50'));
    expect(machine.task.stat('/d0/f50').size).toBe(child.task.stat('/d0/f50').size + 1);
  });
});
