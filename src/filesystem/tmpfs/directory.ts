/**
 * The entries of a tmpfs directory. Names are listed newest first; each has an offset, given once, at which a listing
 * goes on.
 *
 * @see fs/libfs.c simple_offset_add(), offset_iterate_dir()
 */
import { countCopy } from '../../kernel/epoch.ts';
import { type Epoch, XArray } from '../../kernel/xarray.ts';
import { NameTable } from '../../kernel/name-table.ts';

export interface TmpfsEntry {
  readonly name: string;
  readonly ino: number;
  /** `DT_…` */
  readonly type: number;
  /** Place in the listing: the higher, the earlier. */
  readonly rank: number;
  /** Position of the entry, what seekdir(3) takes. */
  readonly offset: number;
}

/** Offsets 0 and 1 are `.` and `..`, 2 stands for "from the first". */
const FIRST = 2;
/** What a directory holds in its own handle and in those of its two tables. */
const HANDLE_SLOTS = 13;
/** The position behind the last entry. */
export const END_OF_DIRECTORY = 2 ** 31 - 1;

export class TmpfsDirectory {
  readonly epoch: Epoch;
  readonly #names: NameTable<TmpfsEntry>;
  readonly #order: XArray<TmpfsEntry>;
  #nextRank: number;
  #nextOffset: number;

  private constructor(
    epoch: Epoch,
    names: NameTable<TmpfsEntry>,
    order: XArray<TmpfsEntry>,
    rank: number,
    offset: number,
  ) {
    this.epoch = epoch;
    this.#names = names;
    this.#order = order;
    this.#nextRank = rank;
    this.#nextOffset = offset;
  }

  static empty(epoch: Epoch): TmpfsDirectory {
    return new TmpfsDirectory(epoch, NameTable.empty(epoch), XArray.empty(epoch), 0, FIRST + 1);
  }

  /** This directory for the given epoch; nodes are copied when they are written. */
  own(epoch: Epoch): TmpfsDirectory {
    if (epoch === this.epoch) return this;
    countCopy(epoch, HANDLE_SLOTS);
    return new TmpfsDirectory(epoch, this.#names.own(epoch), this.#order.own(epoch), this.#nextRank, this.#nextOffset);
  }

  get size(): number {
    return this.#names.size;
  }

  /** How many names were put into it. */
  get additions(): number {
    return this.#nextRank;
  }

  get(name: string): TmpfsEntry | undefined {
    return this.#names.get(name);
  }

  /** @param hash the name's `hashOf`, where it is known already */
  has(name: string, hash?: number): boolean {
    return hash === undefined ? this.#names.get(name) !== undefined : this.#names.has(name, hash);
  }

  /** Puts a name at the head of the listing; `offset` is taken over from an entry whose place it takes. */
  add(name: string, ino: number, type: number, offset = this.#nextOffset++): void {
    const entry = { name, ino, type, rank: this.#nextRank++, offset };
    this.#names.set(entry);
    this.#order.set(entry.rank, entry);
  }

  remove(name: string): TmpfsEntry {
    const entry = this.#names.delete(name)!;
    this.#order.delete(entry.rank);
    return entry;
  }

  /** A position of its own, for a name that is about to be made. */
  takeOffset(): number {
    return this.#nextOffset++;
  }

  /** The entries from `rank` down, all of them without one. */
  from(rank?: number): IterableIterator<TmpfsEntry> {
    return rank === undefined ? this.#order.descending() : this.#order.descending(rank);
  }

  /** The entry of that rank is still the one at `offset`. */
  stands(rank: number, offset: number): boolean {
    return this.#order.get(rank)?.offset === offset;
  }

  /** Where a listing at `offset` goes on: at the entry with the highest offset up to it, else at the first. */
  rankAt(offset: number): number | undefined {
    if (offset === FIRST) return undefined;
    let best: TmpfsEntry | undefined;
    for (const entry of this.#names.values()) {
      if (entry.offset <= offset && (best === undefined || entry.offset > best.offset)) best = entry;
    }
    return best?.rank;
  }
}
