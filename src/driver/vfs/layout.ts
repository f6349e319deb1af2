/**
 * Where vfs keeps what:
 *
 * ```
 * vfs/                      0710
 * ├── backingFsBlockDev     0600  a block device node of the home's filesystem: what quotas are asked for
 * └── dir/                  0710  made with the first layer
 *     └── ID/               0755  the whole tree of the layer, with the mode of its root
 * ```
 *
 * @see moby daemon/graphdriver/vfs/driver.go
 */

/** The directory of the layers. */
export const layersOf = (home: string): string => `${home}/dir`;

/** The tree of one layer. */
export const layerOf = (home: string, id: string): string => `${layersOf(home)}/${id}`;
