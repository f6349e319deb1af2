/**
 * What a mapping keeps open: the file itself; of a union, the real file behind it and the name in the union, while the
 * union's open file and its lock may go. What was open for writing there keeps the union's mount writable.
 *
 * @see fs/backing-file.c backing_file_mmap(), fs/internal.h file_put_write_access()
 */
import { pin, unpin } from './dentry.ts';
import { countsAsWriter, type OpenFile } from './file.ts';
import { unuseMount, useMount } from './mount.ts';
import { closeFile } from './open.ts';

/** The union's open file whose real file is mapped; of unions inside one another, the innermost one's. */
function unionFile(file: OpenFile): OpenFile | undefined {
  const real = file.ops.mapped?.(file);
  return real && (unionFile(real) ?? file);
}

export function holdMapped(file: OpenFile): OpenFile {
  const union = unionFile(file);
  const real = union?.ops.mapped?.(union) ?? file;
  real.references++;
  if (union === undefined) return real;
  useMount(union.mount);
  pin(union.dentry);
  if (countsAsWriter(union)) union.mount.writers++;
  return real;
}

export function letGoOfMapped(file: OpenFile): void {
  const union = unionFile(file);
  const real = union?.ops.mapped?.(union) ?? file;
  closeFile(real);
  if (union === undefined) return;
  if (countsAsWriter(union)) union.mount.writers--;
  unuseMount(union.mount);
  unpin(union.dentry);
}
