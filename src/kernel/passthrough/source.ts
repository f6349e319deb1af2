/**
 * A tree of files that somebody outside the machine keeps, as a passthrough filesystem needs it. Paths are absolute
 * from the root of the tree: `/` or `/a/b`, names as in `abi/name-bytes.ts`. The tree is taken to stand still while it
 * is mounted; a source says ESTALE where it sees that it did not.
 */
import type { Stat, StatFS } from '../../abi/stat.ts';

/** What the outside tells of a file. `stat.ino` is the number that it would like to have, 0 for none. */
export interface OutsideFile {
  readonly stat: Omit<Stat, 'dev'>;
  /** Names the file where `stat.ino` does not: a hard link has the same key. The path, unless given. */
  readonly key?: string | undefined;
  /** `stat.ino` is known to belong to this file alone. */
  readonly unique: boolean;
}

/** An entry of a directory; what is not told is asked of the file itself. */
export interface OutsideEntry {
  readonly name: string;
  /** `DT_…` */
  readonly type?: number | undefined;
}

/** A tree outside the machine, as `PassthroughSuperblock` needs it to show it read-only. */
export interface PassthroughSource {
  /** What the path names, symlinks not followed; `undefined` when there is nothing. @throws Errno EACCES, EIO … */
  lstat(path: string): OutsideFile | undefined;
  /** The names of a directory without `.` and `..`, in the order to list them. @throws Errno EACCES, ESTALE, EIO */
  list(path: string): readonly OutsideEntry[];
  /** @throws Errno EACCES, ESTALE, EIO */
  readlink(path: string): string;
  /**
   * Fills all of `into` from `offset` of the file that looked like `stat` when it was looked up.
   *
   * @throws Errno EACCES; ESTALE when it is another file now or has changed
   */
  read(path: string, stat: Omit<Stat, 'dev'>, offset: number, into: Uint8Array): void;
  /** Files can be had only as a whole, so that they are brought in at once. */
  readonly wholeFiles: boolean;
  /** What statfs(2) tells of the filesystem. */
  statfs(): StatFS;
}
