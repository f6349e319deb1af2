/** Takes compression off where there is some. */
import { ArchiveError } from './archive-error.ts';
import type { Codecs } from './codecs.ts';

const magics: readonly (readonly [name: string, magic: readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
];

/**
 * The bytes without gzip; other bytes as they are.
 *
 * @throws ArchiveError `ERR_ARCHIVE_COMPRESSION` for bzip2, xz and zstd, and for broken gzip
 */
export function decompress(bytes: Uint8Array, codecs: Codecs): Uint8Array {
  const name = magics.find(([, magic]) => magic.every((byte, at) => bytes[at] === byte))?.[0];
  if (name === undefined) return bytes;
  if (name !== 'gzip') throw new ArchiveError('ERR_ARCHIVE_COMPRESSION', `${name} compression is not supported`);
  try {
    return codecs.gunzip(bytes);
  } catch (cause) {
    throw new ArchiveError('ERR_ARCHIVE_COMPRESSION', 'broken gzip data', { cause });
  }
}
