/**
 * How much of a file is brought in beyond what is asked for: a window that grows while somebody reads on, as each open
 * file has one.
 *
 * @see mm/readahead.c page_cache_sync_ra(), get_init_ra_size(), get_next_ra_size()
 */

/** The largest window in bytes. @see /sys/block/…/queue/read_ahead_kb */
export const READAHEAD_MAX = 128 * 1024;

export class Readahead {
  readonly #max: number;
  /** Where a reader goes on who reads from front to back. */
  #next = 0;
  #window = 0;

  constructor(max = READAHEAD_MAX) {
    this.#max = max;
  }

  /** How many bytes to bring in at `start` where `length` are asked for; both are multiples of the page size. */
  window(start: number, length: number): number {
    const goesOn = start === this.#next;
    if (goesOn && this.#window > 0) this.#window = this.#grown();
    else this.#window = goesOn || start === 0 || length > this.#max ? this.#initial(length) : 0;
    const bytes = Math.max(length, this.#window);
    this.#next = start + bytes;
    return bytes;
  }

  copy(): Readahead {
    const made = new Readahead(this.#max);
    made.#next = this.#next;
    made.#window = this.#window;
    return made;
  }

  #initial(length: number): number {
    const rounded = 2 ** Math.ceil(Math.log2(length));
    if (rounded <= this.#max / 32) return rounded * 4;
    return rounded <= this.#max / 4 ? rounded * 2 : this.#max;
  }

  #grown(): number {
    if (this.#window < this.#max / 16) return this.#window * 4;
    return this.#window <= this.#max / 2 ? this.#window * 2 : this.#max;
  }
}
