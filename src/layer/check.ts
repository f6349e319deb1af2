/** What is inconsistent between the layerdb, the driver's home and what a store knows. */
import type { Codecs } from '../archive/codecs.ts';
import { parseSplit } from '../archive/tar-split.ts';
import type { Driver } from '../driver/driver.ts';
import type { Task } from '../kernel/task.ts';
import { isRefusal } from '../driver/refusal.ts';
import { chainID as chainIDOf } from './digest.ts';
import { layersOf } from './driver-home.ts';
import type { Ingest } from './ingest.ts';
import type { LayerDB } from './layerdb.ts';
import type { MountedLayer, MountedLayers } from './mounted-layers.ts';
import type { ReadOnlyLayer, ReadOnlyLayers } from './read-only-layers.ts';

/** What a check looks at. */
export interface CheckParts {
  readonly task: Task;
  readonly db: LayerDB;
  readonly driver: Driver;
  readonly codecs: Codecs;
  readonly layers: ReadOnlyLayers;
  readonly mounts: MountedLayers;
  /** The ingests that have not ended. */
  readonly open: ReadonlySet<Ingest>;
}

/** How far a check goes. */
export interface CheckOptions {
  /** Every layer's tar is put together and verified too. */
  readonly tars?: boolean;
}

/** What is wrong, one sentence each; empty when all is well. */
export function checkStore(parts: CheckParts, options: CheckOptions): string[] {
  return [
    ...unknownLayers(parts),
    ...[...parts.layers.values()].flatMap((layer) => [...layerFaults(parts, layer, options)]),
    ...sharedIDs(parts),
    ...unknownMounts(parts),
    ...[...parts.mounts.values()].flatMap((mounted) => [...mountFaults(parts, mounted)]),
    ...leftovers(parts),
  ];
}

/** The refusal's own words, or nothing. */
function refusalOf(step: () => void): string | undefined {
  try {
    step();
    return undefined;
  } catch (error) {
    if (isRefusal(error)) return (error as Error).message;
    throw error;
  }
}

function* unknownLayers({ db, layers }: CheckParts): Generator<string, void> {
  for (const chainID of db.chainIDs()) {
    if (layers.find(chainID) !== undefined) continue;
    const why = refusalOf(() => db.readLayer(chainID)) ?? 'it came while the store ran, or its parent is missing';
    yield `layer ${chainID} is on disk and not in the store: ${why}`;
  }
}

function* layerFaults(parts: CheckParts, layer: ReadOnlyLayer, options: CheckOptions): Generator<string, void> {
  const { codecs, db, driver } = parts;
  const name = `layer ${layer.chainID}`;
  const unreadable = refusalOf(() => db.readLayer(layer.chainID));
  if (unreadable !== undefined) yield `${name} cannot be read: ${unreadable}`;
  else if (!isAsWritten(db, layer)) yield `${name} is another on disk than in the store`;
  if (chainIDOf(codecs.sha256, layer.parent?.chainID, layer.diffID) !== layer.chainID) {
    yield `${name} has the name of another chain than that of its diffID and parent`;
  }
  if (!driver.exists(layer.cacheID)) yield `${name} is not in the driver's home: ${layer.cacheID}`;
  const tarSplit = refusalOf(() => parseSplit(codecs.gunzip(db.readTarSplit(layer.chainID))));
  if (tarSplit !== undefined) yield `${name} has no tar-split: ${tarSplit}`;
  else if (options.tars === true) yield* tarFaults(layer);
  const holders = holdersOf(parts, layer);
  if (layer.references !== holders) yield `${name} counts ${layer.references} references and has ${holders}`;
}

function* tarFaults(layer: ReadOnlyLayer): Generator<string, void> {
  const why = refusalOf(() => {
    for (const _ of layer.view.tar());
  });
  if (why !== undefined) yield `layer ${layer.chainID} is not what was taken in: ${why}`;
}

