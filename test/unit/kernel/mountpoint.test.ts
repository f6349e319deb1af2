/** Names that are mount points in another mount namespace only; Linux 6.18 was asked the same. */
import { expect, it } from 'vitest';
import { CLONE_NEWNS, MS_BIND } from '../../../src/abi/flags.ts';
import { createMachine } from '../../../src/index.ts';

/** Directories with a tmpfs each, which another namespace still has mounted. */
function mountedElsewhere(...names: string[]) {
  const { task, fs, kernel } = createMachine();
  for (const name of names) {
    task.mkdir(name);
    task.mount('tmpfs', name, 'tmpfs');
    fs.writeFileSync(`${name}/in`, '');
  }
  const other = task.clone(CLONE_NEWNS);
  for (const name of names) task.umount(name);
  return { task, fs, kernel, other };
}

it('a directory goes and takes the mount of the others along', () => {
  const { task, fs, kernel, other } = mountedElsewhere('/a', '/b');
  const filesystems = kernel.superblocks.size;
  expect(() => other.rmdir('/a')).toThrow('EBUSY');
  task.rmdir('/a');
  expect(other.statIfPresent('/a')).toBeUndefined();
  expect(other.stat('/b/in').size).toBe(0);
  expect(kernel.superblocks.size).toBe(filesystems - 1);
  expect(fs.readdirSync('/')).toEqual(['b']);
});

it('a mount in the mount goes too, and what is in use stays with its users', () => {
  const { task, kernel, other } = mountedElsewhere('/a');
  const filesystems = kernel.superblocks.size;
  other.mkdir('/a/deep');
  other.mount('tmpfs', '/a/deep', 'tmpfs');
  other.chdir('/a/deep');
  task.rmdir('/a');
  other.mkdir('still');
  expect(other.stat('still').nlink).toBe(2);
  expect(kernel.superblocks.size).toBe(filesystems);
  other.chdir('/');
  expect(kernel.superblocks.size).toBe(filesystems - 1);
});

it('a file goes', () => {
  const { task, fs } = createMachine();
  fs.writeFileSync('/f', 'below');
  fs.writeFileSync('/g', 'above');
  const other = task.clone(CLONE_NEWNS);
  other.mount('/g', '/f', '', '', MS_BIND);
  expect(() => other.unlink('/f')).toThrow('EBUSY');
  task.unlink('/f');
  expect(other.statIfPresent('/f')).toBeUndefined();
});

it('a directory that is replaced loses the mount, one that moves takes it along', () => {
  const { task, fs, other } = mountedElsewhere('/replaced', '/moved');
  task.mkdir('/new');
  expect(() => other.rename('/moved', '/elsewhere')).toThrow('EBUSY');
  task.rename('/new', '/replaced');
  task.rename('/moved', '/there');
  expect(other.statIfPresent('/replaced/in')).toBeUndefined();
  expect(other.stat('/there/in').size).toBe(0);
  expect(fs.readdirSync('/there')).toEqual([]);
});
