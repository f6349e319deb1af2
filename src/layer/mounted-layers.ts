/** The writable layers of a store, by the names of their containers. @see moby layer/mounted_layer.go */
import { applyArchive, type Driver } from '../driver/driver.ts';
import { isLayerId } from '../driver/layer-id.ts';
import { attempt, isRefusal, isStop } from '../driver/refusal.ts';
import { LayerError } from './layer-error.ts';
import type { LayerMetadata, RWLayer, RWLayerOptions } from './layer.ts';
import type { LayerDB, MountRecord } from './layerdb.ts';
import type { ReadOnlyLayer, ReadOnlyLayers } from './read-only-layers.ts';

/** One mounted layer, with who holds it. */
export class MountedLayer {
  readonly name: string;
  readonly mountID: string;
  readonly initID: string | undefined;
  readonly parent: ReadOnlyLayer | undefined;
  readonly handles = new Set<RWLayer>();
  /** How often this store has asked the driver to show it. */
  mounts = 0;
  readonly #driver: Driver;

  constructor(driver: Driver, name: string, record: MountRecord, parent: ReadOnlyLayer | undefined) {
    this.#driver = driver;
    this.name = name;
    this.mountID = record.mountID;
    this.initID = record.initID;
    this.parent = parent;
  }

  /** What the driver calls the layer that changes are counted from. */
  get cacheParent(): string | undefined {
    return this.initID ?? this.parent?.cacheID;
  }

  handle(): RWLayer {
    const driver = this.#driver;
    const handle: RWLayer = Object.freeze({
      name: this.name,
      mountID: this.mountID,
      ...(this.initID === undefined ? {} : { initID: this.initID }),
      ...(this.parent === undefined ? {} : { parent: this.parent.view }),
      mount: (mountLabel?: string) => this.#mount(handle, mountLabel),
      unmount: () => this.#unmount(),
      changes: () => driver.changes(this.mountID, this.cacheParent),
      size: () => driver.diffSize(this.mountID, this.cacheParent),
      tar: () => driver.diff(this.mountID, this.cacheParent),
      applyDiff: (tar) => applyArchive(driver, this.mountID, this.cacheParent, tar),
      metadata: () => driver.metadata(this.mountID),
    } satisfies RWLayer);
    this.handles.add(handle);
    return handle;
  }

  #mount(handle: RWLayer, mountLabel: string | undefined): string {
    if (!this.handles.has(handle)) throw notRetained();
    const directory = this.#driver.get(this.mountID, mountLabel);
    this.mounts++;
    return directory;
  }

  /** A mount that an earlier daemon has left is given back as well. */
  #unmount(): void {
    this.#driver.put(this.mountID);
    if (this.mounts > 0) this.mounts--;
  }
}

const notRetained = (): LayerError => new LayerError('ERR_LAYER_NOT_RETAINED', 'layer not retained');

/** The mounted layers of one store by name. */
export class MountedLayers {
  readonly #db: LayerDB;
  readonly #driver: Driver;
  readonly #layers: ReadOnlyLayers;
  readonly #mounts = new Map<string, MountedLayer>();

  constructor(db: LayerDB, driver: Driver, layers: ReadOnlyLayers) {
    this.#db = db;
    this.#driver = driver;
    this.#layers = layers;
  }

  /** Loads what the layerdb tells; what cannot be read stays on disk and is not there. */
  restore(): void {
    for (const name of this.#db.mountNames()) {
      try {
        const record = this.#db.readMount(name);
        const parent = record.parent === undefined ? undefined : this.#layers.retain(record.parent);
        this.#mounts.set(name, new MountedLayer(this.#driver, name, record, parent));
      } catch (error) {
        if (!isRefusal(error)) throw error;
      }
    }
  }

  values(): Iterable<MountedLayer> {
    return this.#mounts.values();
  }

  find(name: string): MountedLayer | undefined {
    return this.#mounts.get(name);
  }

  /** @throws LayerError `ERR_LAYER_MOUNT_NOT_FOUND` */
  get(name: string): MountedLayer {
    const mounted = this.#mounts.get(name);
    if (mounted === undefined) throw new LayerError('ERR_LAYER_MOUNT_NOT_FOUND', 'mount does not exist');
    return mounted;
  }

