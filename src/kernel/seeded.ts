/** Content that is described, not stored: an endless stream of bytes that a number determines. */
export class Seed {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

function mix(word: number): number {
  let hash = Math.imul(word ^ (word >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return hash ^ (hash >>> 16);
}

function highWord(value: number): number {
  return Math.floor(value / 2 ** 32) | 0;
}

/** The first word of the 8-byte block `block`; the second one follows from it. */
function blockWord(key: number, block: number): number {
  return mix(mix(key + Math.imul(highWord(block), 0x9e3779b1)) ^ Math.imul(block | 0, 0x85ebca6b) ^ (block | 0));
}

function blockByte(key: number, offset: number): number {
  const word = blockWord(key, Math.floor(offset / 8));
  const at = offset % 8;
  return (at < 4 ? word >>> (at * 8) : mix(word + 0x6d2b79f5) >>> ((at - 4) * 8)) & 0xff;
}

/**
 * Writes `length` bytes of the stream of `seed` from `offset` on into `into` at `at`. Any place of the stream is reached
 * at once: each 8-byte block is a hash of the seed and of its index.
 */
export function readSeeded(seed: Seed, offset: number, into: Uint8Array, at: number, length: number): void {
  const key = mix((seed.value | 0) ^ mix(highWord(seed.value) + 0x2545f491));
  const end = at + length;
  let position = offset;
  let i = at;
  for (; i < end && position % 8 !== 0; i++) into[i] = blockByte(key, position++);
  for (let block = position / 8; i + 8 <= end; block++, i += 8, position += 8) {
    const low = blockWord(key, block);
    const high = mix(low + 0x6d2b79f5);
    into[i] = low;
    into[i + 1] = low >>> 8;
    into[i + 2] = low >>> 16;
    into[i + 3] = low >>> 24;
    into[i + 4] = high;
    into[i + 5] = high >>> 8;
    into[i + 6] = high >>> 16;
    into[i + 7] = high >>> 24;
  }
  for (; i < end; i++) into[i] = blockByte(key, position++);
}
