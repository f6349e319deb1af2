/**
 * Docker's aufs: a branch for each layer, and one AUFS mount over all of them while a layer is shown.
 *
 * @see moby daemon/graphdriver/aufs/aufs.go
 */
import { AT_SYMLINK_NOFOLLOW } from '../../abi/flags.ts';
import { isDirectory } from '../../abi/mode.ts';
import { branchChanges } from '../../archive/branch-changes.ts';
import type { Change } from '../../archive/change.ts';
import { directorySize } from '../../archive/directory-size.ts';
import { packBranch } from '../../archive/export-changes.ts';
import { listPaths } from '../../archive/list-names.ts';
import { machineOwnerNames, type OwnerNames } from '../../archive/owner-names.ts';
import type { Task } from '../../kernel/task.ts';
import { FS_MAGIC_AUFS, fsMagicOf } from '../backing-filesystem.ts';
import type {
  CreateOptions,
  DiffDriver,
  DiffGetter,
  DiffWriter,
  Driver,
  DriverFeatures,
  DriverLog,
} from '../driver.ts';
import { refuseEmptyId } from '../layer-id.ts';
import { naiveDiff } from '../naive-diff.ts';
import { isMounted, ReferenceCounter } from '../reference-counter.ts';
import { attempt, passing } from '../refusal.ts';
import { unmountBelow } from '../unmount.ts';
import { createLayer } from './create-layer.ts';
import { supportsDirperm1, triedDirectories } from './dirperm1.ts';
import { featuresOf } from './features.ts';
import { parentsOf } from './layer-list.ts';
import { type HomePaths, homePaths, isLayerId, layerPaths, requireLayerId } from './layout.ts';
import { mountLayer } from './mount.ts';
import { nativeApply } from '../native-apply.ts';
import { branchGetter } from './branch-getter.ts';
import { refuseStorageOptions } from '../no-options.ts';
import { leftoversOf, removeLayer } from './remove-layer.ts';
import { unmount } from './unmount.ts';

/** What the start of the driver found out. */
export interface AufsParts {
  readonly task: Task;
  readonly home: string;
  /** `extfs` */
  readonly backingFilesystem: string;
  readonly log: DriverLog | undefined;
}

/** The driver over one home. */
export class AufsDriver implements Driver {
  readonly name = 'aufs';
  readonly home: string;
  readonly #task: Task;
  readonly #parts: AufsParts;
  readonly #mounts: ReferenceCounter;
  readonly #naive: DiffDriver;
  readonly #names: OwnerNames;
  #dirperm1: boolean | undefined;
  #features: DriverFeatures | undefined;

  constructor(parts: AufsParts) {
    this.#parts = parts;
    this.#task = parts.task;
    this.home = parts.home;
    this.#mounts = new ReferenceCounter((path) => isMounted(parts.task, FS_MAGIC_AUFS, path));
    this.#names = machineOwnerNames(parts.task);
    this.#naive = naiveDiff(this, { task: parts.task, names: this.#names });
  }

  /** Found out by trying, when first asked for. */
  get features(): DriverFeatures {
    this.#features ??= featuresOf(this.#task, this.home, this.#useDirperm1());
    return this.#features;
  }

