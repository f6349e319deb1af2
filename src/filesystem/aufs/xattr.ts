/** Extended attributes: kept with the real object, which is copied up first. @see fs/aufs/xattr.c, au_sxattr() */
import type { Dentry } from '../../kernel/dentry.ts';
import { vfsRemovexattr, vfsSetxattr } from '../../kernel/xattr.ts';
import { realForChange } from './attributes.ts';
import type { AufsInode } from './inode.ts';

export function setAufsXattr(
  inode: AufsInode,
  name: string,
  value: Uint8Array,
  flags: number,
  dentry = inode.alias!,
): void {
  const real = realForChange(inode, dentry);
  vfsSetxattr(inode.superblock.kernel, real.dentry, name, value, flags);
}

/** The attribute goes. The real module of 2024 leaves it with an empty value: docs/deviations.md. */
export function removeAufsXattr(inode: AufsInode, name: string, dentry: Dentry = inode.alias!): void {
  const real = realForChange(inode, dentry);
  vfsRemovexattr(inode.superblock.kernel, real.dentry, name);
}
