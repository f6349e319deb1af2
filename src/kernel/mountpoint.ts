/**
 * Names that something is mounted on. One of the caller's own mount namespace can neither go nor move; where others alone
 * mounted something, it goes and takes their mounts along.
 *
 * @see fs/namespace.c __is_local_mountpoint(), __detach_mounts()
 */
import type { Dentry } from './dentry.ts';
import type { Kernel } from './kernel.ts';
import { detachTree, type MountNamespace } from './mount.ts';

/** The caller sees a mount there. */
export function isLocalMountpoint({ current }: Kernel, dentry: Dentry): boolean {
  if (dentry.mounted === 0) return false;
  return current === undefined || current.namespace.mounts.some(({ mountpoint }) => mountpoint === dentry);
}

/** Takes away what others have mounted on a name that is gone. */
export function detachMounts({ tasks }: Kernel, dentry: Dentry): void {
  if (dentry.mounted === 0) return;
  const namespaces = new Set<MountNamespace>([...tasks].map(({ namespace }) => namespace));
  for (const namespace of namespaces) {
    for (const mount of namespace.mounts.filter(({ mountpoint }) => mountpoint === dentry))
      detachTree(namespace, mount);
  }
}
