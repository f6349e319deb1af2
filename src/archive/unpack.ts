/**
 * Unpacks a layer's tar into a directory while its bytes come in, as dockerd does: in a task of its own that has the
 * directory as its root, so that no name, hard link or planted symlink can lead out of it.
 *
 * @see moby pkg/archive diff.go (UnpackLayer), archive.go (Unpack), archive_linux.go (overlayWhiteoutConverter),
 * pkg/chrootarchive diff_unix.go (applyLayer), archive_unix.go (untar)
 */
import { ErrnoException } from '../abi/errno.ts';
import { baseName } from '../abi/name-bytes.ts';
import { OVERLAY_XATTR_PREFIX } from '../abi/xattr.ts';
import type { Task } from '../kernel/task.ts';
import { applyError } from './apply-error.ts';
import { ArchiveError } from './archive-error.ts';
import { clearDirectory, makeParents, markOpaque, replace, whiteOut } from './layer-directory.ts';
import { isLinkSource, type LayerEntry, layerEntryOf, type LayerForm, parentOf } from './layer-entry.ts';
import { LinkSources } from './link-sources.ts';
import { linkError, refuseBreakout } from './refusal.ts';
import { DIRTYPE, LNKTYPE, type TarHeader } from './tar-entry.ts';
import { TarReader } from './tar-reader.ts';
import { createObject, removeAll, setAttributes, setDirectoryTimes, writeAll } from './unpack-entry.ts';

/** How a layer is unpacked. */
export interface UnpackOptions {
  /**
   * `'overlay'`: the directory becomes a layer of an overlay; deletions are written down as whiteouts (character devices
   * 0/0) and opaque directories (an extended attribute). `'plain'`: the directory is a whole tree; deletions are done.
   * `'aufs'`: the directory becomes a branch of AUFS; deletions stay the `.wh.` files that they are.
   */
  readonly form: LayerForm;
  /** Where overlayfs keeps its notes: `trusted.overlay.`, or `user.overlay.` for a mount with `userxattr`. */
  readonly overlayPrefix?: string;
  /**
   * What becomes of names and links whose text leads out of the directory. `'refuse'` (the default) as by moby's
   * pkg/archive. `'contain'` as by dockerd, for which the directory is the root: `..` leads no higher than that, and
   * symlinks are made as they stand; nothing follows them out.
   */
  readonly breakout?: 'refuse' | 'contain';
}

/** What unpacking a layer brought. */
export interface Applied {
  /** The sum of the sizes in the headers, in bytes: what Docker calls the size of a layer in the plain form. */
  readonly size: number;
}

/** What is being made, until its body is complete. */
interface OpenObject {
  readonly path: string;
  readonly header: TarHeader;
  readonly fd: number;
}

/**
 * Takes a layer's tar in whatever pieces it comes and unpacks it on the way; a file is written as its bytes arrive.
 *
 * It is done when `end` has answered. After anything that was thrown, and to give up, call `abort`: what was unpacked
 * stays, nothing is left open.
 *
 * The order of the archive decides, as with Docker: later entries replace earlier ones unless both are directories; an
 * opaque marker of the plain form removes what this layer has not unpacked by then, parents that the archive lacks with
 * all that is in them; a whiteout of the overlay form is refused where something stands.
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { LayerUnpacker } from 'lowerdir/archive';
 * const { task, fs } = createMachine();
 * fs.mkdirSync('/tree/d', { recursive: true });
 * const unpacker = new LayerUnpacker(task, '/tree', { form: 'plain' });
 * unpacker.write(new Uint8Array(1024)); // an archive of nothing
 * unpacker.end(); // => { size: 0 }
 * ```
 */
export class LayerUnpacker {
  readonly #inside: Task;
  readonly #root: string;
  readonly #options: UnpackOptions;
  readonly #reader: TarReader;
  readonly #sources: LinkSources | undefined;
  /** What this layer brought, which its own opaque markers leave alone. */
  readonly #unpacked = new Set<string>();
  readonly #directories: [path: string, header: TarHeader][] = [];
  #size = 0;
  #name: string | undefined;
  #open: OpenObject | undefined;
  #closed = false;

