/**
 * Copy-up: a lower object gets a copy in the upper layer, ancestors first, before it is changed.
 *
 * The copy is built where nobody sees it, in a nameless file or under a passing name in the work directory, and
 * appears at once under its name, with attributes, times and a note of where it came from.
 *
 * @see fs/overlayfs/copy_up.c
 */
import { raise } from '../../abi/errno.ts';
import { O_ACCMODE, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY, SEEK_DATA, SEEK_HOLE } from '../../abi/flags.ts';
import { isDirectory, isRegular, isSpecial, isSymlink, S_IFMT } from '../../abi/mode.ts';
import type { Attributes, Stat } from '../../abi/stat.ts';
import { vfsTmpfile } from '../../kernel/create.ts';
import { Dentry } from '../../kernel/dentry.ts';
import type { OpenFile } from '../../kernel/file.ts';
import { hold, release, S_APPEND, S_IMMUTABLE } from '../../kernel/inode.ts';
import { withCredentials } from '../../kernel/kernel.ts';
import { vfsLink } from '../../kernel/link.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import type { Mount } from '../../kernel/mount.ts';
import { closeFile, openReal } from '../../kernel/open.ts';
import { spliceRange } from '../../kernel/read-write.ts';
import { vfsRename } from '../../kernel/rename.ts';
import { notifyChange } from '../../kernel/setattr.ts';
import { hasUpperAlias, type LayerPath, overlayInode, setUpperAlias, upperOf } from './entry.ts';
import type { OverlayInode } from './inode.ts';
import { setOrigin } from './origin.ts';
import { openPath } from './real-file.ts';
import type { OverlaySuperblock } from './super.ts';
import { attempt, createTemp, withCleanup } from './whiteout.ts';
import { copyXattrs, setImpure, setProtection } from './xattr.ts';

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
}

/** Copies the object of a name up, if it is not in the upper layer yet. */
export function copyUp(dentry: Dentry): void {
  copyUpFlags(dentry, 0);
}

/** Copies an object up that is opened with `flags`, if they ask for it. @see ovl_maybe_copy_up() */
export function copyUpForOpen(dentry: Dentry, flags: number): void {
  if (isCopiedUp(dentry) || isSpecial(dentry.inode!.mode)) return;
  const access = flags & O_ACCMODE;
  if (access !== O_WRONLY && access !== O_RDWR && (flags & O_TRUNC) === 0) return;
  overlayInode(dentry).superblock.wantUpperWrite();
  copyUpFlags(dentry, flags);
}

const isCopiedUp = (dentry: Dentry): boolean => upperOf(dentry) !== undefined && hasUpperAlias(dentry);

function copyUpFlags(dentry: Dentry, flags: number): void {
  if (isCopiedUp(dentry)) return;
  const { superblock } = overlayInode(dentry);
  withCredentials(superblock.kernel, superblock.mounter, () => {
    while (!isCopiedUp(dentry)) copyUpOne(superblock, topmostMissing(dentry), flags);
  });
}

/** The highest ancestor that is not in the upper layer yet. */
function topmostMissing(dentry: Dentry): Dentry {
  let missing = dentry;
  while (upperOf(missing.parent) === undefined) missing = missing.parent;
  return missing;
}

function copyUpOne(superblock: OverlaySuperblock, dentry: Dentry, flags: number): void {
  if (superblock.workdir === undefined) raise('EROFS');
  const inode = overlayInode(dentry);
  const parent = overlayInode(dentry.parent);
  if (inode.upper !== undefined) {
    setUpperAlias(dentry);
    return;
  }
  const lower = inode.lower[0]!;
  const real = lower.dentry.inode!;
  const stat = real.getattr();
  const { atime, mtime } = parent.upper!.inode!;
  if ((flags & O_TRUNC) !== 0 && isRegular(stat.mode)) stat.size = 0;
  const link = isSymlink(stat.mode) ? real.readlink() : '';
  superblock.wantUpperWrite();
  traceCopyUp(superblock, dentry, isRegular(stat.mode) ? stat.size : 0);
  setImpure(superblock, parent);
  const copy: CopyUp = { superblock, dentry, inode, parent, lower, stat, link };
  const upper = isRegular(stat.mode) && superblock.hasTmpfile ? copyUpTmpfile(copy) : copyUpWorkdir(copy);
  inode.setUpper(upper);
  superblock.makeKnown(inode);
  if (isDirectory(stat.mode)) inode.mayHaveWhiteouts = true;
  setUpperAlias(dentry);
  attempt(() => notifyChange(superblock.kernel, parent.upper!, { atime, mtime }));
}

