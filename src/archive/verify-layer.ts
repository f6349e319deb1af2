/**
 * The first of the two passes over a layer: everything that can be known to go wrong from the archive alone goes wrong
 * here, before anything is written.
 */
import { isDirectory } from '../abi/mode.ts';
import { baseName } from '../abi/name-bytes.ts';
import { ArchiveError } from './archive-error.ts';
import { isLinkSource, type LayerEntry, layerEntryOf, type LayerForm, layerPath, parentOf } from './layer-entry.ts';
import { linkError, refuseBreakout, refuseType } from './refusal.ts';
import { DIRTYPE, LNKTYPE, SYMTYPE, type TarHeader, XGLTYPE } from './tar-entry.ts';
import { TarReader } from './tar-reader.ts';

/** What the check must know beside the archive. */
export interface LayerSurroundings {
  readonly form: LayerForm;
  /** What to call the directory in messages. */
  readonly root: string;
  /** Whether names and links whose text leads out of the directory are refused. */
  readonly breakout: 'refuse' | 'contain';
  /** The mode of what stands in the directory already; symlinks in the name's last part are not followed. */
  modeOf(path: string): number | undefined;
}

const whiteoutMark = 'whiteout';

/** What the entries so far have put where: a type flag, or the mark of a deletion. */
type Placed = Map<string, string>;

/**
 * Reads the whole archive and checks it.
 *
 * @returns the sum of the sizes in its headers
 * @throws ArchiveError `ERR_TAR_…`
 */
export function verifyLayer(archive: Iterable<Uint8Array>, surroundings: LayerSurroundings): number {
  const placed: Placed = new Map();
  const sources = new Set<string>();
  let size = 0;
  const reader = new TarReader({
    entry(header) {
      size += header.size;
      if (surroundings.breakout === 'refuse') refuseBreakout(header, surroundings.root);
      verifyEntry(header, layerEntryOf(header, surroundings.form), placed, sources, surroundings);
    },
  });
  for (const chunk of archive) reader.write(chunk);
  reader.end();
  return size;
}

function verifyEntry(
  header: TarHeader,
  entry: LayerEntry,
  placed: Placed,
  sources: Set<string>,
  surroundings: LayerSurroundings,
): void {
  if (entry.kind === 'metadata') return;
  refuseType(header);
  if (entry.kind === 'link source') {
    sources.add(baseName(entry.path));
    return;
  }
  verifyRoot(header, entry);
  verifyParents(header, parentOf(entry.path), placed);
  if (entry.kind === 'opaque') return;
  if (entry.kind === 'whiteout') verifyWhiteout(header, entry, placed, surroundings.form);
  if (header.type === LNKTYPE && entry.kind === 'object') verifyLink(header, entry.path, placed, sources, surroundings);
  placed.set(entry.target, entry.kind === 'whiteout' ? whiteoutMark : header.type);
}

/** The root stays a directory. */
function verifyRoot({ name, type }: TarHeader, { kind, path }: LayerEntry): void {
  if (kind !== 'object' || path !== '' || type === DIRTYPE || type === XGLTYPE) return;
  throw new ArchiveError('ERR_TAR_BREAKOUT', `${JSON.stringify(name)} would replace the layer's root`, { entry: name });
}

/** A symlink above may lead to a directory; anything else that is none cannot have entries. */
function verifyParents({ name }: TarHeader, directory: string, placed: Placed): void {
  for (let parent = directory; parent !== ''; parent = parentOf(parent)) {
    const type = placed.get(parent);
    if (type === undefined || type === DIRTYPE || type === SYMTYPE || type === whiteoutMark) continue;
    if (type === LNKTYPE) continue;
    const message = `${JSON.stringify(name)} lies below ${JSON.stringify(parent)}, which is no directory`;
    throw new ArchiveError('ERR_TAR_PARENT', message, { entry: name });
  }
}

/**
 * A whiteout hides lower layers only. In overlay's form it takes the place of the name, so the layer cannot have both
 * unless the object comes later and replaces it.
 */
function verifyWhiteout({ name }: TarHeader, { path, target }: LayerEntry, placed: Placed, form: LayerForm): void {
  if (target === '' || parentOf(target) !== parentOf(path)) {
    const message = `${JSON.stringify(name)} is a whiteout that names nothing in its directory`;
    throw new ArchiveError('ERR_TAR_WHITEOUT', message, { entry: name });
  }
  if (form !== 'overlay' || !placed.has(target)) return;
  const message = `${JSON.stringify(name)} deletes ${JSON.stringify(target)}, which the same layer holds`;
  throw new ArchiveError('ERR_TAR_WHITEOUT', message, { entry: name });
}

function verifyLink(
  header: TarHeader,
  path: string,
  placed: Placed,
  sources: Set<string>,
  surroundings: LayerSurroundings,
): void {
  const target = layerPath(header.linkname);
  if (surroundings.form === 'plain' && isLinkSource(header.linkname)) {
    if (!sources.has(baseName(target))) throw linkError('Invalid aufs hardlink', header);
  } else if (target === path || !isLinkable(target, placed, surroundings)) {
    throw linkError('hardlink to no file', header);
  }
}

/** Whether the target is a file of this layer or of the directory, or lies where only the unpacking can tell. */
function isLinkable(target: string, placed: Placed, surroundings: LayerSurroundings): boolean {
  const type = placed.get(target);
  if (type !== undefined) return type !== DIRTYPE && type !== whiteoutMark;
  if (isBehindSymlink(target, placed)) return true;
  const mode = surroundings.modeOf(target);
  return mode !== undefined && !isDirectory(mode);
}

/** Whether only the unpacking itself can tell where the path leads. */
function isBehindSymlink(path: string, placed: Placed): boolean {
  for (let parent = parentOf(path); parent !== ''; parent = parentOf(parent)) {
    if (placed.get(parent) === SYMTYPE) return true;
  }
  return false;
}
