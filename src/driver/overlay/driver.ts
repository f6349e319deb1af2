/**
 * Docker's first driver over overlayfs: a layer of an image is a whole tree of hard links, a container an overlay over
 * one such tree.
 *
 * @see moby daemon/graphdriver/overlay/overlay.go
 */
import { errnoText } from '../../abi/errno-text.ts';
import { MNT_DETACH } from '../../abi/flags.ts';
import type { Change } from '../../archive/change.ts';
import { listNames } from '../../archive/list-names.ts';
import type { Task } from '../../kernel/task.ts';
import type { CreateOptions, DiffDriver, DiffWriter, Driver, DriverFeatures } from '../driver.ts';
import { FS_MAGIC_OVERLAY } from '../backing-filesystem.ts';
import { DriverError } from '../driver-error.ts';
import { isLayerId, orNoSuchLayer, refuseEmptyId, requireLayerId } from '../layer-id.ts';
import { leftoversOf } from '../leftovers.ts';
import { makeDirectory, ROOT } from '../make-directory.ts';
import { naiveDiff } from '../naive-diff.ts';
import { overlayNonStandard } from '../overlay-features.ts';
import type { OverlayHome } from '../overlay-check.ts';
import { isMounted, ReferenceCounter } from '../reference-counter.ts';
import { attempt, isErrno, passing, unlessRefused } from '../refusal.ts';
import { readText } from '../text-file.ts';
import { detachOverlay, removeDirectory, unmountBelow } from '../unmount.ts';
import { abandonedTrees } from './abandoned-trees.ts';
import { createLayer } from './create-layer.ts';
import { HardLinkWriter } from './hard-link-writer.ts';
import { type LayerPaths, layerPaths } from './layout.ts';
import { refuseStorageOptions } from '../no-options.ts';
import { labelled } from '../mount-label.ts';

/** What the start of the driver found out. */
export interface OverlayParts extends OverlayHome {
  readonly task: Task;
  readonly home: string;
}

/** The driver over one home. */
export class OverlayDriver implements Driver {
  readonly name = 'overlay';
  readonly home: string;
  readonly #task: Task;
  readonly #parts: OverlayParts;
  readonly #mounts: ReferenceCounter;
  readonly #naive: DiffDriver;
  /** Those that are not over, and the last. */
  #writers: readonly HardLinkWriter[] = [];
  #features: DriverFeatures | undefined;

  constructor(parts: OverlayParts) {
    this.#parts = parts;
    this.#task = parts.task;
    this.home = parts.home;
    this.#mounts = new ReferenceCounter((path) => isMounted(parts.task, FS_MAGIC_OVERLAY, path));
    this.#naive = naiveDiff(this, { task: parts.task });
  }

