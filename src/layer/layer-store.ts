/**
 * The layer store: images' layers by content, containers' layers by name, over one graph driver.
 *
 * A store keeps nothing in memory that its layerdb does not tell again, but who holds which layer.
 *
 * @see moby layer/layer_store.go
 */
import type { Codecs, Content } from '../archive/codecs.ts';
import { parseSplit } from '../archive/tar-split.ts';
import type { Driver } from '../driver/driver.ts';
import type { Task } from '../kernel/task.ts';
import { type CheckOptions, type CheckParts, checkStore } from './check.ts';
import { Ingest } from './ingest.ts';
import { LayerError } from './layer-error.ts';
import type { Layer, LayerMetadata, RWLayer, RWLayerOptions } from './layer.ts';
import { LayerDB } from './layerdb.ts';
import {
  checksumForGraphID,
  createRWLayerByGraphID,
  type GraphChecksum,
  type GraphLayer,
  registerByGraphID,
} from './migration.ts';
import { MountedLayers } from './mounted-layers.ts';
import { randomID } from './random-id.ts';
import { type ReadOnlyLayer, ReadOnlyLayers } from './read-only-layers.ts';
import { sweepStore } from './sweep.ts';
import { assembleTar, verifyTar } from './tar-stream.ts';

/** What a layer store stands on. */
export interface LayerStoreParts {
  /** The daemon: root, whose calls are all that the store does. */
  readonly task: Task;
  /** Where its files lie, `/var/lib/docker/image/overlay2/layerdb`; made when it is not there. */
  readonly root: string;
  readonly driver: Driver;
  /** Hashing and compression. */
  readonly codecs: Codecs;
  /** Draws the ids of layers, 64 hex digits each; from the machine's randomness unless given. */
  readonly randomID?: () => string;
}

/** A layer store; see {@link createLayerStore}. */
export class LayerStore {
  readonly driver: Driver;
  readonly #parts: CheckParts & { readonly open: Set<Ingest> };
  readonly #randomID: () => string;

