/**
 * What a file of a tree is in an archive.
 *
 * @see moby pkg/archive/archive.go (addTarFile, FileInfoHeader, ReadSecurityXattrToTarHeader)
 */
import { O_RDONLY } from '../abi/flags.ts';
import {
  isBlockDevice,
  isCharacterDevice,
  isDirectory,
  isFifo,
  isRegular,
  isSymlink,
  major,
  minor,
} from '../abi/mode.ts';
import type { Stat } from '../abi/stat.ts';
import { XATTR_SECURITY_CAPABILITY } from '../abi/xattr.ts';
import type { Task } from '../kernel/task.ts';
import { inodeKey } from './inode-key.ts';
import type { OwnerNames } from './owner-names.ts';
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

/** A file, and where it stands in the tree. */
export interface TreeFile {
  /** Where the task finds it. */
  readonly file: string;
  /** Below the tree's root: `w/deep/f`. */
  readonly path: string;
  readonly stat: Stat;
  /** The names of its extended attributes. */
  readonly xattrs: readonly string[];
}

/** Makes the entries of one archive: it remembers the first name of each inode, to which later ones are links. */
export class FileEntries {
  readonly #task: Task;
  readonly #names: OwnerNames;
  readonly #firstNames = new Map<string, string>();

  constructor(task: Task, names: OwnerNames) {
    this.#task = task;
    this.#names = names;
  }

  /** The entry of the file, whose body is read when it is asked for, and only then. */
  entry(of: TreeFile): TarEntry {
    const header = this.header(of);
    return { header, body: header.type === REGTYPE && header.size > 0 ? this.#read(of.file, header.size) : [] };
  }

  /** Times are cut to whole seconds, the mode keeps the file type: both as Docker does since Go 1.8. */
  header({ file, path, stat, xattrs }: TreeFile): TarHeader {
    const device = isCharacterDevice(stat.mode) || isBlockDevice(stat.mode);
    return this.#linked(path, stat, {
      name: isDirectory(stat.mode) ? `${path}/` : path,
      type: typeOf(stat.mode),
      linkname: isSymlink(stat.mode) ? this.#task.readlink(file) : '',
      mode: stat.mode,
      uid: stat.uid,
      gid: stat.gid,
      size: isRegular(stat.mode) ? stat.size : 0,
      mtime: { sec: stat.mtime.sec, nsec: 0 },
      uname: this.#names.user(stat.uid),
      gname: this.#names.group(stat.gid),
      devmajor: device ? major(stat.rdev) : 0,
      devminor: device ? minor(stat.rdev) : 0,
      xattrs: xattrs.includes(XATTR_SECURITY_CAPABILITY) ? this.#capability(file) : new Map(),
    });
  }

  /** The first name of an inode is the file, later ones are links to that name. */
  #linked(path: string, stat: Stat, header: TarHeader): TarHeader {
    if (isDirectory(stat.mode) || stat.nlink < 2) return header;
    const inode = inodeKey(stat);
    const first = this.#firstNames.get(inode);
    if (first !== undefined) return { ...header, type: LNKTYPE, linkname: first, size: 0 };
    this.#firstNames.set(inode, path);
    return header;
  }

  /** File capabilities are the only attribute that a layer keeps; the namespace's root id of revision 3 is cut off. */
  #capability(file: string): ReadonlyMap<string, Uint8Array> {
    const value = this.#task.lgetxattr(file, XATTR_SECURITY_CAPABILITY).slice();
    if (value[3] !== 3) return new Map([[XATTR_SECURITY_CAPABILITY, value]]);
    value[3] = 2;
    return new Map([[XATTR_SECURITY_CAPABILITY, value.subarray(0, 20)]]);
  }

  /** The bytes of a file, one byte more asked for than it should have: a file that grew meanwhile is noticed. */
  *#read(file: string, size: number): Generator<Uint8Array, void> {
    const fd = this.#task.open(file, O_RDONLY);
    try {
      yield* readChunks(this.#task, fd, size + 1);
    } finally {
      this.#task.close(fd);
    }
  }
}

function typeOf(mode: number): string {
  if (isDirectory(mode)) return DIRTYPE;
  if (isSymlink(mode)) return SYMTYPE;
  if (isCharacterDevice(mode)) return CHRTYPE;
  if (isBlockDevice(mode)) return BLKTYPE;
  return isFifo(mode) ? FIFOTYPE : REGTYPE;
}
