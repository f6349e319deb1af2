/** Makes a layer. @see moby daemon/graphdriver/aufs/aufs.go (Create, createDirsFor) */
import { AT_SYMLINK_NOFOLLOW } from '../../abi/flags.ts';
import { removeAll } from '../../archive/unpack-entry.ts';
import type { Task } from '../../kernel/task.ts';
import { DriverError } from '../driver-error.ts';
import { makeDirectory, ROOT } from '../make-directory.ts';
import { attempt, isStop } from '../refusal.ts';
import { writeText } from '../text-file.ts';
import { layerList, parentsOf } from './layer-list.ts';
import { layerPaths, MAX_DEPTH } from './layout.ts';
import { removeLayer } from './remove-layer.ts';

/**
 * Makes the layer; when a step is refused, what was made goes again. Docker takes what is there already, a branch with
 * files in it too, and finds out when it mounts that there are too many layers; here both are refused. What a removal has
 * left that did not come to its end is removed first.
 *
 * @throws DriverError `ERR_DRIVER_ID`, `ERR_DRIVER_DEPTH`
 */
export function createLayer(task: Task, home: string, id: string, parent: string | undefined): void {
  const paths = layerPaths(home, id);
  const isThere = (path: string): boolean => task.statIfPresent(path, AT_SYMLINK_NOFOLLOW) !== undefined;
  if (isThere(paths.layers)) throw new DriverError('ERR_DRIVER_ID', `open ${paths.layers}: file exists`);
  const parents = parent === undefined ? [] : [parent, ...parentsOf(task, home, parent)];
  if (parents.length > MAX_DEPTH) throw new DriverError('ERR_DRIVER_DEPTH', 'max depth exceeded');
  if (isThere(paths.diff) || isThere(paths.mnt)) removeLayer(task, home, id);
  try {
    makeDirectory(task, paths.mnt, 0o755, ROOT);
    makeDirectory(task, paths.diff, 0o755, ROOT);
    writeText(task, paths.layers, layerList(parents), 0o644);
  } catch (error) {
    if (!isStop(error)) for (const path of Object.values(paths)) attempt(() => removeAll(task, path));
    throw error;
  }
}
