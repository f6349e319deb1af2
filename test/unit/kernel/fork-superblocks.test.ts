/** A forked kernel knows all filesystems that are mounted in it. */
import { expect, test } from 'vitest';
import { createMachine } from '../../../src/union/create-machine.ts';

test('sync, drop_caches and check reach every filesystem of a fork', () => {
  const machine = createMachine();
  const { task } = machine;
  for (const path of ['/l', '/u', '/w', '/m', '/t']) task.mkdir(path);
  task.mount('tmpfs', '/t', 'tmpfs');
  task.mount('overlay', '/m', 'overlay', 'lowerdir=/l,upperdir=/u,workdir=/w');
  const typesOf = ({ kernel }: typeof machine) => [...kernel.superblocks].map(({ type }) => type.name).sort();
  const twin = machine.fork();
  expect(typesOf(twin)).toEqual(typesOf(machine));
  expect(() => twin.task.mount('overlay', '/m', 'overlay', 'lowerdir=/l,upperdir=/u,workdir=/w,index=on')).toThrowError(
    expect.objectContaining({ code: 'EBUSY' }),
  );
  twin.task.umount('/m');
  expect(typesOf(twin)).not.toContain('overlay');
});
