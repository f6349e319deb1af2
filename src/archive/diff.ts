/**
 * Walks a layer's own directory, the upper directory of an overlay, and tells what a layer tar says of it.
 *
 * The order and the headers are those of `docker commit` with overlay2: names sorted by their bytes in each directory,
 * parents before children, the directory itself left out, a whiteout in the place of the name that it hides.
 *
 * @see moby pkg/archive archive.go (addTarFile), archive_linux.go (overlayWhiteoutConverter), golang path/filepath.Walk
 */
import { AT_SYMLINK_NOFOLLOW } from '../abi/flags.ts';
import { isDirectory, isSocket } from '../abi/mode.ts';
import { baseName, compareNames, directoryName } from '../abi/name-bytes.ts';
import type { Stat } from '../abi/stat.ts';
import { isWhiteout, WHITEOUT_OPAQUE, WHITEOUT_PREFIX } from '../abi/whiteout.ts';
import { OVERLAY_XATTR_PREFIX } from '../abi/xattr.ts';
import type { Task } from '../kernel/task.ts';
import { ArchiveError } from './archive-error.ts';
import type { Change } from './change.ts';
import { FileEntries } from './file-entry.ts';
import { listNames } from './list-names.ts';
import { noOwnerNames, type OwnerNames } from './owner-names.ts';
import { REGTYPE, type TarEntry, type TarHeader } from './tar-entry.ts';
import { writeArchive } from './tar-writer.ts';

export { type Change, type ChangeKind, formatChange } from './change.ts';
export { noOwnerNames, type OwnerNames } from './owner-names.ts';

/** What one object of a layer's directory is. */
export type LayerObjectKind = 'object' | 'whiteout' | 'opaque';

/** One object of a layer's directory, in the order of the walk. */
export interface LayerObject {
  /** Below the layer's directory: `w/deep/f`. */
  readonly path: string;
  /** `'opaque'` is a directory that hides what lies below it. */
  readonly kind: LayerObjectKind;
  readonly stat: Stat;
  /** The extended attributes by name, as listed; their values are not read. */
  readonly xattrs: readonly string[];
}

/** How a layer's directory is read. */
export interface DiffOptions {
  readonly names?: OwnerNames;
  /** Where overlayfs keeps its notes: `trusted.overlay.`, or `user.overlay.` of a mount with `userxattr`. */
  readonly overlayPrefix?: string;
}

/**
 * Every object of the directory, parents before children.
 *
 * @throws ArchiveError `ERR_DIFF_FEATURE` at an overlayfs redirect or metadata-only copy: its names or bytes lie in a
 * lower layer, so a tar of this directory would lack them (dockerd compares the merged trees in that case)
 */
export function* walkLayer(task: Task, upper: string, options: DiffOptions = {}): Generator<LayerObject, void> {
  yield* walkDirectory(task, upper, '', options.overlayPrefix ?? OVERLAY_XATTR_PREFIX);
}

function* walkDirectory(task: Task, upper: string, below: string, prefix: string): Generator<LayerObject, void> {
  for (const name of listNames(task, below === '' ? upper : `${upper}/${below}`)) {
    const path = below === '' ? name : `${below}/${name}`;
    const object = inspect(task, upper, path, prefix);
    yield object;
    if (isDirectory(object.stat.mode)) yield* walkDirectory(task, upper, path, prefix);
  }
}

function inspect(task: Task, upper: string, path: string, prefix: string): LayerObject {
  const file = `${upper}/${path}`;
  const stat = task.lstat(file);
  if (isWhiteout(stat.mode, stat.rdev)) return { path, kind: 'whiteout', stat, xattrs: [] };
  const xattrs = task.llistxattr(file);
  for (const feature of ['redirect', 'metacopy']) {
    if (!xattrs.includes(prefix + feature)) continue;
    const message = `${JSON.stringify(path)} carries ${prefix}${feature}: the layer is not whole without those below it`;
    throw new ArchiveError('ERR_DIFF_FEATURE', message, { entry: path });
  }
  const opaque = isDirectory(stat.mode) && xattrs.includes(`${prefix}opaque`) && isOpaque(task, file, prefix);
  return { path, kind: opaque ? 'opaque' : 'object', stat, xattrs };
}

function isOpaque(task: Task, file: string, prefix: string): boolean {
  const value = task.lgetxattr(file, `${prefix}opaque`);
  return value.length === 1 && value[0] === 0x79;
}

