/**
 * What a branch of AUFS changes in the branches below it, from their directories alone.
 *
 * @see moby pkg/archive/changes.go (Changes)
 */
import { isDirectory } from '../abi/mode.ts';
import { baseName, directoryName } from '../abi/name-bytes.ts';
import { compareTimespec, type Stat } from '../abi/stat.ts';
import { WHITEOUT_META_PREFIX, WHITEOUT_PREFIX } from '../abi/whiteout.ts';
import type { Task } from '../kernel/task.ts';
import type { Change } from './change.ts';
import { listNames } from './list-names.ts';
import { statIfReachable } from './unpack-entry.ts';

/**
 * The changes that the branch at `branch` makes in those of `below`, the nearest first; in the order of its walk.
 *
 * - `.wh.NAME` is `'D'`; AUFS's own files at the top are passed over
 * - everything else is `'C'` where the name is there below, `'A'` where it is not, or is a symlink that leads nowhere
 * - a directory that has the same size, mode and time below is told only if something is added or deleted right in it
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { branchChanges, formatChange } from 'lowerdir/archive';
 * const { task, fs } = createMachine();
 * fs.mkdirSync('/image/d', { recursive: true });
 * fs.mkdirSync('/branch/d', { recursive: true });
 * fs.writeFileSync('/branch/d/.wh.gone', '');
 * branchChanges(task, ['/image'], '/branch').map(formatChange); // => ['C /d', 'D /d/gone']
 * ```
 */
export function branchChanges(task: Task, below: readonly string[], branch: string): readonly Change[] {
  const walk = new BranchWalk(task, below, branch);
  walk.into('');
  return walk.changes;
}

class BranchWalk {
  readonly changes: Change[] = [];
  readonly #task: Task;
  readonly #below: readonly string[];
  readonly #branch: string;
  /** Directories that are told already. */
  readonly #told = new Set<string>();

  constructor(task: Task, below: readonly string[], branch: string) {
    this.#task = task;
    this.#below = below;
    this.#branch = branch;
  }

  into(directory: string): void {
    for (const name of listNames(this.#task, `${this.#branch}${directory}`)) {
      const path = `${directory}/${name}`;
      if (directory === '' && name.startsWith(WHITEOUT_META_PREFIX)) continue;
      const stat = this.#task.lstat(`${this.#branch}${path}`);
      this.#tell(path, stat);
      if (isDirectory(stat.mode)) this.into(path);
    }
  }

  #tell(path: string, stat: Stat): void {
    const change = this.#changeOf(path, stat);
    if (change === undefined) return;
    if (isDirectory(stat.mode)) this.#told.add(path);
    if (change.kind !== 'C') this.#tellParent(directoryName(path));
    this.changes.push(change);
  }

  #changeOf(path: string, stat: Stat): Change | undefined {
    const name = baseName(path);
    if (name.startsWith(WHITEOUT_PREFIX)) {
      return { kind: 'D', path: `${path.slice(0, -name.length)}${name.slice(WHITEOUT_PREFIX.length)}` };
    }
    for (const layer of this.#below) {
      const there = statIfReachable(this.#task, `${layer}${path}`);
      if (there !== undefined) return sameDirectory(there, stat) ? undefined : { kind: 'C', path };
    }
    return { kind: 'A', path };
  }

  #tellParent(directory: string): void {
    if (directory === '/' || this.#told.has(directory)) return;
    this.#told.add(directory);
    this.changes.push({ kind: 'C', path: directory });
  }
}

/** Sizes are those of the directories' own entries, as the filesystem counts them. */
function sameDirectory(there: Stat, stat: Stat): boolean {
  if (!isDirectory(there.mode) || !isDirectory(stat.mode)) return false;
  if (there.size !== stat.size || there.mode !== stat.mode) return false;
  const { mtime } = stat;
  const isWhole = there.mtime.nsec === 0 || mtime.nsec === 0;
  return compareTimespec(there.mtime, mtime) === 0 || (there.mtime.sec === mtime.sec && isWhole);
}
