/** What the name of an entry means in a layer tar. @see OCI image-spec layer.md, "Whiteouts" */
import { WHITEOUT_LINK_DIRECTORY, WHITEOUT_META_PREFIX, WHITEOUT_OPAQUE, WHITEOUT_PREFIX } from '../abi/whiteout.ts';
import { ArchiveError } from './archive-error.ts';
import { baseName, cleanName, directoryName } from '../abi/name-bytes.ts';
import { REGTYPE, type TarHeader, XGLTYPE } from './tar-entry.ts';

/**
 * - `object`: a file, directory, link or device at `path`
 * - `whiteout`: `path` is deleted from the layers below
 * - `opaque`: the directory `path` hides what the layers below have in it
 * - `link source`: a file of AUFS's hard link directory, which links may name but which is no part of the layer
 * - `metadata`: AUFS's other files and global PAX headers, which are passed over
 */
export type LayerEntryKind = 'object' | 'whiteout' | 'opaque' | 'link source' | 'metadata';

/** The meaning of an entry. Paths have no slash at their ends; `''` is the layer's root. */
export interface LayerEntry {
  readonly kind: LayerEntryKind;
  readonly path: string;
}

/** Whether a cleaned name leads out of the directory that it is relative to. */
const leadsOut = (name: string): boolean => name === '..' || name.startsWith('../');

/** The cleaned name relative to the layer's root; `undefined` when it lies outside. */
export function layerPath(name: string): string | undefined {
  const cleaned = cleanName(name);
  if (leadsOut(cleaned)) return undefined;
  return cleaned === '.' ? '' : cleaned.replace(/^\//, '');
}

/** The directory that a path lies in; `''` is the layer's root. */
export function parentOf(path: string): string {
  const directory = directoryName(path);
  return directory === '.' ? '' : directory;
}

/** Where a path of AUFS's hard link directory ends. */
export const isLinkSource = (path: string): boolean => path.startsWith(`${WHITEOUT_LINK_DIRECTORY}/`);

/**
 * What the entry means.
 *
 * @param root what to call the directory in messages
 * @throws ArchiveError `ERR_TAR_BREAKOUT` for a name outside, `ERR_TAR_WHITEOUT` for a whiteout of nothing, of its own
 * directory or of the one above
 */
export function layerEntryOf(header: TarHeader, root: string): LayerEntry {
  if (header.type === XGLTYPE) return { kind: 'metadata', path: '' };
  const path = layerPath(header.name);
  if (path === undefined) {
    const message = `${JSON.stringify(cleanName(header.name))} is outside of ${JSON.stringify(root)}`;
    throw new ArchiveError('ERR_TAR_BREAKOUT', message, { entry: header.name });
  }
  const base = baseName(path);
  if (isLinkSource(path) && header.type === REGTYPE) return { kind: 'link source', path };
  if (base === WHITEOUT_OPAQUE) return { kind: 'opaque', path: parentOf(path) };
  if (base.startsWith(WHITEOUT_META_PREFIX) || path.startsWith(WHITEOUT_META_PREFIX)) return { kind: 'metadata', path };
  if (!base.startsWith(WHITEOUT_PREFIX)) return { kind: 'object', path };
  const hidden = base.slice(WHITEOUT_PREFIX.length);
  if (hidden === '' || hidden === '.' || hidden === '..') {
    const message = `${JSON.stringify(header.name)} is a whiteout that names nothing in its directory`;
    throw new ArchiveError('ERR_TAR_WHITEOUT', message, { entry: header.name });
  }
  const parent = parentOf(path);
  return { kind: 'whiteout', path: parent === '' ? hidden : `${parent}/${hidden}` };
}
