/**
 * Where a copied-up object came from: a file handle of the lower object in an attribute of the upper one.
 *
 * The handle has the kernel's form: a header with the uuid of the filesystem, then what tmpfs encodes for NFS. The
 * uuid is made from the filesystem's device number, which stays its own for the life of the machine.
 *
 * @see struct ovl_fh, fs/overlayfs/copy_up.c ovl_set_origin(), mm/shmem.c shmem_encode_fh()
 */
import { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import { sameType } from '../../kernel/permission.ts';
import { Random } from '../../kernel/random.ts';
import type { Superblock } from '../../kernel/superblock.ts';
import type { Layer, LayerPath } from './entry.ts';
import type { OverlaySuperblock } from './super.ts';
import { getPrivateXattr, type XattrSpace, trySetPrivateXattr, XATTR_ORIGIN } from './xattr.ts';

const VERSION = 0;
const MAGIC = 0xfb;
const FILEID_INO32_GEN = 1;
const UUID_OFFSET = 5;
const FID_OFFSET = 21;
/** Generation and two halves of the inode number. */
const FID_LENGTH = 12;
const LENGTH = FID_OFFSET + FID_LENGTH;
const UUID_LENGTH = 16;
const WORD = 2 ** 32;
const NULL_UUID = new Uint8Array(UUID_LENGTH);

/** The identity of a filesystem, of version 4. */
export function filesystemUuid(superblock: Superblock): Uint8Array {
  return uuidOf(new Random(superblock.dev).bytes(UUID_LENGTH));
}

/** Sets the bits that tell a random uuid. */
export function uuidOf(bytes: Uint8Array): Uint8Array {
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes;
}

/** @see ovl_encode_real_fh() */
function encodeHandle(ino: number, uuid: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH);
  bytes.set([VERSION, MAGIC, LENGTH, 0, FILEID_INO32_GEN]);
  bytes.set(uuid, UUID_OFFSET);
  const fid = new DataView(bytes.buffer, FID_OFFSET, FID_LENGTH);
  fid.setUint32(4, ino % WORD, true);
  fid.setUint32(8, Math.floor(ino / WORD), true);
  return bytes;
}

/**
 * Notes on an upper object which lower one it came from; an empty note where handles cannot be decoded, as those of
 * another overlay.
 *
 * @see ovl_set_origin(), ovl_can_decode_fh()
 */
export function setOrigin(superblock: OverlaySuperblock, lower: LayerPath, upper: Dentry): void {
  const inode = lower.dentry.inode!;
  const uuid = superblock.config.uuid === 'off' ? NULL_UUID : superblock.filesystems[lower.layer.fsid]!.uuid;
  const handle = inode.superblock.stackDepth === 0 ? encodeHandle(inode.ino, uuid) : new Uint8Array(0);
  trySetPrivateXattr(superblock, upper, XATTR_ORIGIN, handle);
}

/** The object came from a lower layer, be it known which or not. @see ovl_path_check_origin_xattr() */
export const hasOrigin = (space: XattrSpace, real: Inode): boolean =>
  getPrivateXattr(space, real, XATTR_ORIGIN) !== undefined;

/**
 * The lower object that an upper one came from, while it exists and is of the same type.
 *
 * @see ovl_check_origin(), ovl_decode_real_fh()
 */
export function originOf(superblock: OverlaySuperblock, upper: Inode): LayerPath | undefined {
  const handle = getPrivateXattr(superblock, upper, XATTR_ORIGIN);
  if (handle === undefined || !isHandle(handle)) return undefined;
  const fid = new DataView(handle.buffer, handle.byteOffset + FID_OFFSET, FID_LENGTH);
  const ino = fid.getUint32(4, true) + fid.getUint32(8, true) * WORD;
  const layer = layerOf(superblock, handle);
  const inode = layer?.mount.superblock.inode(ino);
  if (layer === undefined || inode === undefined || !sameType(inode.mode, upper.mode)) return undefined;
  return { dentry: new Dentry(inode.superblock, `#${ino}`, layer.root, inode), layer };
}

const isHandle = (handle: Uint8Array): boolean =>
  handle.length >= LENGTH && handle[0] === VERSION && handle[1] === MAGIC && handle[2] === LENGTH && handle[3] === 0;

/** The topmost lower layer on the filesystem that the handle names. */
function layerOf(superblock: OverlaySuperblock, handle: Uint8Array): Layer | undefined {
  const withUuid = superblock.config.uuid !== 'off';
  for (const { uuid, topmost } of superblock.filesystems) {
    if (topmost === undefined || topmost.mount.superblock.stackDepth > 0) continue;
    if (uuid.every((byte, i) => (withUuid ? byte : 0) === handle[UUID_OFFSET + i])) return topmost;
  }
  return undefined;
}