  /** @throws ArchiveError `ERR_TAR_APPLY`; ErrnoException where `root` is no directory that the task may enter */
  constructor(task: Task, root: string, options: UnpackOptions) {
    this.#root = root;
    this.#options = options;
    this.#reader = new TarReader({
      entry: (header) => this.#begin(header),
      data: (bytes) => this.#open !== undefined && writeAll(this.#inside, this.#open.fd, bytes),
      entryEnd: () => this.#finish(),
    });
    this.#inside = task.clone();
    try {
      this.#inside.chroot(root);
      this.#inside.chdir('/');
      this.#inside.umask(options.form === 'plain' ? 0 : 0o022);
      this.#sources = options.form === 'plain' ? new LinkSources(this.#inside) : undefined;
    } catch (error) {
      this.#inside.exit();
      throw error;
    }
  }

  /** @throws ArchiveError `ERR_TAR_…`; `ERR_TAR_APPLY` with the system's error as `cause` */
  write(chunk: Uint8Array): void {
    this.#told(() => this.#reader.write(chunk));
  }

  /** The archive is complete: directories get their times, since nothing more comes into them. @throws ArchiveError */
  end(): Applied {
    this.#told(() => {
      this.#reader.end();
      this.#name = undefined;
      for (const [path, header] of this.#directories) {
        this.#name = header.name;
        setDirectoryTimes(this.#inside, path, header);
      }
      this.#sources?.remove();
    });
    this.#closed = true;
    this.#inside.exit();
    return { size: this.#size };
  }

  /** Gives up; nothing happens when it is over already. */
  abort(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#sources?.remove();
    } catch (error) {
      // The caller has heard why it is given up; a system that refuses this too is beyond help here.
      if (!(error instanceof ErrnoException)) throw error;
    } finally {
      this.#inside.exit();
    }
  }

  /** The system's refusals, with the name of the entry. */
  #told(step: () => void): void {
    if (this.#closed) throw new ArchiveError('ERR_TAR_APPLY', 'the unpacking is over');
    try {
      step();
    } catch (error) {
      throw error instanceof ErrnoException ? applyError(error, this.#name) : error;
    }
  }

  #begin(header: TarHeader): void {
    this.#name = header.name;
    this.#size += header.size;
    const { form } = this.#options;
    const entry = layerEntryOf(header, form);
    if (this.#options.breakout !== 'contain') refuseBreakout(header, this.#root);
    if (form !== 'plain' && entry.kind === 'metadata') return;
    makeParents(this.#inside, parentOf(entry.path), form);
    if (form === 'plain') this.#takePlain(entry, header);
    else this.#takeUnion(entry, header);
  }

  /** Markers become overlayfs's own, or files for AUFS; what stands in the place of the entry goes first. */
  #takeUnion({ kind, path, target }: LayerEntry, header: TarHeader): void {
    replace(this.#inside, `/${path}`, header);
    if (kind === 'opaque') markOpaque(this.#inside, `/${target}`, this.#options.overlayPrefix ?? OVERLAY_XATTR_PREFIX);
    else if (kind === 'whiteout') whiteOut(this.#inside, `/${target}`, header);
    else this.#place(`/${path}`, header);
  }

  /** Deletions are done. AUFS's own files are passed over, but for those that links lead to. */
  #takePlain({ kind, path, target }: LayerEntry, header: TarHeader): void {
    if (kind === 'metadata') return;
    if (kind === 'link source') this.#create(this.#sources!.add(baseName(path), header), header);
    else if (kind === 'opaque') clearDirectory(this.#inside, `/${target}`, this.#unpacked);
    else if (kind === 'whiteout') removeAll(this.#inside, `/${target}`);
    else {
      replace(this.#inside, `/${path}`, header);
      this.#place(`/${path}`, header);
      this.#unpacked.add(`/${path}`);
    }
  }

  #place(path: string, header: TarHeader): void {
    if (this.#sources !== undefined && header.type === LNKTYPE && isLinkSource(header.linkname)) {
      this.#copySource(path, header);
    } else this.#create(path, header);
    if (header.type === DIRTYPE) this.#directories.push([path, header]);
  }

  #create(path: string, header: TarHeader): void {
    const fd = createObject(this.#inside, path, header);
    if (fd === undefined) setAttributes(this.#inside, path, header);
    else this.#open = { path, header, fd };
  }

  /** A link into AUFS's hard link directory becomes a copy of the file that it names. */
  #copySource(path: string, header: TarHeader): void {
    const source = this.#sources!.headerOf(baseName(header.linkname));
    if (source === undefined) throw linkError('Invalid aufs hardlink', header);
    const fd = createObject(this.#inside, path, source)!;
    try {
      for (const bytes of this.#sources!.read(baseName(header.linkname))) writeAll(this.#inside, fd, bytes);
    } finally {
      this.#inside.close(fd);
    }
    setAttributes(this.#inside, path, source);
  }

  #finish(): void {
    if (this.#open === undefined) return;
    const { path, header, fd } = this.#open;
    this.#open = undefined;
    this.#inside.close(fd);
    setAttributes(this.#inside, path, header);
  }
}
