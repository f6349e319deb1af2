/**
 * File handles of real objects: what the overlay notes in attributes to find an object again after a mount, and what
 * entries of the index are called.
 *
 * A handle has the kernel's form: a header with the uuid of the filesystem, then what tmpfs encodes for NFS. The uuid
 * is made from the filesystem's device number, which stays its own for the life of the machine.
 *
 * @see struct ovl_fh, fs/overlayfs/copy_up.c ovl_encode_real_fh(), mm/shmem.c shmem_encode_fh()
 */
import { CAP_DAC_READ_SEARCH } from '../../abi/capability.ts';
import { type Credentials, isCapable } from '../../kernel/credentials.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import type { Superblock } from '../../kernel/superblock.ts';
import { NULL_UUID } from '../../kernel/uuid.ts';
import type { Layer, LayerPath } from './entry.ts';
import type { OverlaySuperblock } from './super.ts';
import { getPrivateXattr, type PrivateXattr } from './xattr.ts';

const VERSION = 0;
const MAGIC = 0xfb;
const FLAG_BIG_ENDIAN = 1;
const FLAG_ANY_ENDIAN = 2;
/** The handle is that of an object of the upper layer. */
const FLAG_PATH_UPPER = 4;
const FLAG_ALL = FLAG_BIG_ENDIAN | FLAG_ANY_ENDIAN | FLAG_PATH_UPPER;
const FILEID_INO32_GEN = 1;
const UUID_OFFSET = 5;
const FID_OFFSET = 21;
/** Generation and two halves of the inode number. */
const FID_LENGTH = 12;
const LENGTH = FID_OFFSET + FID_LENGTH;
const WORD = 2 ** 32;

/** A handle leads past all directories: who follows it must be free to search any. */
const mayDecode = (mounter: Credentials): boolean => isCapable(mounter, CAP_DAC_READ_SEARCH);

/** Whether an object can be found by its handle. @see ovl_can_decode_fh() */
export const canDecodeHandles = (mounter: Credentials, { decodesHandles }: Superblock): boolean =>
  decodesHandles === true && mayDecode(mounter);

/** The uuid of a layer's filesystem in its handles. @see ovl_origin_uuid() */
const uuidFor = (superblock: OverlaySuperblock, layer: Layer): Uint8Array =>
  superblock.config.uuid === 'off' ? NULL_UUID : superblock.filesystems[layer.fsid]!.uuid;

function encode(ino: number, uuid: Uint8Array, flags: number): Uint8Array {
  const bytes = new Uint8Array(LENGTH);
  bytes.set([VERSION, MAGIC, LENGTH, flags, FILEID_INO32_GEN]);
  bytes.set(uuid, UUID_OFFSET);
  const fid = new DataView(bytes.buffer, FID_OFFSET, FID_LENGTH);
  fid.setUint32(4, ino % WORD, true);
  fid.setUint32(8, Math.floor(ino / WORD), true);
  return bytes;
}

/** The handle of a lower object. */
export const lowerHandle = (superblock: OverlaySuperblock, { dentry, layer }: LayerPath): Uint8Array =>
  encode(dentry.inode!.ino, uuidFor(superblock, layer), 0);

/** The handle of an upper object. */
export const upperHandle = (superblock: OverlaySuperblock, upper: Dentry): Uint8Array =>
  encode(upper.inode!.ino, uuidFor(superblock, superblock.upperLayer!), FLAG_PATH_UPPER);

/**
 * Whether bytes are a handle; `unknown` for one of another version or machine.
 *
 * @see ovl_check_fb_len()
 */
export function checkHandle(bytes: Uint8Array): 'valid' | 'invalid' | 'unknown' {
  if (bytes.length < FID_OFFSET || bytes.length < bytes[2]! || bytes[1] !== MAGIC) return 'invalid';
  const flags = bytes[3]!;
  if (bytes[0]! > VERSION || (flags & ~FLAG_ALL) !== 0) return 'unknown';
  return (flags & FLAG_BIG_ENDIAN) !== 0 && (flags & FLAG_ANY_ENDIAN) === 0 ? 'unknown' : 'valid';
}

/** The handle in an attribute of a real object; `undefined` where it tells nothing. @see ovl_get_fh() */
export function readHandle(
  superblock: OverlaySuperblock,
  real: Inode,
  attribute: PrivateXattr,
): Uint8Array | undefined {
  const bytes = getPrivateXattr(superblock, real, attribute);
  return bytes !== undefined && checkHandle(bytes) === 'valid' ? bytes : undefined;
}

/** Handles tell their own length; what lies behind does not count. */
export function isSameHandle(one: Uint8Array, other: Uint8Array): boolean {
  const length = one[2]!;
  return other[2] === length && one.subarray(0, length).every((byte, i) => byte === other[i]);
}

/** The object of a layer's filesystem that a handle names, while it exists. @see ovl_decode_real_fh() */
export function decodeHandle(superblock: OverlaySuperblock, handle: Uint8Array, layer: Layer): Inode | undefined {
  const uuid = uuidFor(superblock, layer);
  if (!uuid.every((byte, i) => byte === handle[UUID_OFFSET + i])) return undefined;
  if (handle[2]! < LENGTH) return undefined;
  const fid = new DataView(handle.buffer, handle.byteOffset + FID_OFFSET, FID_LENGTH);
  return layer.mount.superblock.inode(fid.getUint32(4, true) + fid.getUint32(8, true) * WORD);
}
