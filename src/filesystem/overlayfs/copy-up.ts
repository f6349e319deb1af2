/**
 * Copy-up: a lower object gets a copy in the upper layer, ancestors first, before it is changed.
 *
 * The copy is built where nobody sees it, in a nameless file or under a passing name in the work directory, and
 * appears at once under its name, with attributes, times and a note of where it came from.
 *
 * @see fs/overlayfs/copy_up.c
 */
import { attempt, raise } from '../../abi/errno.ts';
import { O_RDONLY, O_TRUNC, O_WRONLY, SEEK_DATA, SEEK_HOLE } from '../../abi/flags.ts';
import { isDirectory, isRegular, isSpecial, isSymlink, S_IFMT } from '../../abi/mode.ts';
import type { Attributes, Stat } from '../../abi/stat.ts';
import { vfsTmpfile } from '../../kernel/create.ts';
import { Dentry } from '../../kernel/dentry.ts';
import type { OpenFile } from '../../kernel/file.ts';
import { hold, release } from '../../kernel/inode.ts';
import { withCredentials } from '../../kernel/kernel.ts';
import { vfsLink } from '../../kernel/link.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import { closeFile, openReal } from '../../kernel/open.ts';
import { spliceRange } from '../../kernel/read-write.ts';
import { vfsRename } from '../../kernel/rename.ts';
import { notifyChange } from '../../kernel/setattr.ts';
import { shouldSync } from './config.ts';
import { hasUpperAlias, type LayerPath, overlayInode, setUpperAlias, upperOf } from './entry.ts';
import { copyFileattr } from './fileattr.ts';
import type { OverlayInode } from './inode.ts';
import { verifyLowerData } from './lower-data.ts';
import {
  copyUpMetaInodeData,
  lowerDataOf,
  needsDataCopyUp,
  needsMetaCopyUp,
  opensForChange,
  setMetacopyMark,
} from './metacopy.ts';
import { createDirectoryIndex, indexOf, needsIndex } from './index-entry.ts';
import { setNlinkLower, setNlinkUpper } from './nlink.ts';
import { setOrigin } from './origin.ts';
import { openPath } from './real-file.ts';
import type { OverlaySuperblock } from './super.ts';
import { createTemp, withCleanup } from './whiteout.ts';
import { copyXattrs, setImpure } from './xattr.ts';

/** How much data is copied between two searches for holes. */
const CHUNK = 1 << 20;

/** One copy-up under way. @see struct ovl_copy_up_ctx */
interface CopyUp {
  readonly superblock: OverlaySuperblock;
  readonly dentry: Dentry;
  readonly inode: OverlayInode;
  readonly parent: OverlayInode;
  readonly lower: LayerPath;
  /** What the copy is to look like. */
  readonly stat: Stat;
  readonly link: string;
  /** The data stays where it is. */
  readonly metacopy: boolean;
  /** The object gets an entry in the index: a file is copied there, to be linked to its place. */
  readonly indexed: boolean;
}

/** Copies the object of a name up, if it is not in the upper layer yet. */
export function copyUp(dentry: Dentry): void {
  copyUpFlags(dentry, 0);
}

/** Copies an object up that is opened with `flags`, if they ask for it. @see ovl_maybe_copy_up() */
export function copyUpForOpen(dentry: Dentry, flags: number): void {
  if (isCopiedUp(dentry, flags) || isSpecial(dentry.inode!.mode) || !opensForChange(flags)) return;
  overlayInode(dentry).superblock.wantUpperWrite();
  copyUpFlags(dentry, flags);
}

/** @see ovl_already_copied_up() */
const isCopiedUp = (dentry: Dentry, flags: number): boolean =>
  upperOf(dentry) !== undefined && hasUpperAlias(dentry) && !needsDataCopyUp(overlayInode(dentry), flags);

function copyUpFlags(dentry: Dentry, flags: number): void {
  verifyLowerData(overlayInode(dentry));
  if (isCopiedUp(dentry, flags)) return;
  const { superblock } = overlayInode(dentry);
  withCredentials(superblock.kernel, superblock.mounter, () => {
    while (!isCopiedUp(dentry, flags)) copyUpOne(superblock, topmostMissing(dentry), flags);
  });
}

/** The highest ancestor that is not in the upper layer yet. */
function topmostMissing(dentry: Dentry): Dentry {
  let missing = dentry;
  while (upperOf(missing.parent) === undefined) missing = missing.parent;
  return missing;
}

function copyUpOne(superblock: OverlaySuperblock, dentry: Dentry, flags: number): void {
  const inode = overlayInode(dentry);
  const parent = overlayInode(dentry.parent);
  const { atime, mtime } = parent.upper!.inode!;
  if (inode.upper === undefined) doCopyUp(superblock, dentry, { atime, mtime }, flags);
  if (!hasUpperAlias(dentry)) linkUp(superblock, dentry, { atime, mtime });
  if (needsDataCopyUp(inode, flags)) copyUpDataOf(superblock, dentry, flags);
}

