/** A tree inside an object that is like node:fs. */
import { type ErrnoCode, errnoCodes, raise } from '../../abi/errno.ts';
import { NAME_MAX, PAGE_SIZE } from '../../abi/flags.ts';
import { S_IALLUGO, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../abi/mode.ts';
import { decodeName, encodeName } from '../../abi/name-bytes.ts';
import type { Stat, StatFS, Timespec } from '../../abi/stat.ts';
import type { OutsideEntry, OutsideFile, PassthroughSource } from '../../kernel/passthrough/source.ts';
import type { FsLike, StatsLike } from './fs-like.ts';

/** What statfs(2) tells of the type: the letters "memf". */
const MEMFS_MAGIC = 0x6d656d66;

const KNOWN: ReadonlySet<string> = new Set(errnoCodes);

export class ObjectTree implements PassthroughSource {
  readonly #fs: FsLike;
  readonly #root: string;
  readonly wholeFiles: boolean;

  /** `root` is the path of the directory to show, without a slash at its end: '' for everything. */
  constructor(fs: FsLike, root: string) {
    this.#fs = fs;
    this.#root = root;
    this.wholeFiles = !isReadable(fs);
  }

  lstat(path: string): OutsideFile | undefined {
    try {
      const found = this.#fs.lstatSync(this.#path(path));
      return found && { stat: statOf(found), unique: false };
    } catch (error) {
      return isMissing(error) ? undefined : raiseError(error);
    }
  }

  list(path: string): readonly OutsideEntry[] {
    try {
      return this.#fs.readdirSync(this.#path(path)).map((name) => ({ name: textOf(name) }));
    } catch (error) {
      return raiseError(error);
    }
  }

  readlink(path: string): string {
    try {
      return textOf(this.#fs.readlinkSync(this.#path(path)));
    } catch (error) {
      return raiseError(error);
    }
  }

  read(path: string, stat: Omit<Stat, 'dev'>, offset: number, into: Uint8Array): void {
    try {
      if (isReadable(this.#fs)) readOpened(this.#fs, this.#path(path), offset, into);
      else readWhole(this.#fs, this.#path(path), stat.size, offset, into);
    } catch (error) {
      raiseError(error);
    }
  }

  /** An object does not tell how much it holds. */
  statfs(): StatFS {
    const nothing = { blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 };
    return { type: MEMFS_MAGIC, bsize: PAGE_SIZE, frsize: PAGE_SIZE, ...nothing, namelen: NAME_MAX, flags: 0 };
  }

  #path(path: string): string {
    return path === '/' ? this.#root || '/' : this.#root + path;
  }
}

type Readable = FsLike & Required<Pick<FsLike, 'openSync' | 'readSync' | 'closeSync'>>;

const isReadable = (fs: FsLike): fs is Readable =>
  fs.openSync !== undefined && fs.readSync !== undefined && fs.closeSync !== undefined;

function readOpened(fs: Readable, path: string, offset: number, into: Uint8Array): void {
  const fd = fs.openSync(path, 'r');
  try {
    for (let done = 0; done < into.length; ) {
      const got = fs.readSync(fd, into, done, into.length - done, offset + done);
      if (got === 0) raise('ESTALE');
      done += got;
    }
  } finally {
    fs.closeSync(fd);
  }
}

function readWhole(fs: FsLike, path: string, size: number, offset: number, into: Uint8Array): void {
  const content = fs.readFileSync?.(path) ?? raise('EIO');
  const bytes = typeof content === 'string' ? encodeName(content) : bytesOf(content);
  if (bytes.length !== size) raise('ESTALE');
  into.set(bytes.subarray(offset, offset + into.length));
}

/** The bytes of a view, whichever realm it comes from. */
function bytesOf(content: unknown): Uint8Array {
  if (!ArrayBuffer.isView(content)) raise('EIO');
  return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
}

const textOf = (text: unknown): string => (typeof text === 'string' ? text : decodeName(bytesOf(text)));

/** The attributes of the object's file, with defaults for what it does not tell. */
function statOf(found: StatsLike): Omit<Stat, 'dev'> {
  const size = Number(found.size);
  const mtime = timespecOf(found.mtimeMs ?? 0);
  return {
    ino: numberOf(found.ino),
    mode: modeOf(found),
    nlink: Math.max(1, Number(found.nlink ?? 1)),
    uid: Number(found.uid ?? 0),
    gid: Number(found.gid ?? 0),
    rdev: Number(found.rdev ?? 0),
    size,
    blksize: PAGE_SIZE,
    blocks: found.isFile() ? Math.ceil(size / PAGE_SIZE) * (PAGE_SIZE / 512) : 0,
    atime: timespecOf(found.atimeMs ?? 0),
    mtime,
    ctime: timespecOf(found.ctimeMs ?? found.mtimeMs ?? 0),
    btime: found.birthtimeMs ? timespecOf(found.birthtimeMs) : undefined,
  };
}

function numberOf(ino: number | bigint | undefined): number {
  const number = Number(ino ?? 0);
  return Number.isSafeInteger(number) && number > 0 ? number : 0;
}

/** Type and permission bits; the type is what the object says it is, other types are told by `mode` alone. */
function modeOf(found: StatsLike): number {
  const mode = found.mode === undefined ? undefined : Number(found.mode);
  if (found.isDirectory()) return S_IFDIR | ((mode ?? 0o755) & S_IALLUGO);
  if (found.isSymbolicLink()) return S_IFLNK | 0o777;
  if (found.isFile()) return S_IFREG | ((mode ?? 0o644) & S_IALLUGO);
  return mode === undefined || (mode & S_IFMT) === 0 ? raise('EIO') : mode;
}

/** Milliseconds as Node tells them, with what nanoseconds they carry. */
function timespecOf(milliseconds: number | bigint): Timespec {
  const told = Number(milliseconds);
  const sec = Math.floor(told / 1000);
  const nsec = Math.round((told - sec * 1000) * 1e6);
  return nsec < 1e9 ? { sec, nsec } : { sec: sec + 1, nsec: 0 };
}

const codeOf = (error: unknown): string => (error as { code?: string } | undefined)?.code ?? '';

const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';

/** Passes on what the object refused with: ESTALE for a file that has gone, EIO for what has no number. */
function raiseError(error: unknown): never {
  if (isMissing(error)) return raise('ESTALE');
  return raise(KNOWN.has(codeOf(error)) ? (codeOf(error) as ErrnoCode) : 'EIO');
}
