/** Identities of filesystems: 16 bytes by which file handles and statfs(2) name them. @see lib/uuid.c, include/linux/statfs.h */
import { Random } from './random.ts';

export const UUID_LENGTH = 16;
/** Of a filesystem that has no identity. */
export const NULL_UUID: Uint8Array = new Uint8Array(UUID_LENGTH);

/** The identity of a filesystem that is made anew with each mount: it follows from the device number. */
export function filesystemUuid(dev: number): Uint8Array {
  return uuidOf(new Random(dev).bytes(UUID_LENGTH));
}

/** Sets the bits that tell a random uuid, of version 4. */
export function uuidOf(bytes: Uint8Array): Uint8Array {
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes;
}

/** The two words that statfs(2) tells of a uuid. @see uuid_to_fsid() */
export function fsidOf(uuid: Uint8Array = new Uint8Array(UUID_LENGTH)): readonly [number, number] {
  const words = new DataView(uuid.buffer, uuid.byteOffset, UUID_LENGTH);
  const word = (at: number): number => (words.getUint32(at, true) ^ words.getUint32(at + 8, true)) >>> 0;
  return [word(0), word(4)];
}