/** One more name of an object that is in the upper layer already: by the index, a lower link is led to it. @see ovl_link_up() */
function linkUp(superblock: OverlaySuperblock, dentry: Dentry, times: Attributes): void {
  const { kernel } = superblock;
  const inode = overlayInode(dentry);
  const parent = overlayInode(dentry.parent);
  superblock.wantUpperWrite();
  setImpure(superblock, parent);
  setNlinkLower(inode);
  vfsLink(kernel, inode.upper!, parent.upper!, lookupDentry(parent.upper!, dentry.name));
  attempt(() => notifyChange(kernel, parent.upper!, times));
  setUpperAlias(dentry);
  setNlinkUpper(inode);
}

/** @see ovl_do_copy_up() */
function doCopyUp(superblock: OverlaySuperblock, dentry: Dentry, times: Attributes, flags: number): void {
  const inode = overlayInode(dentry);
  const parent = overlayInode(dentry.parent);
  const lower = inode.lower[0]!;
  const real = lower.dentry.inode!;
  const stat = real.getattr();
  if (!superblock.mounter.userNamespace.hasOwner(stat)) raise('EOVERFLOW');
  if ((flags & O_TRUNC) !== 0 && isRegular(stat.mode)) stat.size = 0;
  const link = isSymlink(stat.mode) ? real.readlink() : '';
  superblock.wantUpperWrite();
  const metacopy = needsMetaCopyUp(superblock, stat.mode, flags);
  traceCopyUp(superblock, dentry, isRegular(stat.mode) && !metacopy ? stat.size : 0);
  const indexed = needsIndex(inode);
  const toIndex = indexed && !isDirectory(stat.mode);
  if (!toIndex) setImpure(superblock, parent);
  const copy: CopyUp = { superblock, dentry, inode, parent, lower, stat, link, metacopy, indexed };
  const upper = isRegular(stat.mode) && superblock.hasTmpfile ? copyUpTmpfile(copy) : copyUpWorkdir(copy);
  inode.metacopy = metacopy;
  inode.setUpper(upper);
  superblock.makeKnown(inode);
  if (isDirectory(stat.mode)) inode.mayHaveWhiteouts = true;
  inode.indexed = indexed;
  if (toIndex) {
    setNlinkUpper(inode);
    return;
  }
  attempt(() => notifyChange(superblock.kernel, parent.upper!, times));
  setUpperAlias(dentry);
}

/** Copies up the data of a file whose metadata came before. */
function copyUpDataOf(superblock: OverlaySuperblock, dentry: Dentry, flags: number): void {
  const inode = overlayInode(dentry);
  const size = (flags & O_TRUNC) !== 0 ? 0 : inode.lower[0]!.dentry.inode!.getattr().size;
  superblock.wantUpperWrite();
  traceCopyUp(superblock, dentry, size);
  copyUpMetaInodeData(inode, size, (upper) => copyUpData(inode, upper, size));
}

function traceCopyUp(superblock: OverlaySuperblock, dentry: Dentry, bytes: number): void {
  const { trace } = superblock.kernel;
  if (trace.active) trace.emit({ kind: 'copy-up', dev: superblock.dev, path: dentry.path, bytes });
}

/** Where the copy goes: to its name, or to the index. */
function placeOf({ superblock, dentry, parent, lower, stat, indexed }: CopyUp): Dentry {
  if (indexed && !isDirectory(stat.mode)) return indexOf(superblock, lower);
  return lookupDentry(parent.upper!, dentry.name);
}

/** Builds the copy in a nameless file and gives it its name. @see ovl_copy_up_tmpfile() */
function copyUpTmpfile(copy: CopyUp): Dentry {
  const { superblock, inode, stat, metacopy } = copy;
  const { kernel } = superblock;
  const workdir = superblock.workdir!;
  const real = vfsTmpfile(kernel, workdir, stat.mode, true);
  hold(real);
  try {
    const temp = new Dentry(real.superblock, `#${real.ino}`, workdir, real);
    if (stat.size > 0 && !metacopy) copyUpData(inode, temp, stat.size);
    copyUpMetadata(copy, temp);
    const upper = placeOf(copy);
    vfsLink(kernel, temp, upper.parent, upper);
    return upper;
  } finally {
    release(real);
  }
}

/**
 * A directory that was removed together with its whiteouts has its last place in the work directory. Nothing can be
 * moved into it from there; what was built stays behind.
 *
 * @throws Errno EIO
 */
function checkDestination(directory: Dentry, workdir: Dentry): void {
  if (directory.isWithin(workdir)) raise('EIO');
}

