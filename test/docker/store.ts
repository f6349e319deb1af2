/** What the real dockerd and ours have in common for the comparison: images, containers, and the disk they lie on. */
import { isDirectory, isSymlink } from '../../src/abi/mode.ts';
import { RUN_BEGINS } from '../../src/testing/masks.ts';
import type { SubjectTask } from '../../src/testing/subject.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_DIRECTORY, O_NOATIME, O_RDONLY, UTIME_OMIT } from '../../src/abi/flags.ts';
import type { DriverName } from './dockerd.ts';

/** An image, as far as layers go. */
export interface Image {
  /** How the store itself calls it. */
  readonly id: string;
  /** The diffIDs of its layers, base first. */
  readonly layers: readonly string[];
}

/** What a batch of changes in a container led to. */
export interface Work<T> {
  readonly result: T;
  /** The line of /proc/self/mounts while the container was mounted; `undefined` for a driver that mounts nothing. */
  readonly mount: string | undefined;
}

/** How a container's filesystem is mounted for work in it: by starting the container, or without. */
export type Mounting = 'started' | 'mounted';

/** A store of layers with images and containers on top: the real one or ours. */
export interface Store {
  readonly driver: DriverName;
  /** The data root, the same path on both sides. */
  readonly root: string;
  /** Root, outside of any container. */
  readonly task: SubjectTask;
  /** `docker import` */
  importImage(tar: Uint8Array): Promise<Image>;
  /** `docker load` of one image with these layers, base first. */
  loadImage(layers: readonly Uint8Array[]): Promise<Image>;
  /** `docker create`; answers the container's id, which is `id` where the store can choose. */
  create(image: Image, id?: string): Promise<string>;
  /** Runs `use` with a task whose root is the container's. */
  work<T>(container: string, mounting: Mounting, use: (task: SubjectTask) => T): Promise<Work<T>>;
  /** `docker diff`, in any order. */
  changes(container: string): Promise<readonly string[]>;
  /** What `docker inspect` tells: `GraphDriver.Data` and the sizes. */
  inspectContainer(container: string): Promise<Inspection>;
  inspectImage(image: Image): Promise<Inspection>;
  /** `docker commit` */
  commit(container: string): Promise<Image>;
  /** The tars of an image's layers as `docker save` writes them, base first. */
  save(image: Image): Promise<readonly Uint8Array[]>;
  removeContainer(container: string): Promise<void>;
  removeImage(image: Image): Promise<void>;
  /** The daemon stops and starts again. */
  restart(): Promise<void>;
  /** Removes whatever is there, for the next history. */
  clear?(): Promise<void>;
}

/** The part of `docker inspect` that the graph driver and the layer store answer for. */
export interface Inspection {
  readonly data: Readonly<Record<string, string>> | undefined;
  readonly sizes: Readonly<Record<string, number>>;
}

/** Where the layer store keeps what it knows. */
export const layerdb = ({ root, driver }: Store): string => `${root}/image/${driver}/layerdb`;

/** The directory in which a driver keeps what is written to a layer. */
export function layerDirectory({ root, driver, task }: Store, id: string): string {
  if (driver === 'vfs') return `${root}/vfs/dir/${id}`;
  if (driver === 'overlay2') return `${root}/overlay2/${id}/diff`;
  const upper = `${root}/overlay/${id}/upper`;
  return exists(task, upper) ? upper : `${root}/overlay/${id}/root`;
}

/** Where a driver shows a layer. */
export const mountpoint = ({ root, driver }: Store, id: string): string =>
  driver === 'vfs' ? `${root}/vfs/dir/${id}` : `${root}/${driver}/${id}/merged`;

export function exists(task: SubjectTask, path: string): boolean {
  try {
    task.lstat(path);
    return true;
  } catch {
    return false;
  }
}

/** The names in a directory, sorted; empty where there is none. */
export function namesIn(task: SubjectTask, directory: string): string[] {
  if (!exists(task, directory)) return [];
  const fd = task.open(directory, O_RDONLY | O_DIRECTORY | O_NOATIME);
  try {
    const names: string[] = [];
    for (let got = task.getdents(fd); got.length > 0; got = task.getdents(fd)) {
      for (const { name } of got) if (name !== '.' && name !== '..') names.push(name);
    }
    return names.sort();
  } finally {
    task.close(fd);
  }
}

/** A whole file. */
export function readFile(task: SubjectTask, path: string): Buffer {
  const fd = task.open(path, O_RDONLY | O_NOATIME);
  try {
    const bytes = Buffer.alloc(task.fstat(fd).size);
    for (let at = 0; at < bytes.length; ) {
      const got = task.pread(fd, bytes.subarray(at), at);
      if (got === 0) return bytes.subarray(0, at);
      at += got;
    }
    return bytes;
  } finally {
    task.close(fd);
  }
}

export const readText = (task: SubjectTask, path: string): string => readFile(task, path).toString();

/** The id by which the driver knows a container's writable layer. */
export const mountID = (store: Store, container: string): string =>
  readText(store.task, `${layerdb(store)}/mounts/${container}/mount-id`);

/**
 * Gives `time` to all in a layer's own directory that was modified during the run, whiteouts too: so that both machines
 * have the same times, and those that the changes set themselves stay.
 */
export function settle(task: SubjectTask, directory: string, time: number): void {
  settleOne(task, directory, time);
  for (const name of namesIn(task, directory)) {
    const path = `${directory}/${name}`;
    const { mode } = task.lstat(path);
    if (isDirectory(mode)) settle(task, path, time);
    else settleOne(task, path, time);
  }
}

function settleOne(task: SubjectTask, path: string, time: number): void {
  if (task.lstat(path).mtime.sec < RUN_BEGINS) return;
  task.utimensat(AT_FDCWD, path, { sec: 0, nsec: UTIME_OMIT }, { sec: time, nsec: 0 }, AT_SYMLINK_NOFOLLOW);
}

/** All paths of a tree but its root, in the order of their names. */
export function pathsIn(task: SubjectTask, root: string, below = ''): { path: string; mode: number }[] {
  return namesIn(task, `${root}/${below}`).flatMap((name) => {
    const path = below === '' ? name : `${below}/${name}`;
    if (!exists(task, `${root}/${path}`)) return [];
    const { mode } = task.lstat(`${root}/${path}`);
    const more = isDirectory(mode) && !isSymlink(mode) ? pathsIn(task, root, path) : [];
    return [{ path, mode }, ...more];
  });
}
