/**
 * File attributes. An upper object that is immutable or append-only could not be moved into place, nor get the
 * overlay's own attributes: these two are noted in `overlay.protattr` and enforced by the overlay alone.
 *
 * @see fs/overlayfs/inode.c ovl_fileattr_set(), fs/overlayfs/util.c ovl_set_protattr()
 */
import { Errno, raise } from '../../abi/errno.ts';
import {
  type FileAttributes,
  FS_APPEND_FL,
  FS_IMMUTABLE_FL,
  FS_NOATIME_FL,
  FS_SYNC_FL,
  FS_XFLAG_APPEND,
  FS_XFLAG_IMMUTABLE,
  STATX_ATTR_APPEND,
  STATX_ATTR_IMMUTABLE,
} from '../../abi/fileattr.ts';
import { isDirectory, isRegular } from '../../abi/mode.ts';
import type { StatxAttributes } from '../../abi/stat.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { vfsFileattrGet, vfsFileattrSet } from '../../kernel/fileattr.ts';
import { type Inode, S_APPEND, S_IMMUTABLE } from '../../kernel/inode.ts';
import { vfsRemovexattr } from '../../kernel/xattr.ts';
import type { OverlayInode } from './inode.ts';
import { asMounter } from './real-file.ts';
import type { OverlaySuperblock } from './super.ts';
import { getPrivateXattr, trySetPrivateXattr, XATTR_PROTATTR, xattrName, type XattrSpace } from './xattr.ts';

/** What the upper object does not carry itself. */
const PROTECTION = S_APPEND | S_IMMUTABLE;
const PROTECTION_FL = FS_APPEND_FL | FS_IMMUTABLE_FL;
/** What a copy takes over from the lower object. @see OVL_COPY_FS_FLAGS_MASK */
const COPIED_FL = FS_SYNC_FL | FS_NOATIME_FL;
/** A longer note is none. @see OVL_PROTATTR_MAX */
const PROTATTR_MAX = 32;
const LETTER_APPEND = 0x61;
const LETTER_IMMUTABLE = 0x69;

const realDentry = (inode: OverlayInode): Dentry => inode.upper ?? inode.lower[0]!.dentry;

/**
 * The flags of a new inode: those of the upper object, but for a protection that is noted. Nobody asks for the note of
 * the overlay's root.
 *
 * @see ovl_check_protattr()
 */
export function flagsOfUpper(space: XattrSpace, real: Inode): number {
  const noted = notedProtection(space, real);
  return noted === undefined ? real.flags : (real.flags & ~PROTECTION) | noted;
}

/** `undefined` where nothing is noted, or in a form that nobody knows. */
function notedProtection(space: XattrSpace, real: Inode): number | undefined {
  const value = getPrivateXattr(space, real, XATTR_PROTATTR);
  if (value === undefined || value.length === 0 || value.length > PROTATTR_MAX) return undefined;
  let flags = 0;
  for (const letter of value) {
    if (letter === LETTER_APPEND) flags |= S_APPEND;
    else if (letter === LETTER_IMMUTABLE) flags |= S_IMMUTABLE;
    else return undefined;
  }
  return flags;
}

/** Notes the protection that `flags` ask for, or that there is none. @throws Errno EPERM where no note can be kept */
function setProtection(inode: OverlayInode, upper: Dentry, flags: number): void {
  const { superblock } = inode;
  const append = (flags & FS_APPEND_FL) !== 0;
  const immutable = (flags & FS_IMMUTABLE_FL) !== 0;
  if (append || immutable) {
    const note = Uint8Array.from([...(append ? [LETTER_APPEND] : []), ...(immutable ? [LETTER_IMMUTABLE] : [])]);
    if (!trySetPrivateXattr(superblock, upper, XATTR_PROTATTR, note)) raise('EPERM');
  } else if ((inode.flags & PROTECTION) !== 0) removeProtection(superblock, upper);
  const noted = (inode.flags & ~PROTECTION) | (append ? S_APPEND : 0) | (immutable ? S_IMMUTABLE : 0);
  if (noted !== inode.flags) inode.flags = noted;
}

