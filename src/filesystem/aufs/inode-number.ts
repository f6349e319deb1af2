/**
 * The numbers that inodes of the union have: which number the object of a branch was given, and which are free.
 *
 * The real module keeps both in files, one table for each filesystem that branches lie on and one bitmap; they last as
 * long as the mount. A number that was given back is the next to be given out.
 *
 * @see fs/aufs/xino.c
 */
import { type Epoch, newEpoch } from '../../kernel/epoch.ts';
import type { Fork } from '../../kernel/fork.ts';
import type { Superblock } from '../../kernel/superblock.ts';
import { XArray } from '../../kernel/xarray.ts';

/** @see AUFS_ROOT_INO */
export const ROOT_INO = 2;
/** @see AUFS_FIRST_INO */
export const FIRST_INO = 11;
/** Numbers on one page of the bitmap. */
const PAGE_BITS = 8 * 4096;

export class InodeNumbers {
  #epoch: Epoch = newEpoch();
  #tables = new Map<Superblock, XArray<number>>();
  /** Bits that were given back, below {@link #end}; what lies behind was never given out. */
  #freed: XArray<true> = XArray.empty(this.#epoch);
  #end = 0;
  #next = 0;
  #page = 0;

  /** The number that an object of a branch has, if it was given one. @see au_xino_read() */
  get(superblock: Superblock, realIno: number): number | undefined {
    return this.#tables.get(superblock)?.get(realIno);
  }

  /** @see au_xino_write() */
  set(superblock: Superblock, realIno: number, ino: number): void {
    let table = this.#tables.get(superblock);
    if (table === undefined) this.#tables.set(superblock, (table = XArray.empty(this.#epoch)));
    if (table.get(realIno) !== ino) table.set(realIno, ino);
  }

  delete(superblock: Superblock, realIno: number): void {
    this.#tables.get(superblock)?.delete(realIno);
  }

  /** A number that nobody has. @see au_xino_new_ino() */
  take(): number {
    const bit = this.#isFree(this.#next) ? this.#next : this.#firstFree();
    if (bit >= this.#end) this.#end = bit + 1;
    else this.#freed.delete(bit);
    this.#page = Math.floor(bit / PAGE_BITS);
    this.#next = bit + 1;
    return bit + FIRST_INO;
  }

  /** Gives a number back. @see au_xib_clear_bit() */
  free(ino: number): void {
    const bit = ino - FIRST_INO;
    if (bit < 0 || bit >= this.#end || this.#freed.get(bit)) return;
    this.#freed.set(bit, true);
    if (Math.floor(bit / PAGE_BITS) === this.#page) this.#next = bit;
  }

  #isFree(bit: number): boolean {
    if (Math.floor(bit / PAGE_BITS) !== this.#page) return false;
    return bit === this.#end || (bit < this.#end && this.#freed.get(bit) === true);
  }

  /** On the page that was used last, else on those before it, else behind. */
  #firstFree(): number {
    for (let page = this.#page; page >= 0; page--) {
      const found = this.#freed.ceiling(page * PAGE_BITS);
      if (found !== undefined && found < (page + 1) * PAGE_BITS) return found;
      if (Math.floor(this.#end / PAGE_BITS) === page) return this.#end;
    }
    return this.#freed.ceiling((this.#page + 1) * PAGE_BITS) ?? this.#end;
  }

  /** Both sides go on in new epochs; no table is touched. */
  fork(fork: Fork): InodeNumbers {
    const made = new InodeNumbers();
    for (const [superblock, table] of this.#tables)
      made.#tables.set(fork.superblock(superblock), table.own(made.#epoch));
    made.#freed = this.#freed.own(made.#epoch);
    made.#end = this.#end;
    made.#next = this.#next;
    made.#page = this.#page;
    this.#epoch = newEpoch();
    for (const [superblock, table] of this.#tables) this.#tables.set(superblock, table.own(this.#epoch));
    this.#freed = this.#freed.own(this.#epoch);
    return made;
  }
}
