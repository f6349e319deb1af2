/**
 * A machine whose AUFS has a history: the branch in the middle was worked in through a union, and so was the topmost one
 * until the calls begin; some of its files are pseudo-linked, with names that have not come up yet.
 */
import { MNT_DETACH } from '../../../src/abi/flags.ts';
import { aufs, auplink } from '../../../src/filesystem/aufs/index.ts';
import type { Task } from '../../../src/kernel/task.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import { createMachine } from '../../../src/union/create-machine.ts';
import { makeOld, putFile, putSparse } from '../../unit/machine/union-machine.ts';
import { append, fillPlain } from '../plain-calls.ts';

export const LOWERS = ['/l1', '/l2'];
export const RW = '/rw';
export const MERGED = '/merged';
/** Where only what lies below the topmost branch is mounted. */
export const BELOW = '/below';

/** Mounts the union with options such as `dio,xino=/dev/shm/aufs.xino,dirperm1`. */
export const mountWorked = (task: Task, options: string): void => mount(task, RW, LOWERS, MERGED, options);

/** Mounts what a union shows that has nothing of its own yet. */
export function mountBelow(task: Task): void {
  for (const path of ['/none', BELOW]) task.mkdir(path);
  mount(task, '/none', LOWERS, BELOW, 'xino=/dev/shm/below.xino');
}

function mount(task: Task, rw: string, lowers: readonly string[], at: string, options: string): void {
  task.mount('none', at, 'aufs', `br:${rw}=rw${lowers.map((lower) => `:${lower}=ro+wh`).join('')},${options}`);
}

const directories = ['d', 'd/e', 'd/e/sub', 'm', 'gonedir', 'emptied', 'emptied2', 'lonely', 'full', 'apart', 'bare'];
const files = ['d/e/sub/x', 'm/low', 'm/both', 'm/hidden', 'gone', 'gonedir/z', 'emptied/n', 'emptied2/n', 'full/a'];

function fillLowest(task: Task): void {
  for (const path of directories) task.mkdir(`/l2/${path}`);
  fillPlain(task, '/l2');
  for (const name of [...files, 'over', 'meta', 'meta1', 'several', 'several1', 'several2', 'named']) {
    putFile(task, `/l2/${name}`, `lower ${name}`);
  }
  for (const name of ['several', 'several1', 'several2']) task.link(`/l2/${name}`, `/l2/apart/${name}`);
  task.link('/l2/several', '/l2/d/several');
  task.symlink('target', '/l2/soft');
  task.link('/l2/soft', '/l2/apart/soft');
  putSparse(task, '/l2/big', 1 << 14);
}

/** What comes to lie in the branch in the middle. */
function workFirst(task: Task): void {
  task.chdir(MERGED);
  task.chmod('meta1', 0o600);
  putFile(task, 'm/middle', 'from the middle');
  task.mkdir('middle');
  putFile(task, 'middle/own', 'middle own');
  task.link('m/middle', 'middle/linked');
  task.unlink('m/hidden');
  task.chmod('several1', 0o755);
}

/** What comes to lie in the topmost branch. */
function workSecond(task: Task): void {
  task.chdir(MERGED);
  for (const path of ['pure', 'pure/inner', 'm/put', 'empty']) task.mkdir(path);
  putFile(task, 'm/both', 'upper both');
  putFile(task, 'pure/own', 'upper own');
  putFile(task, 'top', 'upper top');
  task.link('top', 'pure/top');
  for (const path of ['gone', 'emptied/n', 'emptied2/n', 'gonedir/z']) task.unlink(path);
  task.rmdir('gonedir');
  task.chmod('meta', 0o600);
}

/** Files are pseudo-linked, with names that have not come up. */
function linkSecond(task: Task): void {
  task.chdir(MERGED);
  append(task, 'several2', ', changed');
  task.link('named', 'm/name2');
}

/** The union, mounted. */
export function workedMachine(options: string): Machine {
  const machine = createMachine({ seed: 1, filesystems: [aufs] });
  const { task } = machine;
  for (const path of [...LOWERS, RW, MERGED, '/dev', '/dev/shm', '/sbin']) task.mkdir(path);
  putFile(task, '/sbin/auplink', '', 0o755);
  machine.register('/sbin/auplink', auplink);
  fillLowest(task);
  mount(task, '/l1', ['/l2'], MERGED, options);
  workFirst(task);
  unmount(task);
  mountWorked(task, options);
  workSecond(task);
  unmount(task);
  for (const path of [...LOWERS, RW]) makeOld(task, path);
  mountWorked(task, options);
  if (!options.includes('noplink')) linkSecond(task);
  task.chdir('/');
  return machine as Machine;
}

function unmount(task: Task): void {
  task.chdir('/');
  task.umount(MERGED, MNT_DETACH);
}
