/** Lower hard links without pseudo-links. @see fs/aufs/cpup.c au_cpup_single(), fs/aufs/dentry.c h_d_revalidate() */
import { describe, expect, it } from 'vitest';
import { aufs } from '../../../../src/filesystem/aufs/index.ts';
import { createMachine } from '../../../../src/union/create-machine.ts';

/** Two names of a lower file, both looked at; the first is then copied up and moved. */
function moved() {
  const { task, fs } = createMachine({ filesystems: [aufs] });
  for (const name of ['/rw', '/ro', '/m']) fs.mkdirSync(name);
  fs.writeFileSync('/ro/a', 'abc');
  fs.linkSync('/ro/a', '/ro/b');
  task.mount('none', '/m', 'aufs', 'br:/rw=rw:/ro=ro+wh,noplink');
  for (const name of ['/m/a', '/m/b']) fs.statSync(name);
  fs.appendFileSync('/m/a', '!');
  fs.renameSync('/m/a', '/m/c');
  return { task, fs };
}

describe('a name of a lower file whose other name was copied up and moved', () => {
  it('is still taken for the same file, and shows what the lower one holds', () => {
    const { fs } = moved();
    expect(fs.statSync('/m/b').ino).toBe(fs.statSync('/m/c').ino);
    expect(fs.readFileSync('/m/b', 'utf8')).toBe('abc');
    expect(fs.readFileSync('/m/c', 'utf8')).toBe('abc!');
  });

  it('cannot be written to or linked', () => {
    const { fs } = moved();
    expect(() => fs.appendFileSync('/m/b', '?')).toThrow(/EIO/);
    expect(() => fs.linkSync('/m/b', '/m/d')).toThrow(/ENOENT/);
  });

  it('can be once it is looked up anew', () => {
    const { task, fs } = moved();
    task.umount('/m');
    task.mount('none', '/m', 'aufs', 'br:/rw=rw:/ro=ro+wh,noplink');
    fs.appendFileSync('/m/b', '?');
    expect(fs.readFileSync('/m/b', 'utf8')).toBe('abc?');
    expect(fs.readFileSync('/m/c', 'utf8')).toBe('abc!');
  });
});
