/**
 * Identities: that of an overlay, kept with its upper root, and those of the filesystems below.
 *
 * @see fs/overlayfs/util.c ovl_init_uuid_xattr(), fs/overlayfs/super.c ovl_lower_uuid_ok()
 */
import { Errno } from '../../abi/errno.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { vfsSetxattr } from '../../kernel/xattr.ts';
import { NULL_UUID, UUID_LENGTH, uuidOf } from '../../kernel/uuid.ts';
import type { Superblock } from '../../kernel/superblock.ts';
import type { Mounting } from './mounting.ts';
import { getPrivateXattr, XATTR_IMPURE, XATTR_UUID, xattrName } from './xattr.ts';

export const isNullUuid = (uuid: Uint8Array): boolean => uuid.every((byte) => byte === 0);

export const isSameUuid = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => byte === b[i]);

/** The uuid of a filesystem that layers lie on; zeros where it has none. @see s_uuid */
export const uuidOfFilesystem = (superblock: Superblock | undefined): Uint8Array => superblock?.uuid ?? NULL_UUID;

/**
 * A new overlay gets an identity, kept with its upper root; one that was in use without stays without. Answers the
 * identity, if there is one.
 */
export function initUuid(mounting: Mounting, upper: Dentry): Uint8Array | undefined {
  const { kernel, config } = mounting;
  const real = upper.inode!;
  const kept = getPrivateXattr(mounting, real, XATTR_UUID);
  if (kept?.length === UUID_LENGTH) return kept;
  if (kept !== undefined) return void (config.uuid = 'null');
  if (config.uuid === 'auto') {
    const impure = getPrivateXattr(mounting, real, XATTR_IMPURE);
    if (impure === undefined) config.uuid = 'on';
    else if (impure.length > 0) return void (config.uuid = 'null');
  }
  const made = uuidOf(kernel.random.bytes(UUID_LENGTH));
  try {
    vfsSetxattr(kernel, upper, xattrName(mounting, XATTR_UUID), made, 0);
    return made;
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
    return void (config.uuid = 'null');
  }
}
