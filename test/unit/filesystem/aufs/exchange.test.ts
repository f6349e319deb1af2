/** Names that change places. @see fs/aufs/i_op_ren.c aufs_rename(), au_ren_diropq() */
import { describe, expect, it } from 'vitest';
import { AT_FDCWD, RENAME_EXCHANGE } from '../../../../src/abi/flags.ts';
import { aufs } from '../../../../src/filesystem/aufs/index.ts';
import { createMachine } from '../../../../src/union/create-machine.ts';

function mounted() {
  const { task, fs } = createMachine({ filesystems: [aufs] });
  for (const name of ['/rw', '/ro', '/ro/d', '/ro/e', '/m']) fs.mkdirSync(name);
  for (const name of ['/ro/f', '/ro/g', '/ro/d/x']) fs.writeFileSync(name, name);
  task.mount('none', '/m', 'aufs', 'br:/rw=rw:/ro=ro+wh');
  const exchange = (from: string, to: string): void =>
    task.renameat2(AT_FDCWD, `/m/${from}`, AT_FDCWD, `/m/${to}`, RENAME_EXCHANGE);
  return { task, fs, exchange };
}

const OPAQUE = '.wh..wh..opq';

describe('an exchange', () => {
  it('of a lower file with a directory makes the directory opaque, as the file lies below its new place', () => {
    const { fs, exchange } = mounted();
    exchange('f', 'e');
    expect(fs.readdirSync('/rw/f')).toEqual([OPAQUE]);
  });

  it('makes it opaque too where the file was copied up before', () => {
    const { fs, exchange } = mounted();
    fs.appendFileSync('/m/f', '!');
    fs.mkdirSync('/m/n');
    exchange('f', 'n');
    expect(fs.readdirSync('/rw/f')).toEqual([OPAQUE]);
  });

  it('leaves a directory as it is that takes the place of a new file', () => {
    const { fs, exchange } = mounted();
    fs.writeFileSync('/m/new', '');
    fs.mkdirSync('/m/n');
    exchange('new', 'n');
    expect(fs.readdirSync('/rw/new')).toEqual([]);
  });

  it('is refused where the directory of the source was not copied up; that of the target stays copied', () => {
    const { fs, exchange } = mounted();
    fs.mkdirSync('/ro/h');
    fs.writeFileSync('/ro/h/y', '');
    expect(() => exchange('d/x', 'h/y')).toThrow(/EBUSY/);
    expect(fs.readdirSync('/rw').filter((name) => !name.startsWith('.wh.'))).toEqual(['h']);
    exchange('f', 'd/x');
    expect(fs.readFileSync('/m/f', 'utf8')).toBe('/ro/d/x');
  });

  it('has what lower branches hold of the new name show in a directory that is not opaque', () => {
    const { fs, exchange } = mounted();
    fs.writeFileSync('/rw/d', 'over the lower directory');
    exchange('d', 'e');
    expect(fs.readdirSync('/m/d')).toEqual(['x']);
    expect(fs.readFileSync('/m/e', 'utf8')).toBe('over the lower directory');
  });

  it('counts the names of a pseudo-linked target anew', () => {
    const { task, fs, exchange } = mounted();
    fs.linkSync('/m/f', '/m/k');
    expect(task.lstat('/m/k').nlink).toBe(2);
    fs.writeFileSync('/m/new', '');
    exchange('new', 'k');
    expect(task.lstat('/m/new').nlink).toBe(2);
    expect(fs.readFileSync('/m/new', 'utf8')).toBe('/ro/f');
  });
});
