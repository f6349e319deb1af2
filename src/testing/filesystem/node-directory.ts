/** A real directory by way of node:fs, which is handed in as a value: the host itself as an oracle, or as what is asked. */
import { AT_SYMLINK_NOFOLLOW } from '../../abi/flags.ts';
import { type Dirent, type Stat, type Timespec, timespecOf } from '../../abi/stat.ts';
import { refuse } from './model-node.ts';
import type { MountedDirectory } from './oracle.ts';
import { type ModelTask, xattrCalls } from './posix-model.ts';

/** What of a BigIntStats is used. */
interface NodeStats {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mode: bigint;
  readonly nlink: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly rdev: bigint;
  readonly size: bigint;
  readonly blksize: bigint;
  readonly blocks: bigint;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** What of node:fs is used; memfs and this library's own façade have it too. */
export interface NodeFs {
  openSync(path: string, flags: number, mode?: number): number;
  closeSync(fd: number): void;
  readSync(fd: number, into: Uint8Array, offset: number, length: number, position: null): number;
  writeSync(fd: number, bytes: Uint8Array, offset: number, length: number, position: null): number;
  ftruncateSync(fd: number, size: number): void;
  statSync(path: string, options: { bigint: true }): NodeStats;
  lstatSync(path: string, options: { bigint: true }): NodeStats;
  fstatSync(fd: number, options: { bigint: true }): NodeStats;
  chmodSync(path: string, mode: number): void;
  chownSync(path: string, uid: number, gid: number): void;
  lchownSync(path: string, uid: number, gid: number): void;
  utimesSync(path: string, atime: number, mtime: number): void;
  lutimesSync(path: string, atime: number, mtime: number): void;
  readdirSync(path: string): string[];
  mkdirSync(path: string, mode: number): unknown;
  rmdirSync(path: string): void;
  linkSync(path: string, newPath: string): void;
  unlinkSync(path: string): void;
  symlinkSync(target: string, path: string): void;
  readlinkSync(path: string): string;
  renameSync(path: string, newPath: string): void;
  rmSync(path: string, options: { recursive: true; force: true }): void;
}

function statOf(stats: NodeStats): Stat {
  const { dev, ino, mode, nlink, uid, gid, rdev, size, blksize, blocks } = stats;
  const numbers = { dev, ino, mode, nlink, uid, gid, rdev, size, blksize, blocks };
  const entries = Object.entries(numbers).map(([name, value]) => [name, Number(value)]);
  const times = {
    atime: timespecOf(stats.atimeNs),
    mtime: timespecOf(stats.mtimeNs),
    ctime: timespecOf(stats.ctimeNs),
  };
  return { ...(Object.fromEntries(entries) as Record<keyof typeof numbers, number>), ...times };
}

const secondsOf = ({ sec, nsec }: Timespec): number => sec + nsec / 1e9;

/** What node:fs has no call for, or one that does something else: its truncate takes a negative size for none. */
const MISSING = ['lseek', 'truncate', 'mknod', ...xattrCalls] as const;

type NodeCalls = Omit<ModelTask, (typeof MISSING)[number]>;

/** The calls of a task, made by node:fs. */
class NodeTask implements NodeCalls {
  readonly #fs: NodeFs;
  /** The paths of open directories that have still to be listed. */
  readonly #unlisted = new Map<number, string>();

  constructor(fs: NodeFs) {
    this.#fs = fs;
  }
  open(path: string, flags: number, mode?: number): number {
    const fd = this.#fs.openSync(path, flags, mode);
    this.#unlisted.set(fd, path);
    return fd;
  }
  close(fd: number): void {
    this.#unlisted.delete(fd);
    this.#fs.closeSync(fd);
  }
  read(fd: number, into: Uint8Array): number {
    return this.#fs.readSync(fd, into, 0, into.length, null);
  }
  write(fd: number, bytes: Uint8Array): number {
    return this.#fs.writeSync(fd, bytes, 0, bytes.length, null);
  }
  ftruncate(fd: number, size: number): void {
    this.#fs.ftruncateSync(fd, size);
  }
  stat(path: string): Stat {
    return statOf(this.#fs.statSync(path, { bigint: true }));
  }
  lstat(path: string): Stat {
    return statOf(this.#fs.lstatSync(path, { bigint: true }));
  }
  fstat(fd: number): Stat {
    return statOf(this.#fs.fstatSync(fd, { bigint: true }));
  }
  chmod(path: string, mode: number): void {
    this.#fs.chmodSync(path, mode);
  }
  chown(path: string, uid: number, gid: number): void {
    this.#fs.chownSync(path, uid, gid);
  }
  lchown(path: string, uid: number, gid: number): void {
    this.#fs.lchownSync(path, uid, gid);
  }
  utimensat(_dirfd: number, path: string, atime?: Timespec, mtime?: Timespec, flags = 0): void {
    if (atime === undefined || mtime === undefined) refuse('EINVAL', 'utimensat', path);
    const set = (flags & AT_SYMLINK_NOFOLLOW) === 0 ? this.#fs.utimesSync : this.#fs.lutimesSync;
    set.call(this.#fs, path, secondsOf(atime), secondsOf(mtime));
  }
  getdents(fd: number): Dirent[] {
    const path = this.#unlisted.get(fd);
    this.#unlisted.delete(fd);
    if (path === undefined) return [];
    return this.#fs.readdirSync(path).map((name) => ({ name, ino: 0, off: 0, type: 0 }));
  }
  mkdir(path: string, mode = 0o777): void {
    this.#fs.mkdirSync(path, mode);
  }
  rmdir(path: string): void {
    this.#fs.rmdirSync(path);
  }
  link(path: string, newPath: string): void {
    this.#fs.linkSync(path, newPath);
  }
  unlink(path: string): void {
    this.#fs.unlinkSync(path);
  }
  symlink(target: string, path: string): void {
    this.#fs.symlinkSync(target, path);
  }
  readlink(path: string): string {
    return this.#fs.readlinkSync(path);
  }
  rename(path: string, newPath: string): void {
    this.#fs.renameSync(path, newPath);
  }
}

/**
 * A directory of node:fs, or of anything that has its synchronous calls. The caller is root and has a umask of 0. The
 * directory is made, and removed with all in it when it is given back.
 *
 * @example
 * ```ts
 * import { tmpfs } from 'lowerdir/filesystem/tmpfs';
 * import { createMachine } from 'lowerdir';
 * import { filesystemSuite, nodeDirectory } from 'lowerdir/testing';
 * const oracle = () => nodeDirectory(createMachine().fs, '/oracle'); // or node:fs itself
 * const cases = filesystemSuite({ filesystem: tmpfs, oracle, runs: 2 });
 * for (const { skip, run } of cases) if (skip === undefined) run();
 * ```
 */
export function nodeDirectory(fs: NodeFs, directory: string): MountedDirectory {
  fs.mkdirSync(directory, 0o755);
  return {
    name: `node:fs in ${directory}`,
    // What is missing is never called: `without` says so.
    task: new NodeTask(fs) as NodeCalls as ModelTask,
    directory,
    without: MISSING,
    times: 'seconds',
    release: () => fs.rmSync(directory, { recursive: true, force: true }),
  };
}
