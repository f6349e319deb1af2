import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CRC64 } from '../../../src/archive/crc64.ts';

const hex = (crc: CRC64): string => Buffer.from(crc.digest()).toString('hex');

/** The definition: one bit after the other. */
function bitwise(bytes: Uint8Array): string {
  let register = 0xffffffffffffffffn;
  for (const byte of bytes) {
    register ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) {
      register = (register & 1n) === 1n ? (register >> 1n) ^ 0xd800000000000000n : register >> 1n;
    }
  }
  return (register ^ 0xffffffffffffffffn).toString(16).padStart(16, '0');
}

it('gives the catalogue’s check value', () => {
  expect(hex(new CRC64().update(new TextEncoder().encode('123456789')))).toBe('b90956c775a41001');
  expect(hex(new CRC64())).toBe('0000000000000000');
});

it('is the one of the definition, however the bytes come', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(70), fc.nat(3), (bytes, cut, offset) => {
      const moved = new Uint8Array(bytes.length + offset);
      moved.set(bytes, offset);
      const crc = new CRC64().update(moved.subarray(offset, offset + cut)).update(moved.subarray(offset + cut));
      expect(hex(crc)).toBe(bitwise(bytes));
    }),
    { seed: 20261122, numRuns: 500 },
  );
});
