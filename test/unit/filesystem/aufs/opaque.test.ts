/** Opaque marks of one directory in several branches. @see fs/aufs/dentry.c au_lkup_dentry() */
import { describe, expect, it } from 'vitest';
import { aufs } from '../../../../src/filesystem/aufs/index.ts';
import { createMachine } from '../../../../src/union/create-machine.ts';

/** Three branches with a directory of one file each. */
function mounted(...opaque: string[]) {
  const { task, fs } = createMachine({ filesystems: [aufs] });
  const branches = ['/rw', '/r1', '/r2', '/r3'];
  for (const branch of [...branches, '/m']) fs.mkdirSync(branch);
  for (const branch of branches.slice(1)) {
    fs.mkdirSync(`${branch}/d`);
    fs.writeFileSync(`${branch}/d/of${branch.slice(1)}`, '');
  }
  for (const branch of opaque) fs.writeFileSync(`${branch}/d/.wh..wh..opq`, '');
  task.mount('none', '/m', 'aufs', 'br:/rw=rw:/r1=ro+wh:/r2=ro+wh:/r3=ro+wh');
  return fs;
}

describe('a directory that is opaque in', () => {
  it.each([
    { opaque: ['/r3'], shown: ['ofr1', 'ofr2', 'ofr3'] },
    { opaque: ['/r2'], shown: ['ofr1', 'ofr2'] },
    { opaque: ['/r1', '/r2'], shown: ['ofr1'] },
    { opaque: ['/r1', '/r3'], shown: ['ofr1'] },
    { opaque: ['/r2', '/r3'], shown: ['ofr1', 'ofr2'] },
  ])('$opaque shows $shown', ({ opaque, shown }) => {
    expect(mounted(...opaque).readdirSync('/m/d')).toEqual(shown);
  });
});
