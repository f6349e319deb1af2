/**
 * Docker's overlay2: a directory for each layer, and one overlayfs mount over all of them while a layer is shown.
 *
 * @see moby daemon/graphdriver/overlay2/overlay.go
 */
import type { ErrnoCode } from '../../abi/errno.ts';
import { MNT_DETACH } from '../../abi/flags.ts';
import { removeAll } from '../../archive/unpack-entry.ts';
import type { Change } from '../../archive/change.ts';
import { packLayer } from '../../archive/diff.ts';
import { directorySize } from '../../archive/directory-size.ts';
import { listNames } from '../../archive/list-names.ts';
import { machineOwnerNames, type OwnerNames } from '../../archive/owner-names.ts';
import type { Task } from '../../kernel/task.ts';
import type { CreateOptions, DiffDriver, DiffWriter, Driver, DriverFeatures } from '../driver.ts';
import { FS_MAGIC_OVERLAY } from '../backing-filesystem.ts';
import { DriverError } from '../driver-error.ts';
import { orNoSuchLayer, refuseEmptyId } from '../layer-id.ts';
import { leftoversOf } from '../leftovers.ts';
import { makeDirectory, ROOT } from '../make-directory.ts';
import { naiveDiff } from '../naive-diff.ts';
import { nativeDiffRefusal, type OverlayHome } from '../overlay-check.ts';
import type { QuotaControl } from '../quota.ts';
import { isMounted, ReferenceCounter } from '../reference-counter.ts';
import { attempt, isErrno, passing } from '../refusal.ts';
import { readTextIfPresent } from '../text-file.ts';
import { detachOverlay, removeDirectory, unmountBelow } from '../unmount.ts';
import { createLayer } from './create-layer.ts';
import { featuresOf } from './features.ts';
import { isLayerId, LINK_DIRECTORY, type LayerPaths, layerPaths, linkTarget, requireLayerId } from './layout.ts';
import { mountLayer } from './mount.ts';
import { nativeApply } from '../native-apply.ts';
import { type Overlay2Options, parseStorageOptions } from './options.ts';

/** What the start of the driver found out. */
export interface Overlay2Parts extends OverlayHome {
  readonly task: Task;
  readonly home: string;
  readonly options: Overlay2Options;
  /** Limits what a directory may hold; left out where the disk keeps no project quotas. */
  readonly quota: QuotaControl | undefined;
  /** `index=off,`, where the kernel knows the option. */
  readonly indexOff: string;
  /** `userxattr,`, where the kernel wants it. */
  readonly userxattr: string;
}

/** The driver over one home. */
export class Overlay2Driver implements Driver {
  readonly name = 'overlay2';
  readonly home: string;
  readonly #task: Task;
  readonly #parts: Overlay2Parts;
  readonly #mounts: ReferenceCounter;
  readonly #naive: DiffDriver;
  readonly #names: OwnerNames;
  #naiveOnly: boolean | undefined;
  #features: DriverFeatures | undefined;

  constructor(parts: Overlay2Parts) {
    this.#parts = parts;
    this.#task = parts.task;
    this.home = parts.home;
    this.#mounts = new ReferenceCounter((path) => isMounted(parts.task, FS_MAGIC_OVERLAY, path));
    this.#names = machineOwnerNames(parts.task);
    this.#naive = naiveDiff(this, { task: parts.task, names: this.#names });
  }

