/**
 * Unpacks a layer's tar into a directory, as dockerd does: in a task of its own that has the directory as its root, so
 * that no name, hard link or planted symlink can lead out of it.
 *
 * @see moby pkg/archive/diff.go (UnpackLayer), archive.go (Unpack), pkg/chrootarchive
 */
import { ErrnoException } from '../abi/errno.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW } from '../abi/flags.ts';
import { isDirectory, S_IALLUGO } from '../abi/mode.ts';
import type { Stat } from '../abi/stat.ts';
import { WHITEOUT_DEV, WHITEOUT_MODE } from '../abi/whiteout.ts';
import { OVERLAY_XATTR_PREFIX } from '../abi/xattr.ts';
import type { Task } from '../kernel/task.ts';
import { ArchiveError } from './archive-error.ts';
import { listNames } from './diff.ts';
import { layerEntryOf, layerPath, parentOf } from './layer-entry.ts';
import { DIRTYPE, LNKTYPE, type TarEntry, type TarHeader } from './tar-entry.ts';
import { readArchive } from './tar-reader.ts';
import { removeAll, setDirectoryTimes, unpackEntry } from './unpack-entry.ts';
import { type LayerForm, verifyLayer } from './verify-layer.ts';

/** How a layer is unpacked. */
export interface ApplyOptions {
  /**
   * `'overlay'`: the directory becomes a layer of an overlay; deletions are written down as whiteouts (character devices
   * 0/0) and opaque directories (an extended attribute). `'plain'`: the directory is a whole tree; deletions are done.
   */
  readonly form: LayerForm;
  /** Where overlayfs keeps its notes: `trusted.overlay.`, or `user.overlay.` for a mount with `userxattr`. */
  readonly overlayPrefix?: string;
  /**
   * `'refuse'` (the default): a symlink whose text leads out of the directory is refused, as by moby's pkg/archive.
   * `'contain'`: it is made as it stands, as by dockerd, for which the directory is the root; nothing follows it out.
   */
  readonly symlinks?: 'refuse' | 'contain';
}

/** What unpacking a layer brought. */
export interface Applied {
  /** The sum of the sizes in the headers, in bytes: what Docker calls the size of a layer in the plain form. */
  readonly size: number;
}

/**
 * Unpacks `archive` into the directory `root`.
 *
 * The archive is read twice, so an iterable must give the same chunks again. The first pass checks all that an archive
 * can get wrong by itself; nothing is written unless it succeeds. When the system refuses a step of the second pass
 * (no space, a name too long …), a directory that was empty before is emptied again and its attributes are restored; one
 * that was not keeps what was done until then, as with Docker, whose layer store throws such a directory away.
 *
 * Where the archive has a path twice, the later entry wins, as with Docker. Parents that it lacks are made: mode 0600 in
 * the plain form, 0755 in the overlay form. Unlike Docker, AUFS's own files (`.wh..wh.*`) are passed over in both
 * forms, and parents that were made for an entry of this layer survive an opaque marker that comes later.
 *
 * @throws ArchiveError `ERR_TAR_…`; `ERR_TAR_APPLY` with the system's error as `cause`
 */
export function applyLayer(
  task: Task,
  root: string,
  archive: Uint8Array | Iterable<Uint8Array>,
  options: ApplyOptions,
): Applied {
  const chunks = archive instanceof Uint8Array ? [archive] : archive;
  const inside = task.clone();
  try {
    inside.chroot(root);
    inside.chdir('/');
    inside.umask(options.form === 'plain' ? 0 : 0o022);
    const size = verifyLayer(chunks, {
      form: options.form,
      root,
      refuseSymlinks: options.symlinks !== 'contain',
      modeOf: (path) => inside.statIfPresent(`/${path}`, AT_SYMLINK_NOFOLLOW)?.mode,
    });
    unpack(inside, root, archive, options);
    return { size };
  } finally {
    inside.exit();
  }
}

/** The second pass, and the way back from it. */
function unpack(inside: Task, root: string, archive: Uint8Array | Iterable<Uint8Array>, options: ApplyOptions): void {
  const restore = listNames(inside, '/').length === 0 ? emptied(inside) : undefined;
  const unpacking = new Unpacking(inside, root, options);
  let name: string | undefined;
  try {
    for (const entry of readArchive(archive)) {
      name = entry.header.name;
      unpacking.take(entry);
    }
    name = undefined;
    unpacking.finish();
  } catch (error) {
    restore?.();
    if (!(error instanceof ErrnoException)) throw error;
    const where = name === undefined ? '' : `${JSON.stringify(name)}: `;
    const detail = { cause: error, ...(name === undefined ? {} : { entry: name }) };
    throw new ArchiveError('ERR_TAR_APPLY', `${where}${error.message}`, detail);
  }
}

