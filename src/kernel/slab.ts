const FIRST = 1024;
const LARGEST = 64 * 1024;

/** The largest piece that comes out of a slab; more than a page is worth a buffer of its own. */
export const SLAB_PIECE_MAX = 4096;

/**
 * Memory for the contents of small files: pieces are cut off one shared buffer, because a typed array of its own would
 * cost a tiny file several times its bytes. Buffers grow from 1 to 64 KiB, so that a fork that writes little stays small.
 * A buffer lives as long as any piece of it is in use.
 */
export class Slab {
  buffer: Uint8Array = new Uint8Array(FIRST);
  private used = 0;

  /** Cuts off `length` bytes (at most {@link SLAB_PIECE_MAX}) and answers where in `buffer` they start. */
  take(length: number): number {
    if (this.used + length > this.buffer.length) this.renew(length);
    const start = this.used;
    this.used += length;
    return start;
  }

  private renew(length: number): void {
    const size = Math.min(LARGEST, this.buffer.length * 2);
    this.buffer = new Uint8Array(Math.max(size, length));
    this.used = 0;
  }
}
