/** What system calls answer, in words that mean the same on every machine: no raw inode number, no time of the run. */
import type { Stat, StatFS, Timespec } from '../abi/stat.ts';
import { type FileHandle, hexOf, parseHandle, parseIndexName } from './file-handle.ts';
import { type OptionalMask, RUN_BEGINS } from './masks.ts';

/** Numbers the inodes of one machine by first sight, and knows what is masked. */
export class Describer {
  readonly masks: ReadonlySet<OptionalMask>;
  readonly #seen = new Map<string, number>();
  /** The generations that handles told of an inode. */
  readonly #generations = new Map<string, number[]>();
  /** The device numbers of filesystems by their uuids. */
  readonly #devices = new Map<string, number>();
  #classes = 0;
  readonly #lasting = new Set<number>();
  readonly #filesystems = new Map([['0:0', 0]]);
  /**
   * The union lists the numbers of its layers, but makes up others for its directories: where they are equal, that is
   * chance.
   */
  entriesApart = false;

  constructor(masks: Iterable<OptionalMask> = []) {
    this.masks = new Set(masks);
  }

  /** The class of an inode: how many others were seen before it. */
  inode(dev: number, ino: number | bigint): string {
    return this.#class(`${dev}:${ino}`);
  }

  /** The class of an inode by the number that a listing tells. */
  entry(dev: number, ino: number | bigint): string {
    const isApart = this.entriesApart && !this.#lasting.has(dev);
    return isApart ? this.#class(`${dev}:entry:${ino}`) : this.inode(dev, ino);
  }

  #class(key: string): string {
    const known = this.#seen.get(key);
    if (known !== undefined) return `#${known}`;
    this.#seen.set(key, this.#classes);
    return `#${this.#classes++}`;
  }

  /**
   * Forgets the inodes of every device but those that last: those of a union are gone with it, and their numbers may come
   * again for others, or not.
   */
  forget(): void {
    for (const key of this.#seen.keys()) {
      if (!this.#lasting.has(Number(key.slice(0, key.indexOf(':'))))) this.#seen.delete(key);
    }
  }

  /** The device stays, whatever is mounted over it. */
  last(dev: number): void {
    this.#lasting.add(dev);
  }

  /** Learns by which uuid file handles name the filesystem of a device. */
  learn(uuid: Uint8Array, dev: number): void {
    this.#devices.set(hexOf(uuid), dev);
    // Handles without a uuid are written only where all layers lie on one filesystem: the first one.
    const none = '0'.repeat(uuid.length * 2);
    if (!this.#devices.has(none)) this.#devices.set(none, dev);
  }

  /** Which object a handle names, by the class of its inode. */
  #handle({ uuid, flags, type, ino, generation }: FileHandle): string {
    const dev = this.#devices.get(uuid);
    const named = dev === undefined ? 'on an unknown filesystem' : this.inode(dev, ino);
    const how = /^0*$/.test(uuid) ? ' without uuid' : '';
    return `<handle of ${named}${how}, generation ${this.#generation(named, generation)}, flags ${flags}, type ${type}>`;
  }

  /** How many other generations were told of the inode before this one. */
  #generation(inode: string, generation: number): number {
    const known = this.#generations.get(inode) ?? [];
    if (!known.includes(generation)) known.push(generation);
    this.#generations.set(inode, known);
    return known.indexOf(generation);
  }

  /** A name within workdir, without the parts that the host's history gives it. */
  name(name: string): string {
    if (/^#[0-9a-f]+$/.test(name)) return '#';
    const handle = parseIndexName(name);
    return handle === undefined ? name : this.#handle(handle);
  }

  /** `now` for a time of the run, else seconds and nanoseconds. */
  time(time: Timespec): string {
    return time.sec >= RUN_BEGINS ? 'now' : `${time.sec}.${String(time.nsec).padStart(9, '0')}`;
  }

  /** The attributes of a file, but for what is masked. */
  stat(stat: Stat, withBirth = false): string {
    const masked = (mask: OptionalMask, text: string) => (this.masks.has(mask) ? '' : ` ${text}`);
    const isDirectory = (stat.mode & 0o170000) === 0o040000;
    const nlink = isDirectory ? masked('nlink', `nlink=${stat.nlink}`) : ` nlink=${stat.nlink}`;
    return [
      `${this.inode(stat.dev, stat.ino64 ?? stat.ino)} ${stat.mode.toString(8)}${nlink} ${stat.uid}:${stat.gid} size=${stat.size}`,
      stat.rdev === 0 ? '' : ` rdev=${stat.rdev.toString(16)}`,
      masked('blocks', `blocks=${stat.blocks}`),
      ` blksize=${stat.blksize}`,
      masked('atime', `atime=${this.time(stat.atime)}`),
      masked('mtime', `mtime=${this.time(stat.mtime)}`),
      ` ctime=${this.time(stat.ctime)}`,
      !withBirth || stat.btime === undefined ? '' : ` btime=${this.time(stat.btime)}`,
      !withBirth || stat.attributes === undefined ? '' : ` attributes=${stat.attributes.toString(16)}`,
      !withBirth || stat.attributesMask === undefined ? '' : ` of ${stat.attributesMask.toString(16)}`,
      !withBirth ? '' : ` attributes=${(stat.attributes ?? 0).toString(16)}/${(stat.attributesMask ?? 0).toString(16)}`,
    ].join('');
  }

  /** What a filesystem has, but for what is masked. */
  statfs(statfs: StatFS): string {
    const { bfree, bavail, ffree, fsid = [0, 0], ...rest } = statfs;
    const fixed = { ...rest, filesystem: this.#filesystem(fsid.join(':')) };
    const free = this.masks.has('statfs') ? {} : { bfree, bavail, ffree };
    return JSON.stringify({ ...fixed, ...free }, Object.keys({ ...fixed, ...free }).sort());
  }

  /** The class of a filesystem, by what statfs(2) tells of its identity. */
  #filesystem(fsid: string): number {
    if (!this.#filesystems.has(fsid)) this.#filesystems.set(fsid, this.#filesystems.size);
    return this.#filesystems.get(fsid)!;
  }

  /** The value of an attribute; of a file handle, which object it names. */
  xattr(name: string, value: Uint8Array): string {
    if (/^(trusted|user)\.overlay\.uuid$/.test(name)) return `<${value.length} bytes>`;
    const handle = parseHandle(value);
    return handle === undefined ? describeBytes(value) : this.#handle(handle);
  }

  /** The list, sorted where the order is masked. */
  sorted<T>(list: T[]): T[] {
    return this.masks.has('order') ? list.sort() : list;
  }
}

const letterOf = (byte: number): string => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${byte}`);

/** Bytes as runs: `p*4096 \0*12`. */
export function describeBytes(bytes: Uint8Array): string {
  const runs: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at;
    while (at < bytes.length && bytes[at] === bytes[start]) at++;
    runs.push(`${letterOf(bytes[start]!)}${at - start > 1 ? `*${at - start}` : ''}`);
  }
  return runs.join(' ');
}
