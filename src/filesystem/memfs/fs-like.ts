/** What an object has to be like to be mounted: a few synchronous functions of node:fs. */

/** What `lstatSync` answers; what is left out is made up: root's files of mode 0755, 0644 and 0777, times 0. */
export interface StatsLike {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  readonly size: number | bigint;
  readonly mode?: number | bigint;
  /** Where it is a number of this file alone, it is the inode number. */
  readonly ino?: number | bigint;
  readonly nlink?: number | bigint;
  readonly uid?: number | bigint;
  readonly gid?: number | bigint;
  readonly rdev?: number | bigint;
  readonly atimeMs?: number | bigint;
  readonly mtimeMs?: number | bigint;
  readonly ctimeMs?: number | bigint;
  /** 0, as Node tells it, where it is not known. */
  readonly birthtimeMs?: number | bigint;
}

/**
 * An object like node:fs: memfs's `fs` or `Volume`, a `u.fs`, a wrapper of one's own. Paths are absolute, POSIX. Data
 * is read through `openSync`, `readSync` and `closeSync` where the object has all three, else through `readFileSync`.
 */
export interface FsLike {
  /** What `path` names, symlinks not followed; `undefined`, or ENOENT, where there is nothing. */
  lstatSync(path: string): StatsLike | undefined;
  /** Names, as strings or as bytes. */
  readdirSync(path: string): readonly unknown[];
  /** A string or bytes. */
  readlinkSync(path: string): unknown;
  /** Bytes; a string stands for its UTF-8. */
  readFileSync?(path: string): unknown;
  /** A descriptor for reading. */
  openSync?(path: string, flags: string): number;
  /** Answers how many bytes came, 0 at the end. */
  readSync?(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number;
  /** Gives a descriptor of `openSync` up. */
  closeSync?(fd: number): void;
}
