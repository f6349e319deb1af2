/**
 * The contract of a graph driver: a program on the machine that keeps a directory for each layer, makes them look like
 * one tree and takes them apart again. It does all of it through the system calls of one task and sees no inode.
 *
 * Life cycle: a {@link DriverType} is a value; `init` starts it over a home directory, which it makes, and which may
 * hold the layers of an earlier start. Layers are made by `create` and `createReadWrite`, shown by `get`, hidden by
 * `put`, and go with `remove`. A driver keeps nothing in memory that its home does not tell again, but the counts of
 * `get`.
 *
 * Paths are absolute in the task's root. Every method may throw the `ErrnoException` of a system call that was refused
 * (ENOSPC, EIO …): a `create` that fails leaves no layer behind.
 *
 * @see moby daemon/graphdriver/driver.go
 */
import type { Content } from '../archive/codecs.ts';
import type { Change } from '../archive/diff.ts';
import type { Program } from '../kernel/program.ts';
import type { FilesystemType } from '../kernel/superblock.ts';
import type { Task } from '../kernel/task.ts';

/** What one layer is made with. */
export interface CreateOptions {
  /** An SELinux context, which goes into mount options as it stands. */
  readonly mountLabel?: string;
  /** `docker run --storage-opt`: `{ size: '10G' }`. */
  readonly storageOptions?: Readonly<Record<string, string>>;
}

/**
 * Where a tree that a driver shows is not like a directory of one's own:
 *
 * - `directory-rename` rename(2) of a directory that lies in a lower layer gives EXDEV
 * - `filled-directory-rename` so does that of one with something in it; an empty one can be renamed
 * - `hard-links` copy-up gives one name of a lower file a file of its own
 * - `stale-descriptor` a descriptor that was opened for reading keeps showing the lower file (before Linux 4.19)
 * - `inode-number` a file's number changes when it is copied up (layers on several filesystems, or of hard links)
 * - `access-time` reading a lower file does not touch its access time
 * - `link-count` a lower file counts names that are not there: deleted ones, or those that it has in other layers
 * - `set-id-bits` a copied-up file of several names loses its set-user-ID and set-group-ID bits when the layer is hidden
 * - `directory-time` a directory gets a new time of modification when something in it is copied up
 * - `truncate-time` truncate(2) of a lower file to nothing leaves its time of modification as it is
 * - `replaced-descriptor` fstat(2) of a file whose name another was renamed to gives ESTALE
 * - `reserved-names` names that begin with `.wh.` are refused
 * - `name-length` names of more than 242 bytes are refused
 */
export type NonStandard =
  | 'directory-rename'
  | 'filled-directory-rename'
  | 'hard-links'
  | 'stale-descriptor'
  | 'inode-number'
  | 'access-time'
  | 'link-count'
  | 'set-id-bits'
  | 'directory-time'
  | 'truncate-time'
  | 'replaced-descriptor'
  | 'reserved-names'
  | 'name-length';

/** What a caller and the suite may rely on. */
export interface DriverFeatures {
  /** What is copied by the first write to a file of a layer below: nothing, the file, the block, the extent. */
  readonly copyOnWrite: 'none' | 'file' | 'block' | 'extent';
  /** `diff` reads the layer's own directory, where others compare two trees. */
  readonly nativeDiff: boolean;
  /** The storage option `size` holds. */
  readonly quota: boolean;
  /** How many layers may lie below one, `Infinity` for any number. */
  readonly maxDepth: number;
  readonly nonStandard: ReadonlySet<NonStandard>;
  /**
   * How `changes` finds them: `'trees'` (also where it is left out) by comparing the layer with its parent; `'branch'`
   * by what lies in the layer's own directory. Told that way, a file that was copied up is `C` although nothing differs,
   * and a directory where its mode, time or size differs, and only there; a name is `C` where any layer below has it,
   * deleted in between or not, and a symlink is `A` that led nowhere; a directory that hides what lies below it tells the
   * deletion of `.wh..opq` instead of the names.
   */
  readonly changes?: 'trees' | 'branch';
}

/** The least a driver must offer; `naiveDiff` makes a {@link Driver} of it. */
export interface ProtoDriver {
  /** `overlay2`: the name of its folder and of what `docker info` tells. */
  readonly name: string;
  /** The directory that it keeps its layers in. */
  readonly home: string;
  readonly features: DriverFeatures;
  /**
   * A new layer that is to hold a diff, on top of `parent`.
   *
   * @throws DriverError `ERR_DRIVER_STORAGE_OPTION`, `ERR_DRIVER_DEPTH`, `ERR_DRIVER_ID` where there is no such parent
   */
  create(id: string, parent?: string, options?: CreateOptions): void;
  /**
   * As `create`, for the writable layer of a container; storage options are allowed where the driver has some.
   *
   * @throws DriverError as `create`; `ERR_DRIVER_QUOTA` where the disk below cannot enforce a size
   */
  createReadWrite(id: string, parent?: string, options?: CreateOptions): void;
  /**
   * The directory that shows the layer with all below it. Counted: as many `put` hide it again.
   *
   * @throws DriverError `ERR_DRIVER_ID`, `ERR_DRIVER_MOUNT`
   */
  get(id: string, mountLabel?: string): string;
  /** Gives back one `get`; the last one unmounts. Nothing happens for a layer that is not shown. */
  put(id: string): void;
  /** Whether the layer's directory is there. */
  exists(id: string): boolean;
  /** Removes a layer that is not shown; nothing happens where there is none. @throws DriverError `ERR_DRIVER_ID` for '' */
  remove(id: string): void;
  /** What `docker info` tells below "Storage Driver", in its order. */
  status(): readonly (readonly [string, string])[];
  /** What `docker inspect` tells as `GraphDriver.Data`; `undefined` where that is `null`. */
  metadata(id: string): Readonly<Record<string, string>> | undefined;
  /** The daemon stops: unmounts what the driver itself has mounted. */
  cleanup(): void;
  /**
   * What a stop of the machine or a refusal has left that belongs to no layer or to no mount: where something was tried
   * out, mount points of layers that are not shown. Absolute paths, which may be removed; left out by a driver that leaves
   * nothing.
   */
  leftovers?(): readonly string[];
}

