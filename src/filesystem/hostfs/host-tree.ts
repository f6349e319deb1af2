/**
 * A directory of the host, read and never written. Data is read with O_NOATIME where the host allows it; listings and
 * symlinks are read as everybody reads them, and the host may mark that in their access times.
 */
import * as fs from 'node:fs';
import { raise } from '../../abi/errno.ts';
import { NAME_MAX } from '../../abi/flags.ts';
import { DT_BLK, DT_CHR, DT_DIR, DT_FIFO, DT_LNK, DT_REG, DT_SOCK } from '../../abi/mode.ts';
import { decodeName, encodeName, isUTF8 } from '../../abi/name-bytes.ts';
import { type Stat, type StatFS, timespecOf } from '../../abi/stat.ts';
import type { OutsideEntry, OutsideFile, PassthroughSource } from '../../kernel/passthrough/source.ts';
import { isMissing, isNotPermitted, raiseHostError } from './host-error.ts';
import { statOf } from './host-stat.ts';

/** The magic number of User Mode Linux's filesystem of this name. @see fs/hostfs/hostfs_kern.c */
const HOSTFS_SUPER_MAGIC = 0x00c0ffee;
/** How many entries the host is asked for at a time. */
const LIST_BATCH = 256;

/** Opens for reading, and nothing that only looks like the file: no symlink, no fifo that would wait. */
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_NOATIME = 0 } = fs.constants;

export class HostTree implements PassthroughSource {
  readonly wholeFiles = false;
  readonly #root: string;
  readonly #dev: bigint;

  /** @throws Errno ENOENT, EACCES, EIO */
  constructor(directory: string) {
    if (directory === '') raise('ENOENT');
    try {
      const real = fs.realpathSync.native(hostPath(directory), { encoding: 'buffer' });
      this.#root = decodeName(real);
      this.#dev = fs.lstatSync(real, { bigint: true }).dev;
    } catch (error) {
      if (isMissing(error)) raise((error as { code: 'ENOENT' | 'ENOTDIR' }).code);
      raiseHostError(error);
    }
  }

  lstat(path: string): OutsideFile | undefined {
    try {
      const found = fs.lstatSync(this.#path(path), { bigint: true });
      const own = found.dev === this.#dev && found.ino < Number.MAX_SAFE_INTEGER;
      const key = own && found.ino > 0n ? undefined : `${found.dev}:${found.ino > 0n ? found.ino : path}`;
      return { stat: statOf(found, key === undefined ? Number(found.ino) : 0), key, unique: true };
    } catch (error) {
      return isMissing(error) ? undefined : raiseHostError(error);
    }
  }

  list(path: string): readonly OutsideEntry[] {
    try {
      return readAll(this.#path(path));
    } catch (error) {
      return raiseHostError(error);
    }
  }

  readlink(path: string): string {
    try {
      return decodeName(fs.readlinkSync(this.#path(path), { encoding: 'buffer' }));
    } catch (error) {
      return raiseHostError(error);
    }
  }

  read(path: string, stat: Omit<Stat, 'dev'>, offset: number, into: Uint8Array): void {
    try {
      const fd = openQuietly(this.#path(path));
      try {
        if (!isUnchanged(fs.fstatSync(fd, { bigint: true }), stat)) raise('ESTALE');
        readFully(fd, into, offset);
      } finally {
        fs.closeSync(fd);
      }
    } catch (error) {
      raiseHostError(error);
    }
  }

  statfs(): StatFS {
    const { bsize, blocks, bfree, bavail, files, ffree } = this.#statfs();
    const told = { bsize, frsize: bsize, blocks, bfree, bavail, files, ffree };
    return { type: HOSTFS_SUPER_MAGIC, ...told, namelen: NAME_MAX, flags: 0 };
  }

  #statfs() {
    try {
      return fs.statfsSync(this.#path('/'));
    } catch (error) {
      return raiseHostError(error);
    }
  }

  #path(path: string): string | Buffer {
    return hostPath(this.#root === '/' ? path : path === '/' ? this.#root : this.#root + path);
  }
}

/** A path as node:fs takes it: bytes where it is no UTF-8. */
const hostPath = (path: string): string | Buffer => (isUTF8(path) ? path : Buffer.from(encodeName(path)));

/** Opens without leaving a mark in the access time, which the host allows to the owner of a file alone. */
function openQuietly(path: string | Buffer): number {
  const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
  try {
    return fs.openSync(path, flags | O_NOATIME);
  } catch (error) {
    if (O_NOATIME === 0 || !isNotPermitted(error)) throw error;
    return fs.openSync(path, flags);
  }
}

/** Still the file that was looked up. */
function isUnchanged(now: fs.BigIntStats, stat: Omit<Stat, 'dev'>): boolean {
  if (!now.isFile() || Number(now.size) !== stat.size) return false;
  if (stat.ino !== 0 && Number(now.ino) !== stat.ino) return false;
  const { sec, nsec } = timespecOf(now.mtimeNs);
  return sec === stat.mtime.sec && nsec === stat.mtime.nsec;
}

function readFully(fd: number, into: Uint8Array, offset: number): void {
  for (let done = 0; done < into.length; ) {
    const got = fs.readSync(fd, into, done, into.length - done, offset + done);
    if (got === 0) raise('EIO');
    done += got;
  }
}

/** A whole listing in the host's own order: `readdirSync` would sort it. */
function readAll(path: string | Buffer): OutsideEntry[] {
  const entries: OutsideEntry[] = [];
  const directory = fs.opendirSync(path as string, { encoding: 'buffer' as BufferEncoding, bufferSize: LIST_BATCH });
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      entries.push({ name: decodeName(entry.name as unknown as Uint8Array), type: typeOf(entry) });
    }
  } finally {
    directory.closeSync();
  }
  return entries;
}

/** `undefined` where the host does not tell. */
function typeOf(entry: fs.Dirent): number | undefined {
  if (entry.isFile()) return DT_REG;
  if (entry.isDirectory()) return DT_DIR;
  if (entry.isSymbolicLink()) return DT_LNK;
  if (entry.isFIFO()) return DT_FIFO;
  if (entry.isSocket()) return DT_SOCK;
  if (entry.isCharacterDevice()) return DT_CHR;
  return entry.isBlockDevice() ? DT_BLK : undefined;
}