  /** Found out by trying, when first asked for. */
  get features(): DriverFeatures {
    this.#features ??= featuresOf(this.#task, {
      home: this.home,
      mountOptions: this.#mountOptions,
      nativeDiff: !this.#useNaiveDiff(),
      quota: this.#parts.quota !== undefined,
    });
    return this.#features;
  }

  get #mountOptions(): string {
    return this.#parts.indexOff + this.#parts.userxattr;
  }

  #paths(id: string): LayerPaths {
    return layerPaths(this.home, id);
  }

  create(id: string, parent?: string, options: CreateOptions = {}): void {
    const storageOptions = options.storageOptions ?? {};
    if ('size' in storageOptions) {
      const message = '--storage-opt size is only supported for ReadWrite Layers';
      throw new DriverError('ERR_DRIVER_STORAGE_OPTION', message);
    }
    this.#create(id, parent, storageOptions);
  }

  createReadWrite(id: string, parent?: string, options: CreateOptions = {}): void {
    const { size } = this.#parts.options;
    const storageOptions = { ...(size > 0 ? { size: `${size}` } : {}), ...options.storageOptions };
    if ('size' in storageOptions) this.#requireQuota();
    this.#create(id, parent, storageOptions);
  }

  #requireQuota(): QuotaControl {
    if (this.#parts.quota !== undefined) return this.#parts.quota;
    const message = "--storage-opt is supported only for overlay over xfs with 'pquota' mount option";
    throw new DriverError('ERR_DRIVER_STORAGE_OPTION', message);
  }

  #create(id: string, parent: string | undefined, storageOptions: Readonly<Record<string, string>>): void {
    requireLayerId(id);
    if (parent !== undefined) requireLayerId(parent);
    const size = parseStorageOptions(storageOptions);
    const quota = size > 0 ? this.#requireQuota() : undefined;
    const limit = quota && { limit: (directory: string) => quota.setQuota(directory, size) };
    createLayer(this.#task, { home: this.home, id, parent, ...limit });
  }

  get(id: string, mountLabel = ''): string {
    this.#requireLayer(id);
    const paths = this.#paths(id);
    const lower = readTextIfPresent(this.#task, paths.lower);
    if (lower === undefined) return paths.diff;
    if (this.#mounts.increment(paths.merged) > 1) return paths.merged;
    try {
      this.#mount(id, lower, mountLabel);
    } catch (error) {
      if (this.#mounts.decrement(paths.merged) <= 0) attempt(() => this.#unmount(paths.merged, 0));
      throw error;
    }
    return paths.merged;
  }

  #mount(id: string, lower: string, label: string): void {
    const { merged, work, committed } = this.#paths(id);
    const readOnly = this.#task.statIfPresent(committed) !== undefined;
    makeDirectory(this.#task, merged, 0o700, ROOT);
    mountLayer(this.#task, { home: this.home, id, lower, readOnly, kernelOptions: this.#mountOptions, label });
    if (!readOnly) this.#task.chown(`${work}/work`, ROOT.uid, ROOT.gid);
  }

  put(id: string): void {
    if (!isLayerId(id)) return;
    const { merged } = this.#paths(id);
    if (this.#mounts.decrement(merged) <= 0) this.#unmount(merged, MNT_DETACH);
  }

  /** Without its directory the mount goes in the mount namespaces of others too. Nobody else would try again. */
  #unmount(merged: string, flags: number): void {
    twice(['EINVAL', 'ENOENT', 'EBUSY'], () => this.#task.umount(merged, flags));
    twice(['ENOENT', 'EBUSY', 'ENOTEMPTY'], () => this.#task.rmdir(merged));
  }

  exists(id: string): boolean {
    return isLayerId(id) && this.#task.statIfPresent(this.#paths(id).root) !== undefined;
  }

  #requireLayer(id: string): void {
    requireLayerId(id);
    const { root } = this.#paths(id);
    orNoSuchLayer('stat', root, () => this.#task.stat(root));
  }

  remove(id: string): void {
    refuseEmptyId(id);
    requireLayerId(id);
    const { root, link, merged } = this.#paths(id);
    detachOverlay(this.#task, merged);
    const name = readTextIfPresent(this.#task, link) ?? '';
    if (isLayerId(name)) removeAll(this.#task, `${this.home}/${LINK_DIRECTORY}/${name}`);
    removeDirectory(this.#task, root);
    this.#mounts.forget(merged);
  }

  status(): readonly (readonly [string, string])[] {
    return [
      ['Backing Filesystem', this.#parts.backingFilesystem],
      ['Supports d_type', `${this.#parts.supportsDType}`],
      ['Native Overlay Diff', `${!this.#useNaiveDiff()}`],
      ['userxattr', `${this.#parts.userxattr !== ''}`],
    ];
  }

  metadata(id: string): Readonly<Record<string, string>> {
    this.#requireLayer(id);
    const { merged, diff, work } = this.#paths(id);
    const lowers = this.#lowerDirectories(id);
    const lower = lowers.length === 0 ? {} : { LowerDir: lowers.join(':') };
    return { ...lower, MergedDir: merged, UpperDir: diff, WorkDir: work };
  }

  /** The `diff` of each layer below, the nearest first. */
  #lowerDirectories(id: string): string[] {
    const lower = readTextIfPresent(this.#task, this.#paths(id).lower);
    const links = lower === undefined ? [] : lower.split(':');
    return links.map((link) => linkTarget(this.home, this.#task.readlink(`${this.home}/${link}`)));
  }

  cleanup(): void {
    unmountBelow(this.#task, this.home);
    for (const name of listNames(this.#task, this.home)) detachOverlay(this.#task, this.#paths(name).merged);
  }

  leftovers(): readonly string[] {
    return leftoversOf(this.#task, this.home);
  }

  changes(id: string, parent?: string): readonly Change[] {
    return this.#naive.changes(id, parent);
  }

  diff(id: string, parent?: string): Iterable<Uint8Array> {
    if (!this.#isNative(id, parent)) return this.#naive.diff(id, parent);
    return packLayer(this.#task, this.#paths(id).diff, { names: this.#names });
  }

  applyDiff(id: string, parent?: string): DiffWriter {
    if (!this.#isNative(id, parent)) return this.#naive.applyDiff(id, parent);
    return nativeApply(this.#task, this.#paths(id).diff, 'overlay');
  }

  diffSize(id: string, parent?: string): number {
    if (!this.#isNative(id, parent)) return this.#naive.diffSize(id, parent);
    return directorySize(this.#task, this.#paths(id).diff);
  }

  /** The layer's own directory is what `parent` lacks. */
  #isNative(id: string, parent: string | undefined): boolean {
    this.#requireLayer(id);
    if (this.#useNaiveDiff()) return false;
    const [nearest] = this.#lowerDirectories(id);
    return nearest === (parent === undefined ? undefined : this.#paths(parent).diff);
  }

  /** Asked of the kernel once. */
  #useNaiveDiff(): boolean {
    this.#naiveOnly ??= nativeDiffRefusal(this.#task, this.home) !== undefined;
    return this.#naiveOnly;
  }
}

/** As `passing`; what is refused for another reason is tried once more. */
function twice(codes: readonly ErrnoCode[], call: () => void): void {
  try {
    passing(codes, call);
  } catch (error) {
    if (!isErrno(error)) throw error;
    passing(codes, call);
  }
}
