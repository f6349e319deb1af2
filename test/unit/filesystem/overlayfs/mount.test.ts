/** Mount options, the errors of mounting, and what is left in the work directory. */
import { describe, expect, test } from 'vitest';
import { MS_RDONLY, MS_REMOUNT } from '../../../../src/abi/flags.ts';
import { createMachine } from '../../../../src/union/create-machine.ts';
import type { Task } from '../../../../src/kernel/task.ts';
import type { Kernel } from '../../../../src/kernel/kernel.ts';
import { directories, mountTable } from './mount-table.ts';
import { list, makeStack, mountStack, OPTIONS, refusal, tree, write } from './observe.ts';

interface Place {
  task: Task;
  kernel: Kernel;
}

/** A tmpfs at /mnt with two more in it, one of them read-only. */
function place(): Place {
  const { task, kernel } = createMachine({ seed: 1 });
  task.mkdir('/mnt');
  task.mount('t', '/mnt', 'tmpfs');
  task.chdir('/mnt');
  for (const name of directories) task.mkdir(name);
  write(task, 'file', '');
  task.mount('o', '/mnt/other', 'tmpfs');
  for (const name of ['l', 'u', 'w']) task.mkdir(`other/${name}`);
  task.mount('r', '/mnt/ro', 'tmpfs');
  for (const name of ['u', 'w']) task.mkdir(`ro/${name}`);
  task.mount('none', '/mnt/ro', '', '', MS_REMOUNT | MS_RDONLY);
  return { task, kernel };
}

/** The options as /proc/mounts shows them. */
function shown({ kernel }: Place): string {
  const superblock = [...kernel.superblocks].find(({ type }) => type.name === 'overlay')!;
  return `${superblock.readOnly ? 'ro' : 'rw'},relatime${superblock.showOptions()}`;
}

describe('mount lines', () => {
  test.each(mountTable)('%s', (data, result) => {
    const at = place();
    const error = refusal(() => at.task.mount('overlay', '/mnt/m', 'overlay', data));
    expect(error ?? shown(at)).toBe(result);
  });

  test('a refused mount leaves no filesystem in use', () => {
    const at = place();
    const before = [...at.kernel.superblocks].map(({ active }) => active);
    const data = 'lowerdir=l1:l2:l1,upperdir=u,workdir=w';
    expect(refusal(() => at.task.mount('overlay', '/mnt/m', 'overlay', data))).toBe('ELOOP');
    expect([...at.kernel.superblocks].map(({ active }) => active)).toEqual(before);
  });

  test('500 lower layers are the most', () => {
    const { task } = place();
    const names = Array.from({ length: 501 }, (_, i) => `${i}`);
    task.mkdir('n');
    for (const name of names) task.mkdir(`n/${name}`);
    task.chdir('n');
    const mount = (count: number): void =>
      task.mount('overlay', '/mnt/m', 'overlay', `lowerdir=${names.slice(0, count).join(':')}`);
    expect(refusal(() => mount(501))).toBe('EINVAL');
    mount(500);
    task.mkdir('499/deepest');
    expect(list(task, '/mnt/m')).toEqual(['deepest']);
  });
});

describe('overlays on overlays', () => {
  const stack = (task: Task, at: string, lower: string): void => {
    for (const name of [`u${at}`, `w${at}`, `m${at}`]) task.mkdir(name);
    task.mount('overlay', `/mnt/m${at}`, 'overlay', `lowerdir=${lower},upperdir=u${at},workdir=w${at}`);
  };

  test('two lie on one another, not three, and none is written through as a layer', () => {
    const { task } = place();
    write(task, 'l1/f', 'low');
    stack(task, '8', 'l1');
    stack(task, '9', 'm8');
    expect(refusal(() => task.mount('overlay', '/mnt/m', 'overlay', 'lowerdir=m9,upperdir=u,workdir=w'))).toBe(
      'EINVAL',
    );
    expect(refusal(() => task.mount('overlay', '/mnt/m', 'overlay', 'lowerdir=l2,upperdir=m8,workdir=w'))).toBe(
      'EINVAL',
    );
    write(task, 'm9/f', 'high');
    expect(list(task, 'u9')).toEqual(['f']);
    expect(list(task, 'u8')).toEqual([]);
  });
});

describe('the work directory', () => {
  const mountAgain = (task: Task): string | undefined => refusal(() => mountStack(task));

  test('is emptied two levels deep; what lies deeper makes the overlay read-only', () => {
    const { task, kernel } = createMachine({ seed: 1 });
    makeStack(task);
    for (const path of ['work', 'work/a', 'work/a/b', 'work/a/b/c', 'work/x']) task.mkdir(`/t/w/${path}`);
    write(task, '/t/w/work/f', '');
    write(task, '/t/w/work/a/g', '');
    expect(mountAgain(task)).toBeUndefined();
    expect(list(task, '/t/w/work')).toEqual(['a']);
    expect(list(task, '/t/w/work/a')).toEqual(['b']);
    expect(shown({ task, kernel })).toMatch(/^ro,/);
    expect(refusal(() => task.mkdir('/t/m/n'))).toBe('EROFS');
    expect(refusal(() => task.mount('overlay', '/t/m', '', '', MS_REMOUNT))).toBe('EROFS');
  });

  test('refuses features that another kernel left a note of', () => {
    const { task } = createMachine({ seed: 1 });
    makeStack(task);
    for (const path of ['work', 'work/incompat', 'work/incompat/volatile']) task.mkdir(`/t/w/${path}`);
    expect(mountAgain(task)).toBe('EINVAL');
  });

  test('has no rights, keeps the shared whiteout while mounted, and is made anew by the next mount', () => {
    const { task } = createMachine({ seed: 1 });
    makeStack(task);
    mountStack(task);
    expect(task.stat('/t/w/work').mode & 0o7777).toBe(0);
    task.unlink('/t/m/b');
    task.unlink('/t/m/d/y');
    expect(list(task, '/t/w/work')).toHaveLength(1);
    expect(task.lstat('/t/u/b').nlink).toBe(3);
    task.umount('/t/m');
    const upper = tree(task, '/t/u');
    expect(mountAgain(task)).toBeUndefined();
    expect(list(task, '/t/w/work')).toEqual([]);
    expect(task.lstat('/t/u/b').nlink).toBe(2);
    expect(tree(task, '/t/u').length).toBe(upper.length);
  });
});

describe('remount', () => {
  test('ignores options, and goes to read-only and back', () => {
    const { task } = createMachine({ seed: 1 });
    makeStack(task);
    mountStack(task);
    task.mount('overlay', '/t/m', '', 'no such option', MS_REMOUNT | MS_RDONLY);
    expect(refusal(() => task.mkdir('/t/m/n'))).toBe('EROFS');
    task.mount('overlay', '/t/m', '', OPTIONS, MS_REMOUNT);
    task.mkdir('/t/m/n');
    expect(list(task, '/t/u')).toContain('n');
  });

  test('an overlay without an upper layer stays read-only', () => {
    const { task } = createMachine({ seed: 1 });
    makeStack(task);
    mountStack(task, 'lowerdir=/t/l1:/t/l2');
    expect(refusal(() => task.mount('overlay', '/t/m', '', '', MS_REMOUNT))).toBe('EROFS');
    expect(refusal(() => task.chmod('/t/m/b', 0))).toBe('EROFS');
  });
});
