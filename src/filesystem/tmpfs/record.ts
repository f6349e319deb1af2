/** What tmpfs keeps of an inode: a row of its inode table, copied when it is written in another epoch. */
import type { Timespec } from '../../abi/stat.ts';
import { countCopy, type Epoch } from '../../kernel/epoch.ts';
import { ExtentMap } from '../../kernel/extent-map.ts';
import { isLongerThan } from '../../kernel/lookup.ts';
import type { TmpfsDirectory } from './directory.ts';

/** How many fields a row has. */
const ROW_SLOTS = 15;
/** What a file's map of extents holds itself. */
const DATA_SLOTS = 4;

export class TmpfsRecord {
  readonly epoch: Epoch;
  readonly ino: number;
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  rdev: number;
  size: number;
  /** What chattr(1) set: a sum of `FS_…_FL`. */
  flags: number;
  atime: Timespec;
  mtime: Timespec;
  ctime: Timespec;
  readonly btime: Timespec;
  /** Of a regular file its extents, of a directory its entries, of a symlink its target. */
  content: ExtentMap | TmpfsDirectory | string | undefined;
  xattrs: ReadonlyMap<string, Uint8Array> | undefined;

  constructor(epoch: Epoch, ino: number, mode: number, uid: number, gid: number, now: Timespec) {
    this.epoch = epoch;
    this.ino = ino;
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
    this.nlink = 1;
    this.rdev = 0;
    this.size = 0;
    this.flags = 0;
    this.atime = now;
    this.mtime = now;
    this.ctime = now;
    this.btime = now;
    this.content = undefined;
    this.xattrs = undefined;
  }

  /** The row in another epoch: its tables are shared until they are written. */
  copy(epoch: Epoch): TmpfsRecord {
    countCopy(epoch, ROW_SLOTS);
    const made = new TmpfsRecord(epoch, this.ino, this.mode, this.uid, this.gid, this.btime);
    made.nlink = this.nlink;
    made.rdev = this.rdev;
    made.size = this.size;
    made.flags = this.flags;
    made.atime = this.atime;
    made.mtime = this.mtime;
    made.ctime = this.ctime;
    made.content = this.content;
    made.xattrs = this.xattrs;
    return made;
  }

  /** Pages of file data. */
  get pages(): number {
    const { content } = this;
    if (content instanceof ExtentMap) return content.pages;
    return typeof content === 'string' && content.length > 0 ? symlinkPages(content) : 0;
  }

  /** The entries, ready to be written. */
  editDirectory(): TmpfsDirectory {
    const own = (this.content as TmpfsDirectory).own(this.epoch);
    this.content = own;
    return own;
  }

  /** The extents, ready to be written; a file has none until its first byte. */
  editData(): ExtentMap {
    const data = this.content as ExtentMap | undefined;
    if (data !== undefined && data.epoch !== this.epoch) countCopy(this.epoch, DATA_SLOTS);
    const own = data === undefined ? ExtentMap.empty(this.epoch) : data.own(this.epoch);
    this.content = own;
    return own;
  }
}

/** A short target lies in the inode itself, a longer one takes a page. @see SHORT_SYMLINK_LEN */
export function symlinkPages(target: string): number {
  return isLongerThan(target, 127) ? 1 : 0;
}
