/** What is known of an outside tree: one record for each file that was looked up. Forked machines share it. */
import { DT_UNKNOWN, direntType, isDirectory } from '../../abi/mode.ts';
import type { Stat } from '../../abi/stat.ts';
import { type Epoch, newEpoch } from '../epoch.ts';
import { PageCache } from '../page-cache.ts';
import type { OutsideFile, PassthroughSource } from './source.ts';

/** An entry of a listing; number and type are filled in when they are asked for. */
export interface ListedEntry {
  readonly name: string;
  type: number | undefined;
  ino: number | undefined;
}

/** Numbers from here on are given to files that have none of their own, or one that is taken. */
const GIVEN = 2 ** 52;
/** The `d_ino` of a name whose file the outside does not show. @see FUSE_UNKNOWN_INO */
export const UNKNOWN_INO = 0xffffffff;

/** A file that was looked up, and as much of it as was read. */
export class PassthroughRecord {
  readonly ino: number;
  readonly stat: Omit<Stat, 'dev'>;
  /** Names the file where its own number could not be taken. */
  readonly key: string | undefined;
  /** The directory and the name under which it was found first; the root has none. */
  readonly parent: PassthroughRecord | undefined;
  readonly name: string;
  /** Pages of a regular file, entries of a directory, target of a symlink, once they were asked for. */
  content: PageCache | ListedEntry[] | string | undefined = undefined;

  constructor(
    ino: number,
    { stat }: OutsideFile,
    key: string | undefined,
    parent: PassthroughRecord | undefined,
    name: string,
  ) {
    this.ino = ino;
    this.stat = stat;
    this.key = key;
    this.parent = parent;
    this.name = name;
  }

  get path(): string {
    return this.parent === undefined ? '/' : pathIn(this.parent, this.name);
  }
}

/** The path of a name in a directory. */
export function pathIn(directory: PassthroughRecord, name: string): string {
  let path = `/${name}`;
  for (let at = directory; at.parent !== undefined; at = at.parent) path = `/${at.name}${path}`;
  return path;
}

export class PassthroughTree {
  readonly source: PassthroughSource;
  readonly #epoch: Epoch = newEpoch();
  readonly #records = new Map<number, PassthroughRecord>();

  constructor(source: PassthroughSource) {
    this.source = source;
  }

  /** The file of that number, if it was looked up. */
  record(ino: number): PassthroughRecord | undefined {
    return this.#records.get(ino);
  }

  /** The root of the tree. */
  root(file: OutsideFile): PassthroughRecord {
    return this.#recordOf(file, undefined, '');
  }

  /** The file of a name, `undefined` where there is none. @throws Errno what the source says */
  lookup(directory: PassthroughRecord, name: string): PassthroughRecord | undefined {
    const file = this.source.lstat(pathIn(directory, name));
    return file && this.#recordOf(file, directory, name);
  }

  /** The entries of a directory. They are asked for once, so that positions in the listing stay what they are. */
  entries(directory: PassthroughRecord): readonly ListedEntry[] {
    directory.content ??= this.source
      .list(directory.path)
      .map(({ name, type }) => ({ name, type, ino: undefined }) satisfies ListedEntry);
    return directory.content as ListedEntry[];
  }

  /** Asks the file of an entry for what the listing did not tell; keeps nothing else of it. */
  complete(directory: PassthroughRecord, entry: ListedEntry): { ino: number; type: number } {
    if (entry.ino === undefined || entry.type === undefined) {
      const file = this.#lstatQuietly(pathIn(directory, entry.name));
      entry.type ??= file === undefined ? DT_UNKNOWN : direntType(file.stat.mode);
      entry.ino = file === undefined ? UNKNOWN_INO : this.#place(file, directory, entry.name).ino;
    }
    return entry as { ino: number; type: number };
  }

  readlink(record: PassthroughRecord): string {
    record.content ??= this.source.readlink(record.path);
    return record.content as string;
  }

  /** The pages of a regular file. */
  pages(record: PassthroughRecord): PageCache {
    if (record.content === undefined) {
      const { wholeFiles } = this.source;
      const readPages = (offset: number, into: Uint8Array) => this.source.read(record.path, record.stat, offset, into);
      record.content = PageCache.empty(this.#epoch, { readPages, wholeFiles }, record.stat.size);
    }
    return record.content as PageCache;
  }

  /** Data is read anew when it is wanted. */
  dropPages(): void {
    for (const { content } of this.#records.values()) if (content instanceof PageCache) content.dropClean();
  }

  /** Every file that no longer is what it was when it was looked up. */
  changed(): string[] {
    const wrong: string[] = [];
    for (const { path, stat } of this.#records.values()) {
      const now = this.#lstatQuietly(path)?.stat;
      if (now === undefined) wrong.push(`"${path}" is gone`);
      else if (!looksSame(now, stat)) wrong.push(`"${path}" has changed since it was looked up`);
    }
    return wrong;
  }

  #lstatQuietly(path: string): OutsideFile | undefined {
    try {
      return this.source.lstat(path);
    } catch {
      return undefined;
    }
  }

  #recordOf(file: OutsideFile, parent: PassthroughRecord | undefined, name: string): PassthroughRecord {
    const { ino, key } = this.#place(file, parent, name);
    let record = this.#records.get(ino);
    if (record === undefined) {
      record = new PassthroughRecord(ino, file, key, parent, name);
      this.#records.set(ino, record);
    }
    return record;
  }

  /**
   * The number of a file: its own where that is free or known to be its own, else one that follows from its key. It
   * does not depend on what else was looked up, but for keys that collide in 52 bits.
   */
  #place(file: OutsideFile, parent: PassthroughRecord | undefined, name: string): { ino: number; key?: string } {
    const { ino } = file.stat;
    if (ino > 0 && ino < GIVEN) {
      const known = this.#records.get(ino);
      if (known === undefined || file.unique || isSameFile(known, file, parent, name)) return { ino };
    }
    const key = file.key ?? (parent === undefined ? '/' : pathIn(parent, name));
    let given = GIVEN + hashKey(key);
    for (;;) {
      const known = this.#records.get(given);
      if (known === undefined || known.key === key) return { ino: given, key };
      given = given + 1 < Number.MAX_SAFE_INTEGER ? given + 1 : GIVEN;
    }
  }
}

/** The same name again, or a further hard link. */
function isSameFile(
  known: PassthroughRecord,
  { stat }: OutsideFile,
  parent: PassthroughRecord | undefined,
  name: string,
): boolean {
  if (known.parent === parent && known.name === name) return true;
  return stat.nlink > 1 && stat.nlink === known.stat.nlink && !isDirectory(stat.mode) && looksSame(stat, known.stat);
}

export function looksSame(a: Omit<Stat, 'dev'>, b: Omit<Stat, 'dev'>): boolean {
  const sameFile = a.ino === b.ino && a.mode === b.mode && a.size === b.size;
  return sameFile && a.mtime.sec === b.mtime.sec && a.mtime.nsec === b.mtime.nsec;
}

/** 52 bits that follow from the text. */
function hashKey(key: string): number {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x85ebca6b);
    high ^= high >>> 13;
  }
  low ^= low >>> 15;
  return (high >>> 12) * 2 ** 32 + (low >>> 0);
}
