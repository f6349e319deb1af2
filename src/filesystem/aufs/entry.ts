/**
 * What the union keeps with a name: where the topmost object of it lies, and whether a whiteout was found. Everything
 * else is looked up again in the branches, whose own cache has it.
 *
 * @see fs/aufs/dentry.h struct au_dinfo
 */
import type { Dentry } from '../../kernel/dentry.ts';
import type { Branch, RealPath } from './branch.ts';
import type { AufsInode } from './inode.ts';
import { findReal } from './real-lookup.ts';

const INDEX_BITS = 8;
const INDEX_MASK = (1 << INDEX_BITS) - 1;
/** What the name stood for has been replaced: stat(2) of a descriptor tells ESTALE. */
const STALE = 1 << (2 * INDEX_BITS);
const BOTTOM_SHIFT = 2 * INDEX_BITS + 1;
/** Above the bits: when the name was last seen to be missing. */
const SEEN_UNIT = 2 ** (BOTTOM_SHIFT + INDEX_BITS);

const noteOf = (dentry: Dentry): number => (dentry.note as number | undefined) ?? 0;
const bitsOf = (dentry: Dentry): number => noteOf(dentry) & (SEEN_UNIT - 1);

/** The inode of a name of the union. */
export const aufsInode = (dentry: Dentry): AufsInode => dentry.inode as AufsInode;

/**
 * The index of the branch whose object the name shows. Of a missing name, that of the branch where it would be made;
 * -1 where there is none. @see au_dbtop()
 */
export function topIndex(dentry: Dentry): number {
  const inode = dentry.inode as AufsInode | undefined;
  if (inode?.isDirectory) return inode.top.branch.index;
  return (noteOf(dentry) & INDEX_MASK) - 1;
}

/** The index of the branch in which a whiteout ended the search, or -1. @see au_dbwh() */
export const whiteoutIndex = (dentry: Dentry): number => ((noteOf(dentry) >> INDEX_BITS) & INDEX_MASK) - 1;

/**
 * The index of the lowest branch that the name of a file was known to lie in: it may have been copied up since.
 *
 * @see au_dbbot()
 */
export const bottomIndex = (dentry: Dentry): number => ((noteOf(dentry) >> BOTTOM_SHIFT) & INDEX_MASK) - 1;

/** The name lies in one branch. */
export function setEntry(dentry: Dentry, top: number, whiteout: number): void {
  const bottom = (top + 1) << BOTTOM_SHIFT;
  dentry.note = bottom | (noteOf(dentry) & STALE) | ((whiteout + 1) << INDEX_BITS) | (top + 1);
}

/** The name was copied up. */
export function setTopIndex(dentry: Dentry, top: number): void {
  dentry.note = (bitsOf(dentry) & ~INDEX_MASK) | (top + 1);
}

export function setWhiteoutIndex(dentry: Dentry, whiteout: number): void {
  dentry.note = (bitsOf(dentry) & ~(INDEX_MASK << INDEX_BITS)) | ((whiteout + 1) << INDEX_BITS);
}

export const isStale = (dentry: Dentry): boolean => (noteOf(dentry) & STALE) !== 0;

export function setStale(dentry: Dentry): void {
  dentry.note = bitsOf(dentry) | STALE;
}

/** The name was missing when its real directory had been given so many names. */
export const wasMissing = (dentry: Dentry, additions: number): boolean =>
  Math.floor(noteOf(dentry) / SEEN_UNIT) === additions + 1;

export function noteMissing(dentry: Dentry, additions: number): void {
  dentry.note = bitsOf(dentry) + (additions + 1) * SEEN_UNIT;
}

/** A whiteout has taken the place of what had the name. */
export function isWhitedOut(dentry: Dentry): boolean {
  const whiteout = whiteoutIndex(dentry);
  return whiteout >= 0 && whiteout <= topIndex(dentry);
}

/** The real directory that the name's parent has in a branch. */
export const realParent = (dentry: Dentry, branch: Branch): Dentry | undefined =>
  aufsInode(dentry.parent).realIn(branch)?.dentry;

/**
 * The real object that the name itself has in a branch. A file of several names may have another in mind; one whose
 * name is gone has only what it was known by.
 */
export function realOfName(dentry: Dentry, branch: Branch): RealPath | undefined {
  const inode = aufsInode(dentry);
  const known = inode.realIn(branch);
  if (inode.isDirectory || !dentry.hashed) return known;
  if (known !== undefined && known.dentry.name === dentry.name && known.dentry.hashed) {
    if (known.dentry.parent === realParent(dentry, branch)) return known;
  }
  const directory = realParent(dentry, branch);
  const found = directory && findReal(directory, dentry.name);
  return found === undefined ? undefined : { branch, dentry: found };
}
