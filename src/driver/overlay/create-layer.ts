/** Makes a layer's directory. @see moby daemon/graphdriver/overlay/overlay.go (Create) */
import { ErrnoException } from '../../abi/errno.ts';
import { AT_SYMLINK_NOFOLLOW } from '../../abi/flags.ts';
import { removeAll } from '../../archive/unpack-entry.ts';
import type { Task } from '../../kernel/task.ts';
import { copyDirectory } from '../copy-directory.ts';
import { DriverError } from '../driver-error.ts';
import { pathErrorText } from '../errno-text.ts';
import { makeDirectory } from '../make-directory.ts';
import { readText, writeText } from '../text-file.ts';
import { type LayerPaths, layerPaths } from './layout.ts';

/** Root of the machine, to whom layers belong. */
export const ROOT = Object.freeze({ uid: 0, gid: 0 });

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
  if (task.statIfPresent(directory, AT_SYMLINK_NOFOLLOW) !== undefined) {
    throw new DriverError('ERR_DRIVER_ID', `mkdir ${directory}: file exists`);
  }
  try {
    makeDirectory(task, directory, 0o710, { uid: task.getresuid()[0]!, gid: ROOT.gid });
    if (parent === undefined) makeDirectory(task, paths.root, 0o755, ROOT);
    else makeUpper(task, paths, parent, layerPaths(home, parent));
  } catch (error) {
    discard(task, directory, error);
    throw error;
  }
}

/** Takes away what could not be finished, unless the machine has stopped. */
function discard(task: Task, directory: string, cause: unknown): void {
  if (!(cause instanceof ErrnoException) && !(cause instanceof DriverError)) return;
  try {
    removeAll(task, directory);
  } catch (error) {
    if (!(error instanceof ErrnoException)) throw error;
  }
}

/** Over a whole tree an empty upper layer; over an init layer a copy of its upper layer, over the same tree. */
function makeUpper(task: Task, paths: LayerPaths, parent: string, below: LayerPaths): void {
  requireParent(task, below.directory);
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

function requireParent(task: Task, directory: string): void {
  try {
    task.lstat(directory);
  } catch (error) {
    if (!(error instanceof ErrnoException) || error.code !== 'ENOENT') throw error;
    throw new DriverError('ERR_DRIVER_ID', pathErrorText('lstat', directory, error), error);
  }
}
