/**
 * Lookup of a name through the branches, topmost first, and whether what is cached still holds.
 *
 * A whiteout or a file ends the search; what is no directory is passed over below a directory; below an opaque directory
 * nothing shows.
 *
 * @see fs/aufs/dentry.c au_lkup_dentry(), aufs_d_revalidate()
 */
import { raise } from '../../abi/errno.ts';
import { isDirectory } from '../../abi/mode.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import { hashOf } from '../../kernel/name-table.ts';
import { sameType } from '../../kernel/permission.ts';
import type { Branch, RealPath } from './branch.ts';
import { aufsInode, isStale, isWhitedOut, noteMissing, setEntry, topIndex, wasMissing } from './entry.ts';
import type { AufsInode } from './inode.ts';
import { findReal, searchReal } from './real-lookup.ts';
import { isOpaque, isPrivateName, isWhiteout, OPAQUE_NAME, whiteoutName } from './whiteout.ts';

const opaqueHash = hashOf(OPAQUE_NAME);

/** What the branches have of a name. @see struct au_dinfo */
export interface Found {
  /** Objects of one type, topmost first; of a file only the topmost. */
  readonly stack: RealPath[];
  /** The index of the branch whose whiteout ended the search, or -1. */
  whiteout: number;
  opaqueIn: Branch | undefined;
}

/** Searches the real directories of `directory` for a name, from the branch with index `from` on. */
export function searchBranches(directory: AufsInode, name: string, from = 0): Found {
  const whiteout = whiteoutName(name);
  const hash = hashOf(name);
  const whiteoutHash = hashOf(whiteout);
  const found: Found = { stack: [], whiteout: -1, opaqueIn: undefined };
  const { stack, superblock } = directory;
  // the trace is to hear of each branch
  const skips = !superblock.kernel.trace.active;
  for (let i = 0; i < stack.length; i++) {
    const { branch, dentry: real } = stack[i]!;
    if (branch.index < from) continue;
    const inode = real.inode!;
    if (branch.hides && !(skips && inode.lacks?.(whiteout, whiteoutHash)) && isWhiteout(findReal(real, whiteout))) {
      found.whiteout = branch.index;
      break;
    }
    if (skips && inode.lacks?.(name, hash)) continue;
    const dentry = findReal(real, name);
    if (dentry !== undefined && take(found, { branch, dentry })) break;
  }
  return found;
}

/** Takes an object that was found; answers whether the search ends with it. */
function take(found: Found, path: RealPath): boolean {
  const { mode } = path.dentry.inode!;
  const first = found.stack[0];
  if (first !== undefined && !sameType(first.dentry.inode!.mode, mode)) return false;
  found.stack.push(path);
  if (!isDirectory(mode)) return true;
  if (!path.branch.hides || !isOpaque(path.dentry, opaqueHash)) return false;
  found.opaqueIn = path.branch;
  return true;
}

/** The inode of a name; `undefined`, with a note where it could be made, when there is none. @see aufs_lookup() */
export function lookupAufs(directory: AufsInode, dentry: Dentry): Inode | undefined {
  const { name } = dentry;
  const { superblock } = directory;
  if (isPrivateName(name) && !superblock.config.shwh) raise('EPERM');
  const found = searchBranches(directory, name);
  const first = found.stack[0];
  if (first === undefined) {
    checkNotBoth(directory, name, found.whiteout);
    setEntry(dentry, directory.top.branch.index, found.whiteout);
    return undefined;
  }
  setEntry(dentry, first.branch.index, found.whiteout);
  // the branch's own copy of the name, so that it is kept once
  dentry.name = first.dentry.name;
  const inode = superblock.inodeOf(found.stack, false);
  if (inode.isDirectory) {
    inode.stack = found.stack;
    inode.opaqueIn = found.opaqueIn;
    inode.alias ??= dentry;
    inode.alias.note = dentry.note;
  }
  return inode;
}

/**
 * A name that has both an object and a whiteout in the topmost branch of its directory: a power cut leaves it so.
 *
 * @throws Errno EIO
 */
function checkNotBoth({ top, superblock }: AufsInode, name: string, whiteout: number): void {
  if (whiteout !== top.branch.index || superblock.config.udba === 'none') return;
  if (findReal(top.dentry, name) !== undefined) raise('EIO');
}

/**
 * What is cached of a name still holds: nobody has changed the branch beside the union.
 *
 * @see aufs_d_revalidate(), h_d_revalidate()
 */
export function isValid(dentry: Dentry): boolean {
  const inode = dentry.inode as AufsInode | undefined;
  if (inode === undefined) return isStillMissing(dentry);
  if (inode.nlink === 0 && !inode.linkable) return false;
  if (inode.isDirectory) return isDirectoryInPlace(inode, dentry.name);
  const { dentry: real } = inode.top;
  if (real.hashed && real.name === dentry.name) return true;
  return isNameInPlace(inode, dentry);
}

/**
 * A name that is gone no longer stands for what it was known by: its object was moved, or one of the two has links left
 * and the other has none. A whiteout that took its place keeps all this from being looked at. @see h_d_revalidate()
 */
export function isTorn(dentry: Dentry): boolean {
  if (isStale(dentry)) return true;
  if (isWhitedOut(dentry)) return false;
  const inode = aufsInode(dentry);
  const branch = inode.superblock.branches[topIndex(dentry)];
  const real = branch && inode.realIn(branch)?.dentry.inode;
  return real !== undefined && inode.nlink > 0 !== real.nlink > 0;
}

function isStillMissing(dentry: Dentry): boolean {
  const { branch, dentry: directory } = aufsInode(dentry.parent).top;
  if (branch.index !== topIndex(dentry)) return true;
  const { additions, superblock } = directory.inode!;
  if (additions !== undefined && wasMissing(dentry, additions) && !superblock.kernel.trace.active) return true;
  if (searchReal(directory, dentry.name) !== undefined) return false;
  if (additions !== undefined) noteMissing(dentry, additions);
  return true;
}

/** No directory of the branches has been moved or removed since it was last looked at, or not this one. */
function isDirectoryInPlace(inode: AufsInode, name: string): boolean {
  const { directoryMoves } = inode.superblock.kernel;
  if (inode.verified === directoryMoves) return true;
  for (const { dentry } of inode.stack) if (!dentry.hashed || dentry.name !== name) return false;
  inode.verified = directoryMoves;
  return true;
}

/**
 * One of several names: the branch in which it was found still has it. Below what the inode itself shows any object of
 * its type will do: that of the name was left out when another name of the inode was moved.
 */
function isNameInPlace(inode: AufsInode, dentry: Dentry): boolean {
  const branch = inode.superblock.branches[topIndex(dentry)];
  const directory = branch && aufsInode(dentry.parent).realIn(branch)?.dentry;
  const real = directory && findReal(directory, dentry.name)?.inode;
  if (branch === undefined || real === undefined) return false;
  const { stack } = inode;
  if (branch.index > stack.at(-1)!.branch.index) return sameType(real.mode, inode.mode);
  return stack.some((path) => path.dentry.inode === real);
}
