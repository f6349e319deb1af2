/**
 * Copy-up: an object of a branch gets a copy in a writable branch above, under a hidden name that becomes its own when
 * the copy is whole. A file that has a copy there already gets a further name of it.
 *
 * @see fs/aufs/cpup.c
 */
import { attempt, Errno, raise } from '../../abi/errno.ts';
import { O_NOATIME, O_RDONLY, O_WRONLY, SEEK_DATA, SEEK_HOLE } from '../../abi/flags.ts';
import { isDirectory, isRegular, isSymlink, S_IFMT } from '../../abi/mode.ts';
import type { Attributes } from '../../abi/stat.ts';
import { vfsCreate, vfsMkdir, vfsMknod, vfsSymlink } from '../../kernel/create.ts';
import { rootCredentials } from '../../kernel/credentials.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { OpenFile } from '../../kernel/file.ts';
import type { Inode } from '../../kernel/inode.ts';
import { vfsLink } from '../../kernel/link.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import { wantWrite } from '../../kernel/mount.ts';
import { closeFile, openReal } from '../../kernel/open.ts';
import { spliceRange } from '../../kernel/read-write.ts';
import { vfsRename } from '../../kernel/rename.ts';
import { notifyChange } from '../../kernel/setattr.ts';
import { vfsRemove } from '../../kernel/unlink.ts';
import type { Branch, RealPath } from './branch.ts';
import { aufsInode, realOfName, realParent, setTopIndex, topIndex } from './entry.ts';
import type { AufsInode } from './inode.ts';
import { addPlink, findPlink } from './plink.ts';
import type { AufsSuperblock } from './super.ts';
import { asUnion, temporaryName } from './whiteout.ts';

/** How a copy is made. */
export interface CopyUpOptions {
  /** Bytes of a file that are wanted; all of them when left out. */
  readonly length?: number;
  /** The object lies here, where the name itself is another one: link(2) copies under the new name. */
  readonly source?: RealPath;
  /** The times of the directory come back when the copy is made. @see AuCpup_DTIME */
  readonly keepTimes?: boolean;
  /** The number of the source goes on being that of the inode. @see AuCpup_KEEPLINO */
  readonly keepNumber?: boolean;
}

/** Copies the directories above a name up, topmost first. @see au_cpup_dirs() */
export function copyUpParents(dentry: Dentry, branch: Branch): void {
  while (realParent(dentry, branch) === undefined) {
    let missing = dentry.parent;
    while (realParent(missing, branch) === undefined) missing = missing.parent;
    copyUp(missing, branch, { keepTimes: true });
  }
}

/** Gives the object of a name a copy in a branch whose directory is there. @see au_sio_cpup_simple() */
export function copyUp(dentry: Dentry, branch: Branch, options: CopyUpOptions = {}): void {
  const inode = aufsInode(dentry);
  const { superblock } = inode;
  wantWrite(branch.mount);
  const directory = realParent(dentry, branch)!;
  asUnion(superblock.kernel, () => {
    const temporary = temporaryName(superblock, directory, dentry.name);
    const times = timesOf(directory.inode!);
    const isLinked = place(superblock, dentry, branch, temporary, options);
    try {
      const target = lookupDentry(directory, dentry.name);
      // somebody has put something there beside the union
      if (target.inode !== undefined) raise('EIO');
      vfsRename(superblock.kernel, directory, temporary, directory, target, 0);
    } catch (error) {
      if (error instanceof Errno) {
        takeBack(superblock, temporary);
        // the copy of a pseudo-linked file is kept under another name
        if (temporary.inode!.nlink === 0) inode.removeReal(branch);
      }
      throw error;
    }
    if (isLinked && options.keepTimes) restoreTimes(directory, times);
  });
  if (options.source === undefined && !isDirectory(inode.mode)) setTopIndex(dentry, branch.index);
}

/**
 * Gives an object that has no name any more a copy that has none either, to be changed. @see au_sio_cpup_wh()
 */
