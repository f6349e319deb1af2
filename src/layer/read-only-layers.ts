/** The read-only layers of a store: shared by their chainIDs, counted, and removed with the last reference. */
import type { Driver } from '../driver/driver.ts';
import { isRefusal } from '../driver/refusal.ts';
import { LayerError } from './layer-error.ts';
import type { Layer, LayerMetadata } from './layer.ts';
import type { LayerDB, LayerRecord } from './layerdb.ts';

/** How many layers may lie on top of one another: the 127 of some drivers less a container's two. */
export const MAX_LAYER_DEPTH = 125;

/** What a layer is asked for and the store knows. */
export interface LayerContent {
  tar(layer: ReadOnlyLayer): Iterable<Uint8Array>;
  tarFrom(layer: ReadOnlyLayer, chainID: string | undefined): Iterable<Uint8Array>;
  metadata(layer: ReadOnlyLayer): Readonly<Record<string, string>> | undefined;
}

/** One layer of a store, with its references. */
export class ReadOnlyLayer {
  readonly chainID: string;
  readonly diffID: string;
  readonly cacheID: string;
  readonly diffSize: number;
  readonly parent: ReadOnlyLayer | undefined;
  /** What others see of it as the parent of something. */
  readonly view: Layer;
  /** Who asked for it and did not give it back. */
  readonly handles = new Set<Layer>();
  /** Handles, layers on top, mounted layers and ingests. */
  references = 0;

  constructor(chainID: string, record: LayerRecord, parent: ReadOnlyLayer | undefined, content: LayerContent) {
    this.chainID = chainID;
    this.diffID = record.diffID;
    this.cacheID = record.cacheID;
    this.diffSize = record.size;
    this.parent = parent;
    this.view = Object.freeze({
      ...this.metadata(),
      ...(parent === undefined ? {} : { parent: parent.view }),
      cacheID: this.cacheID,
      tar: () => content.tar(this),
      tarFrom: (below?: string) => content.tarFrom(this, below),
      metadata: () => content.metadata(this),
    });
  }

  /** Layers from this one down to the base. */
  get depth(): number {
    return 1 + (this.parent?.depth ?? 0);
  }

  /** Bytes of this layer and all below it. */
  get size(): number {
    return this.diffSize + (this.parent?.size ?? 0);
  }

  metadata(): LayerMetadata {
    return { chainID: this.chainID, diffID: this.diffID, size: this.size, diffSize: this.diffSize };
  }

  /** A handle for a reference that was counted. */
  handle(): Layer {
    const handle = Object.freeze({ ...this.view });
    this.handles.add(handle);
    return handle;
  }
}

/** The layers of one store by their chainIDs. */
export class ReadOnlyLayers {
  readonly #db: LayerDB;
  readonly #driver: Driver;
  readonly #content: LayerContent;
  readonly #random: () => string;
  readonly #layers = new Map<string, ReadOnlyLayer>();
  /** What lies below the layers whose removal did not end, by their folders. */
  readonly #orphanParents = new Map<string, ReadOnlyLayer>();

  constructor(db: LayerDB, driver: Driver, content: LayerContent, random: () => string) {
    this.#db = db;
    this.#driver = driver;
    this.#content = content;
    this.#random = random;
  }

  /** Loads what the layerdb tells; what cannot be read stays on disk and is not there. */
  restore(): void {
    for (const chainID of this.#db.chainIDs()) this.#load(chainID);
    for (const layer of this.#layers.values()) if (layer.parent !== undefined) layer.parent.references++;
  }

  /** A layer that somebody made an ancestor of itself, `above` being those that ask for it, cannot be loaded. */
  #load(chainID: string, above: readonly string[] = []): ReadOnlyLayer | undefined {
    const loaded = this.#layers.get(chainID);
    if (loaded !== undefined) return loaded;
    if (above.includes(chainID)) return undefined;
    const record = this.#read(chainID);
    const parent = record?.parent === undefined ? undefined : this.#load(record.parent, [...above, chainID]);
    if (record === undefined || (record.parent !== undefined && parent === undefined)) return undefined;
    return this.#put(chainID, record, parent);
  }

  #read(chainID: string): LayerRecord | undefined {
    try {
      return this.#db.readLayer(chainID);
    } catch (error) {
      if (isRefusal(error)) return undefined;
      throw error;
    }
  }