  constructor(parts: LayerStoreParts) {
    const { task, root, driver, codecs } = parts;
    this.driver = driver;
    this.#randomID = parts.randomID ?? (() => randomID(task));
    const db = new LayerDB(task, root);
    const content = {
      tar: (layer: ReadOnlyLayer) => ({ [Symbol.iterator]: () => this.#tar(layer) }),
      tarFrom: (layer: ReadOnlyLayer, chainID: string | undefined) => this.#tarFrom(layer, chainID),
      metadata: (layer: ReadOnlyLayer) => driver.metadata(layer.cacheID),
    };
    const layers = new ReadOnlyLayers(db, driver, content, this.#randomID);
    const mounts = new MountedLayers(db, driver, layers);
    this.#parts = { task, db, driver, codecs, layers, mounts, open: new Set() };
    layers.restore();
    mounts.restore();
  }

  /** All read-only layers, as views without a reference. */
  get layers(): readonly Layer[] {
    return [...this.#parts.layers.values()].map(({ view }) => view);
  }

  /** The names of all mounted layers. */
  get mounts(): readonly string[] {
    return [...this.#parts.mounts.values()].map(({ name }) => name);
  }

  /**
   * Begins to take in a layer on top of the layer with the chainID `parent`, or as a base.
   *
   * @throws LayerError `ERR_LAYER_NOT_FOUND`, `ERR_LAYER_DEPTH`; errors of the driver and the system, with nothing left
   * behind
   */
  begin(parent?: string): Ingest {
    return new Ingest(this.#parts, this.#randomID(), parent);
  }

  /**
   * Takes in a whole layer.
   *
   * @param tar its uncompressed tar; what follows the archive's end is part of it
   * @param parent the chainID of the layer below
   * @returns the layer, retained once for the caller
   * @throws LayerError `ERR_LAYER_NOT_FOUND`, `ERR_LAYER_DEPTH`; ArchiveError `ERR_TAR_…`; errors of the driver and the
   * system, with nothing left behind
   */
  register(tar: Content, parent?: string): Layer {
    const ingest = this.begin(parent);
    try {
      for (const chunk of tar instanceof Uint8Array ? [tar] : tar) ingest.write(chunk);
      return ingest.commit();
    } finally {
      ingest.abort();
    }
  }

  /** The layer, retained once more for the caller. @throws LayerError `ERR_LAYER_NOT_FOUND` */
  get(chainID: string): Layer {
    return this.#parts.layers.retain(chainID).handle();
  }

  /**
   * Gives a layer back. One that nobody holds any more is removed, and those below it that only it held.
   *
   * @returns what was removed, top first; nothing for a layer that was removed before
   * @throws LayerError `ERR_LAYER_NOT_RETAINED`; errors of the driver and the system: the layer is gone from the store
   * then, and what is left of it goes with the next `cleanup`
   */
  release(layer: Layer): readonly LayerMetadata[] {
    return this.#parts.layers.releaseHandle(layer);
  }

  /**
   * Makes the writable layer of a container.
   *
   * @param name the container's id
   * @param parent the chainID of the image's topmost layer; left out for a container without an image
   * @throws LayerError `ERR_LAYER_MOUNT_EXISTS`, `ERR_LAYER_MOUNT_NAME`, `ERR_LAYER_NOT_FOUND`; what `initFunc` throws;
   * errors of the driver and the system, with nothing left behind
   */
  createRWLayer(name: string, parent?: string, options: RWLayerOptions = {}): RWLayer {
    return this.#parts.mounts.create(name, this.#randomID, parent, options).handle();
  }

  /** The writable layer of that name, retained once more. @throws LayerError `ERR_LAYER_MOUNT_NOT_FOUND` */
  getRWLayer(name: string): RWLayer {
    return this.#parts.mounts.get(name).handle();
  }

  /** What the driver calls the writable layer of that name. @throws LayerError `ERR_LAYER_MOUNT_NOT_FOUND` */
  getMountID(name: string): string {
    return this.#parts.mounts.get(name).mountID;
  }

  /**
   * Gives a writable layer back. One that nobody holds any more is removed, with its init layer and the reference to its
   * image.
   *
   * @returns the read-only layers that went with it, top first; nothing for a layer that was removed before
   * @throws LayerError `ERR_LAYER_NOT_RETAINED`, `ERR_LAYER_MOUNT_ACTIVE`; errors of the driver and the system, with the
   * handle still held
   */
  releaseRWLayer(layer: RWLayer): readonly LayerMetadata[] {
    return this.#parts.mounts.releaseHandle(layer);
  }

  /** The daemon stops: removals that were refused are tried again, and the driver unmounts what it has mounted itself. */
  cleanup(): void {
    this.#parts.layers.removeOrphans();
    this.driver.cleanup();
  }

  /**
   * What is inconsistent between the layerdb, the driver's home and this store, and what is left over, one sentence
   * each; empty when all is well. Ingests that have not ended are no fault.
   */
  check(options: CheckOptions = {}): string[] {
    return checkStore(this.#parts, options);
  }

  /**
   * Removes what an earlier daemon that was stopped has left over: removals and transactions that did not end, layers of
   * the driver that nobody refers to. To be called at start; Docker has no such step and keeps all of it.
   *
   * @returns what was removed: folders of the layerdb by path, layers of the driver by id
   * @throws errors of the driver and the system at the first that could not be removed
   */
  sweep(): readonly string[] {
    return sweepStore(this.#parts);
  }

  /**
   * Computes what a layer of the driver is that a Docker before 1.10 has made.
   *
   * @param graphID the driver's id of it
   * @param parent the driver's id of the layer below
   * @param oldTarData the file of its tar-split, where there is one
   * @param newTarData where the tar-split is put that belongs to the answer
   */
  checksumForGraphID(
    graphID: string,
    parent: string | undefined,
    oldTarData: string | undefined,
    newTarData: string,
  ): GraphChecksum {
    return checksumForGraphID(this.#parts, graphID, parent, oldTarData, newTarData);
  }

  /** Makes a layer of the driver one of the store. @throws LayerError `ERR_LAYER_NOT_FOUND`; ErrnoException */
  registerByGraphID(layer: GraphLayer): Layer {
    return registerByGraphID(this.#parts, layer);
  }

  /**
   * Makes a container's layer of the driver known by name.
   *
   * @throws LayerError `ERR_LAYER_MOUNT_EXISTS`, `ERR_LAYER_GRAPH_ID`, `ERR_LAYER_NOT_FOUND`; ErrnoException
   */
  createRWLayerByGraphID(name: string, graphID: string, parent?: string): void {
    createRWLayerByGraphID(this.#parts, name, graphID, parent);
  }

  *#tar(layer: ReadOnlyLayer): Generator<Uint8Array, void> {
    const { codecs, db, driver, task } = this.#parts;
    const records = parseSplit(codecs.gunzip(db.readTarSplit(layer.chainID)));
    yield* verifyTar(codecs.sha256, assembleTar(task, driver, layer.cacheID, records), layer.diffID);
  }

  #tarFrom(layer: ReadOnlyLayer, chainID: string | undefined): Iterable<Uint8Array> {
    if (chainID === undefined) return this.driver.diff(layer.cacheID);
    for (let below = layer.parent; below !== undefined; below = below.parent) {
      if (below.chainID === chainID) return this.driver.diff(layer.cacheID, below.cacheID);
    }
    const message = `layer ID '${chainID}' is not a parent of the specified layer: cannot provide diff to non-parent`;
    throw new LayerError('ERR_LAYER_PARENT', message);
  }
}

/**
 * A layer store over what its root tells: layers, mounted layers and who stands on whom are as an earlier store left
 * them. Layers that cannot be read, unfinished transactions and layers of the driver that nobody refers to are left
 * where they are, as by Docker; see {@link LayerStore.check} and {@link LayerStore.sweep}.
 *
 * @throws ErrnoException
 */
export const createLayerStore = (parts: LayerStoreParts): LayerStore => new LayerStore(parts);
