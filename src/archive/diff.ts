/**
 * Walks a layer's own directory, the upper directory of an overlay, and tells what a layer tar says of it.
 *
 * The order and the headers are those of `docker commit` with overlay2: names sorted by their bytes in each directory,
 * parents before children, the directory itself left out, a whiteout in the place of the name that it hides.
 *
 * @see moby pkg/archive archive.go (addTarFile), archive_linux.go (overlayWhiteoutConverter), golang path/filepath.Walk
 */
import { AT_SYMLINK_NOFOLLOW, O_RDONLY } from '../abi/flags.ts';
import {
  isBlockDevice,
  isCharacterDevice,
  isDirectory,
  isFifo,
  isRegular,
  isSocket,
  isSymlink,
  major,
  minor,
} from '../abi/mode.ts';
import type { Stat } from '../abi/stat.ts';
import { isWhiteout, WHITEOUT_OPAQUE, WHITEOUT_PREFIX } from '../abi/whiteout.ts';
import { OVERLAY_XATTR_PREFIX, XATTR_SECURITY_CAPABILITY } from '../abi/xattr.ts';
import type { Task } from '../kernel/task.ts';
import { ArchiveError } from './archive-error.ts';
import { baseName, compareNames, directoryName } from '../abi/name-bytes.ts';
import { listNames } from './list-names.ts';
import { readChunks } from './read-chunks.ts';
import {
  BLKTYPE,
  CHRTYPE,
  DIRTYPE,
  FIFOTYPE,
  LNKTYPE,
  REGTYPE,
  SYMTYPE,
  type TarEntry,
  type TarHeader,
} from './tar-entry.ts';
import { writeArchive } from './tar-writer.ts';

/** The names of users and groups that a header tells beside the numbers; `''` where there is none. */
export interface OwnerNames {
  /** The name of a user, `''` where there is none. */
  user(uid: number): string;
  /** The name of a group, `''` where there is none. */
  group(gid: number): string;
}

/** No names at all: what an archive tells on a host without /etc/passwd. */
export const noOwnerNames: OwnerNames = Object.freeze({ user: () => '', group: () => '' });

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
  const names = options.names ?? noOwnerNames;
  const firstNames = new Map<string, string>();
  for (const object of walkLayer(task, upper, options)) {
    if (isSocket(object.stat.mode)) continue;
    const file = `${upper}/${object.path}`;
    const header = linked(headerOf(task, file, object, names), object, firstNames);
    if (object.kind === 'whiteout') yield { header: whiteoutOf(header, object.path), body: [] };
    else yield { header, body: header.type === REGTYPE && header.size > 0 ? readFile(task, file, header.size) : [] };
    if (object.kind === 'opaque') yield { header: opaqueMarkerOf(header), body: [] };
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

function typeOf(mode: number): string {
  if (isDirectory(mode)) return DIRTYPE;
  if (isSymlink(mode)) return SYMTYPE;
  if (isCharacterDevice(mode)) return CHRTYPE;
  if (isBlockDevice(mode)) return BLKTYPE;
  return isFifo(mode) ? FIFOTYPE : REGTYPE;
}

/** Times are cut to whole seconds, the mode keeps the file type: both as Docker does since Go 1.8. */
function headerOf(task: Task, file: string, { path, stat, xattrs }: LayerObject, names: OwnerNames): TarHeader {
  const device = isCharacterDevice(stat.mode) || isBlockDevice(stat.mode);
  return {
    name: isDirectory(stat.mode) ? `${path}/` : path,
    type: typeOf(stat.mode),
    linkname: isSymlink(stat.mode) ? task.readlink(file) : '',
    mode: stat.mode,
    uid: stat.uid,
    gid: stat.gid,
    size: isRegular(stat.mode) ? stat.size : 0,
    mtime: { sec: stat.mtime.sec, nsec: 0 },
    uname: names.user(stat.uid),
    gname: names.group(stat.gid),
    devmajor: device ? major(stat.rdev) : 0,
    devminor: device ? minor(stat.rdev) : 0,
    xattrs: xattrs.includes(XATTR_SECURITY_CAPABILITY) ? capabilityOf(task, file) : new Map(),
  };
}

/** File capabilities are the only attribute that a commit keeps; the namespace's root id of revision 3 is cut off. */
function capabilityOf(task: Task, file: string): ReadonlyMap<string, Uint8Array> {
  const value = task.lgetxattr(file, XATTR_SECURITY_CAPABILITY).slice();
  if (value[3] !== 3) return new Map([[XATTR_SECURITY_CAPABILITY, value]]);
  value[3] = 2;
  return new Map([[XATTR_SECURITY_CAPABILITY, value.subarray(0, 20)]]);
}

/** The first name of an inode is the file, later ones are links to that name. */
function linked(header: TarHeader, { path, stat }: LayerObject, firstNames: Map<string, string>): TarHeader {
  if (isDirectory(stat.mode) || stat.nlink < 2) return header;
  const inode = `${stat.dev}:${stat.ino}`;
  const first = firstNames.get(inode);
  if (first !== undefined) return { ...header, type: LNKTYPE, linkname: first, size: 0 };
  firstNames.set(inode, path);
  return header;
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

/** The bytes of a file, one byte more asked for than it should have: a file that grew meanwhile is noticed. */
function* readFile(task: Task, file: string, size: number): Generator<Uint8Array, void> {
  const fd = task.open(file, O_RDONLY);
  try {
    yield* readChunks(task, fd, size + 1);
  } finally {
    task.close(fd);
  }
}

/** `'A'` added, `'C'` changed, `'D'` deleted: the letters of `docker diff`. */
export type ChangeKind = 'A' | 'C' | 'D';

/** One line of what changed. */
export interface Change {
  readonly kind: ChangeKind;
  /** Absolute, from the root of the merged tree: `/w/added`. */
  readonly path: string;
  /** The directory hides all that lies below it in the lower layers. */
  readonly opaque?: true;
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