function isAsWritten(db: LayerDB, layer: ReadOnlyLayer): boolean {
  const { diffID, size, cacheID, parent } = db.readLayer(layer.chainID);
  const isSame = diffID === layer.diffID && size === layer.diffSize && cacheID === layer.cacheID;
  return isSame && parent === layer.parent?.chainID;
}

/** Who has a reference: handles, layers on top, mounted layers, ingests, and removals that did not end. */
function holdersOf({ layers, mounts, open }: CheckParts, layer: ReadOnlyLayer): number {
  const holders = [...layers.values(), ...mounts.values(), ...open].map(({ parent }) => parent);
  return layer.handles.size + [...holders, ...layers.orphanParents()].filter((each) => each === layer).length;
}

/** The ids of the driver's layers that somebody refers to, with who does. */
function* usedIDs({ layers, mounts, open }: CheckParts): Generator<[id: string, user: string], void> {
  for (const { cacheID, chainID } of layers.values()) yield [cacheID, `layer ${chainID}`];
  for (const { cacheID } of open) yield [cacheID, `the ingest of ${cacheID}`];
  for (const { mountID, initID, name } of mounts.values()) {
    yield [mountID, `mount ${name}`];
    if (initID !== undefined) yield [initID, `the init layer of mount ${name}`];
  }
}

function* sharedIDs(parts: CheckParts): Generator<string, void> {
  const users = new Map<string, string>();
  for (const [id, user] of usedIDs(parts)) {
    const other = users.get(id);
    if (other !== undefined) yield `${other} and ${user} are both ${id} in the driver's home`;
    users.set(id, user);
  }
}

function* unknownMounts({ db, mounts }: CheckParts): Generator<string, void> {
  for (const name of db.mountNames()) {
    if (mounts.find(name) !== undefined) continue;
    const why = refusalOf(() => db.readMount(name)) ?? 'it came while the store ran, or its image is missing';
    yield `mount ${name} is on disk and not in the store: ${why}`;
  }
}

function* mountFaults({ db, driver }: CheckParts, mounted: MountedLayer): Generator<string, void> {
  const name = `mount ${mounted.name}`;
  const unreadable = refusalOf(() => db.readMount(mounted.name));
  if (unreadable !== undefined) yield `${name} cannot be read: ${unreadable}`;
  else if (!isMountAsWritten(db, mounted)) yield `${name} is another on disk than in the store`;
  for (const id of [mounted.mountID, mounted.initID]) {
    if (id !== undefined && !driver.exists(id)) yield `${name} is not in the driver's home: ${id}`;
  }
}

function isMountAsWritten(db: LayerDB, mounted: MountedLayer): boolean {
  const { mountID, initID, parent } = db.readMount(mounted.name);
  return mountID === mounted.mountID && initID === mounted.initID && parent === mounted.parent?.chainID;
}

function* leftovers(parts: CheckParts): Generator<string, void> {
  for (const { chainID } of parts.db.orphans()) yield `the removal of layer ${chainID} has not ended`;
  for (const name of unfinishedWriteSets(parts)) yield `a transaction has not ended: ${name}`;
  for (const id of unusedIDs(parts)) yield `nobody refers to ${id} in the driver's home`;
  for (const path of parts.driver.leftovers?.() ?? []) yield `the driver has left ${path}`;
}

/** Write sets that belong to no ingest. */
export function unfinishedWriteSets({ db, open }: CheckParts): string[] {
  const busy = new Set([...open].map(({ writeSet }) => writeSet));
  return db.writeSets().filter((name) => !busy.has(`${db.root}/tmp/${name}`));
}

/** The driver's layers that nobody refers to: neither this store nor a folder of the layerdb, even one that is not loaded. */
export function unusedIDs(parts: CheckParts): string[] {
  const used = new Set([...[...usedIDs(parts)].map(([id]) => id), ...parts.db.namedIDs()]);
  return layersOf(parts.task, parts.driver).filter((id) => !used.has(id));
}
