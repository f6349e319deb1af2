/** How much a directory holds. @see moby pkg/directory/directory_unix.go (Size) */
import { isDirectory } from '../abi/mode.ts';
import type { Task } from '../kernel/task.ts';
import { inodeKey } from './inode-key.ts';
import { listPaths } from './list-names.ts';

/**
 * The lengths of all that lies in the directory, at any depth, in bytes: what overlay2 calls the size of a layer.
 * Symlinks count the length of their text, an inode counts once, holes count as what they read as, directories 0.
 */
export function directorySize(task: Task, directory: string): number {
  return sizeBelow(task, directory, new Set());
}

function sizeBelow(task: Task, directory: string, seen: Set<string>): number {
  let size = 0;
  for (const path of listPaths(task, directory)) {
    const stat = task.lstat(path);
    if (isDirectory(stat.mode)) size += sizeBelow(task, path, seen);
    else if (stat.nlink === 1) size += stat.size;
    else if (!seen.has(inodeKey(stat))) {
      seen.add(inodeKey(stat));
      size += stat.size;
    }
  }
  return size;
}
