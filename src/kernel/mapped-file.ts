/**
 * What a mapping keeps open: the file itself; of a union, the real file behind it and the name in the union, while the
 * union's open file and its lock may go. Who may write through it keeps the union's mount writable.
 *
 * @see fs/backing-file.c backing_file_mmap(), fs/internal.h file_put_write_access()
 */
import { pin, unpin } from './dentry.ts';
import { countsAsWriter, type OpenFile } from './file.ts';
import { unuseMount, useMount } from './mount.ts';
import { closeFile } from './open.ts';

const mapped = (file: OpenFile): OpenFile => file.ops.mapped?.(file) ?? file;

export function holdMapped(file: OpenFile): OpenFile {
  const real = mapped(file);
  real.references++;
  if (real !== file) {
    useMount(file.mount);
    pin(file.dentry);
    if (countsAsWriter(real)) file.mount.writers++;
  }
  return real;
}

export function letGoOfMapped(file: OpenFile): void {
  const real = mapped(file);
  closeFile(real);
  if (real === file) return;
  if (countsAsWriter(real)) file.mount.writers--;
  unuseMount(file.mount);
  unpin(file.dentry);
}
