/**
 * Removes a layer. Its directories are renamed before anything in them goes, so that half a layer never stands under a
 * layer's name.
 *
 * @see moby daemon/graphdriver/aufs/aufs.go (Remove, atomicRemove)
 */
import { errnoText, pathErrorText } from '../../abi/errno-text.ts';
import type { ErrnoException } from '../../abi/errno.ts';
import { listNames, listPaths } from '../../archive/list-names.ts';
import { isDirectory } from '../../abi/mode.ts';
import type { Task } from '../../kernel/task.ts';
import { DriverError } from '../driver-error.ts';
import { isErrno, passing } from '../refusal.ts';
import { removeDirectory } from '../unmount.ts';
import { homePaths, layerPaths, REMOVING } from './layout.ts';

/** Removes what there is of a layer that is not mounted. @throws DriverError `ERR_DRIVER_REMOVE` */
export function removeLayer(task: Task, home: string, id: string): void {
  const { layers, diff, mnt } = layerPaths(home, id);
  told(
    `error removing layers dir for ${id}: `,
    (error) => pathErrorText('remove', layers, error),
    () => passing(['ENOENT'], () => task.unlink(layers)),
  );
  removeAside(task, `could not remove diff path for id ${id}: `, diff);
  removeAside(task, `could not remove mountpoint for id ${id}: `, mnt);
}

/** Docker refuses where an earlier removal has left something under the other name; here that goes first. */
function removeAside(task: Task, what: string, path: string): void {
  const aside = path + REMOVING;
  const rename = (): void => passing(['ENOENT'], () => task.rename(path, aside));
  const remove = (): void =>
    told(
      what,
      (error) => pathErrorText('unlinkat', error.path ?? aside, error),
      () => removeDirectory(task, aside),
    );
  const preparing = (error: ErrnoException): string =>
    `error preparing atomic delete: rename ${path} ${aside}: ${errnoText(error.code)}`;
  told(what, preparing, () => {
    try {
      rename();
    } catch (error) {
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error;
      remove();
      rename();
    }
  });
  remove();
}

/** The system's refusal, in Docker's words. */
function told(what: string, why: (error: ErrnoException) => string, step: () => void): void {
  try {
    step();
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new DriverError('ERR_DRIVER_REMOVE', what + why(error), error);
  }
}

/** Directories of removals that did not come to their end. */
export function beingRemoved(task: Task, home: string): string[] {
  const { diff, mnt } = homePaths(home);
  return [mnt, diff].flatMap((folder) =>
    listPaths(task, folder, (name) => name.endsWith(REMOVING)).filter((path) => isDirectory(task.lstat(path).mode)),
  );
}

/** What `mnt` and `diff` hold of no layer that there is: ones that were not quite made or have begun to go. */
export function leftoversOf(task: Task, home: string): string[] {
  const folders = homePaths(home);
  const layers = new Set(listNames(task, folders.layers));
  return [folders.mnt, folders.diff].flatMap((folder) => listPaths(task, folder, (name) => !layers.has(name)));
}
