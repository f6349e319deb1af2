/** Docker's vfs: a layer is a copy of the whole tree below it. @see moby daemon/graphdriver/vfs/driver.go */
import { isDirectory } from '../../abi/mode.ts';
import { removeAll } from '../../archive/unpack-entry.ts';
import type { Task } from '../../kernel/task.ts';
import { copyDirectory } from '../copy-directory.ts';
import type { CreateOptions, Driver, DriverFeatures, DriverParts, DriverType, ProtoDriver } from '../driver.ts';
import { DriverError } from '../driver-error.ts';
import { isLayerId, layerExists, orNoSuchLayer, requireLayerId } from '../layer-id.ts';
import { daemonOwner, makeDirectories, makeDirectory, ROOT } from '../make-directory.ts';
import { naiveDiff } from '../naive-diff.ts';
import { QUOTA_NOT_SUPPORTED, type QuotaControl, startQuota } from '../quota.ts';
import { attempt, isErrno, isStop } from '../refusal.ts';
import { removeDirectory } from '../unmount.ts';
import { layerOf, layersOf } from './layout.ts';
import { parseOptions, sizeLimitOf } from './options.ts';

/**
 * The driver as a value. One option that a daemon starts it with: `size=10G`, the limit of a container's layer unless it
 * has one of its own, where the disk keeps project quotas.
 *
 * A copy keeps owners, modes, times, hard links, devices and file capabilities; other extended attributes stay behind,
 * and a tree with a socket in it cannot be copied (EINVAL), both as with Docker 20.10.
 *
 * @see moby daemon/graphdriver/vfs/driver.go
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { vfs } from 'lowerdir/driver/vfs';
 * const { task, fs } = createMachine();
 * const driver = vfs().init({ task, home: '/var/lib/docker/vfs' });
 * driver.create('base');
 * fs.writeFileSync(`${driver.get('base')}/a`, 'below');
 * driver.createReadWrite('container', 'base');
 * fs.writeFileSync(`${driver.get('container')}/a`, 'above');
 * fs.readFileSync('/var/lib/docker/vfs/dir/base/a', 'utf8'); // => 'below'
 * ```
 */
export function vfs(): DriverType {
  return { name: 'vfs', init: startVfs };
}

/**
 * Starts the driver over a home, which is made, and stays even where the driver is refused then, as with Docker.
 *
 * @throws DriverError `ERR_DRIVER_OPTION`, `ERR_DRIVER_QUOTA`
 */
function startVfs({ task, home, options = [] }: DriverParts): Driver {
  const { size } = parseOptions(options);
  makeDirectories(task, home, 0o710, daemonOwner(task));
  const quota = quotaOf(task, home);
  if (size > 0 && quota === undefined) throw new DriverError('ERR_DRIVER_QUOTA', QUOTA_NOT_SUPPORTED);
  return naiveDiff(new VfsDriver(task, home, size, quota), { task });
}

/** Quotas where the disk keeps them; why it does not Docker only logs. */
function quotaOf(task: Task, home: string): QuotaControl | undefined {
  try {
    return startQuota(task, home);
  } catch (error) {
    if (error instanceof DriverError || isErrno(error)) return undefined;
    throw error;
  }
}

/** The driver over one home. */
class VfsDriver implements ProtoDriver {
  readonly name = 'vfs';
  readonly home: string;
  readonly features: DriverFeatures;
  readonly #task: Task;
  readonly #size: number;
  readonly #quota: QuotaControl | undefined;

  constructor(task: Task, home: string, size: number, quota: QuotaControl | undefined) {
    this.home = home;
    this.#task = task;
    this.#size = size;
    this.#quota = quota;
    this.features = Object.freeze({
      copyOnWrite: 'none',
      nativeDiff: false,
      quota: quota !== undefined,
      maxDepth: Number.POSITIVE_INFINITY,
      nonStandard: new Set<never>(),
    });
  }

  create(id: string, parent?: string, { storageOptions = {} }: CreateOptions = {}): void {
    if (Object.keys(storageOptions).length > 0) {
      const message = '--storage-opt is not supported for vfs on read-only layers';
      throw new DriverError('ERR_DRIVER_STORAGE_OPTION', message);
    }
    this.#create(id, parent, 0);
  }

  createReadWrite(id: string, parent?: string, { storageOptions = {} }: CreateOptions = {}): void {
    this.#create(id, parent, sizeLimitOf(storageOptions, this.#size, this.#quota !== undefined));
  }

  /** Docker leaves the directory behind when the copy fails, and takes one that is there already; here neither is so. */
  #create(id: string, parent: string | undefined, size: number): void {
    requireLayerId(this.name, id);
    const directory = layerOf(this.home, id);
    makeDirectories(this.#task, layersOf(this.home), 0o710, daemonOwner(this.#task));
    if (this.exists(id)) throw layerExists(directory);
    try {
      makeDirectory(this.#task, directory, 0o755, ROOT);
      if (size > 0) this.#quota?.setQuota(directory, size);
      if (parent !== undefined) this.#copyParent(parent, directory);
    } catch (error) {
      if (!isStop(error)) attempt(() => removeAll(this.#task, directory));
      throw error;
    }
  }

  #copyParent(parent: string, directory: string): void {
    let source: string;
    try {
      source = this.get(parent);
    } catch (error) {
      if (!(error instanceof DriverError)) throw error;
      throw new DriverError(error.code, `${parent}: ${error.message}`, error);
    }
    copyDirectory(this.#task, source, directory, { mode: 'content', opaque: false });
  }

  get(id: string): string {
    requireLayerId(this.name, id);
    const directory = layerOf(this.home, id);
    const { mode } = orNoSuchLayer('stat', directory, () => this.#task.stat(directory));
    if (isDirectory(mode)) return directory;
    throw new DriverError('ERR_DRIVER_ID', `${directory}: not a directory`);
  }

  /** Nothing was mounted, so there is nothing to unmount. */
  put(): void {}

  exists(id: string): boolean {
    return isLayerId(id) && this.#task.statIfPresent(layerOf(this.home, id)) !== undefined;
  }

  remove(id: string): void {
    requireLayerId(this.name, id);
    removeDirectory(this.#task, layerOf(this.home, id));
  }

  status(): readonly (readonly [string, string])[] {
    return [];
  }

  metadata(): undefined {
    return undefined;
  }

  cleanup(): void {}
}
