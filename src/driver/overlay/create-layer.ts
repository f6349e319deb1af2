/** Makes a layer's directory. @see moby daemon/graphdriver/overlay/overlay.go (Create) */
import { AT_SYMLINK_NOFOLLOW } from '../../abi/flags.ts';
import { removeAll } from '../../archive/unpack-entry.ts';
import type { Task } from '../../kernel/task.ts';
import { copyDirectory } from '../copy-directory.ts';
import { layerExists, orNoSuchLayer } from '../layer-id.ts';
import { daemonOwner, makeDirectory, ROOT } from '../make-directory.ts';
import { attempt, isStop } from '../refusal.ts';
import { readText, writeText } from '../text-file.ts';
import { type LayerPaths, layerPaths } from './layout.ts';

/** The bits that mkdir(2) takes. */
const PERMISSIONS = 0o1777;

/**
 * Makes the layer; when a step is refused, what was made goes again. Docker takes a directory that is there already, and
 * removes it with all that is in it when a step is refused; here it is refused and stays.
 *
 * @throws DriverError `ERR_DRIVER_ID`
 */
export function createLayer(task: Task, home: string, id: string, parent: string | undefined): void {
  const paths = layerPaths(home, id);
  const { directory } = paths;
  if (task.statIfPresent(directory, AT_SYMLINK_NOFOLLOW) !== undefined) throw layerExists(directory);
  try {
    makeDirectory(task, directory, 0o710, daemonOwner(task));
    if (parent === undefined) makeDirectory(task, paths.root, 0o755, ROOT);
    else makeUpper(task, paths, parent, layerPaths(home, parent));
  } catch (error) {
    if (!isStop(error)) attempt(() => removeAll(task, directory));
    throw error;
  }
}

/** Over a whole tree an empty upper layer; over an init layer a copy of its upper layer, over the same tree. */
function makeUpper(task: Task, paths: LayerPaths, parent: string, below: LayerPaths): void {
  orNoSuchLayer('lstat', below.directory, () => task.lstat(below.directory));
  const root = task.statIfPresent(below.root, AT_SYMLINK_NOFOLLOW);
  if (root !== undefined) {
    makeDirectory(task, paths.upper, root.mode & PERMISSIONS, ROOT);
    makeDirectory(task, paths.work, 0o700, ROOT);
    writeText(task, paths.lowerId, parent, 0o600);
    return;
  }
  writeText(task, paths.lowerId, readText(task, below.lowerId), 0o600);
  makeDirectory(task, paths.upper, task.lstat(below.upper).mode & PERMISSIONS, ROOT);
  makeDirectory(task, paths.work, 0o700, ROOT);
  copyDirectory(task, below.upper, paths.upper, { mode: 'content', opaque: true });
}
