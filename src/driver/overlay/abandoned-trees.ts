/** What unpacking into a layer leaves in its directory when the machine stops: see hard-link-writer.ts. */
import { isDirectory } from '../../abi/mode.ts';
import { listNames, listPaths } from '../../archive/list-names.ts';
import type { Task } from '../../kernel/task.ts';
import { layerPaths, TEMPORARY_ROOT } from './layout.ts';

/** Trees that did not become a `root`, but for those that still grow, and the upper layers that a `root` has replaced. */
export function abandonedTrees(task: Task, home: string, growing: ReadonlySet<string | undefined>): string[] {
  const left: string[] = [];
  for (const id of listNames(task, home)) {
    const { directory, root, upper, work, lowerId } = layerPaths(home, id);
    const paths = listPathsIfDirectory(task, directory);
    left.push(...paths.filter((path) => path.startsWith(`${directory}/${TEMPORARY_ROOT}`) && !growing.has(path)));
    if (paths.includes(root)) left.push(...paths.filter((path) => [upper, work, lowerId].includes(path)));
  }
  return left;
}

function listPathsIfDirectory(task: Task, path: string): string[] {
  return isDirectory(task.lstat(path).mode) ? listPaths(task, path) : [];
}
