/**
 * Failed writeback is told once to everybody who had the file open: each open file keeps how far it has seen.
 *
 * @see lib/errseq.c
 */
import type { ErrnoCode } from '../abi/errno.ts';

/** How far an open file has seen the errors of an inode (`f_wb_err`). */
export interface ErrseqMark {
  since: number;
}

export class Errseq {
  #count = 0;
  #code: ErrnoCode | undefined = undefined;
  #seen = true;

  /** A write failed. It is counted anew only if somebody was told of the one before. */
  set(code: ErrnoCode): void {
    if (this.#seen) this.#count++;
    this.#seen = false;
    this.#code = code;
  }

  /** A mark for a new open file: it will be told of an error that nobody has seen yet. */
  sample(): ErrseqMark {
    return { since: this.#seen ? this.#count : 0 };
  }

  /** What happened since the mark, which then moves on. */
  checkAndAdvance(mark: ErrseqMark): ErrnoCode | undefined {
    if (mark.since === this.#count) return undefined;
    mark.since = this.#count;
    this.#seen = true;
    return this.#code;
  }

  copy(): Errseq {
    const made = new Errseq();
    made.#count = this.#count;
    made.#code = this.#code;
    made.#seen = this.#seen;
    return made;
  }
}
