/** What `stat` and `statfs` answer, with all that Linux tells. */
import { Stats as MemfsStats } from '@jsonjoy.com/fs-node';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } from '../abi/mode.ts';
import { nanosecondsOf, type Stat, type StatFS, type Timespec } from '../abi/stat.ts';

const epoch: Timespec = { sec: 0, nsec: 0 };

/** The questions after the type of a file, for numbers and bigints. */
class StatsBase {
  isDirectory(this: { mode: number | bigint }): boolean {
    return (Number(this.mode) & S_IFMT) === S_IFDIR;
  }
  isFile(this: { mode: number | bigint }): boolean {
    return (Number(this.mode) & S_IFMT) === S_IFREG;
  }
  isBlockDevice(this: { mode: number | bigint }): boolean {
    return (Number(this.mode) & S_IFMT) === S_IFBLK;
  }
  isCharacterDevice(this: { mode: number | bigint }): boolean {
    return (Number(this.mode) & S_IFMT) === S_IFCHR;
  }
  isSymbolicLink(this: { mode: number | bigint }): boolean {
    return (Number(this.mode) & S_IFMT) === S_IFLNK;
  }
  isFIFO(this: { mode: number | bigint }): boolean {
    return (Number(this.mode) & S_IFMT) === S_IFIFO;
  }
  isSocket(this: { mode: number | bigint }): boolean {
    return (Number(this.mode) & S_IFMT) === S_IFSOCK;
  }
}

/** So that values are also instances of what memfs exports under the same name. */
Object.setPrototypeOf(StatsBase.prototype, MemfsStats.prototype);

/** `fs.Stats`: numbers; times in milliseconds with a fraction. Its dates are made when they are asked for. */
export class Stats extends StatsBase {
  dev: number;
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdev: number;
  blksize: number;
  ino: number;
  size: number;
  blocks: number;
  atimeMs: number;
  mtimeMs: number;
  ctimeMs: number;
  birthtimeMs: number;
  declare atime: Date;
  declare mtime: Date;
  declare ctime: Date;
  declare birthtime: Date;

  constructor(
    dev: number,
    mode: number,
    nlink: number,
    uid: number,
    gid: number,
    rdev: number,
    blksize: number,
    ino: number,
    size: number,
    blocks: number,
    atimeMs: number,
    mtimeMs: number,
    ctimeMs: number,
    birthtimeMs: number,
  ) {
    super();
    this.dev = dev;
    this.mode = mode;
    this.nlink = nlink;
    this.uid = uid;
    this.gid = gid;
    this.rdev = rdev;
    this.blksize = blksize;
    this.ino = ino;
    this.size = size;
    this.blocks = blocks;
    this.atimeMs = atimeMs;
    this.mtimeMs = mtimeMs;
    this.ctimeMs = ctimeMs;
    this.birthtimeMs = birthtimeMs;
  }
}

/** The answer of `stat` with `bigint: true`: bigints, and times in whole nanoseconds. */
export class BigIntStats extends StatsBase {
  dev: bigint;
  mode: bigint;
  nlink: bigint;
  uid: bigint;
  gid: bigint;
  rdev: bigint;
  blksize: bigint;
  ino: bigint;
  size: bigint;
  blocks: bigint;
  atimeMs: bigint;
  mtimeMs: bigint;
  ctimeMs: bigint;
  birthtimeMs: bigint;
  atimeNs: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
  birthtimeNs: bigint;
  declare atime: Date;
  declare mtime: Date;
  declare ctime: Date;
  declare birthtime: Date;

  constructor(stat: Stat) {
    super();
    this.dev = BigInt(stat.dev);
    this.mode = BigInt(stat.mode);
    this.nlink = BigInt(stat.nlink);
    this.uid = BigInt(stat.uid);
    this.gid = BigInt(stat.gid);
    this.rdev = BigInt(stat.rdev);
    this.blksize = BigInt(stat.blksize);
    this.ino = stat.ino64 ?? BigInt(stat.ino);
    this.size = BigInt(stat.size);
    this.blocks = BigInt(stat.blocks);
    this.atimeNs = nanosecondsOf(stat.atime);
    this.mtimeNs = nanosecondsOf(stat.mtime);
    this.ctimeNs = nanosecondsOf(stat.ctime);
    this.birthtimeNs = nanosecondsOf(stat.btime ?? epoch);
    this.atimeMs = this.atimeNs / 1_000_000n;
    this.mtimeMs = this.mtimeNs / 1_000_000n;
    this.ctimeMs = this.ctimeNs / 1_000_000n;
    this.birthtimeMs = this.birthtimeNs / 1_000_000n;
  }
}

const milliseconds = (time: Timespec): number => time.sec * 1000 + time.nsec / 1_000_000;

/** Puts a date beside each time: made at the first question, then an ordinary property. */
function giveDates(prototype: object): void {
  for (const name of ['atime', 'mtime', 'ctime', 'birthtime']) {
    const define = (on: object, value: unknown): void => {
      Object.defineProperty(on, name, { value, enumerable: true, writable: true, configurable: true });
    };
    Object.defineProperty(prototype, name, {
      enumerable: true,
      configurable: true,
      get(this: Record<string, number | bigint>): Date {
        const date = new Date(Math.round(Number(this[`${name}Ms`])));
        define(this, date);
        return date;
      },
      set(value: unknown) {
        define(this, value);
      },
    });
  }
}

giveDates(Stats.prototype);
giveDates(BigIntStats.prototype);

/** Node's shape of the kernel's answer. */
export function statsOf(stat: Stat): Stats {
  const { btime } = stat;
  return new Stats(
    stat.dev,
    stat.mode,
    stat.nlink,
    stat.uid,
    stat.gid,
    stat.rdev,
    stat.blksize,
    stat.ino,
    stat.size,
    stat.blocks,
    milliseconds(stat.atime),
    milliseconds(stat.mtime),
    milliseconds(stat.ctime),
    btime === undefined ? 0 : milliseconds(btime),
  );
}

/** What `watchFile` tells of a file that is not there. */
export function noStats(bigint: boolean): Stats | BigIntStats {
  const nothing: Stat = {
    dev: 0,
    ino: 0,
    mode: 0,
    nlink: 0,
    uid: 0,
    gid: 0,
    rdev: 0,
    size: 0,
    blksize: 0,
    blocks: 0,
    atime: epoch,
    mtime: epoch,
    ctime: epoch,
    btime: epoch,
  };
  return bigint ? new BigIntStats(nothing) : statsOf(nothing);
}

/** `fs.StatFs`: blocks in units of `bsize` bytes. */
export class StatFs {
  type: number | bigint;
  bsize: number | bigint;
  blocks: number | bigint;
  bfree: number | bigint;
  bavail: number | bigint;
  files: number | bigint;
  ffree: number | bigint;

  constructor(statfs: StatFS, bigint: boolean) {
    const number = (value: number): number | bigint => (bigint ? BigInt(value) : value);
    this.type = number(statfs.type);
    this.bsize = number(statfs.bsize);
    this.blocks = number(statfs.blocks);
    this.bfree = number(statfs.bfree);
    this.bavail = number(statfs.bavail);
    this.files = number(statfs.files);
    this.ffree = number(statfs.ffree);
  }
}