  /** @throws LayerError `ERR_LAYER_MOUNT_…`, `ERR_LAYER_NOT_FOUND`; errors of the driver, the system and `initFunc` */
  create(name: string, random: () => string, chainID: string | undefined, options: RWLayerOptions): MountedLayer {
    demandName(name);
    if (this.#mounts.has(name)) {
      throw new LayerError('ERR_LAYER_MOUNT_EXISTS', 'mount already exists with name');
    }
    const parent = chainID === undefined ? undefined : this.#layers.retain(chainID);
    try {
      const mountID = random();
      const initID = this.#createInitLayer(mountID, parent?.cacheID, options);
      return this.#createMount(name, { mountID, ...(initID === undefined ? {} : { initID }) }, parent, options);
    } catch (error) {
      if (parent !== undefined && !isStop(error)) attempt(() => this.#layers.release(parent));
      throw error;
    }
  }

  #createInitLayer(mountID: string, parent: string | undefined, options: RWLayerOptions): string | undefined {
    const { initFunc, mountLabel, storageOptions } = options;
    if (initFunc === undefined) return undefined;
    const initID = `${mountID}-init`;
    const createOptions = { ...(mountLabel === undefined ? {} : { mountLabel }), ...storageOf(storageOptions) };
    this.#driver.createReadWrite(initID, parent, createOptions);
    let shown = false;
    try {
      const directory = this.#driver.get(initID);
      shown = true;
      initFunc(directory);
      shown = false;
      this.#driver.put(initID);
    } catch (error) {
      if (isStop(error)) throw error;
      if (shown) attempt(() => this.#driver.put(initID));
      attempt(() => this.#driver.remove(initID));
      throw error;
    }
    return initID;
  }

  #createMount(
    name: string,
    ids: MountRecord,
    parent: ReadOnlyLayer | undefined,
    { storageOptions }: RWLayerOptions,
  ): MountedLayer {
    let made = false;
    try {
      this.#driver.createReadWrite(ids.mountID, ids.initID ?? parent?.cacheID, storageOf(storageOptions));
      made = true;
      return this.adopt(name, ids, parent);
    } catch (error) {
      if (isStop(error)) throw error;
      if (made) attempt(() => this.#driver.remove(ids.mountID));
      const { initID } = ids;
      if (initID !== undefined) attempt(() => this.#driver.remove(initID));
      throw error;
    }
  }

  /** Writes down a mounted layer whose folders the driver has, and knows it from now on. @throws ErrnoException */
  adopt(name: string, ids: MountRecord, parent: ReadOnlyLayer | undefined): MountedLayer {
    demandName(name);
    const record = parent === undefined ? ids : { ...ids, parent: parent.chainID };
    this.#db.writeMount(name, record);
    const mounted = new MountedLayer(this.#driver, name, record, parent);
    this.#mounts.set(name, mounted);
    return mounted;
  }

  /**
   * Gives a handle back; without any the layer goes.
   *
   * @returns the read-only layers that went with it, top first
   * @throws LayerError `ERR_LAYER_NOT_RETAINED`, `ERR_LAYER_MOUNT_ACTIVE`; errors of the driver and the system, with the
   * handle still held
   */
  releaseHandle(handle: RWLayer): readonly LayerMetadata[] {
    const mounted = this.#mounts.get(handle.name);
    if (mounted === undefined) return [];
    if (!mounted.handles.has(handle)) throw notRetained();
    if (mounted.handles.size > 1) {
      mounted.handles.delete(handle);
      return [];
    }
    if (mounted.mounts > 0) throw new LayerError('ERR_LAYER_MOUNT_ACTIVE', 'mount still active');
    const removed = this.remove(mounted);
    mounted.handles.delete(handle);
    return removed;
  }

  /** Removes the layer's folders and what the layerdb tells of it, then its reference to the image. */
  remove(mounted: MountedLayer): readonly LayerMetadata[] {
    this.#erase(mounted);
    return mounted.parent === undefined ? [] : this.#layers.release(mounted.parent);
  }

  /** As `remove`; the image stays even where nobody has asked for it yet. */
  forget(mounted: MountedLayer): void {
    this.#erase(mounted);
    if (mounted.parent !== undefined) mounted.parent.references--;
  }

  #erase(mounted: MountedLayer): void {
    this.#db.markMountRemoving(mounted.name);
    this.#driver.remove(mounted.mountID);
    if (mounted.initID !== undefined) this.#driver.remove(mounted.initID);
    this.#db.removeMount(mounted.name);
    this.#mounts.delete(mounted.name);
  }
}

const storageOf = (storageOptions: RWLayerOptions['storageOptions']) =>
  storageOptions === undefined ? {} : { storageOptions };

/** The name becomes that of a folder. @throws LayerError `ERR_LAYER_MOUNT_NAME` */
function demandName(name: string): void {
  if (isLayerId(name)) return;
  throw new LayerError('ERR_LAYER_MOUNT_NAME', `invalid mount name: ${JSON.stringify(name)}`);
}
