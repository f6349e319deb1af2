/** Whatever came before: a live union shows what a fresh mount of the same branches shows. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MS_REMOUNT, O_DIRECTORY, O_RDONLY } from '../../../../src/abi/flags.ts';
import { isDirectory } from '../../../../src/abi/mode.ts';
import { permissionOfBits } from '../../../../src/filesystem/aufs/branch-permission.ts';
import { AUFS_CTL_BRINFO, type BranchInfo } from '../../../../src/filesystem/aufs/ioctl.ts';
import type { Task } from '../../../../src/kernel/task.ts';
import { aufsMachine, names, read, write } from './machine.ts';

const BRANCHES = ['/b0', '/b1', '/b2', '/b3', '/b4'];
const NAMES = ['a', 'b', 'c', 'd', 'd/a', 'd/b', 'd/d', 'd/d/a'];

const name = fc.constantFrom(...NAMES);
const branch = fc.constantFrom(...BRANCHES);
const permission = fc.constantFrom('rw', 'rw+nolwh', 'ro', 'ro+wh');

type Step = readonly [call: string, ...words: string[]];

const change: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constant('write'), name),
  fc.tuple(fc.constant('mkdir'), name),
  fc.tuple(fc.constant('unlink'), name),
  fc.tuple(fc.constant('rmdir'), name),
  fc.tuple(fc.constant('rename'), name, name),
  fc.tuple(fc.constant('hold'), name),
);

const remount: fc.Arbitrary<Step> = fc
  .oneof(
    fc.tuple(fc.constantFrom('append:', 'prepend:', 'add:1:', 'add:2:', 'mod:'), branch, permission),
    fc.tuple(fc.constant('del:'), branch),
  )
  .map(([word, path, given]) => ['remount', word + path + (given === undefined ? '' : `=${given}`)]);

const steps = fc.array(fc.oneof({ arbitrary: change, weight: 3 }, { arbitrary: remount, weight: 2 }), {
  minLength: 5,
  maxLength: 25,
});

const calls: Record<string, (task: Task, ...words: string[]) => void> = {
  write: (task, path) => write(task, `/mnt/${path}`, `${path} of the union`),
  mkdir: (task, path) => task.mkdir(`/mnt/${path}`, 0o755),
  unlink: (task, path) => task.unlink(`/mnt/${path}`),
  rmdir: (task, path) => task.rmdir(`/mnt/${path}`),
  rename: (task, from, to) => task.rename(`/mnt/${from}`, `/mnt/${to}`),
  hold: (task, path) => void task.open(`/mnt/${path}`, O_RDONLY),
  remount: (task, data) => task.mount('none', '/mnt', '', data, MS_REMOUNT),
};

/** Takes a step; one that is refused is as good as any. */
function take(task: Task, [call, ...words]: Step): void {
  try {
    calls[call]!(task, ...words);
  } catch (error) {
    if ((error as { code?: string }).code === undefined) throw error;
  }
}

/** The branches of the union, all of them read-only. */
function branchesOf(task: Task): string {
  const fd = task.open('/mnt', O_RDONLY | O_DIRECTORY);
  const told = task.ioctl(fd, AUFS_CTL_BRINFO) as BranchInfo[];
  task.close(fd);
  return told.map(({ path, perm }) => `${path}=${permissionOfBits(perm).whiteouts ? 'ro+wh' : 'ro'}`).join(':');
}

/** Every path below, with what it is. */
function tree(task: Task, directory: string): string[] {
  return names(task, directory).flatMap((each) => {
    const path = `${directory}/${each}`;
    const { mode } = task.lstat(path);
    const line = `${path.slice(path.indexOf('/', 1))} ${mode.toString(8)}`;
    return isDirectory(mode) ? [line, ...tree(task, path)] : [`${line} ${read(task, path)}`];
  });
}

function fresh(task: Task): string[] {
  task.mount('none', '/fresh', 'aufs', `br:${branchesOf(task)}`);
  const found = tree(task, '/fresh');
  task.umount('/fresh', 0);
  return found;
}

function prepare(task: Task): void {
  for (const [i, path] of BRANCHES.entries()) {
    for (const each of ['d', 'd/d']) if (i % 2 === 0) task.mkdir(`${path}/${each}`, 0o755);
    for (const each of i % 2 === 0 ? ['a', 'd/a', 'd/d/a'] : ['b', 'c', '.wh.a']) write(task, `${path}/${each}`, path);
  }
  write(task, '/b3/d', 'a file');
  write(task, '/b4/d/.wh..wh..opq', '');
}

test('a remounted union shows what a fresh one shows', () => {
  let compared = 0;
  fc.assert(
    fc.property(steps, (sequence) => {
      const machine = aufsMachine('/mnt', '/fresh', ...BRANCHES);
      const { task } = machine;
      prepare(task);
      task.mount('none', '/mnt', 'aufs', 'br:/b0=rw:/b1=ro+wh:/b2=ro+wh');
      for (const step of sequence) {
        take(task, step);
        expect(machine.check()).toEqual([]);
        if (step[0] !== 'remount') continue;
        compared++;
        expect(tree(task, '/mnt')).toEqual(fresh(task));
      }
    }),
    { seed: 5, numRuns: 150 },
  );
  expect(compared).toBeGreaterThan(300);
});
