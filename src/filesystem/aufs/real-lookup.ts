/** Names in the directories of branches. */
import type { Dentry } from '../../kernel/dentry.ts';
import { isLongerThan, lookupDentry } from '../../kernel/lookup.ts';
import { isDeadDirectory } from '../../kernel/permission.ts';

/** The name in a directory of a branch; `undefined` where it is missing, too long for the branch, or the directory is gone. */
export function findReal(directory: Dentry, name: string): Dentry | undefined {
  const cached = directory.children?.get(name);
  if (cached !== undefined) return cached.inode === undefined ? undefined : cached;
  if (isDeadDirectory(directory)) return undefined;
  if (isLongerThan(name, directory.superblock.nameMax)) return undefined;
  const dentry = lookupDentry(directory, name);
  return dentry.inode === undefined ? undefined : dentry;
}

/**
 * As {@link findReal}, where most directories do not have the name: they are asked without a dentry. `hash` is
 * `hashOf(name)`, where it is known.
 */
export function searchReal(directory: Dentry, name: string, hash?: number): Dentry | undefined {
  if (directory.inode!.lacks?.(name, hash) && !directory.superblock.kernel.trace.active) return undefined;
  return findReal(directory, name);
}
