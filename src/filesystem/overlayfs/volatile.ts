/**
 * The mark of an upper layer that was never synced: whoever mounts it again after a crash has to be told.
 *
 * @see fs/overlayfs/super.c ovl_create_volatile_dirty()
 */
import { S_IFREG } from '../../abi/mode.ts';
import { vfsCreate, vfsMkdir } from '../../kernel/create.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { lookupDentry } from '../../kernel/lookup.ts';

const DIRECTORIES = ['incompat', 'volatile'];
const DIRTY_NAME = 'dirty';

/** Makes `incompat/volatile/dirty` in the work directory, which is new; without any rights. */
export function markVolatile(kernel: Kernel, workdir: Dentry): void {
  let directory = workdir;
  for (const name of DIRECTORIES) {
    vfsMkdir(kernel, directory, lookupDentry(directory, name), 0);
    directory = lookupDentry(directory, name);
  }
  const dirty = lookupDentry(directory, DIRTY_NAME);
  vfsCreate(kernel, directory, dirty, S_IFREG);
}