/**
 * Takes in the uncompressed tar of a layer, in whatever pieces it comes. It is done with when `end` has answered; after
 * anything that was thrown the caller gives up with `abort`.
 */
export interface DiffWriter {
  /** @throws ArchiveError `ERR_TAR_…` */
  write(chunk: Uint8Array): void;
  /** The layer is complete; answers its size in bytes as the driver counts it. @throws ArchiveError `ERR_TAR_…` */
  end(): number;
  /** Gives up. What was unpacked stays until the layer is removed; nothing is left open or mounted. */
  abort(): void;
}

/** What of a layer differs from the one below it. `parent` is left out for a layer with nothing below. */
export interface DiffDriver {
  /** What changed, as `docker diff` tells it. Without a parent every path is an addition. */
  changes(id: string, parent?: string): readonly Change[];
  /** The uncompressed tar of the changes, read while it is asked for; a loop over it that breaks off leaves nothing open. */
  diff(id: string, parent?: string): Iterable<Uint8Array>;
  /** Begins to unpack a tar into the layer. */
  applyDiff(id: string, parent?: string): DiffWriter;
  /** Bytes that the changes take, as the driver counts them. */
  diffSize(id: string, parent?: string): number;
}

/** Reads the files that a layer's own diff brought. @see moby daemon/graphdriver/driver.go (FileGetCloser) */
export interface DiffGetter {
  /** Where they lie: what the layer itself has written, in the form of the driver. */
  readonly directory: string;
  /** The bytes of a file, by its name in the layer's tar. @throws ErrnoException for a file that is not there */
  get(path: string): Iterable<Uint8Array>;
  close(): void;
}

/** A whole driver. */
export interface Driver extends ProtoDriver, DiffDriver {
  /**
   * What puts a layer's tar together again from its tar-split without showing the layer; left out by a driver that has
   * to show it. @see moby daemon/graphdriver/driver.go (DiffGetterDriver)
   */
  diffGetter?(id: string): DiffGetter;
}

/** A line of the daemon's log. */
export interface DriverLogLine {
  readonly level: 'info' | 'warning' | 'error';
  readonly message: string;
}

/** Is told each line of the daemon's log. */
export type DriverLog = (line: DriverLogLine) => void;

/** What a driver is started with. */
export interface DriverParts {
  /** The daemon: root, whose calls are all that the driver does. */
  readonly task: Task;
  /** `/var/lib/docker/overlay2`; made when it is not there. */
  readonly home: string;
  /** `dockerd --storage-opt`: `['overlay2.size=10G']`. The driver refuses those that it does not know. */
  readonly options?: readonly string[];
  /** Is told what Docker logs and goes on. */
  readonly log?: DriverLog | undefined;
}

/** What a driver stands on that not every machine has; the packages of a distribution would bring it. */
export interface DriverNeeds {
  /** Filesystem types that are loaded as kernel modules. */
  readonly filesystems: readonly FilesystemType[];
  /** Programs, by the path of their file. */
  readonly programs: Readonly<Record<string, Program>>;
}

/** A driver before it runs on a machine, chosen by value: what `overlay2()` answers. */
export interface DriverType {
  readonly name: string;
  /** For whoever makes a machine for the driver, as `createMachine({ drivers })` does; the driver itself runs on any that has it. */
  readonly needs?: DriverNeeds;
  /**
   * Starts the driver.
   *
   * @throws DriverError `ERR_DRIVER_NOT_SUPPORTED`, `ERR_DRIVER_PREREQUISITES`, `ERR_DRIVER_INCOMPATIBLE`,
   * `ERR_DRIVER_OPTION`, `ERR_DRIVER_QUOTA`
   */
  init(parts: DriverParts): Driver;
}

/** Unpacks a whole tar into the layer; answers its size as the driver counts it. */
export function applyArchive(driver: DiffDriver, id: string, parent: string | undefined, archive: Content): number {
  const writer = driver.applyDiff(id, parent);
  try {
    for (const chunk of archive instanceof Uint8Array ? [archive] : archive) writer.write(chunk);
    return writer.end();
  } catch (error) {
    writer.abort();
    throw error;
  }
}
