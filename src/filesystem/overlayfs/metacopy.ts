/**
 * Files of which only the metadata was copied up: the upper object tells owner, mode, times and size, its data still
 * lies in a lower layer until somebody wants to change it.
 *
 * @see Documentation/filesystems/overlayfs.rst "Metadata only copy up", struct ovl_metacopy
 */
import { raise } from '../../abi/errno.ts';
import { O_ACCMODE, O_RDWR, O_TRUNC, O_WRONLY } from '../../abi/flags.ts';
import { isRegular } from '../../abi/mode.ts';
import { XATTR_SECURITY_PREFIX } from '../../abi/xattr.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import { inodeFindXattr, vfsSetxattr } from '../../kernel/xattr.ts';
import type { LayerPath } from './entry.ts';
import type { OverlayInode } from './inode.ts';
import type { OverlaySuperblock } from './super.ts';
import { getPrivateXattr, removePrivateXattr, trySetPrivateXattr, XATTR_METACOPY } from './xattr.ts';

const XATTR_CAPS = `${XATTR_SECURITY_PREFIX}capability`;
const NOTHING = new Uint8Array(0);
/** Version, length, flags and the kind of digest; the digest follows. @see OVL_METACOPY_MIN_SIZE */
const HEADER_LENGTH = 4;
const DIGEST_MAX = 64;

/** The mark of a file without data. @throws Errno EIO when it is too short */
function metacopyMark(superblock: OverlaySuperblock, real: Inode): Uint8Array | undefined {
  if (!isRegular(real.mode)) return undefined;
  const mark = getPrivateXattr(superblock, real, XATTR_METACOPY);
  if (mark !== undefined && mark.length > 0 && mark.length < HEADER_LENGTH) raise('EIO');
  return mark;
}

/** A real object holds no data of its own. @throws Errno EIO @see ovl_check_metacopy_xattr() */
export const hasMetacopyMark = (superblock: OverlaySuperblock, real: Inode): boolean =>
  metacopyMark(superblock, real) !== undefined;

/** A file whose data is not where its metadata is. @see ovl_is_metacopy_dentry() */
export function isMetacopy(inode: OverlayInode): boolean {
  if (!isRegular(inode.mode)) return false;
  if (inode.upper !== undefined) return inode.metacopy;
  // it keeps no objects of several layers, and to ask for them would make some
  if (inode.isLean) return false;
  return inode.lower.length > 1 || inode.superblock.lowerdataRedirects.has(inode);
}

/** The flags ask for data that can be changed. Mode 3 allows no access at all. @see ovl_open_flags_need_copy_up() */
export function opensForChange(flags: number): boolean {
  const access = flags & O_ACCMODE;
  return access === O_WRONLY || access === O_RDWR || (flags & O_TRUNC) !== 0;
}

/** The upper object is not enough for an open with these flags. @see ovl_dentry_needs_data_copy_up() */
export const needsDataCopyUp = (inode: OverlayInode, flags: number): boolean => inode.metacopy && opensForChange(flags);

/** Only metadata is to be copied up. No layer keeps the digests that `verity=require` asks for. @see ovl_need_meta_copy_up() */
export const needsMetaCopyUp = ({ config }: OverlaySuperblock, mode: number, flags: number): boolean =>
  config.metacopy && config.verity !== 'require' && isRegular(mode) && !opensForChange(flags);

/** @throws Errno EOPNOTSUPP where the upper layer keeps no attributes @see ovl_set_metacopy_xattr() */
export function setMetacopyMark(superblock: OverlaySuperblock, upper: Dentry): void {
  if (!trySetPrivateXattr(superblock, upper, XATTR_METACOPY, NOTHING)) raise('EOPNOTSUPP');
}

/** The lower object with the data; none while it was not looked for. @see ovl_path_lowerdata() */
export function lowerDataOf(inode: OverlayInode): LayerPath | undefined {
  const { lowerdataRedirects } = inode.superblock;
  return lowerdataRedirects.size > 0 && lowerdataRedirects.has(inode) ? undefined : inode.lower.at(-1);
}

/** The real inode with the data, which has been looked for. @see ovl_path_realdata() */
export function realDataOf(inode: OverlayInode): Inode {
  const { upper } = inode;
  if (upper !== undefined && !inode.metacopy) return upper.inode!;
  return lowerDataOf(inode)!.dentry.inode!;
}

/** How many blocks the data takes; a guess while it was not looked for. */
export function dataBlocks(inode: OverlayInode, size: number, blksize: number): number {
  const data = lowerDataOf(inode);
  if (data !== undefined) return data.dentry.inode!.getattr().blocks;
  return (Math.ceil(size / blksize) * blksize) / 512;
}

/**
 * Brings the data up behind metadata that came before it. Writing takes file capabilities away, which are put back.
 *
 * @throws Errno EINVAL where those are none that can be read
 * @see ovl_copy_up_meta_inode_data()
 */
export function copyUpMetaInodeData(inode: OverlayInode, size: number, copyData: (upper: Dentry) => void): void {
  const { superblock } = inode;
  const upper = inode.upper!;
  const capabilities = size > 0 ? inodeFindXattr(superblock.kernel, upper.inode!, XATTR_CAPS) : undefined;
  if (size > 0) copyData(upper);
  if (capabilities !== undefined) vfsSetxattr(superblock.kernel, upper, XATTR_CAPS, capabilities, 0);
  removePrivateXattr(superblock, upper, XATTR_METACOPY);
  inode.metacopy = false;
}

/**
 * A digest in the mark cannot be right, as no filesystem here keeps any.
 *
 * @throws Errno EIO
 * @see ovl_maybe_validate_verity(), ovl_validate_verity()
 */
export function validateVerity(inode: OverlayInode): void {
  const { superblock } = inode;
  const { verity } = superblock.config;
  if (verity === 'off' || !isMetacopy(inode)) return;
  const mark = metacopyMark(superblock, inode.real);
  if (mark !== undefined && mark.length > HEADER_LENGTH) {
    if (mark.length > HEADER_LENGTH + DIGEST_MAX) raise('ERANGE');
    if (mark[0] !== 0 || mark[1] !== mark.length || mark[3] !== 0) raise('EIO');
  }
  if (verity === 'require') raise('EIO');
}
