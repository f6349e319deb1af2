/** The changes that a branch tells of itself, in the form that comparing two trees gives. */
import { AT_SYMLINK_NOFOLLOW } from '../../abi/flags.ts';
import { isDirectory } from '../../abi/mode.ts';
import { WHITEOUT_OPAQUE, WHITEOUT_PREFIX } from '../../abi/whiteout.ts';
import type { Change } from '../../archive/change.ts';
import { compareTrees } from '../../archive/compare-trees.ts';
import { listNames } from '../../archive/list-names.ts';
import type { Task } from '../../kernel/task.ts';

/** What a driver told of a layer, and both trees as they are shown. */
export interface BranchTelling {
  readonly root: string;
  readonly below: string;
  readonly told: readonly Change[];
}

/** What the deletion of a directory's mark is told as. */
const MARK = `/${WHITEOUT_OPAQUE.slice(WHITEOUT_PREFIX.length)}`;

/**
 * Takes from what is told only what the features of a driver allow: files that came up and are the same, directories
 * that were there, whether a name was there below, marks. Names that are new, gone or differ are the driver's own word.
 */
export function asCompared(task: Task, { root, below, told }: BranchTelling): Change[] {
  const compared = compareTrees(task, root, below).filter(({ kind }) => kind === 'C');
  const differs = new Set(compared.map(({ path }) => path));
  const isThere = (tree: string, path: string): boolean =>
    task.statIfPresent(tree + path, AT_SYMLINK_NOFOLLOW) !== undefined;
  const isFile = (path: string): boolean => !isDirectory(task.lstat(root + path).mode);
  const changed = told.flatMap(({ kind, path }): Change[] => {
    if (kind === 'D' && path.endsWith(MARK)) return hidden(task, root, below, path.slice(0, -MARK.length));
    if (kind === 'D') return [{ kind, path }];
    if (!isThere(below, path)) return [{ kind: 'A', path }];
    return isFile(path) && differs.has(path) ? [{ kind: 'C', path }] : [];
  });
  const directories = compared.filter(({ path }) => !isFile(path));
  return [...new Map([...changed, ...directories].map((change) => [change.path, change])).values()];
}

/** The names that a directory hides, and those that the directories in it hide with it. */
function hidden(task: Task, root: string, below: string, directory: string): Change[] {
  const there = task.statIfPresent(below + directory, AT_SYMLINK_NOFOLLOW);
  if (there === undefined || !isDirectory(there.mode)) return [];
  const now = new Set(listNames(task, root + directory));
  return listNames(task, below + directory).flatMap((name): Change[] => {
    const path = `${directory}/${name}`;
    if (!now.has(name)) return [{ kind: 'D', path }];
    return isDirectory(task.lstat(root + path).mode) ? hidden(task, root, below, path) : [];
  });
}
