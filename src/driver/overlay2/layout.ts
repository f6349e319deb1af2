/**
 * Where overlay2 keeps what:
 *
 * ```
 * overlay2/                0710
 * ├── l/                   0700
 * │   └── LINK             → ../ID/diff: 26 of A-Z2-7, so that 128 names fit a page of mount options
 * └── ID/                  0710
 *     ├── diff/            0755  the layer's own files; whiteouts and opaque directories as overlayfs writes them
 *     ├── link             0644  LINK of this layer
 *     ├── lower            0644  l/LINK:l/LINK… of the layers below, the nearest first; not in a base layer
 *     ├── work/            0700  overlayfs's own; not in a base layer
 *     ├── merged/          0700  the mount point; there only while the layer is shown
 *     └── committed        0600  empty; a layer was made on top of this one, which is read-only from then on
 * ```
 *
 * Texts end without a newline.
 *
 * @see moby daemon/graphdriver/overlay2/overlay.go
 */
import { isLayerId as isDirectoryName, layerIdRefusal } from '../layer-id.ts';

/** The directory of the short links. */
export const LINK_DIRECTORY = 'l';
/** How many characters a link has. `(26 + 'l/'.length) × 128` stays below a page less 512 bytes for a label. */
export const LINK_LENGTH = 26;
/** How many layers may lie below one. */
export const MAX_DEPTH = 128;

/** The paths of one layer. */
export interface LayerPaths {
  readonly root: string;
  readonly diff: string;
  readonly link: string;
  readonly lower: string;
  readonly work: string;
  readonly merged: string;
  readonly committed: string;
}

/** The paths of the layer `id`, below `home` or, with `''`, relative to it. */
export function layerPaths(home: string, id: string): LayerPaths {
  const root = home === '' ? id : `${home}/${id}`;
  return {
    root,
    diff: `${root}/diff`,
    link: `${root}/link`,
    lower: `${root}/lower`,
    work: `${root}/work`,
    merged: `${root}/merged`,
    committed: `${root}/committed`,
  };
}

/** Whether a layer's directory can bear that name: one component, and not the one of the links. */
export const isLayerId = (id: string): boolean => id !== LINK_DIRECTORY && isDirectoryName(id);

/** @throws DriverError `ERR_DRIVER_ID` */
export function requireLayerId(id: string): void {
  if (!isLayerId(id)) throw layerIdRefusal('overlay2', id);
}

/** The directory that a link leads to: `home/l/LINK → ../ID/diff` is `home/ID/diff`. */
export function linkTarget(home: string, text: string): string {
  const parts: string[] = [];
  for (const part of `${home}/${LINK_DIRECTORY}/${text}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
