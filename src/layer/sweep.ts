/**
 * Removes what a stop of the machine has left over. Docker has no such step: it leaves unfinished transactions, folders
 * of its driver that nobody refers to and half-removed containers where they are, for ever.
 */
import { removeDirectory } from '../driver/unmount.ts';
import { type CheckParts, unfinishedWriteSets, unusedIDs } from './check.ts';

/** Answers what was removed: folders of the layerdb and of the driver by path, layers of the driver by id. */
export function sweepStore(parts: CheckParts): string[] {
  return [...sweepOrphans(parts), ...sweepMounts(parts), ...sweepWriteSets(parts), ...sweepDriver(parts)];
}

function sweepOrphans({ db, driver, layers }: CheckParts): string[] {
  return db.orphans().map(({ path, cacheID }) => {
    if (cacheID !== undefined) driver.remove(cacheID);
    layers.forgetOrphan(path);
    return path;
  });
}

/** Containers whose removal had begun: their layer is gone, or the file that names it and that goes first. */
function sweepMounts({ db, driver, mounts }: CheckParts): string[] {
  const halves = [...mounts.values()].filter(({ mountID, handles }) => handles.size === 0 && !driver.exists(mountID));
  for (const mounted of halves) mounts.forget(mounted);
  const nameless = db.mountNames().filter((name) => mounts.find(name) === undefined && !db.hasMountID(name));
  for (const name of nameless) db.removeMount(name);
  return [...halves.map(({ name }) => name), ...nameless].map((name) => db.mountPath(name));
}

function sweepWriteSets(parts: CheckParts): string[] {
  return unfinishedWriteSets(parts).map((name) => {
    parts.db.removeWriteSet(name);
    return `${parts.db.root}/tmp/${name}`;
  });
}

function sweepDriver(parts: CheckParts): string[] {
  const unused = unusedIDs(parts);
  for (const id of unused) parts.driver.remove(id);
  const left = parts.driver.leftovers?.() ?? [];
  for (const path of left) removeDirectory(parts.task, path);
  return [...unused, ...left];
}
