/** What somebody puts into a branch beside the union. @see fs/aufs/dentry.c au_lkup_neg(), "user's direct branch access" */
import { describe, expect, it } from 'vitest';
import { aufs } from '../../../../src/filesystem/aufs/index.ts';
import { createMachine } from '../../../../src/union/create-machine.ts';

function mounted() {
  const machine = createMachine({ filesystems: [aufs] });
  const { task, fs } = machine;
  for (const name of ['/rw', '/ro', '/ro/d', '/m']) fs.mkdirSync(name);
  for (const name of ['/ro/f', '/ro/d/x']) fs.writeFileSync(name, 'low');
  task.mount('none', '/m', 'aufs', 'br:/rw=rw:/ro=ro+wh');
  return { machine, task, fs };
}

describe('a file put where a name that is known is to be copied up', () => {
  it.each([
    { put: '/rw/f', change: '/m/f' },
    { put: '/rw/d', change: '/m/d/x' },
  ])('$put has the copy for $change refused, and is kept', ({ put, change }) => {
    const { machine, task, fs } = mounted();
    for (const name of ['/m/f', '/m/d/x']) fs.statSync(name);
    fs.writeFileSync(put, 'mine');
    expect(() => task.chmod(change, 0o600)).toThrow(/EIO/);
    expect(fs.readFileSync(put, 'utf8')).toBe('mine');
    const beside = fs.readdirSync('/rw').filter((name) => !name.startsWith('.wh..wh.'));
    expect(beside).toEqual([put.slice('/rw/'.length)]);
    expect(machine.check()).toEqual([]);
  });
});
