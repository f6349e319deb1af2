/** Which layer a name of the merged tree comes from, found by the rules of the union itself. */
import { AT_SYMLINK_NOFOLLOW } from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import { isWhiteout } from '../abi/whiteout.ts';
import { OVERLAY_XATTR_PREFIX } from '../abi/xattr.ts';
import type { Task } from '../kernel/task.ts';

/** The number of the topmost of `directories` that shows `path`, or `undefined` where none does. */
export function originOf(task: Task, directories: readonly string[], path: string): number | undefined {
  let candidates = directories.map((directory, index) => ({ at: directory, index }));
  for (const name of path.split('/').filter((part) => part !== '' && part !== '.')) {
    const next: typeof candidates = [];
    for (const { at, index } of candidates) {
      const below = `${at}/${name}`;
      const stat = task.statIfPresent(below, AT_SYMLINK_NOFOLLOW);
      if (stat === undefined) continue;
      if (isWhiteout(stat.mode, stat.rdev)) break;
      if (!isDirectory(stat.mode)) {
        if (next.length === 0) next.push({ at: below, index });
        break;
      }
      next.push({ at: below, index });
      if (isOpaque(task, below)) break;
    }
    candidates = next;
  }
  return candidates[0]?.index;
}

function isOpaque(task: Task, directory: string): boolean {
  const name = `${OVERLAY_XATTR_PREFIX}opaque`;
  return task.llistxattr(directory).includes(name) && task.lgetxattr(directory, name)[0] === 0x79;
}