  /** Found out by trying, when first asked for. */
  get features(): DriverFeatures {
    this.#features ??= Object.freeze({
      copyOnWrite: 'file',
      nativeDiff: false,
      quota: false,
      maxDepth: Number.POSITIVE_INFINITY,
      nonStandard: overlayNonStandard(this.#task, this.home, { mountOptions: '', hardLinked: true }),
    });
    return this.#features;
  }

  create(id: string, parent?: string, { storageOptions = {} }: CreateOptions = {}): void {
    refuseStorageOptions(this.name, storageOptions);
    for (const name of parent === undefined ? [id] : [id, parent]) requireLayerId(this.name, name);
    createLayer(this.#task, this.home, id, parent);
  }

  createReadWrite(id: string, parent?: string, options?: CreateOptions): void {
    this.create(id, parent, options);
  }

  get(id: string, mountLabel = ''): string {
    const paths = this.#existing(id);
    if (this.#isThere(paths.root)) return paths.root;
    if (this.#mounts.increment(paths.merged) > 1) return paths.merged;
    try {
      this.#mount(paths, mountLabel);
    } catch (error) {
      if (this.#mounts.decrement(paths.merged) <= 0) attempt(() => this.#unmount(paths.merged, 0));
      throw error;
    }
    return paths.merged;
  }

  #mount({ lowerId, upper, work, merged }: LayerPaths, label: string): void {
    const lower = layerPaths(this.home, readText(this.#task, lowerId)).root;
    makeDirectory(this.#task, merged, 0o700, ROOT);
    const data = labelled(`lowerdir=${lower},upperdir=${upper},workdir=${work}`, label);
    try {
      this.#task.mount('overlay', merged, 'overlay', data);
    } catch (error) {
      if (!isErrno(error)) throw error;
      const message = `error creating overlay mount to ${merged}: ${errnoText(error.code)}`;
      throw new DriverError('ERR_DRIVER_MOUNT', message, error);
    }
    this.#task.chown(`${work}/work`, ROOT.uid, ROOT.gid);
  }

  /** A `put` that is refused has given nothing back. */
  put(id: string): void {
    if (!isLayerId(id)) return;
    const { root, merged } = layerPaths(this.home, id);
    if (this.#isWhole(root)) return;
    if (this.#mounts.decrement(merged) <= 0) this.#unmount(merged, MNT_DETACH);
  }

  /** Whether the layer is a tree, which nobody mounts; what cannot be asked for is taken for a mount. */
  #isWhole(root: string): boolean {
    return unlessRefused(() => this.#isThere(root), false);
  }

  /** Without its directory the mount goes in the mount namespaces of others too. */
  #unmount(merged: string, flags: number): void {
    passing(['EINVAL', 'ENOENT'], () => this.#task.umount(merged, flags));
    passing(['ENOENT', 'EBUSY', 'ENOTEMPTY'], () => this.#task.rmdir(merged));
  }

  exists(id: string): boolean {
    return isLayerId(id) && this.#isThere(layerPaths(this.home, id).directory);
  }

  #isThere(path: string): boolean {
    return this.#task.statIfPresent(path) !== undefined;
  }

  /** The paths of a layer that must be there. */
  #existing(id: string): LayerPaths {
    requireLayerId(this.name, id);
    const paths = layerPaths(this.home, id);
    orNoSuchLayer('stat', paths.directory, () => this.#task.stat(paths.directory));
    return paths;
  }

  remove(id: string): void {
    refuseEmptyId(id);
    requireLayerId(this.name, id);
    const { directory, merged } = layerPaths(this.home, id);
    detachOverlay(this.#task, merged);
    removeDirectory(this.#task, directory);
    this.#mounts.forget(merged);
  }

  status(): readonly (readonly [string, string])[] {
    return [
      ['Backing Filesystem', this.#parts.backingFilesystem],
      ['Supports d_type', `${this.#parts.supportsDType}`],
    ];
  }

  metadata(id: string): Readonly<Record<string, string>> {
    const { root, lowerId, upper, work, merged } = this.#existing(id);
    if (this.#isThere(root)) return { RootDir: root };
    const lower = layerPaths(this.home, readText(this.#task, lowerId)).root;
    return { LowerDir: lower, MergedDir: merged, UpperDir: upper, WorkDir: work };
  }

  cleanup(): void {
    unmountBelow(this.#task, this.home);
    for (const id of listNames(this.#task, this.home)) detachOverlay(this.#task, layerPaths(this.home, id).merged);
  }

  leftovers(): readonly string[] {
    const growing = new Set(this.#writers.map((writer) => writer.growing));
    return [...leftoversOf(this.#task, this.home), ...abandonedTrees(this.#task, this.home, growing)];
  }

  changes(id: string, parent?: string): readonly Change[] {
    return this.#naive.changes(id, parent);
  }

  diff(id: string, parent?: string): Iterable<Uint8Array> {
    return this.#naive.diff(id, parent);
  }

  /** On top of a whole tree a new tree grows out of hard links; elsewhere what is shown is changed in place. */
  applyDiff(id: string, parent?: string): DiffWriter {
    const below = parent === undefined ? undefined : layerPaths(this.home, parent).root;
    if (below === undefined || !this.#isThere(below)) return this.#naive.applyDiff(id, parent);
    const writer = new HardLinkWriter(this.#task, this.#existing(id), below);
    this.#writers = [...this.#writers.filter(({ growing }) => growing !== undefined), writer];
    return writer;
  }

  diffSize(id: string, parent?: string): number {
    return this.#naive.diffSize(id, parent);
  }
}
