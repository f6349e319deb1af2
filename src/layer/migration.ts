/**
 * Takes in what a Docker before 1.10 has left: layers that the driver has under the ids of their images, in `graph/ID`
 * a `json` that tells the parent and, since 1.8, a tar-split called `tar-data.json.gz`.
 *
 * @see moby layer/migration.go, migrate/v1/migratev1.go
 */
import { type Codecs, formatDigest } from '../archive/codecs.ts';
import { formatSplit, parseSplit, SplitRecorder, type SplitRecord } from '../archive/tar-split.ts';
import { removeAll } from '../archive/unpack-entry.ts';
import type { Driver } from '../driver/driver.ts';
import type { Task } from '../kernel/task.ts';
import { attempt, isRefusal, isStop } from '../driver/refusal.ts';
import { chainID as chainIDOf } from './digest.ts';
import { LayerError } from './layer-error.ts';
import type { Layer } from './layer.ts';
import type { LayerDB } from './layerdb.ts';
import { readFile, writeFile } from './layerdb-file.ts';
import type { MountedLayers } from './mounted-layers.ts';
import type { ReadOnlyLayers } from './read-only-layers.ts';
import { assembleTar } from './tar-stream.ts';

/** What a migration stands on. */
export interface MigrationParts {
  readonly task: Task;
  readonly db: LayerDB;
  readonly driver: Driver;
  readonly codecs: Codecs;
  readonly layers: ReadOnlyLayers;
  readonly mounts: MountedLayers;
}

/** What an old layer is. */
export interface GraphChecksum {
  readonly diffID: string;
  /** Bytes of all files in its tar. */
  readonly size: number;
}

/** An old layer that is to become one of the store. */
export interface GraphLayer extends GraphChecksum {
  /** The driver's id of it. */
  readonly graphID: string;
  /** The chainID of the layer below. */
  readonly parent?: string;
  /** The file that holds its tar-split, compressed. */
  readonly tarData: string;
}

/**
 * The diffID of a layer of the driver, and its tar-split in the file `newTarData`: the one of `oldTarData` where the
 * layer's tar can be put together with it, or else that of the tar which the driver writes now.
 */
export function checksumForGraphID(
  parts: MigrationParts,
  graphID: string,
  parent: string | undefined,
  oldTarData: string | undefined,
  newTarData: string,
): GraphChecksum {
  if (oldTarData !== undefined) {
    try {
      return checksumWithTarSplit(parts, graphID, oldTarData, newTarData);
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
  return checksumNoTarSplit(parts, graphID, parent, newTarData);
}

function checksumWithTarSplit(
  { task, driver, codecs }: MigrationParts,
  graphID: string,
  oldTarData: string,
  newTarData: string,
): GraphChecksum {
  const records = recordsIn(codecs, readFile(task, oldTarData));
  const hash = codecs.sha256();
  for (const chunk of assembleTar(task, driver, graphID, records)) hash.update(chunk);
  removeAll(task, newTarData);
  task.link(oldTarData, newTarData);
  return { diffID: formatDigest(hash.digest()), size: sizeOf(records) };
}

function recordsIn(codecs: Codecs, compressed: Uint8Array): readonly SplitRecord[] {
  try {
    return parseSplit(codecs.gunzip(compressed));
  } catch (cause) {
    throw new LayerError('ERR_LAYER_METADATA', 'malformed tar-split', cause);
  }
}

function checksumNoTarSplit(
  { task, driver, codecs }: MigrationParts,
  graphID: string,
  parent: string | undefined,
  newTarData: string,
): GraphChecksum {
  const hash = codecs.sha256();
  const recorder = new SplitRecorder();
  for (const chunk of driver.diff(graphID, parent)) {
    hash.update(chunk);
    recorder.write(chunk);
  }
  const records = recorder.end();
  writeFile(task, newTarData, codecs.gzip(formatSplit(records)), 0o666);
  return { diffID: formatDigest(hash.digest()), size: sizeOf(records) };
}

const sizeOf = (records: readonly SplitRecord[]): number =>
  records.reduce((size, record) => size + (record.size ?? 0), 0);

/**
 * Makes a layer of the driver one of the store, which calls it by its old id from now on. The same chain again is one
 * more reference to the layer that is there.
 *
 * @throws LayerError `ERR_LAYER_NOT_FOUND`; ErrnoException, with nothing left behind
 */
export function registerByGraphID(parts: MigrationParts, old: GraphLayer): Layer {
  const { layers, codecs } = parts;
  const { graphID, diffID, size } = old;
  const parent = old.parent === undefined ? undefined : layers.retain(old.parent);
  try {
    const chain = chainIDOf(codecs.sha256, old.parent, diffID);
    if (layers.find(chain) !== undefined) {
      const existing = layers.retain(chain).handle();
      if (parent !== undefined) layers.release(parent);
      return existing;
    }
    const record = { diffID, size, cacheID: graphID, ...(old.parent === undefined ? {} : { parent: old.parent }) };
    writeLayer(parts, chain, record, old.tarData);
    return layers.add(chain, record, parent).handle();
  } catch (error) {
    if (parent !== undefined && !isStop(error)) attempt(() => layers.release(parent));
    throw error;
  }
}

function writeLayer(
  { task, db }: MigrationParts,
  chain: string,
  record: Parameters<LayerDB['writeLayer']>[2],
  tarData: string,
): void {
  const set = db.begin();
  try {
    db.writeLayer(set, chain, record, readFile(task, tarData));
  } catch (error) {
    if (!isStop(error)) attempt(() => set.cancel());
    throw error;
  }
}

/**
 * Makes a container's layer of the driver, and its init layer where there is one, known under `name`. Nothing happens
 * where that was done before.
 *
 * @throws LayerError `ERR_LAYER_MOUNT_EXISTS`, `ERR_LAYER_GRAPH_ID`, `ERR_LAYER_NOT_FOUND`; ErrnoException
 */
export function createRWLayerByGraphID(
  { driver, layers, mounts }: MigrationParts,
  name: string,
  graphID: string,
  parent: string | undefined,
): void {
  const there = mounts.find(name);
  if (there !== undefined) {
    if (there.parent?.chainID !== parent) throw nameTaken('name conflict, mismatched parent');
    if (there.mountID !== graphID) throw nameTaken('mount already exists');
    return;
  }
  if (!driver.exists(graphID)) {
    throw new LayerError('ERR_LAYER_GRAPH_ID', `graph ID does not exist: ${JSON.stringify(graphID)}`);
  }
  const below = parent === undefined ? undefined : layers.retain(parent);
  const initID = `${graphID}-init`;
  try {
    mounts.adopt(name, { mountID: graphID, ...(driver.exists(initID) ? { initID } : {}) }, below);
  } catch (error) {
    if (below !== undefined && !isStop(error)) attempt(() => layers.release(below));
    throw error;
  }
}

const nameTaken = (message: string): LayerError => new LayerError('ERR_LAYER_MOUNT_EXISTS', message);
