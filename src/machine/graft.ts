/** Hangs a filesystem of another machine into this one: a snapshot that costs nothing, however much it holds. */
import { AT_FDCWD, MS_RDONLY, MS_RELATIME } from '../abi/flags.ts';
import { Fork } from '../kernel/fork.ts';
import { Mount } from '../kernel/mount.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, resolvePath } from '../kernel/namei.ts';
import type { Superblock } from '../kernel/superblock.ts';
import type { Machine } from './machine.ts';

/** Mounts a snapshot of `superblock`, as it is now, read-only at `target`. */
export function graft(machine: Machine, superblock: Superblock, target: string, source: string): void {
  const { task } = machine;
  const place = resolvePath(task, AT_FDCWD, target, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  const made = new Fork(machine.kernel, true).superblock(superblock);
  task.namespace.attach(new Mount(made, made.root, source, MS_RDONLY | MS_RELATIME), place);
}
