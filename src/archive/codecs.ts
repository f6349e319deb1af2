/** Hashing and compression are values that the caller hands in; these are the ones that run everywhere. */
import { sha256 } from '@noble/hashes/sha2.js';
import { Gunzip, gzipSync } from 'fflate';

/** A digest in the making. */
export interface Hash {
  /** Takes more bytes in; answers itself. */
  update(bytes: Uint8Array): Hash;
  /** The digest of all that came in; the hash is done with. */
  digest(): Uint8Array;
}

/** Begins a digest. */
export type HashFactory = () => Hash;

/** What the archive floor does not do itself. */
export interface Codecs {
  readonly sha256: HashFactory;
  /** Every member of the gzip file, one behind the other; throws where the bytes are no gzip or end early. */
  gunzip(bytes: Uint8Array): Uint8Array;
  /** Level 6, time 0: the same bytes give the same bytes. */
  gzip(bytes: Uint8Array): Uint8Array;
}

/** All bytes of `chunks` in one array; the chunk itself where there is only one. */
export function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Bytes, or pieces of them. */
export type Content = Uint8Array | Iterable<Uint8Array>;

/** The digest of the content: `sha256:` and 64 hex digits. */
export function digestOf(sha256: HashFactory, content: Content): string {
  const hash = sha256();
  for (const chunk of content instanceof Uint8Array ? [content] : content) hash.update(chunk);
  return formatDigest(hash.digest());
}

/** `sha256:` and the hex digits of a finished hash. */
export const formatDigest = (hash: Uint8Array): string =>
  `sha256:${Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;

/**
 * Inflates in pieces, because the size that a gzip file claims for itself may be a lie.
 * Unlike node:zlib, fflate does not verify the CRC-32; a wrong body shows in the digest of the layer.
 */
function gunzipPure(bytes: Uint8Array): Uint8Array {
  const chunks: Uint8Array[] = [];
  const gunzip = new Gunzip((chunk) => chunks.push(chunk));
  gunzip.push(bytes, true);
  return concatenate(chunks);
}

/** Codecs in plain JavaScript: `@noble/hashes` and `fflate`. */
export const pureCodecs: Codecs = Object.freeze({
  sha256: () => sha256.create(),
  gunzip: gunzipPure,
  gzip: (bytes: Uint8Array) => gzipSync(bytes, { level: 6, mtime: 0 }),
});
