import { expect, it } from 'vitest';
import { applyLayer } from '../../../src/archive/apply.ts';
import { directorySize } from '../../../src/archive/directory-size.ts';
import { golden } from './golden.ts';
import { world } from './tree-world.ts';

it.each([
  ['base/base-pax.tar', 909],
  ['base/base-gnu.tar', 909],
  ['layer/child.tar', 100649],
])('%s has the size that dockerd told of its layer with overlay2', (tar, size) => {
  const { task } = world('/layer');
  applyLayer(task, '/layer', golden(tar), { form: 'overlay' });
  expect(directorySize(task, '/layer')).toBe(size);
});

it('an inode counts once, a symlink the length of its text, a hole what it reads as, a directory nothing', () => {
  const { task, fs } = world('/layer', '/layer/d');
  fs.writeFileSync('/layer/a', '12345');
  task.link('/layer/a', '/layer/d/b');
  task.link('/layer/a', '/layer/d/c');
  task.symlink('123', '/layer/l');
  fs.writeFileSync('/layer/sparse', '');
  task.truncate('/layer/sparse', 1e9);
  expect(directorySize(task, '/layer')).toBe(1e9 + 8);
  expect(directorySize(task, '/layer/d')).toBe(5);
  expect(() => directorySize(task, '/nowhere')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
});
