/** What the name of an entry means in a layer tar. @see OCI image-spec layer.md, "Whiteouts" */
import { WHITEOUT_LINK_DIRECTORY, WHITEOUT_META_PREFIX, WHITEOUT_OPAQUE, WHITEOUT_PREFIX } from '../abi/whiteout.ts';
import { baseName, cleanName, directoryName } from '../abi/name-bytes.ts';
import { REGTYPE, type TarHeader, XGLTYPE } from './tar-entry.ts';

/**
 * How a layer's deletions are written down in a directory.
 *
 * - `'plain'` they are done: the directory is a whole tree (moby's `UnpackLayer`, for all drivers without a union)
 * - `'overlay'` they become whiteouts and opaque directories of an overlay (moby's `Unpack`, for overlay2)
 * - `'aufs'` they stay the files that they are in the tar, as a branch of AUFS has them
 */
export type LayerForm = 'overlay' | 'plain' | 'aufs';

/**
 * - `object`: a file, directory, link or device
 * - `whiteout`: `target` is deleted from the layers below
 * - `opaque`: the directory `target` hides what the layers below have in it
 * - `link source`: a file of AUFS's hard link directory, which links may name but which is no part of the layer
 * - `metadata`: what is passed over: AUFS's other files in the plain form; in the others global PAX headers and the root
 */
export type LayerEntryKind = 'object' | 'whiteout' | 'opaque' | 'link source' | 'metadata';

/** The meaning of an entry. Paths have no slash at their ends; `''` is the layer's root. */
export interface LayerEntry {
  readonly kind: LayerEntryKind;
  /** Where the entry itself stands. */
  readonly path: string;
  /** What it speaks of: the path itself unless it is a marker. */
  readonly target: string;
}

/** The path that a name leads to in a task that has the layer as its root: nothing leads above it. */
export const layerPath = (name: string): string => cleanName(`/${name}`).slice(1);

/** Whether the name, taken as relative to the layer's root, leads out of it. */
export function leadsOut(name: string): boolean {
  const cleaned = cleanName(name);
  return cleaned === '..' || cleaned.startsWith('../');
}

/** The directory that a path lies in; `''` is the layer's root. */
export function parentOf(path: string): string {
  const directory = directoryName(path);
  return directory === '.' ? '' : directory;
}

/** Whether a hard link leads to a file of AUFS's hard link directory. */
export const isLinkSource = (linkname: string): boolean => cleanName(linkname).startsWith(WHITEOUT_LINK_DIRECTORY);

/** What the entry means where deletions take that form. Only the plain form knows of AUFS's own files. */
export function layerEntryOf(header: TarHeader, form: LayerForm): LayerEntry {
  const name = cleanName(header.name);
  const path = layerPath(name);
  if (form !== 'plain') {
    if (header.type === XGLTYPE || name === '.') return { kind: 'metadata', path, target: path };
    if (form === 'aufs') return { kind: 'object', path, target: path };
  } else if (name.startsWith(WHITEOUT_META_PREFIX) && name !== WHITEOUT_OPAQUE) {
    const isSource = header.type === REGTYPE && name.startsWith(WHITEOUT_LINK_DIRECTORY);
    return { kind: isSource ? 'link source' : 'metadata', path, target: path };
  }
  return markerOf(path);
}

function markerOf(path: string): LayerEntry {
  const base = baseName(path);
  if (!base.startsWith(WHITEOUT_PREFIX)) return { kind: 'object', path, target: path };
  const directory = parentOf(path);
  if (base === WHITEOUT_OPAQUE) return { kind: 'opaque', path, target: directory };
  return { kind: 'whiteout', path, target: layerPath(`${directory}/${base.slice(WHITEOUT_PREFIX.length)}`) };
}
