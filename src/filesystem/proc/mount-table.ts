/** /proc/<pid>/mountinfo. @see fs/proc_namespace.c show_mountinfo() */
import { MS_RDONLY } from '../../abi/flags.ts';
import { major, minor } from '../../abi/mode.ts';
import type { Mount, MountNamespace, Path } from '../../kernel/mount.ts';
import { escapePath, escapeSource, showMountFlags, showSuperblockFlags } from '../../kernel/mount-calls.ts';
import { pathFrom } from '../../kernel/namei.ts';

/** The lines as a task with this root sees them: mounts that it cannot reach are left out. */
export function formatMountinfo(namespace: MountNamespace, root: Path): string {
  let lines = '';
  for (const mount of namespace.mounts) {
    const at = pathFrom(root, { mount, dentry: mount.root });
    if (at !== undefined) lines += `${ofMount(mount, at)} - ${ofSuperblock(mount)}\n`;
  }
  return lines;
}

function ofMount(mount: Mount, at: string): string {
  const { dev } = mount.superblock;
  const flags = ((mount.flags & MS_RDONLY) !== 0 ? 'ro' : 'rw') + showMountFlags(mount);
  const ids = `${mount.id} ${(mount.parent ?? mount).id} ${major(dev)}:${minor(dev)}`;
  return `${ids} ${escapePath(mount.root.path || '/')} ${escapePath(at)} ${flags}`;
}

function ofSuperblock({ superblock, source }: Mount): string {
  const access = (superblock.readOnly ? 'ro' : 'rw') + showSuperblockFlags(superblock);
  return `${superblock.type.name} ${escapeSource(source)} ${access}${superblock.showOptions()}`;
}
