/**
 * CRC-64/ISO 3309, reflected, complemented before and after: Go's `crc64.ISO`, with which tar-split checks files.
 *
 * The register is kept as two halves of 32 bits. The polynomial is 0xD800000000000000, whose low half is zero, and so
 * is the low half of each of the 256 table entries: one table of high halves is enough.
 */
const POLYNOMIAL_HIGH = 0xd8000000;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let high = 0;
  let low = byte;
  for (let bit = 0; bit < 8; bit++) {
    const carry = low & 1;
    low = (low >>> 1) | (high << 31);
    high = (high >>> 1) ^ (carry ? POLYNOMIAL_HIGH : 0);
  }
  return high >>> 0;
});

/** A CRC-64 in the making. */
export class CRC64 {
  #high = 0xffffffff;
  #low = 0xffffffff;

  update(bytes: Uint8Array): this {
    let high = this.#high;
    let low = this.#low;
    for (let at = 0; at < bytes.length; at++) {
      const entry = table[(low ^ bytes[at]!) & 0xff]!;
      low = (low >>> 8) | (high << 24);
      high = (high >>> 8) ^ entry;
    }
    this.#high = high;
    this.#low = low;
    return this;
  }

  /** The 8 bytes of the checksum, the most significant first. */
  digest(): Uint8Array {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, ~this.#high >>> 0);
    view.setUint32(4, ~this.#low >>> 0);
    return bytes;
  }
}
