/** When a mapping copies a file up. @see fs/aufs/f_op.c aufs_mmap() */
import { describe, expect, it } from 'vitest';
import {
  MAP_PRIVATE,
  MAP_SHARED,
  MS_RDONLY,
  MS_REMOUNT,
  O_RDONLY,
  O_RDWR,
  PROT_READ,
  PROT_WRITE,
} from '../../../../src/abi/flags.ts';
import { aufs } from '../../../../src/filesystem/aufs/index.ts';
import { createMachine } from '../../../../src/union/create-machine.ts';

function mounted() {
  const { task, fs } = createMachine({ filesystems: [aufs] });
  for (const name of ['/rw', '/ro', '/m']) fs.mkdirSync(name);
  fs.writeFileSync('/ro/a', 'abc');
  task.mount('none', '/m', 'aufs', 'br:/rw=rw:/ro=ro');
  return { task, fs, isCopied: () => fs.existsSync('/rw/a') };
}

describe('a mapping of a lower file', () => {
  it.each([
    { how: 'private, open for writing', open: O_RDWR, flags: MAP_PRIVATE, copied: false },
    { how: 'shared, open for reading', open: O_RDONLY, flags: MAP_SHARED, copied: false },
    { how: 'shared, open for writing', open: O_RDWR, flags: MAP_SHARED, copied: true },
  ])('$how: copied up $copied', ({ open, flags, copied }) => {
    const { task, isCopied } = mounted();
    const region = task.mmap(task.open('/m/a', open), 0, 3, PROT_READ, flags);
    expect(isCopied()).toBe(copied);
    expect(String.fromCharCode(...region.read(0, 3))).toBe('abc');
  });

  // fuzz:aufs, seed 6100001: the mapping has the file of the union for its vm_prfile
  it('keeps the union writable while what was open for writing is mapped, copied up or not', () => {
    const { task } = mounted();
    const fd = task.open('/m/a', O_RDWR);
    const region = task.mmap(fd, 0, 3, PROT_READ, MAP_PRIVATE);
    task.close(fd);
    const remount = () => task.mount('none', '/m', '', '', MS_REMOUNT | MS_RDONLY);
    expect(remount).toThrowError(expect.objectContaining({ code: 'EBUSY' }));
    region.unmap();
    expect(remount).not.toThrow();
  });

  it('reaches the file by what is written to a shared one', () => {
    const { task, fs } = mounted();
    const fd = task.open('/m/a', O_RDWR);
    task.mmap(fd, 0, 3, PROT_READ | PROT_WRITE, MAP_SHARED).write(0, new Uint8Array([0x78]));
    expect(fs.readFileSync('/m/a', 'utf8')).toBe('xbc');
    expect(fs.readFileSync('/ro/a', 'utf8')).toBe('abc');
  });

  it('stays with what was open when it was made', () => {
    const { task, fs } = mounted();
    const fd = task.open('/m/a', O_RDONLY);
    const region = task.mmap(fd, 0, 3, PROT_READ, MAP_SHARED);
    fs.writeFileSync('/m/a', 'xyz');
    expect(String.fromCharCode(...region.read(0, 3))).toBe('abc');
    task.close(fd);
    expect(String.fromCharCode(...region.read(0, 3))).toBe('abc');
    region.unmap();
    task.umount('/m');
  });
});
