/** What system calls answer, in words that mean the same on every machine: no raw inode number, no time of the run. */
import type { Stat, StatFS, Timespec } from '../abi/stat.ts';
import { type OptionalMask, RUN_BEGINS } from './masks.ts';

/** Numbers the inodes of one machine by first sight, and knows what is masked. */
export class Describer {
  readonly masks: ReadonlySet<OptionalMask>;
  readonly #seen = new Map<string, number>();
  #classes = 0;

  constructor(masks: Iterable<OptionalMask> = []) {
    this.masks = new Set(masks);
  }

  /** The class of an inode: how many others were seen before it. */
  inode(dev: number, ino: number): string {
    const key = `${dev}:${ino}`;
    const known = this.#seen.get(key);
    if (known !== undefined) return `#${known}`;
    this.#seen.set(key, this.#classes);
    return `#${this.#classes++}`;
  }

  /** Forgets the inodes of a device that is gone: its number may come again for another one, or not. */
  forget(dev: number): void {
    for (const key of this.#seen.keys()) if (key.startsWith(`${dev}:`)) this.#seen.delete(key);
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
      `${this.inode(stat.dev, stat.ino)} ${stat.mode.toString(8)}${nlink} ${stat.uid}:${stat.gid} size=${stat.size}`,
      stat.rdev === 0 ? '' : ` rdev=${stat.rdev.toString(16)}`,
      masked('blocks', `blocks=${stat.blocks}`),
      ` blksize=${stat.blksize}`,
      masked('atime', `atime=${this.time(stat.atime)}`),
      masked('mtime', `mtime=${this.time(stat.mtime)}`),
      ` ctime=${this.time(stat.ctime)}`,
      !withBirth || stat.btime === undefined ? '' : ` btime=${this.time(stat.btime)}`,
    ].join('');
  }

  /** What a filesystem has, but for what is masked. */
  statfs(statfs: StatFS): string {
    const { bfree, bavail, ffree, ...fixed } = statfs;
    const free = this.masks.has('statfs') ? {} : { bfree, bavail, ffree };
    return JSON.stringify({ ...fixed, ...free }, Object.keys({ ...fixed, ...free }).sort());
  }

  /** The value of an attribute; what overlayfs writes there that names the host is told by its size. */
  xattr(name: string, value: Uint8Array): string {
    const opaque = /^(trusted|user)\.overlay\.(origin|uuid|upper)$/.test(name);
    return opaque ? `<${value.length} bytes>` : describeBytes(value);
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

/** A name within workdir, without the parts that the host's history gives it. */
export function describeName(name: string): string {
  if (/^#[0-9a-f]+$/.test(name)) return '#';
  if (/^[0-9a-f]{40,}$/.test(name)) return `<handle of ${name.length / 2} bytes>`;
  return name;
}
