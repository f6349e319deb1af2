/** Files of a layer from its branch, without a mount. @see moby daemon/graphdriver/aufs/aufs.go (DiffGetter) */
import { readPieces } from '../../archive/read-chunks.ts';
import type { Task } from '../../kernel/task.ts';
import type { DiffGetter } from '../driver.ts';

/** Reads the files of the branch; there is nothing to be closed. */
export const branchGetter = (task: Task, branch: string): DiffGetter => ({
  directory: branch,
  get: (path) => readPieces(task, `${branch}/${path}`),
  close() {},
});
