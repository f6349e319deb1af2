/** Short names of layers. @see moby daemon/graphdriver/overlayutils/randomid.go (GenerateID) */
import type { Task } from '../../kernel/task.ts';
import { LINK_LENGTH } from './layout.ts';

/** Base32 as in RFC 4648. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BITS = 5;

/** 26 characters of the machine's randomness. */
export function generateLinkId(task: Task): string {
  const bytes = new Uint8Array(Math.ceil((LINK_LENGTH * BITS) / 8));
  task.getrandom(bytes);
  let id = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    for (; bits >= BITS; bits -= BITS) id += ALPHABET[(held >> (bits - BITS)) & 31];
    held &= (1 << bits) - 1;
  }
  return id.slice(0, LINK_LENGTH);
}