export function copyUpNameless(dentry: Dentry, branch: Branch, length?: number): RealPath {
  const inode = aufsInode(dentry);
  const { superblock } = inode;
  wantWrite(branch.mount);
  const parent = realParent(dentry, branch);
  const directory = parent?.hashed ? parent : branch.parts!.orph;
  asUnion(superblock.kernel, () => {
    const times = timesOf(directory.inode!);
    const temporary = temporaryName(superblock, directory, dentry.name);
    place(superblock, dentry, branch, temporary, length === undefined ? {} : { length });
    inode.nameless = { branch, dentry: temporary };
    try {
      removeName(inode, temporary);
    } finally {
      restoreTimes(directory, times);
    }
  });
  return inode.nameless!;
}

/** Takes the name from a copy that goes on without one; what is refused is told as EIO. @see au_cpup_wh() */
function removeName(inode: AufsInode, temporary: Dentry): void {
  const { kernel } = inode.superblock;
  inode.holds++;
  try {
    vfsRemove(kernel, temporary.parent, temporary);
  } catch (error) {
    throw error instanceof Errno ? new Errno('EIO') : error;
  } finally {
    inode.holds--;
  }
}

/**
 * Makes the object under a passing name: a link to the copy that is there already, or a new copy. Answers whether it is a
 * link. @see au_cpup_single()
 */
function place(
  superblock: AufsSuperblock,
  dentry: Dentry,
  branch: Branch,
  temporary: Dentry,
  options: CopyUpOptions,
): boolean {
  const inode = aufsInode(dentry);
  const known = inode.realIn(branch);
  if (known !== undefined) {
    if (!superblock.config.plink) raise('EIO');
    if (known.dentry.inode!.nlink > 0) {
      const linked = findPlink(inode, known) ?? raise('EIO');
      vfsLink(superblock.kernel, linked, temporary.parent, temporary);
      return true;
    }
    inode.removeReal(branch);
  }
  copy(superblock, dentry, branch, temporary, options);
  return false;
}

function copy(
  superblock: AufsSuperblock,
  dentry: Dentry,
  branch: Branch,
  temporary: Dentry,
  options: CopyUpOptions,
): void {
  const inode = aufsInode(dentry);
  const source = options.source ?? realOfName(dentry, superblock.branches[topIndex(dentry)]!) ?? inode.top;
  const real = source.dentry.inode!;
  const { superblock: filesystem, ino, nlink, mode } = real;
  const length = isRegular(mode) ? Math.min(options.length ?? real.size, real.size) : 0;
  traceCopyUp(superblock, dentry, length);
  try {
    keepingTimes(temporary.parent, options.keepTimes, () => build(superblock, source, temporary, length, branch));
    copyAttributes(superblock, real, temporary);
  } catch (error) {
    if (error instanceof Errno) takeBack(superblock, temporary);
    throw error;
  }
  const parts = nlink > 1 || real.linkable;
  if (!isDirectory(mode) && (!parts || real.linkable) && !options.keepNumber)
    superblock.numbers.delete(filesystem, ino);
  const made = { branch, dentry: temporary };
  inode.addReal(made);
  if (real.linkable) temporary.inode!.linkable = true;
  if (!isDirectory(mode) && parts && superblock.config.plink) addPlink(inode, made);
  if (isDirectory(mode)) inode.refreshLinks(true);
}

/** @see cpup_entry() */
function build(superblock: AufsSuperblock, source: RealPath, temporary: Dentry, length: number, branch: Branch): void {
  const { kernel } = superblock;
  const { parent } = temporary;
  const real = source.dentry.inode!;
  const { mode, rdev } = real;
  if (isRegular(mode)) {
    vfsCreate(kernel, parent, temporary, 0o600);
    if (length > 0) copyData(source, { branch, dentry: temporary }, length);
  } else if (isDirectory(mode)) vfsMkdir(kernel, parent, temporary, mode & ~S_IFMT);
  else if (isSymlink(mode)) vfsSymlink(kernel, parent, temporary, real.readlink());
  else vfsMknod(kernel, parent, temporary, mode, rdev);
}

