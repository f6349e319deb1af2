/**
 * Where overlay keeps what:
 *
 * ```
 * overlay/                  0710
 * ├── IMAGE/                0710  a layer of an image
 * │   └── root/             its whole tree; files that the parent has too are the parent's, under one more name
 * └── ID/                   0710  a container, its init layer, or a layer that nothing was unpacked into yet
 *     ├── lower-id          0600  IMAGE, without a newline: whose root/ lies below
 *     ├── upper/            the layer's own files, with the mode of what lies below
 *     ├── work/             0700  overlayfs's own
 *     └── merged/           0700  the mount point; there only while the layer is shown
 * ```
 *
 * While a layer is unpacked its tree grows in `ID/tmprootN`, which becomes `ID/root` in the end.
 *
 * @see moby daemon/graphdriver/overlay/overlay.go
 */

/** The paths of one layer. */
export interface LayerPaths {
  readonly directory: string;
  readonly root: string;
  readonly lowerId: string;
  readonly upper: string;
  readonly work: string;
  readonly merged: string;
}

/** The paths of the layer `id`. */
export function layerPaths(home: string, id: string): LayerPaths {
  const directory = `${home}/${id}`;
  return {
    directory,
    root: `${directory}/root`,
    lowerId: `${directory}/lower-id`,
    upper: `${directory}/upper`,
    work: `${directory}/work`,
    merged: `${directory}/merged`,
  };
}

/** What the name of a tree that is being unpacked begins with. */
export const TEMPORARY_ROOT = 'tmproot';
