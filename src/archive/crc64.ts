/**
 * CRC-64/ISO 3309, reflected, complemented before and after: Go's `crc64.ISO`, with which tar-split checks files.
 *
 * The register is kept as two halves of 32 bits, the low one holding the powers x⁶³ … x³². Its polynomial is
 * x⁶⁴ + x⁴ + x³ + x + 1, so what 32 bits of input push out of the register comes back as itself, times 1, x, x³ and x⁴:
 * four shifts, where a polynomial with more terms would need tables.
 */

/** A CRC-64 in the making. */
export class CRC64 {
  #high = -1;
  #low = -1;

  update(bytes: Uint8Array): this {
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const end = bytes.length - 3;
    let high = this.#high;
    let low = this.#low;
    let at = 0;
    for (; at < end; at += 4) {
      const out = low ^ words.getInt32(at, true);
      low = high ^ (out << 31) ^ (out << 29) ^ (out << 28);
      high = out ^ (out >>> 1) ^ (out >>> 3) ^ (out >>> 4);
    }
    for (; at < bytes.length; at++) {
      const out = (low ^ bytes[at]!) << 24;
      low = (low >>> 8) | (high << 24);
      high = (high >>> 8) ^ out ^ (out >>> 1) ^ (out >>> 3) ^ (out >>> 4);
    }
    this.#high = high;
    this.#low = low;
    return this;
  }

  /** The 8 bytes of the checksum, the most significant first. */
  digest(): Uint8Array {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, ~this.#high);
    view.setInt32(4, ~this.#low);
    return bytes;
  }
}
