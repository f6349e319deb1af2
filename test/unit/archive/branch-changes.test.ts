/** The cases of moby's pkg/archive/changes_test.go that read the layers' own directories, in other words. */
import { expect, it } from 'vitest';
import { branchChanges } from '../../../src/archive/branch-changes.ts';
import { formatChange } from '../../../src/archive/change.ts';
import { setTimes, type World, world } from './tree-world.ts';

const lines = (machine: World): string[] => branchChanges(machine.task, ['/image'], '/branch').map(formatChange);

function withImage(): World {
  const machine = world('/image', '/branch');
  const { task, fs } = machine;
  task.mkdir('/image/dir1', 0o740);
  task.mkdir('/image/dir1/subfolder', 0o740);
  for (const name of ['file1-1', 'file1-2']) fs.writeFileSync(`/image/dir1/${name}`, name);
  return machine;
}

it('an empty branch changes nothing', () => {
  expect(lines(withImage())).toEqual([]);
});

it('what is deleted, changed and added is told, and the directories that it is in', () => {
  const machine = withImage();
  const { task, fs } = machine;
  task.mkdir('/branch/dir1', 0o740);
  fs.writeFileSync('/branch/dir1/.wh.file1-2', '');
  fs.writeFileSync('/branch/dir1/file1-1', '\0');
  task.mkdir('/branch/dir1/subfolder', 0o740);
  fs.writeFileSync('/branch/dir1/subfolder/newFile', '');
  expect(lines(machine)).toEqual([
    'C /dir1',
    'D /dir1/file1-2',
    'C /dir1/file1-1',
    'C /dir1/subfolder',
    'A /dir1/subfolder/newFile',
  ]);
});

/** @see moby pull request 13590 */
it('a directory of the same size, mode and time is told for what is added in it, not for what is changed', () => {
  const pair = (name: string, text: string): World => {
    const machine = world('/image', '/branch');
    for (const [root, file, bytes] of [
      ['/image', 'file.txt', 'hello'],
      ['/branch', name, text],
    ]) {
      machine.fs.mkdirSync(`${root}/dir1/dir2/dir3`, { recursive: true });
      machine.fs.writeFileSync(`${root}/dir1/dir2/dir3/${file}`, bytes!);
      setTimes(machine.task, root!, 1600000000);
    }
    return machine;
  };
  expect(lines(pair('file1.txt', 'bye'))).toEqual(['C /dir1/dir2/dir3', 'A /dir1/dir2/dir3/file1.txt']);
  expect(lines(pair('file.txt', 'bye'))).toEqual(['C /dir1/dir2/dir3/file.txt']);
});

it('what cannot be reached below is not there', () => {
  const machine = withImage();
  const { task, fs } = machine;
  for (const root of ['/image', '/branch']) task.symlink('loop', `${root}/loop`);
  fs.writeFileSync('/image/file', '');
  fs.mkdirSync('/branch/file/in', { recursive: true });
  expect(lines(machine)).toEqual(['C /file', 'A /file/in', 'A /loop']);
});

it('AUFS’s own files are passed over at the top', () => {
  const machine = withImage();
  machine.task.mkdir('/branch/.wh..wh.plnk', 0o700);
  machine.fs.writeFileSync('/branch/.wh..wh.plnk/1.2', '');
  machine.fs.writeFileSync('/branch/.wh..wh.aufs', '');
  expect(lines(machine)).toEqual([]);
});

it('the nearest branch that has the name decides', () => {
  const machine = withImage();
  const { task, fs } = machine;
  task.mkdir('/near', 0o755);
  for (const root of ['/near', '/branch']) {
    task.mkdir(`${root}/dir1`, 0o740);
    setTimes(task, `${root}/dir1`, 1600000000, 5);
  }
  fs.writeFileSync('/branch/new', '');
  const changes = branchChanges(task, ['/near', '/image'], '/branch').map(formatChange);
  expect(changes).toEqual(['A /new']);
  setTimes(task, '/near/dir1', 1600000000, 6);
  expect(branchChanges(task, ['/near', '/image'], '/branch').map(formatChange)).toEqual(['C /dir1', 'A /new']);
});
