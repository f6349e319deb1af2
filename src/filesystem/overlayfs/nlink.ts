/**
 * How many links an indexed file has: the names in the upper layer and those in lower layers that nothing covers.
 *
 * The number is kept in an attribute as the difference to the links of the upper object or, while a further name is
 * copied up, to those of the lower one: what is added to both at once needs no further note.
 *
 * @see fs/overlayfs/inode.c ovl_set_nlink_common(), ovl_get_nlink()
 */
import type { Dentry } from '../../kernel/dentry.ts';
import type { LayerPath } from './entry.ts';
import type { OverlayInode } from './inode.ts';
import type { OverlaySuperblock } from './super.ts';
import { getPrivateXattr, setPrivateXattr, XATTR_NLINK } from './xattr.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Notes how many links more the file has than its upper or lower object. */
function setNlink(inode: OverlayInode, relativeTo: 'L' | 'U', links: number): void {
  const difference = inode.nlink - links;
  const text = `${relativeTo}${difference < 0 ? '' : '+'}${difference}`;
  setPrivateXattr(inode.superblock, inode.upper!, XATTR_NLINK, encoder.encode(text));
}

/** @see ovl_set_nlink_upper() */
export const setNlinkUpper = (inode: OverlayInode): void => setNlink(inode, 'U', inode.upper!.inode!.nlink);

/** @see ovl_set_nlink_lower() */
export const setNlinkLower = (inode: OverlayInode): void => setNlink(inode, 'L', inode.lower[0]!.dentry.inode!.nlink);

/** The links of a file by the note of its upper object, in 32 bits, else `fallback`. @see ovl_get_nlink() */
export function noteOfNlink(
  superblock: OverlaySuperblock,
  lower: LayerPath | undefined,
  upper: Dentry | undefined,
  fallback: number,
): number {
  if (lower === undefined || upper === undefined || lower.dentry.inode!.nlink === 1) return fallback;
  const note = getPrivateXattr(superblock, upper.inode!, XATTR_NLINK);
  if (note === undefined || note.length > 12) return fallback;
  const [, relativeTo, difference] = /^([LU])([+-]\d+)\n?$/.exec(decoder.decode(note)) ?? [];
  if (difference === undefined || Number(difference) !== (Number(difference) | 0)) return fallback;
  const links = ((relativeTo === 'L' ? lower.dentry : upper).inode!.nlink + Number(difference)) | 0;
  return links > 0 ? links : fallback;
}
