/** What somebody puts into a branch beside the union. @see fs/aufs/dentry.c au_lkup_neg(), "user's direct branch access" */
import { describe, expect, it } from 'vitest';
import { aufs } from '../../../../src/filesystem/aufs/index.ts';
import type { IFs } from '../../../../src/fs/ifs.ts';
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

describe('a name that was missing, however often it was asked for', () => {
  it.each<[string, (fs: IFs) => void]>([
    ['made', (fs) => fs.writeFileSync('/rw/n', '')],
    ['a directory', (fs) => fs.mkdirSync('/rw/n')],
    ['linked', (fs) => fs.linkSync('/rw/other', '/rw/n')],
    ['moved there', (fs) => fs.renameSync('/rw/other', '/rw/n')],
    ['a symlink', (fs) => fs.symlinkSync('x', '/rw/n')],
  ])('is found when it is %s in the branch, in a fork too', (_, put) => {
    const { machine, fs } = mounted();
    fs.writeFileSync('/rw/other', '');
    for (let i = 0; i < 3; i++) expect(fs.existsSync('/m/n')).toBe(false);
    const twin = machine.fork().fs;
    put(fs);
    expect(fs.lstatSync('/m/n').ino).toBeGreaterThan(0);
    expect(twin.existsSync('/m/n')).toBe(false);
    put(twin);
    expect(twin.lstatSync('/m/n').ino).toBeGreaterThan(0);
  });
});
