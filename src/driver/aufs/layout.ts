/**
 * Where aufs keeps what:
 *
 * ```
 * aufs/                    0710
 * ├── layers/              0710
 * │   └── ID               0644  the ids of the layers below, one a line, the nearest first; empty for a base layer
 * ├── diff/                0710
 * │   └── ID/              0755  the layer's own files: a branch of AUFS, with its `.wh.` files
 * └── mnt/                 0710
 *     └── ID/              0755  the mount point; empty while the layer is not shown
 * ```
 *
 * A layer that is being removed stands as `diff/ID-removing` and `mnt/ID-removing`.
 *
 * @see moby daemon/graphdriver/aufs/aufs.go, dirs.go
 */
import { NAME_MAX } from '../../abi/flags.ts';
import { encodeName } from '../../abi/name-bytes.ts';
import { isLayerId as isDirectoryName, layerIdRefusal } from '../layer-id.ts';

/** What the name of a directory ends in that is being removed. */
export const REMOVING = '-removing';
/** How many branches one mount of AUFS can have: this is what it is built with unless told otherwise. @see AUFS_BRANCH_MAX_127 */
const MAX_BRANCHES = 127;
/** How many layers may lie below one, which is a branch itself. */
export const MAX_DEPTH = MAX_BRANCHES - 1;

/** The three folders of a home. */
export interface HomePaths {
  readonly layers: string;
  readonly diff: string;
  readonly mnt: string;
}

/** The folders of the home. */
export const homePaths = (home: string): HomePaths => ({
  layers: `${home}/layers`,
  diff: `${home}/diff`,
  mnt: `${home}/mnt`,
});

/** The paths of the layer `id`: its list of layers below, its branch, its mount point. */
export const layerPaths = (home: string, id: string): HomePaths => ({
  layers: `${home}/layers/${id}`,
  diff: `${home}/diff/${id}`,
  mnt: `${home}/mnt/${id}`,
});

/**
 * Whether a layer can be called so: one component that leaves room for `-removing`, without what separates branches,
 * mount options and lines.
 */
export const isLayerId = (id: string): boolean =>
  isDirectoryName(id) &&
  !/[:,=\n]/.test(id) &&
  !id.endsWith(REMOVING) &&
  encodeName(id).length + REMOVING.length <= NAME_MAX;

/** @throws DriverError `ERR_DRIVER_ID` */
export function requireLayerId(id: string): void {
  if (!isLayerId(id)) throw layerIdRefusal('aufs', id);
}
