/** A layer that is being taken in. @see moby layer/layer_store.go (registerWithDescriptor, applyTar) */
import { type Codecs, formatDigest, type Hash } from '../archive/codecs.ts';
import { formatSplit, SplitRecorder } from '../archive/tar-split.ts';
import type { DiffWriter, Driver } from '../driver/driver.ts';
import { attempt, isStop } from '../driver/refusal.ts';
import { chainID } from './digest.ts';
import { LayerError } from './layer-error.ts';
import type { Layer } from './layer.ts';
import type { LayerDB } from './layerdb.ts';
import { MAX_LAYER_DEPTH, type ReadOnlyLayer, type ReadOnlyLayers } from './read-only-layers.ts';
import type { WriteSet } from './write-set.ts';

/** What taking in a layer stands on. */
export interface IngestParts {
  readonly db: LayerDB;
  readonly driver: Driver;
  readonly codecs: Codecs;
  readonly layers: ReadOnlyLayers;
  /** The ingests that have not ended. */
  readonly open: Set<Ingest>;
}

/**
 * Takes in the uncompressed tar of one layer, in whatever pieces and at whatever times it comes. Whatever fails undoes
 * all of it: the driver's layer, the files of the layerdb and the reference to the parent are gone when the error
 * arrives.
 */
export class Ingest {
  /** What the driver calls the layer that is being made. */
  readonly cacheID: string;
  /** The layer below, which is retained until the ingest ends. */
  readonly parent: ReadOnlyLayer | undefined;
  readonly #parts: IngestParts;
  readonly #recorder = new SplitRecorder();
  readonly #hash: Hash;
  #set: WriteSet | undefined;
  #writer: DiffWriter | undefined;

  /** @throws LayerError `ERR_LAYER_NOT_FOUND`, `ERR_LAYER_DEPTH`; errors of the driver and the system */
  constructor(parts: IngestParts, cacheID: string, parent: string | undefined) {
    this.#parts = parts;
    this.cacheID = cacheID;
    this.parent = parent === undefined ? undefined : parts.layers.retain(parent);
    this.#hash = parts.codecs.sha256();
    let made = false;
    try {
      if ((this.parent?.depth ?? 0) >= MAX_LAYER_DEPTH) throw new LayerError('ERR_LAYER_DEPTH', 'max depth exceeded');
      parts.driver.create(cacheID, this.parent?.cacheID);
      made = true;
      this.#set = parts.db.begin();
      this.#writer = parts.driver.applyDiff(cacheID, this.parent?.cacheID);
    } catch (error) {
      if (!isStop(error)) this.#undo(made);
      throw error;
    }
    parts.open.add(this);
  }

  /** The folder of the layerdb that is being written, as long as the ingest is open. */
  get writeSet(): string | undefined {
    return this.#set?.path;
  }

  /** Whether `commit` or `abort` is still to come. */
  get isOpen(): boolean {
    return this.#parts.open.has(this);
  }

  /**
   * The next bytes of the tar.
   *
   * @throws ArchiveError `ERR_TAR_…`; LayerError `ERR_LAYER_INGEST`; errors of the driver and the system. The ingest has
   * ended then.
   */
  write(chunk: Uint8Array): void {
    this.#demandOpen();
    this.#orUndo(() => {
      this.#hash.update(chunk);
      this.#recorder.write(chunk);
      this.#writer!.write(chunk);
    });
  }

  /**
   * The tar is complete: the layer is in the store, retained once for the caller. Where the store had the same chain
   * already, the new data is dropped and the caller gets a handle to the old layer.
   *
   * @param expectedDiffID what the tar was announced to be
   * @throws LayerError `ERR_LAYER_DIFF_ID`, `ERR_LAYER_INGEST`; ArchiveError `ERR_TAR_…`; errors of the driver and the
   * system. The ingest has ended then.
   */
  commit(expectedDiffID?: string): Layer {
    this.#demandOpen();
    return this.#orUndo(() => this.#commit(expectedDiffID));
  }

  /** Gives up and leaves nothing behind. Nothing happens when the ingest has ended. */
  abort(): void {
    if (!this.isOpen) return;
    this.#end();
  }

  #commit(expectedDiffID: string | undefined): Layer {
    const { codecs, db, layers } = this.#parts;
    const records = this.#recorder.end();
    const size = this.#writer!.end();
    this.#writer = undefined;
    const diffID = formatDigest(this.#hash.digest());
    if (expectedDiffID !== undefined && diffID !== expectedDiffID) throw unexpected(expectedDiffID, diffID);
    const chain = chainID(codecs.sha256, this.parent?.chainID, diffID);
    if (layers.find(chain) !== undefined) {
      const existing = layers.retain(chain);
      this.#end();
      return existing.handle();
    }
    const parent = this.parent === undefined ? {} : { parent: this.parent.chainID };
    const record = { diffID, size, cacheID: this.cacheID, ...parent };
    db.writeLayer(this.#set!, chain, record, codecs.gzip(formatSplit(records)));
    this.#parts.open.delete(this);
    return layers.add(chain, record, this.parent).handle();
  }

  #demandOpen(): void {
    if (!this.isOpen) throw new LayerError('ERR_LAYER_INGEST', `the ingest of layer ${this.cacheID} has ended`);
  }

  #orUndo<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      if (isStop(error)) this.#parts.open.delete(this);
      else this.abort();
      throw error;
    }
  }

  #end(): void {
    this.#parts.open.delete(this);
    this.#undo(true);
  }

  /** Each step is tried, whatever the others say. */
  #undo(made: boolean): void {
    const { driver, layers } = this.#parts;
    const [writer, set, parent] = [this.#writer, this.#set, this.parent];
    if (writer !== undefined) attempt(() => writer.abort());
    if (made) attempt(() => driver.remove(this.cacheID));
    if (set !== undefined) attempt(() => set.cancel());
    if (parent !== undefined) attempt(() => layers.release(parent));
  }
}

const unexpected = (expected: string, actual: string): LayerError =>
  new LayerError(
    'ERR_LAYER_DIFF_ID',
    `invalid diffID for layer: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`,
  );
