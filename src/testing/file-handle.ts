/**
 * The file handles that overlayfs keeps of other objects: in `trusted.overlay.origin` and `.upper`, and in the names of
 * its index.
 *
 * @see struct ovl_fb, mm/shmem.c shmem_encode_fh()
 */

/** What a handle tells. */
export interface FileHandle {
  /** Bytes in hexadecimal. */
  readonly uuid: string;
  readonly flags: number;
  readonly type: number;
  readonly ino: number;
  readonly generation: number;
}

const VERSION = 0;
const MAGIC = 0xfb;
const UUID_OFFSET = 5;
const FID_OFFSET = 21;
/** Generation and two halves of the inode number. */
const LENGTH = FID_OFFSET + 12;

export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The handle in `bytes`; `undefined` where they are none of tmpfs. */
export function parseHandle(bytes: Uint8Array): FileHandle | undefined {
  if (bytes.length !== LENGTH || bytes[0] !== VERSION || bytes[1] !== MAGIC || bytes[2] !== LENGTH) return undefined;
  const fid = new DataView(bytes.buffer, bytes.byteOffset + FID_OFFSET);
  return {
    uuid: hexOf(bytes.subarray(UUID_OFFSET, FID_OFFSET)),
    flags: bytes[3]!,
    type: bytes[4]!,
    generation: fid.getUint32(0, true),
    ino: fid.getUint32(4, true) + fid.getUint32(8, true) * 2 ** 32,
  };
}

/** The handle that a name in the index is made of. */
export function parseIndexName(name: string): FileHandle | undefined {
  if (!/^([0-9a-f]{2}){4,}$/.test(name)) return undefined;
  return parseHandle(Uint8Array.from(name.match(/../g)!, (byte) => Number.parseInt(byte, 16)));
}
