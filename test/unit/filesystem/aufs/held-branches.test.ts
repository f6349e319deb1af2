import { beforeEach, describe, expect, test } from 'vitest';
import { AT_FDCWD, MS_REMOUNT } from '../../../../src/abi/flags.ts';
import { resolvePath } from '../../../../src/kernel/namei.ts';
import type { SystemCalls } from '../../../../src/kernel/system-calls.ts';
import type { Task } from '../../../../src/kernel/task.ts';
import type { AufsInode } from '../../../../src/filesystem/aufs/inode.ts';
import { aufsMachine, names, read, write } from './machine.ts';

let task: Task;

/** Inodes that the filesystem of the lowest branch has left. */
const free = (): number => task.statfs('/two').ffree;

/** /rw over /one over /two at /mnt, each branch a filesystem of its own. */
beforeEach(() => {
  ({ task } = aufsMachine('/rw', '/one', '/two', '/mnt'));
  for (const branch of ['rw', 'one', 'two']) task.mount(branch, `/${branch}`, 'tmpfs');
  task.mount('none', '/mnt', 'aufs', 'br:/rw=rw:/one=ro+wh:/two=ro+wh');
});

/** The directory in the lowest branch, with a file in it, and the union has looked at both. */
function lookedAt(path: string): void {
  task.mkdir(`/two${path}`, 0o755);
  write(task, `/two${path}/file`, 'two');
  expect(read(task, `/mnt${path}/file`)).toBe('two');
}

describe('a directory that the union knows is held in its branches', () => {
  test('and let go of when it is removed through the union', () => {
    const before = task.statfs('/rw').ffree;
    task.mkdir('/mnt/made', 0o755);
    write(task, '/mnt/made/file', 'rw');
    expect(read(task, '/mnt/made/file')).toBe('rw');
    task.unlink('/mnt/made/file');
    task.rmdir('/mnt/made');
    expect(task.statfs('/rw').ffree).toBe(before);
  });

  test('and let go of when the union finds it removed beside it', () => {
    const before = free();
    lookedAt('/dir');
    lookedAt('/dir/below');
    for (const path of ['/two/dir/below/file', '/two/dir/file']) task.unlink(path);
    for (const path of ['/two/dir/below', '/two/dir']) task.rmdir(path);
    expect(free()).toBeLessThan(before);
    expect(task.statIfPresent('/mnt/dir')).toBeUndefined();
    expect(free()).toBe(before);
  });

  test('but as long as a task works in it it stays', () => {
    const before = free();
    lookedAt('/dir');
    lookedAt('/dir/below');
    task.chdir('/mnt/dir/below');
    for (const path of ['/two/dir/below/file', '/two/dir/file']) task.unlink(path);
    for (const path of ['/two/dir/below', '/two/dir']) task.rmdir(path);
    expect(task.statIfPresent('/mnt/dir')).toBeUndefined();
    expect(free()).toBeLessThan(before);
    task.chdir('/');
    expect(free()).toBe(before);
  });

  test('and let go of when its branch goes', () => {
    const before = free();
    lookedAt('/dir');
    task.mount('none', '/mnt', '', 'del:/two', MS_REMOUNT);
    task.unlink('/two/dir/file');
    task.rmdir('/two/dir');
    expect(free()).toBe(before);
  });

  test('and let go of when the union goes', () => {
    const before = free();
    lookedAt('/dir');
    task.umount('/mnt');
    task.unlink('/two/dir/file');
    task.rmdir('/two/dir');
    expect(free()).toBe(before);
  });
});

describe('the object in one branch', () => {
  /** The directory, made in these branches only, as the union shows it. */
  function shown(...branches: string[]): AufsInode {
    for (const branch of branches) task.mkdir(`/${branch}/dir`, 0o755);
    return resolvePath(task as SystemCalls, AT_FDCWD, '/mnt/dir', 0).dentry.inode as AufsInode;
  }

  test.each([[['rw', 'one', 'two']], [['rw', 'two']], [['one', 'two']], [['two']], [['one']]])(
    'of a directory in %j',
    (branches) => {
      const inode = shown(...branches);
      const found = inode.superblock.branches.map((branch) => inode.realIn(branch));
      const expected = ['rw', 'one', 'two'].map((name) => branches.includes(name));
      expect(found.map((path) => path !== undefined)).toEqual(expected);
      for (const [i, path] of found.entries()) if (path !== undefined) expect(path.branch.index).toBe(i);
      expect(inode.stack.length).toBe(branches.length);
    },
  );
});

test('a name that appears in the branch beside the union is found, however small or large the directory', () => {
  for (const count of [0, 100]) {
    for (let i = 0; i < count; i++) write(task, `/rw/file-${i}`, '');
    expect(task.statIfPresent(`/mnt/new-${count}`)).toBeUndefined();
    write(task, `/rw/new-${count}`, 'beside');
    expect(read(task, `/mnt/new-${count}`)).toBe('beside');
  }
  expect(names(task, '/mnt')).toHaveLength(102);
});