/** Builds the copy in the work directory and moves it into place. @see ovl_copy_up_workdir() */
function copyUpWorkdir(copy: CopyUp): Dentry {
  const { superblock, inode, parent, lower, stat, link, metacopy, indexed } = copy;
  const { kernel } = superblock;
  const workdir = superblock.workdir!;
  const temp = createTemp(superblock, { mode: stat.mode & S_IFMT, rdev: stat.rdev, link });
  withCleanup(superblock, temp, () => {
    if (isRegular(stat.mode) && stat.size > 0 && !metacopy) copyUpData(inode, temp, stat.size);
  });
  if (indexed && isDirectory(stat.mode)) {
    withCleanup(superblock, temp, () => createDirectoryIndex(superblock, lower, temp));
  }
  if (!indexed || isDirectory(stat.mode)) checkDestination(parent.upper!, workdir);
  withCleanup(superblock, temp, () => {
    copyUpMetadata(copy, temp);
    const upper = placeOf(copy);
    if (upper.inode !== undefined) superblock.keepReplaced(upper);
    vfsRename(kernel, workdir, temp, upper.parent, upper, 0);
  });
  return temp;
}

function copyUpData(inode: OverlayInode, upper: Dentry, size: number): void {
  const { superblock } = inode;
  const { layer, dentry } = lowerDataOf(inode)!;
  const from = openPath(superblock, layer.mount, dentry, O_RDONLY);
  try {
    const to = openReal(superblock.upperMount, upper, O_WRONLY, superblock.mounter);
    try {
      copyData(from, to, size);
      if (shouldSync(superblock.config)) to.ops.fsync(to, false);
    } finally {
      closeFile(to);
    }
  } finally {
    closeFile(from);
  }
}

/**
 * Copies data a chunk at a time, going on behind a hole where a chunk would begin in one. As only the chunk in which
 * data ends can reach into a hole, all before it are copied at once.
 *
 * @see ovl_copy_up_file()
 */
function copyData(from: OpenFile, to: OpenFile, length: number): void {
  let at = 0;
  while (at < length) {
    const data = seek(from, at, SEEK_DATA);
    if (data === undefined || data === length) return;
    // metadata can tell less than the data has
    if (data > length) raise('EIO');
    at = data;
    const hole = Math.min(seek(from, at, SEEK_HOLE)!, length);
    const whole = Math.floor((hole - at) / CHUNK) * CHUNK;
    const copied = spliceRange(from, at, to, at, Math.min(whole === 0 ? CHUNK : whole, length - at));
    if (copied === 0) return;
    at += copied;
  }
}

/** Where data or a hole begins; `undefined` when there is none up to the end of the file (ENXIO). */
function seek(file: OpenFile, offset: number, whence: number): number | undefined {
  let found: number | undefined;
  attempt(() => {
    found = file.ops.llseek(file, offset, whence);
  });
  return found;
}

/** @see ovl_copy_up_metadata() */
function copyUpMetadata({ superblock, inode, lower, stat, metacopy, indexed }: CopyUp, temp: Dentry): void {
  const real = lower.dentry.inode!;
  copyXattrs(superblock, real, temp);
  copyFileattr(inode, lower.dentry, temp);
  if (isDirectory(stat.mode) || stat.nlink === 1 || indexed) setOrigin(superblock, lower, temp);
  if (metacopy) setMetacopyMark(superblock, temp);
  if (isRegular(stat.mode)) notifyChange(superblock.kernel, temp, { size: stat.size });
  setRealAttributes(superblock, temp, stat);
}

/** Mode, owner and times as in `stat`. @see ovl_set_attr() */
export function setRealAttributes({ kernel }: OverlaySuperblock, real: Dentry, stat: Stat): void {
  const { mode, uid, gid, atime, mtime } = stat;
  if (!isSymlink(mode)) notifyChange(kernel, real, { mode });
  notifyChange(kernel, real, { uid, gid });
  attempt(() => notifyChange(kernel, real, { atime, mtime }));
}

/** Copies the object up, data included if its size is to change, and changes the upper one. @see ovl_setattr() */
export function setOverlayAttributes(inode: OverlayInode, attributes: Attributes, dentry = inode.alias!): void {
  const { superblock } = inode;
  superblock.wantUpperWrite();
  copyUpFlags(dentry, attributes.size === undefined ? 0 : O_WRONLY);
  const { touch = false, killSetid, mode } = attributes;
  // the upper object may have got another mode by another name
  const changes = mode === undefined || killSetid === undefined ? attributes : withoutMode(attributes);
  const options = killSetid === undefined ? { force: true, touch } : { force: true, touch, killSetid };
  withCredentials(superblock.kernel, superblock.mounter, () => {
    notifyChange(superblock.kernel, inode.upper!, changes, options);
  });
  inode.copyAttributes();
}

function withoutMode({ mode: _, ...rest }: Attributes): Attributes {
  return rest;
}