function removeProtection(superblock: OverlaySuperblock, upper: Dentry): void {
  try {
    vfsRemovexattr(superblock.kernel, upper, xattrName(superblock, XATTR_PROTATTR));
  } catch (error) {
    if (!(error instanceof Errno) || (error.code !== 'ENODATA' && error.code !== 'EOPNOTSUPP')) throw error;
  }
}

/** @see ovl_fileattr_get() */
export function getOverlayFileattr(inode: OverlayInode): FileAttributes {
  const told = asMounter(inode.superblock, () => vfsFileattrGet(realDentry(inode)));
  if ((inode.flags & S_APPEND) !== 0) {
    told.flags |= FS_APPEND_FL;
    told.xflags |= FS_XFLAG_APPEND;
  }
  if ((inode.flags & S_IMMUTABLE) !== 0) {
    told.flags |= FS_IMMUTABLE_FL;
    told.xflags |= FS_XFLAG_IMMUTABLE;
  }
  return told;
}

/** A protection that was asked for is noted though the upper object refuses the rest. @see ovl_fileattr_set() */
export function setOverlayFileattr(inode: OverlayInode, wanted: FileAttributes, dentry?: Dentry): void {
  const { superblock } = inode;
  inode.copyUp(dentry);
  superblock.wantUpperWrite();
  const upper = inode.upper!;
  try {
    asMounter(superblock, () => {
      setProtection(inode, upper, wanted.flags);
      setReal(superblock, upper, wanted);
    });
  } finally {
    inode.flags = inode.real.flags | (inode.flags & PROTECTION);
    inode.copyAttributes();
  }
}

/** Sets what the upper object may carry itself. */
function setReal({ kernel }: OverlaySuperblock, upper: Dentry, wanted: FileAttributes): void {
  const flags = wanted.flags & ~PROTECTION_FL;
  const xflags = wanted.xflags & ~(FS_XFLAG_APPEND | FS_XFLAG_IMMUTABLE);
  vfsFileattrSet(kernel, upper, { ...wanted, flags, xflags });
}

/** A copy gets the attributes that the inode has from the lower object. @see ovl_copy_fileattr() */
export function copyFileattr(inode: OverlayInode, lower: Dentry, copy: Dentry): void {
  if (inode.flags === 0 || (!isRegular(inode.mode) && !isDirectory(inode.mode))) return;
  const old = attributesOf(lower);
  if (old === undefined) return;
  if ((old.flags & PROTECTION_FL) !== 0) tryProtection(inode, copy, old.flags);
  if ((old.flags & COPIED_FL) === 0) return;
  const made = attributesOf(copy);
  if (made === undefined) return;
  const flags = (made.flags & ~COPIED_FL) | (old.flags & COPIED_FL);
  vfsFileattrSet(inode.superblock.kernel, copy, flags);
}

/** An upper layer that keeps no notes is no reason not to copy. */
function tryProtection(inode: OverlayInode, copy: Dentry, flags: number): void {
  try {
    setProtection(inode, copy, flags);
  } catch (error) {
    if (!(error instanceof Errno) || error.code !== 'EPERM') throw error;
  }
}

/** `undefined` on a filesystem without attributes. */
function attributesOf(real: Dentry): FileAttributes | undefined {
  try {
    return vfsFileattrGet(real);
  } catch (error) {
    if (!(error instanceof Errno) || (error.code !== 'ENOTTY' && error.code !== 'EINVAL')) throw error;
    return undefined;
  }
}

/** What the real object tells, and the protection that the overlay has noted. @see ovl_getattr() */
export function overlayStatxAttributes(inode: OverlayInode): StatxAttributes {
  const real = inode.real.statxAttributes?.();
  let attributes = real?.attributes ?? 0;
  if ((inode.flags & S_APPEND) !== 0) attributes |= STATX_ATTR_APPEND;
  if ((inode.flags & S_IMMUTABLE) !== 0) attributes |= STATX_ATTR_IMMUTABLE;
  const attributesMask = (real?.attributesMask ?? 0) | STATX_ATTR_APPEND | STATX_ATTR_IMMUTABLE;
  return { attributes, attributesMask };
}
