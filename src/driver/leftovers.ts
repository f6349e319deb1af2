/** What a driver over overlayfs leaves when the machine stops, or when the system refuses to take it away again. */
import { isDirectory } from '../abi/mode.ts';
import { directoryName } from '../abi/name-bytes.ts';
import { listNames, listPaths } from '../archive/list-names.ts';
import type { Task } from '../kernel/task.ts';
import { FS_MAGIC_OVERLAY, fsMagicOf } from './backing-filesystem.ts';

/** The names of what the checks in overlay-check.ts and the features of a driver are tried out in. */
const TRIED_OUT = /^(check-overlayfs-support|opaque-bug-check|feature-check|fsutils-dummy)[0-9]+$/;

/**
 * What checks have left in the home and, from before it was made, in the directory that it lies in; mount points `merged`
 * of layers that nobody shows. Absolute paths.
 */
export function leftoversOf(task: Task, home: string): string[] {
  const triedOut = [directoryName(home), home].flatMap((directory) => listPaths(task, directory, isTriedOut));
  return [...triedOut, ...staleMountPoints(task, home)];
}

const isTriedOut = (name: string): boolean => TRIED_OUT.test(name);

function staleMountPoints(task: Task, home: string): string[] {
  const layers = listNames(task, home).filter((name) => !isTriedOut(name));
  return layers.map((name) => `${home}/${name}/merged`).filter((path) => isStale(task, path));
}

function isStale(task: Task, mountPoint: string): boolean {
  const stat = task.statIfPresent(mountPoint);
  return stat !== undefined && isDirectory(stat.mode) && fsMagicOf(task, mountPoint) !== FS_MAGIC_OVERLAY;
}
