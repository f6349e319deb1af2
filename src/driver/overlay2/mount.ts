/**
 * The mount of one layer over those below. Layers are named by their short links; where absolute paths would not fit
 * the page that mount(2) reads, a child goes to the home and mounts from there with relative ones.
 *
 * @see moby daemon/graphdriver/overlay2/overlay.go (Get), mount.go (mountFrom)
 */
import { labelled } from '../mount-label.ts';
import { errnoText } from '../../abi/errno-text.ts';
import { PAGE_SIZE } from '../../abi/flags.ts';
import type { Task } from '../../kernel/task.ts';
import { DriverError } from '../driver-error.ts';
import { isErrno } from '../refusal.ts';
import { layerPaths } from './layout.ts';

/** What is to be mounted. */
export interface LayerMount {
  readonly home: string;
  readonly id: string;
  /** What the file `lower` holds. */
  readonly lower: string;
  /** A layer lies on top of this one: it is shown without an upper layer. */
  readonly readOnly: boolean;
  /** Options that this kernel wants first, each with a comma behind it: `index=off,`. */
  readonly kernelOptions: string;
  /** An SELinux context, or `''`. */
  readonly label: string;
}

/** The options of mount(2), by absolute paths or relative to the home. */
export function mountData(mount: LayerMount, relative: boolean): string {
  const { home, lower, readOnly, kernelOptions, label } = mount;
  const { diff, work } = layerPaths(relative ? '' : home, mount.id);
  const links = lower.split(':').map((link) => (relative ? link : `${home}/${link}`));
  const layers = readOnly
    ? `lowerdir=${[diff, ...links].join(':')}`
    : `lowerdir=${links.join(':')},upperdir=${diff},workdir=${work}`;
  return labelled(kernelOptions + layers, label);
}

const lengthOf = (data: string): number => new TextEncoder().encode(data).length;

/**
 * Mounts the layer at its `merged`, which must be there.
 *
 * @throws DriverError `ERR_DRIVER_MOUNT`
 */
export function mountLayer(task: Task, mount: LayerMount): void {
  const data = mountData(mount, false);
  const { merged } = layerPaths(mount.home, mount.id);
  if (lengthOf(data) < PAGE_SIZE) {
    mountAt(task, merged, merged, data, '');
    return;
  }
  const shortened = mountData(mount, true);
  const length = lengthOf(shortened);
  if (length >= PAGE_SIZE) {
    throw new DriverError('ERR_DRIVER_MOUNT', `cannot mount layer, mount label too large ${length}`);
  }
  mountFrom(task, mount, merged, shortened);
}

function mountFrom(task: Task, { home, id }: LayerMount, merged: string, data: string): void {
  const child = task.clone();
  try {
    const program = 'mountfrom re-exec error: exit status 1: output: ';
    refusedAs(merged, program, () => child.chdir(home));
    mountAt(child, layerPaths('', id).merged, merged, data, program);
  } finally {
    child.exit();
  }
}

function mountAt(task: Task, target: string, merged: string, data: string, program: string): void {
  refusedAs(merged, program, () => task.mount('overlay', target, 'overlay', data));
}

function refusedAs(merged: string, program: string, call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!isErrno(error)) throw error;
    const message = `error creating overlay mount to ${merged}: ${program}${errnoText(error.code)}`;
    throw new DriverError('ERR_DRIVER_MOUNT', message, error);
  }
}