  /** Asked of the kernel once. */
  #useDirperm1(): boolean {
    this.#dirperm1 ??= supportsDirperm1(this.#task, this.#parts.log);
    return this.#dirperm1;
  }

  #paths(id: string): HomePaths {
    return layerPaths(this.home, id);
  }

  /** @throws DriverError `ERR_DRIVER_ID` */
  #parents(id: string): readonly string[] {
    requireLayerId(id);
    return parentsOf(this.#task, this.home, id);
  }

  /** The branches of the layers below, the nearest first. */
  #below(id: string): string[] {
    return this.#parents(id).map((parent) => this.#paths(parent).diff);
  }

  create(id: string, parent?: string, { storageOptions = {} }: CreateOptions = {}): void {
    refuseStorageOptions(this.name, storageOptions);
    for (const name of parent === undefined ? [id] : [id, parent]) requireLayerId(name);
    createLayer(this.#task, this.home, id, parent);
  }

  createReadWrite(id: string, parent?: string, options?: CreateOptions): void {
    this.create(id, parent, options);
  }

  get(id: string, mountLabel = ''): string {
    const below = this.#below(id);
    const { diff, mnt } = this.#paths(id);
    if (below.length === 0) return diff;
    if (this.#mounts.increment(mnt) > 1) return mnt;
    try {
      const dirperm1 = this.#useDirperm1();
      mountLayer(this.#task, { target: mnt, branch: diff, below, dirperm1, label: mountLabel });
    } catch (error) {
      this.#mounts.decrement(mnt);
      throw error;
    }
    return mnt;
  }

  put(id: string): void {
    if (!isLayerId(id)) return;
    const { mnt } = this.#paths(id);
    if (this.#mounts.decrement(mnt) <= 0) this.#unmount(mnt);
  }

  /** What cannot be asked for whether it is mounted is not taken for unmounted. */
  #unmount(mnt: string): void {
    passing(['ENOENT'], () => {
      if (fsMagicOf(this.#task, mnt) === FS_MAGIC_AUFS) unmount(this.#task, mnt, this.#parts.log);
    });
  }

  exists(id: string): boolean {
    return isLayerId(id) && this.#task.statIfPresent(this.#paths(id).layers, AT_SYMLINK_NOFOLLOW) !== undefined;
  }

  remove(id: string): void {
    refuseEmptyId(id);
    requireLayerId(id);
    const { mnt } = this.#paths(id);
    this.#unmount(mnt);
    removeLayer(this.#task, this.home, id);
    this.#mounts.forget(mnt);
  }

  status(): readonly (readonly [string, string])[] {
    return [
      ['Root Dir', this.home],
      ['Backing Filesystem', this.#parts.backingFilesystem],
      ['Dirs', `${this.#layerCount()}`],
      ['Dirperm1 Supported', `${this.#useDirperm1()}`],
    ];
  }

  #layerCount(): number {
    const { layers } = homePaths(this.home);
    return listPaths(this.#task, layers).filter((path) => !isDirectory(this.#task.lstat(path).mode)).length;
  }

  metadata(): undefined {
    return undefined;
  }

  cleanup(): void {
    const { mnt } = homePaths(this.home);
    for (const path of listPaths(this.#task, mnt)) attempt(() => this.#unmount(path));
    unmountBelow(this.#task, this.home);
  }

  leftovers(): readonly string[] {
    return [...triedDirectories(this.#task, this.home), ...leftoversOf(this.#task, this.home)];
  }

  changes(id: string, parent?: string): readonly Change[] {
    if (!this.#isParent(id, parent)) return this.#naive.changes(id, parent);
    return branchChanges(this.#task, this.#below(id), this.#paths(id).diff);
  }

  diff(id: string, parent?: string): Iterable<Uint8Array> {
    if (!this.#isParent(id, parent)) return this.#naive.diff(id, parent);
    return packBranch(this.#task, this.#paths(id).diff, this.#names);
  }

  applyDiff(id: string, parent?: string): DiffWriter {
    if (!this.#isParent(id, parent)) return this.#naive.applyDiff(id, parent);
    return nativeApply(this.#task, this.#paths(id).diff, 'aufs');
  }

  diffSize(id: string, parent?: string): number {
    if (!this.#isParent(id, parent)) return this.#naive.diffSize(id, parent);
    return directorySize(this.#task, this.#paths(id).diff);
  }

  diffGetter(id: string): DiffGetter {
    this.#parents(id);
    return branchGetter(this.#task, this.#paths(id).diff);
  }

  /** The layer's own directory is what `parent` lacks; a layer with nothing below it is all its own. @see isParent() */
  #isParent(id: string, parent: string | undefined): boolean {
    const [nearest] = this.#parents(id);
    return nearest === undefined || nearest === parent;
  }
}
