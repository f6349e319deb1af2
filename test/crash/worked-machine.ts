/**
 * A machine whose union has a history: each layer but the lowest was worked in through a union with the same options,
 * so the layers hold every mark that these options leave.
 */
import { AT_FDCWD, MNT_DETACH, RENAME_EXCHANGE } from '../../src/abi/flags.ts';
import type { Task } from '../../src/kernel/task.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { createMachine } from '../../src/union/create-machine.ts';
import { makeOld, putFile, putSparse } from '../unit/machine/union-machine.ts';
import { fillPlain } from './plain-calls.ts';

export const LOWERS = ['/l1', '/l2'];
export const UPPER = '/u';
export const WORK = '/w';
export const MERGED = '/merged';

/** Mounts the union with options such as `index=on,metacopy=on`. */
export function mountWorked(task: Task, options: string): void {
  mount(task, LOWERS, UPPER, WORK, options);
}

function mount(task: Task, lowers: readonly string[], upper: string, work: string, options: string): void {
  const more = options === '' ? '' : `,${options}`;
  task.mount('overlay', MERGED, 'overlay', `lowerdir=${lowers.join(':')},upperdir=${upper},workdir=${work}${more}`);
}

/** Runs a step that some options refuse: a directory that came from below moves only with redirects. */
function whereAllowed(step: () => void): void {
  try {
    step();
  } catch (error) {
    if ((error as { code?: string }).code !== 'EXDEV') throw error;
  }
}

function fillLowest(task: Task): void {
  const directories = [
    'd',
    'd/e',
    'd/e/sub',
    'm',
    'gonedir',
    'emptied',
    'lonely',
    'moves',
    'moves/in',
    'moved1',
    'apart',
  ];
  for (const path of directories) task.mkdir(`/l2/${path}`);
  fillPlain(task, '/l2');
  const files = ['d/e/sub/x', 'm/low', 'm/both', 'gone', 'gonedir/z', 'emptied/n', 'over', 'meta', 'meta1', 'moved1/n'];
  for (const name of [...files, 'moves/a', 'moves/in/b', 'linked', 'linked1'])
    putFile(task, `/l2/${name}`, `lower ${name}`);
  for (const name of ['apart/linked', 'd/linked']) task.link('/l2/linked', `/l2/${name}`);
  task.link('/l2/linked1', '/l2/apart/linked1');
  task.symlink('target', '/l2/soft');
  task.link('/l2/soft', '/l2/apart/soft');
  putSparse(task, '/l2/big');
}

/** What becomes the middle layer. */
function workFirst(task: Task): void {
  task.chdir(MERGED);
  task.chmod('meta1', 0o600);
  whereAllowed(() => task.rename('moved1', 'm/moved1'));
  putFile(task, 'm/middle', 'from the middle');
  task.mkdir('middle');
  putFile(task, 'middle/own', 'middle own');
  task.link('m/middle', 'middle/linked');
  task.chmod('linked1', 0o755);
}

/** What lies in the upper layer when the calls begin. */
function workSecond(task: Task): void {
  task.chdir(MERGED);
  for (const path of ['pure', 'pure/inner']) task.mkdir(path);
  putFile(task, 'm/both', 'upper both');
  putFile(task, 'pure/own', 'upper own');
  putFile(task, 'top', 'upper top');
  task.link('top', 'pure/top');
  task.unlink('gone');
  task.unlink('emptied/n');
  task.unlink('gonedir/z');
  task.rmdir('gonedir');
  task.chmod('meta', 0o600);
  task.lchown('apart/soft', 7, 7);
  whereAllowed(() => task.rename('middle', 'middle2'));
  whereAllowed(() => task.renameat2(AT_FDCWD, 'lonely', AT_FDCWD, 'm/low', RENAME_EXCHANGE));
}

/** The union, mounted anew; nothing of it has been looked up yet. */
export function workedMachine(options: string): Machine {
  const machine = createMachine({ seed: 1 });
  const { task } = machine;
  for (const path of [...LOWERS, UPPER, WORK, '/w1', MERGED]) task.mkdir(path);
  fillLowest(task);
  mount(task, ['/l2'], '/l1', '/w1', options);
  workFirst(task);
  unmount(task);
  mountWorked(task, options);
  workSecond(task);
  unmount(task);
  for (const path of [...LOWERS, UPPER]) makeOld(task, path);
  mountWorked(task, options);
  return machine;
}

function unmount(task: Task): void {
  task.chdir('/');
  task.umount(MERGED, MNT_DETACH);
}