  #put(chainID: string, record: LayerRecord, parent: ReadOnlyLayer | undefined): ReadOnlyLayer {
    const layer = new ReadOnlyLayer(chainID, record, parent, this.#content);
    this.#layers.set(chainID, layer);
    return layer;
  }

  /** Takes in a new layer with one reference; the one that was counted on its parent is now the layer's. */
  add(chainID: string, record: LayerRecord, parent: ReadOnlyLayer | undefined): ReadOnlyLayer {
    const layer = this.#put(chainID, record, parent);
    layer.references = 1;
    return layer;
  }

  values(): Iterable<ReadOnlyLayer> {
    return this.#layers.values();
  }

  /** The layers below those whose removal did not end, which still hold a reference. */
  orphanParents(): Iterable<ReadOnlyLayer> {
    return this.#orphanParents.values();
  }

  /** The layer without a reference. */
  find(chainID: string): ReadOnlyLayer | undefined {
    return this.#layers.get(chainID);
  }

  /** Counts one more reference. @throws LayerError `ERR_LAYER_NOT_FOUND` */
  retain(chainID: string): ReadOnlyLayer {
    const layer = this.#layers.get(chainID);
    if (layer === undefined) throw new LayerError('ERR_LAYER_NOT_FOUND', 'layer does not exist');
    layer.references++;
    return layer;
  }

  /**
   * Gives a handle back.
   *
   * @returns what was removed, top first
   * @throws LayerError `ERR_LAYER_NOT_RETAINED`; errors of the system and the driver
   */
  releaseHandle(handle: Layer): readonly LayerMetadata[] {
    const layer = this.#layers.get(handle.chainID);
    if (layer === undefined) return [];
    if (!layer.handles.delete(handle)) throw new LayerError('ERR_LAYER_NOT_RETAINED', 'layer not retained');
    try {
      return this.release(layer);
    } catch (error) {
      if (this.#layers.get(layer.chainID) === layer) this.#retake(layer, handle);
      throw error;
    }
  }

  /** The layer's folder could not even be moved: it is as it was, and so is the handle. */
  #retake(layer: ReadOnlyLayer, handle: Layer): void {
    layer.references++;
    layer.handles.add(handle);
  }

  /** Takes one reference off; without any the layer goes, and its reference to the one below. */
  release(layer: ReadOnlyLayer): readonly LayerMetadata[] {
    const removed: LayerMetadata[] = [];
    for (let each: ReadOnlyLayer | undefined = layer; each !== undefined; each = each.parent) {
      if (each.references === 0) throw new Error(`${each.chainID} is given back more often than it was asked for`);
      each.references--;
      if (each.references > 0) break;
      removed.push(this.#remove(each));
    }
    return removed;
  }

  #remove(layer: ReadOnlyLayer): LayerMetadata {
    const path = this.#db.markRemoving(layer.chainID, this.#random);
    this.#layers.delete(layer.chainID);
    if (layer.parent !== undefined) this.#orphanParents.set(path, layer.parent);
    this.#driver.remove(layer.cacheID);
    this.#db.removeFolder(path);
    this.#orphanParents.delete(path);
    return layer.metadata();
  }

  /** Tries again to remove what a removal left behind; what refuses again stays. */
  removeOrphans(): void {
    for (const { path, cacheID } of this.#db.orphans()) {
      if (cacheID === undefined) continue;
      try {
        this.#driver.remove(cacheID);
        this.forgetOrphan(path);
      } catch (error) {
        if (!isRefusal(error)) throw error;
      }
    }
  }

  /** Removes the folder of an orphan, and gives back what it held. @throws ErrnoException */
  forgetOrphan(path: string): void {
    this.#db.removeFolder(path);
    const parent = this.#orphanParents.get(path);
    this.#orphanParents.delete(path);
    if (parent !== undefined) this.release(parent);
  }
}