/** What makes an empty directory empty again, and gives it its attributes back. */
function emptied(inside: Task): () => void {
  const before = inside.lstat('/');
  const attributes = new Set(inside.llistxattr('/'));
  return () => {
    try {
      for (const name of listNames(inside, '/')) removeAll(inside, `/${name}`);
      for (const name of inside.llistxattr('/')) if (!attributes.has(name)) inside.lremovexattr('/', name);
      restoreAttributes(inside, before);
    } catch (error) {
      // The first refusal is what the caller must hear of; a system that refuses the way back too is beyond help here.
      if (!(error instanceof ErrnoException)) throw error;
    }
  };
}

function restoreAttributes(inside: Task, before: Stat): void {
  inside.chown('/', before.uid, before.gid);
  inside.chmod('/', before.mode & S_IALLUGO);
  inside.utimensat(AT_FDCWD, '/', before.atime, before.mtime);
}

/** The state of one unpacking; all paths are those of a task that is rooted in the directory. */
class Unpacking {
  readonly #task: Task;
  readonly #root: string;
  readonly #options: ApplyOptions;
  /** What this layer brought, which its own opaque markers leave alone. */
  readonly #unpacked = new Set<string>();
  readonly #directories = new Map<string, TarHeader>();
  readonly #linkSources = new Map<string, TarEntry>();

  constructor(task: Task, root: string, options: ApplyOptions) {
    this.#task = task;
    this.#root = root;
    this.#options = options;
  }

  take(entry: TarEntry): void {
    const { kind, path } = layerEntryOf(entry.header, this.#root);
    if (kind === 'metadata') return;
    if (kind === 'link source') {
      this.#linkSources.set(path, entry);
      return;
    }
    this.#makeParents(kind === 'opaque' ? path : parentOf(path));
    if (kind === 'opaque') this.#hide(`/${path}`);
    else if (kind === 'whiteout') this.#delete(`/${path}`, entry.header);
    else this.#place(`/${path}`, entry);
  }

  /** Directories get their times when nothing more comes into them. */
  finish(): void {
    for (const [path, header] of this.#directories) setDirectoryTimes(this.#task, path, header);
  }

  #makeParents(parent: string): void {
    if (parent === '' || this.#isThere(`/${parent}`)) return;
    const mode = this.#options.form === 'plain' ? 0o600 : 0o777;
    let path = '';
    for (const part of parent.split('/')) {
      path += `/${part}`;
      if (this.#task.statIfPresent(path) !== undefined) continue;
      this.#task.mkdir(path, mode);
      this.#unpacked.add(path);
    }
  }

  #isThere(path: string): boolean {
    return this.#task.statIfPresent(path, AT_SYMLINK_NOFOLLOW) !== undefined;
  }

  #hide(directory: string): void {
    if (this.#options.form === 'plain') this.#clear(directory);
    else {
      const name = `${this.#options.overlayPrefix ?? OVERLAY_XATTR_PREFIX}opaque`;
      this.#task.setxattr(directory, name, Uint8Array.of(0x79));
    }
  }

  /** Removes what the layers below have in the directory, at any depth. */
  #clear(directory: string): void {
    if (!isDirectory(this.#task.lstat(directory).mode)) return;
    for (const name of listNames(this.#task, directory)) {
      const path = `${directory === '/' ? '' : directory}/${name}`;
      if (!this.#unpacked.has(path)) removeAll(this.#task, path);
      else this.#clear(path);
    }
  }

  #delete(path: string, { uid, gid }: TarHeader): void {
    if (this.#options.form === 'plain') {
      removeAll(this.#task, path);
      return;
    }
    this.#task.mknod(path, WHITEOUT_MODE, WHITEOUT_DEV);
    this.#task.lchown(path, uid, gid);
  }

  /** Replaces what stands there, unless both are directories: those become one. In overlay's form the root keeps its attributes. */
  #place(path: string, entry: TarEntry): void {
    const { header } = entry;
    const there = this.#task.statIfPresent(path, AT_SYMLINK_NOFOLLOW);
    const merges = there !== undefined && isDirectory(there.mode) && header.type === DIRTYPE;
    if (path === '/' && this.#options.form === 'overlay') return;
    if (there !== undefined && !merges) removeAll(this.#task, path);
    unpackEntry(this.#task, path, this.#sourceOf(entry));
    this.#unpacked.add(path);
    if (header.type === DIRTYPE) this.#directories.set(path, header);
  }

  /** A link into AUFS's hard link directory becomes the file that it names. */
  #sourceOf(entry: TarEntry): TarEntry {
    if (entry.header.type !== LNKTYPE) return entry;
    return this.#linkSources.get(layerPath(entry.header.linkname) ?? '') ?? entry;
  }
}
