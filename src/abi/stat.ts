/** A moment: whole seconds since 1970 and the nanoseconds within the second. @see struct timespec64 */
export interface Timespec {
  readonly sec: number;
  /** 0 … 999,999,999 */
  readonly nsec: number;
}

/** What stat(2) and statx(2) tell of a file. Sizes in bytes, `blocks` in units of 512 bytes. */
export interface Stat {
  dev: number;
  ino: number;
  /** The inode number where `ino`, being a double, cannot tell it exactly: above 2⁵³. */
  ino64?: bigint | undefined;
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdev: number;
  size: number;
  blksize: number;
  blocks: number;
  atime: Timespec;
  mtime: Timespec;
  ctime: Timespec;
  /** When the inode was made, where the filesystem keeps it. Linux tells it by statx(2) alone. */
  btime?: Timespec | undefined;
  /** Sum of `STATX_ATTR_…`. Linux tells it by statx(2) alone. */
  attributes?: number | undefined;
  /** What of `attributes` the filesystem tells at all. */
  attributesMask?: number | undefined;
}

/** What statx(2) tells of file attributes beyond the other answers of stat(2). */
export interface StatxAttributes {
  readonly attributes: number;
  readonly attributesMask: number;
}

/** What a change of attributes sets; what is left out stays. @see struct iattr */
export interface Attributes {
  /** The permission bits and the file type. */
  mode?: number;
  uid?: number;
  gid?: number;
  size?: number;
  atime?: Timespec;
  mtime?: Timespec;
  ctime?: Timespec;
  /** The times are "now", not values of the caller's. @see ATTR_TOUCH */
  touch?: boolean;
  /** Set-id bits that go; `mode` is without them. @see ATTR_KILL_SUID */
  killSetid?: number;
}

/** One entry of a directory listing. @see getdents64(2) */
export interface Dirent {
  readonly ino: number;
  /** As {@link Stat.ino64}. */
  readonly ino64?: bigint | undefined;
  /** The position at which a listing goes on behind this entry: what `lseek` takes. */
  readonly off: number;
  /** `DT_…` */
  readonly type: number;
  readonly name: string;
}

/** What statfs(2) tells of a filesystem. Blocks in units of `bsize` bytes. */
export interface StatFS {
  type: number;
  bsize: number;
  frsize: number;
  blocks: number;
  bfree: number;
  bavail: number;
  files: number;
  ffree: number;
  namelen: number;
  flags: number;
  /** The identity of the filesystem, two words of 32 bits; zeros where it has none. */
  fsid?: readonly [number, number];
}

/** Orders two moments: negative when `a` is earlier. */
export function compareTimespec(a: Timespec, b: Timespec): number {
  return a.sec - b.sec || a.nsec - b.nsec;
}

const SECOND = 1_000_000_000n;

/** The nanoseconds from 1970 to a moment; fewer than 0 where it lies before. */
export const nanosecondsOf = ({ sec, nsec }: Timespec): bigint => BigInt(sec) * SECOND + BigInt(nsec);

/** The moment that lies so many nanoseconds after 1970, or before it where they are fewer than 0. */
export function timespecOf(nanoseconds: bigint): Timespec {
  const nsec = ((nanoseconds % SECOND) + SECOND) % SECOND;
  return { sec: Number((nanoseconds - nsec) / SECOND), nsec: Number(nsec) };
}
