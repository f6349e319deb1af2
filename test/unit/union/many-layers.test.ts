/** More layers than a page of mount options has room for by full paths. */
import { expect, it } from 'vitest';
import { tree, union } from '../../../src/index.ts';

it('stacks 500 layers, and refuses 501', () => {
  const layers = Array.from({ length: 500 }, (_, i) => tree({ [`/f${i}`]: String(i), '/shared': String(i) }));
  const u = union(layers);
  expect(u.fs.readFileSync('/f499', 'utf8')).toBe('499');
  expect(u.fs.readFileSync('/shared', 'utf8')).toBe('0');
  expect(u.mountLine).toContain('lowerdir=0:1:2:');
  expect(() => union([...layers, tree({})])).toThrow(expect.objectContaining({ code: 'EINVAL', syscall: 'mount' }));
});

it('cuts mount options at a page, as mount(2) does', () => {
  const { machine } = union([tree({})]);
  const { task } = machine;
  task.mkdir('/m');
  task.mount('none', '/m', 'tmpfs', `size=${'0'.repeat(4089)}7,bad=option`);
  expect(task.statfs('/m').blocks).toBe(1);
});
