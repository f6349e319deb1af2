/** Base 64 between bytes and bytes, since the records of a large archive would be slow as strings. @see RFC 4648 */

const digits = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PADDING = 0x3d;

/** How many digits the bytes become. */
export const base64Length = (bytes: Uint8Array): number => Math.ceil(bytes.length / 3) * 4;

/** Writes the digits of `bytes` at `at` into `target`, padded. */
export function writeBase64(target: Uint8Array, at: number, bytes: Uint8Array): void {
  const whole = bytes.length - (bytes.length % 3);
  let to = at;
  for (let from = 0; from < whole; from += 3) {
    const group = (bytes[from]! << 16) | (bytes[from + 1]! << 8) | bytes[from + 2]!;
    target[to++] = digits[group >> 18]!;
    target[to++] = digits[(group >> 12) & 63]!;
    target[to++] = digits[(group >> 6) & 63]!;
    target[to++] = digits[group & 63]!;
  }
  if (whole === bytes.length) return;
  const rest = (bytes[whole]! << 16) | ((bytes[whole + 1] ?? 0) << 8);
  target[to++] = digits[rest >> 18]!;
  target[to++] = digits[(rest >> 12) & 63]!;
  target[to++] = whole + 1 < bytes.length ? digits[(rest >> 6) & 63]! : PADDING;
  target[to] = PADDING;
}

/** The bytes of a text in base 64. @throws where the text is none */
export function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