/** Copies data from hole to hole. @see au_do_cpup_regular() */
function copyData(source: RealPath, target: RealPath, length: number): void {
  const from = openReal(source.branch.mount, source.dentry, O_RDONLY | O_NOATIME, rootCredentials);
  try {
    const to = openReal(target.branch.mount, target.dentry, O_WRONLY | O_NOATIME, rootCredentials);
    try {
      copyRanges(from, to, length);
    } finally {
      closeFile(to);
    }
  } finally {
    closeFile(from);
  }
  const { kernel } = target.dentry.superblock;
  if (target.dentry.inode!.size !== length) notifyChange(kernel, target.dentry, { size: length }, { force: true });
}

function copyRanges(from: OpenFile, to: OpenFile, length: number): void {
  let at = 0;
  while (at < length) {
    const data = seekData(from, at);
    if (data === undefined || data >= length) return;
    const end = Math.min(from.ops.llseek(from, data, SEEK_HOLE), length);
    if (spliceRange(from, data, to, data, end - data) === 0) return;
    at = end;
  }
}

/** Where data begins at or behind `offset`, if there is any. */
function seekData(file: OpenFile, offset: number): number | undefined {
  try {
    return file.ops.llseek(file, offset, SEEK_DATA);
  } catch (error) {
    if (error instanceof Errno && error.code === 'ENXIO') return undefined;
    throw error;
  }
}

/** Owner, mode, times and extended attributes. @see cpup_iattr() */
function copyAttributes({ kernel }: AufsSuperblock, real: Inode, copied: Dentry): void {
  const { mode, uid, gid, atime, mtime } = real;
  const attributes: Attributes = { uid, gid, atime, mtime };
  if (!isSymlink(mode)) attributes.mode = mode;
  notifyChange(kernel, copied, attributes, { force: true });
  for (const name of real.listxattr()) {
    const value = real.getxattr(name);
    if (value !== undefined) copied.inode!.setxattr(name, value, 0, copied);
  }
}

export const timesOf = ({ atime, mtime }: Inode): Attributes => ({ atime, mtime });

/** Gives a directory of a branch its times back, if that can be done. @see au_dtime_revert() */
export function restoreTimes(directory: Dentry, times: Attributes): void {
  attempt(() => notifyChange(directory.superblock.kernel, directory, times, { force: true }));
}

function keepingTimes(directory: Dentry, keeps: boolean | undefined, act: () => void): void {
  const times = timesOf(directory.inode!);
  act();
  if (keeps) restoreTimes(directory, times);
}

/** A copy that came to nothing goes, as well as it can be done. */
function takeBack({ kernel }: AufsSuperblock, temporary: Dentry): void {
  if (temporary.inode === undefined || !temporary.hashed) return;
  const { parent } = temporary;
  const times = timesOf(parent.inode!);
  attempt(() => vfsRemove(kernel, parent, temporary));
  restoreTimes(parent, times);
}

function traceCopyUp({ kernel: { trace }, dev }: AufsSuperblock, dentry: Dentry, bytes: number): void {
  if (trace.active) trace.emit({ kind: 'copy-up', dev, path: dentry.path, bytes });
}

/** The object can be changed where it lies, or has a copy above by now. */
export function copyUpForChange(dentry: Dentry, branch: Branch, length?: number): void {
  const inode: AufsInode = aufsInode(dentry);
  if (dentry.isRoot || topIndex(dentry) <= branch.index) return;
  copyUpParents(dentry, branch);
  if (isDirectory(inode.mode) && inode.realIn(branch) !== undefined) return;
  copyUp(dentry, branch, length === undefined ? { keepTimes: true } : { keepTimes: true, length });
}