/**
 * The entries of the layer's tar. Bodies are read when they are asked for, and only then.
 *
 * @throws ArchiveError `ERR_DIFF_FEATURE`; errors of the task's calls
 */
export function* diffEntries(task: Task, upper: string, options: DiffOptions = {}): Generator<TarEntry, void> {
  const entries = new FileEntries(task, options.names ?? noOwnerNames);
  for (const object of walkLayer(task, upper, options)) {
    if (isSocket(object.stat.mode)) continue;
    const entry = entries.entry({ ...object, file: `${upper}/${object.path}` });
    if (object.kind === 'whiteout') yield { header: whiteoutOf(entry.header, object.path), body: [] };
    else yield entry;
    if (object.kind === 'opaque') yield { header: opaqueMarkerOf(entry.header), body: [] };
  }
}

/**
 * The layer's tar, piece by piece.
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { packLayer, readArchive } from 'lowerdir/archive';
 * const { task, fs } = createMachine();
 * fs.mkdirSync('/upper');
 * task.mknod('/upper/gone', 0o020000, 0); // a whiteout
 * [...readArchive([...packLayer(task, '/upper')])].map(({ header }) => header.name); // => ['.wh.gone']
 * ```
 */
export function* packLayer(task: Task, upper: string, options: DiffOptions = {}): Generator<Uint8Array, void> {
  yield* writeArchive(diffEntries(task, upper, options));
}

/**
 * The form of a deletion in a layer. The kernel gives all whiteouts of a mount one inode, so the second and later ones
 * were taken for hard links before, and Docker leaves the link name in their headers.
 */
function whiteoutOf(header: TarHeader, path: string): TarHeader {
  const directory = directoryName(path);
  const name = `${WHITEOUT_PREFIX}${baseName(path)}`;
  return { ...header, name: directory === '.' ? name : `${directory}/${name}`, type: REGTYPE, mode: 0o600, size: 0 };
}

/** The entry that says that its directory hides what lies below. */
function opaqueMarkerOf(directory: TarHeader): TarHeader {
  return {
    ...directory,
    name: `${directory.name}${WHITEOUT_OPAQUE}`,
    type: REGTYPE,
    mode: directory.mode & 0o777,
    mtime: { sec: 0, nsec: 0 },
    xattrs: new Map(),
  };
}

/** What of the lower layers the list of changes needs to know. Paths are absolute. */
export interface Below {
  /** Whether the merged lower layers have that name. */
  exists(path: string): boolean;
  /**
   * The names that the merged lower layers have in that directory. When given, an opaque directory is followed by a
   * `'D'` for each of them that is not there any more; else the directory's `opaque` alone tells it.
   */
  list?(path: string): Iterable<string>;
}

/**
 * What changed, in the order of {@link diffEntries} and from the same walk: exactly what a commit would write.
 *
 * - a whiteout is `'D'`, everything else `'C'` where the name exists below, `'A'` where it does not;
 * - an opaque directory is `'C'` or `'A'` like any other and carries `opaque: true`; what stands in it is `'C'` where
 *   the hidden tree has the name too, and the names that it lost are `'D'` when `below.list` can tell them;
 * - a file rewritten with the same bytes and times is listed, since the layer holds it (`docker diff` compares trees and
 *   misses it), and a socket is not, since no layer holds it (`docker diff` lists it).
 */
export function* changes(task: Task, upper: string, below: Below, options: DiffOptions = {}): Generator<Change, void> {
  for (const object of walkLayer(task, upper, options)) {
    if (isSocket(object.stat.mode)) continue;
    const path = `/${object.path}`;
    if (object.kind === 'whiteout') {
      yield { kind: 'D', path };
      continue;
    }
    const kind = below.exists(path) ? 'C' : 'A';
    yield object.kind === 'opaque' ? { kind, path, opaque: true } : { kind, path };
    if (object.kind === 'opaque' && below.list !== undefined) yield* lost(task, upper, path, below);
  }
}

/** The names of an opaque directory that only the lower layers have. */
function* lost(task: Task, upper: string, path: string, below: Below): Generator<Change, void> {
  for (const name of [...below.list!(path)].sort(compareNames)) {
    const there = task.statIfPresent(`${upper}${path}/${name}`, AT_SYMLINK_NOFOLLOW);
    if (there === undefined) yield { kind: 'D', path: `${path}/${name}` };
  }
}
