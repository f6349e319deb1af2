/** Random layers in the form of each union filesystem: the same whiteouts and opaque directories, written differently. */
import { WHITEOUT_DEV } from '../../src/abi/whiteout.ts';
import { SHORT_NAME_MAX } from '../../src/testing/filesystem/union-model.ts';
import type { Layer, LayerEntry } from '../../src/testing/layers.ts';

const OPAQUE = 'trusted.overlay.opaque';
const isOverlayName = (name: string): boolean => name.includes('.overlay.');
const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const isWhiteout = (entry: LayerEntry): boolean => entry.type === 'node' && entry.rdev === WHITEOUT_DEV;

/** A name on the way is too long for AUFS, which lists it when a branch has it, and cannot look at it. */
export const hasLongName = (path: string): boolean => path.split('/').some((name) => name.length > SHORT_NAME_MAX);

/** The names of a layer so far. */
type Kinds = Map<string, 'directory' | 'whiteout' | 'symlink' | 'other'>;

const parentsOf = (path: string): string[] => {
  const parent = parentOf(path);
  return parent === '' ? [] : [...parentsOf(parent), parent];
};

function canBeMade({ path, ...entry }: LayerEntry, kinds: Kinds): boolean {
  if (path === '') return entry.type === 'directory';
  if (hasLongName(path) || (entry.type === 'symlink' && entry.target === '')) return false;
  const isReachable = parentsOf(path).every((parent) => (kinds.get(parent) ?? 'directory') === 'directory');
  return isReachable && !kinds.has(path) && (entry.type !== 'link' || kinds.get(entry.to) === 'other');
}

function kindOf(entry: LayerEntry) {
  if (entry.type === 'directory' || entry.type === 'symlink') return entry.type;
  return isWhiteout(entry) ? 'whiteout' : 'other';
}

/**
 * The layer without what could not be made, and without what only one of the filesystems keeps for itself: file
 * attributes, and extended attributes of overlayfs but for opaque directories.
 */
export function tidy(layer: Layer): Layer {
  const kinds: Kinds = new Map();
  return layer.flatMap((entry) => {
    if (!canBeMade(entry, kinds)) return [];
    for (const parent of parentsOf(entry.path)) kinds.set(parent, 'directory');
    kinds.set(entry.path, kindOf(entry));
    const xattrs = entry.xattrs.filter(([name, value]) => canHave(entry, name, value));
    return [{ ...entry, xattrs, attributes: undefined }];
  });
}

function canHave({ type, path }: LayerEntry, name: string, value: string): boolean {
  if (isOverlayName(name)) return name === OPAQUE && value === 'y' && type === 'directory' && path !== '';
  return !name.startsWith('user.') || type === 'file' || type === 'directory';
}

/** A file that means something by its name. */
const markAt = (path: string, { mtime }: LayerEntry): LayerEntry => ({
  path,
  type: 'file',
  mode: 0o444,
  uid: 0,
  gid: 0,
  mtime,
  xattrs: [],
  content: { letter: 'w', length: 0, hole: 0 },
});

/** A tidy layer as AUFS would have left it: `.wh.NAME`, and `.wh..wh..opq` in opaque directories. */
export const inAufsForm = (layer: Layer): Layer =>
  layer.flatMap((entry) => {
    if (isWhiteout(entry)) return [markAt(entry.path.replace(/[^/]+$/, '.wh.$&'), entry)];
    const xattrs = entry.xattrs.filter(([name]) => name !== OPAQUE);
    if (xattrs.length === entry.xattrs.length) return [entry];
    return [{ ...entry, xattrs }, markAt(`${entry.path}/.wh..wh..opq`, entry)];
  });
