/** Makes a layer's directory. @see moby daemon/graphdriver/overlay2/overlay.go (create, getLower) */
import { removeAll } from '../../archive/unpack-entry.ts';
import type { Task } from '../../kernel/task.ts';
import { DriverError } from '../driver-error.ts';
import { layerExists, orNoSuchLayer } from '../layer-id.ts';
import { daemonOwner, makeDirectories, makeDirectory, ROOT } from '../make-directory.ts';
import { attempt } from '../refusal.ts';
import { readText, readTextIfPresent, writeText } from '../text-file.ts';
import { LINK_DIRECTORY, type LayerPaths, layerPaths, MAX_DEPTH } from './layout.ts';
import { generateLinkId } from './link-id.ts';

/** A layer that is to be made. */
export interface NewLayer {
  readonly home: string;
  readonly id: string;
  readonly parent: string | undefined;
  /** Sets the limit of the layer's directory, before anything is in it. */
  limit?(directory: string): void;
}

/**
 * Makes the layer; when a step is refused, what was made goes again.
 *
 * Docker makes the short link before it notes it in the layer and marks the parent before it knows that the parent
 * will do. Here the mark comes last and the link is noted first, so that a stop between two steps leaves a directory that
 * `remove` takes away whole.
 *
 * @throws DriverError `ERR_DRIVER_ID`, `ERR_DRIVER_DEPTH`
 */
export function createLayer(task: Task, layer: NewLayer): void {
  const paths = layerPaths(layer.home, layer.id);
  const owner = daemonOwner(task);
  makeDirectories(task, layer.home, 0o710, owner);
  if (task.statIfPresent(paths.root) !== undefined) throw layerExists(paths.root);
  const undo = [() => removeAll(task, paths.root)];
  try {
    makeDirectory(task, paths.root, 0o710, owner);
    layer.limit?.(paths.root);
    fillLayer(task, layer, paths, undo);
  } catch (error) {
    for (const step of undo.reverse()) attempt(step);
    throw error;
  }
}

function fillLayer(task: Task, { home, id, parent }: NewLayer, paths: LayerPaths, undo: (() => void)[]): void {
  makeDirectory(task, paths.diff, 0o755, ROOT);
  const link = generateLinkId(task);
  const linkPath = `${home}/${LINK_DIRECTORY}/${link}`;
  writeText(task, paths.link, link, 0o644);
  task.symlink(`../${id}/diff`, linkPath);
  undo.push(() => task.unlink(linkPath));
  if (parent === undefined) return;
  const parentPaths = layerPaths(home, parent);
  const lower = lowerOf(task, parentPaths);
  makeDirectory(task, paths.work, 0o700, ROOT);
  writeText(task, paths.lower, lower, 0o644);
  writeText(task, parentPaths.committed, '', 0o600);
}

/** What the file `lower` of a layer on top of that parent holds. */
function lowerOf(task: Task, parent: LayerPaths): string {
  const above = readTextIfPresent(task, parent.lower);
  const lowers = [`${LINK_DIRECTORY}/${linkOf(task, parent)}`, ...(above === undefined ? [] : above.split(':'))];
  if (lowers.length > MAX_DEPTH) throw new DriverError('ERR_DRIVER_DEPTH', 'max depth exceeded');
  return lowers.join(':');
}

/** Docker notices that there is no such parent when it marks it. */
const linkOf = (task: Task, parent: LayerPaths): string =>
  orNoSuchLayer('open', parent.committed, () => readText(task, parent.link));