function traceCopyUp(superblock: OverlaySuperblock, dentry: Dentry, bytes: number): void {
  const { trace } = superblock.kernel;
  if (trace.active) trace.emit({ kind: 'copy-up', dev: superblock.dev, path: pathOf(dentry), bytes });
}

/** The path of a name from the root of the overlay. */
function pathOf(dentry: Dentry): string {
  let path = '';
  for (let at = dentry; !at.isRoot; at = at.parent) path = `/${at.name}${path}`;
  return path === '' ? '/' : path;
}

/** Builds the copy in a nameless file and gives it its name. @see ovl_copy_up_tmpfile() */
function copyUpTmpfile(copy: CopyUp): Dentry {
  const { superblock, dentry, parent, stat } = copy;
  const { kernel, upperMount } = superblock;
  const workdir = superblock.workdir!;
  const inode = vfsTmpfile(kernel, workdir, stat.mode, true);
  hold(inode);
  try {
    const temp = new Dentry(inode.superblock, `#${inode.ino}`, workdir, inode);
    if (stat.size > 0) copyUpData(copy, upperMount, temp);
    copyUpMetadata(copy, temp);
    const upper = lookupDentry(parent.upper!, dentry.name);
    vfsLink(kernel, temp, parent.upper!, upper);
    return upper;
  } finally {
    release(inode);
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
  const { superblock, dentry, parent, stat, link } = copy;
  const { kernel, upperMount } = superblock;
  const workdir = superblock.workdir!;
  const temp = createTemp(superblock, { mode: stat.mode & S_IFMT, rdev: stat.rdev, link });
  withCleanup(superblock, temp, () => {
    if (isRegular(stat.mode) && stat.size > 0) copyUpData(copy, upperMount, temp);
  });
  checkDestination(parent.upper!, workdir);
  withCleanup(superblock, temp, () => {
    copyUpMetadata(copy, temp);
    const upper = lookupDentry(parent.upper!, dentry.name);
    if (upper.inode !== undefined) superblock.keepReplaced(upper);
    vfsRename(kernel, workdir, temp, parent.upper!, upper, 0);
  });
  return temp;
}

function copyUpData({ superblock, lower, stat }: CopyUp, mount: Mount, temp: Dentry): void {
  const { mounter } = superblock;
  const from = openPath(superblock, lower.layer.mount, lower.dentry, O_RDONLY);
  try {
    const to = openReal(mount, temp, O_WRONLY, mounter);
    try {
      copyData(from, to, stat.size);
      to.ops.fsync(to, false);
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
    if (data === undefined || data >= length) return;
    at = data;
    const hole = Math.min(seek(from, at, SEEK_HOLE) ?? length, length);
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
function copyUpMetadata({ superblock, inode, lower, stat }: CopyUp, temp: Dentry): void {
  const real = lower.dentry.inode!;
  copyXattrs(superblock, real, temp);
  if ((inode.flags & (S_APPEND | S_IMMUTABLE)) !== 0) setProtection(superblock, temp, inode.flags);
  if (isDirectory(stat.mode) || stat.nlink === 1) setOrigin(superblock, lower, temp);
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

/** Copies the object up and changes the upper one. @see ovl_setattr() */
export function setOverlayAttributes(inode: OverlayInode, attributes: Attributes): void {
  const { superblock } = inode;
  superblock.wantUpperWrite();
  inode.copyUp();
  withCredentials(superblock.kernel, superblock.mounter, () => {
    notifyChange(superblock.kernel, inode.upper!, attributes, { force: true });
  });
  inode.copyAttributes();
}
