/**
 * Rename. What lies in a lower branch is copied up first; a whiteout stays at the old name. A directory is moved only
 * where nothing of lower branches shows in it.
 *
 * @see fs/aufs/i_op_ren.c
 */
import { Errno, raise } from '../../abi/errno.ts';
import { RENAME_EXCHANGE, RENAME_WHITEOUT } from '../../abi/flags.ts';
import { isDirectory } from '../../abi/mode.ts';
import type { Attributes } from '../../abi/stat.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import { wantWrite } from '../../kernel/mount.ts';
import { vfsRename } from '../../kernel/rename.ts';
import type { Branch } from './branch.ts';
import { copyUp, copyUpParents, restoreTimes, timesOf } from './copy-up.ts';
import { checkEmpty, checkLowerEmpty, type Whiteouts, whiteoutsIn } from './empty-directory.ts';
import {
  aufsInode,
  bottomIndex,
  realOfName,
  realParent,
  setEntry,
  setStale,
  topIndex,
  whiteoutIndex,
} from './entry.ts';
import type { AufsInode } from './inode.ts';
import { needsWhiteout } from './remove.ts';
import { branchUnlessHidden, writableBranch } from './target.ts';
import {
  createOpaqueMark,
  createWhiteout,
  hideDirectory,
  removeHidden,
  removeOpaqueMark,
  removeWhiteout,
} from './whiteout.ts';

/** A rename under way. @see struct au_ren_args */
interface Rename {
  readonly old: Dentry;
  readonly target: Dentry;
  readonly exchange: boolean;
  /** Where it happens. */
  readonly branch: Branch;
  /** The target's top branch, before anything was copied. */
  readonly targetTop: number;
  /** The whiteouts in a directory that is replaced. */
  readonly whiteouts: Whiteouts | undefined;
  readonly needsWhiteout: boolean;
}

/** What has been done and can be taken back, last step first. */
type Undo = (() => void)[];

/** Moves `old` to `target`, replacing what is there. */
export function renameAufs(old: Dentry, target: Dentry, flags: number): void {
  if ((flags & RENAME_WHITEOUT) !== 0) raise('EINVAL');
  const rename = prepare(old, target, (flags & RENAME_EXCHANGE) !== 0);
  const undo: Undo = [];
  const times = parentTimes(rename);
  try {
    move(rename, undo);
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
    for (const step of undo.reverse()) step();
    for (const [directory, kept] of times) restoreTimes(directory, kept);
    throw error;
  }
  settle(rename);
}

const isDir = (dentry: Dentry): boolean => dentry.inode !== undefined && isDirectory(dentry.inode.mode);

/** Chooses the branch, checks what directories hold, and copies up what is missing there. */
function prepare(old: Dentry, target: Dentry, exchange: boolean): Rename {
  const targetTop = topIndex(target);
  const branch = branchOfRename(old, target);
  wantWrite(branch.mount);
  if (targetTop !== branch.index) copyUpParents(target, branch);
  const whiteouts = checkDirectories(old, target, branch, exchange);
  let whiteout = false;
  if (!exchange) whiteout = needsWhiteout(old, branch);
  for (const dentry of exchange ? [old, target] : [old]) {
    if (topIndex(dentry) !== branch.index) copyForRename(dentry, branch);
  }
  return { old, target, exchange, branch, targetTop, whiteouts, needsWhiteout: whiteout };
}

/** @throws Errno EBUSY for the source of an exchange in a directory that was not copied up before @see au_do_pin() */
function copyForRename(dentry: Dentry, branch: Branch): void {
  if (realParent(dentry, branch) === undefined) raise('EBUSY');
  copyUp(dentry, branch, { keepTimes: true });
}

/** @see au_ren_wbr() */
function branchOfRename(old: Dentry, target: Dentry): Branch {
  const { superblock } = aufsInode(old);
  const [from, to] = [topIndex(old), topIndex(target)];
  const wanted = target.inode !== undefined && to < from ? to : from;
  const branch = branchUnlessHidden(superblock, target, wanted);
  if (branch !== undefined) return branch;
  const source = superblock.branches[from]!;
  return from < to && source.writable ? source : writableBranch(target);
}

/** @throws Errno ENOTEMPTY for a target with names in it, EXDEV for a source that is merged @see au_ren_may_dir() */
function checkDirectories(old: Dentry, target: Dentry, branch: Branch, exchange: boolean): Whiteouts | undefined {
  let whiteouts: Whiteouts | undefined;
  if (isDir(target)) {
    if (exchange) checkMovable(aufsInode(target), branch);
    else whiteouts = checkEmpty(aufsInode(target));
  }
  if (isDir(old)) checkMovable(aufsInode(old), branch);
  return whiteouts;
}

/** @see may_rename_srcdir() */
function checkMovable(inode: AufsInode, branch: Branch): void {
  try {
    if (inode.top.branch !== branch) checkEmpty(inode);
    else if (inode.stack.length > 1) checkLowerEmpty(inode);
  } catch (error) {
    throw error instanceof Errno && error.code === 'ENOTEMPTY' ? raise('EXDEV') : error;
  }
}

function parentTimes({ old, target, branch }: Rename): Map<Dentry, Attributes> {
  const directories = [realParent(old, branch)!, realParent(target, branch)!];
  return new Map(directories.map((directory) => [directory, timesOf(directory.inode!)]));
}

/** @see do_rename() */
function move(rename: Rename, undo: Undo): void {
  const { old, target, exchange, branch } = rename;
  const { superblock } = aufsInode(old);
  const { kernel } = superblock;
  const from = realParent(old, branch)!;
  const to = realParent(target, branch)!;
  const real = realOfName(old, branch)!.dentry;
  if (rename.needsWhiteout && createWhiteout(superblock, branch, from, old.name)) {
    undo.push(() => removeWhiteout(superblock, from, old.name));
  }
  const replaced = exchange ? undefined : hideReplaced(rename, undo);
  const { name } = real;
  const place = lookupDentry(to, target.name);
  vfsRename(kernel, from, real, to, place, exchange ? RENAME_EXCHANGE : 0);
  undo.push(() => vfsRename(kernel, to, real, from, lookupDentry(from, name), exchange ? RENAME_EXCHANGE : 0));
  markOpaque(rename, undo);
  if (exchange) return;
  if (hasWhiteout(rename)) removeWhiteout(superblock, to, target.name);
  if (replaced !== undefined) removeHidden(superblock, replaced, whiteoutsIn(rename.whiteouts!, branch.index));
}

/** The branch has a whiteout where the name goes to. */
const hasWhiteout = ({ target, branch }: Rename): boolean =>
  target.inode === undefined && whiteoutIndex(target) === branch.index;

/** A directory in the branch that is replaced gets out of the way. */
function hideReplaced({ target, branch }: Rename, undo: Undo): Dentry | undefined {
  if (!isDir(target)) return undefined;
  const { superblock } = aufsInode(target);
  const real = aufsInode(target).realIn(branch)?.dentry;
  if (real === undefined) return undefined;
  const { parent, name } = real;
  hideDirectory(superblock, real);
  undo.push(() => vfsRename(superblock.kernel, parent, real, parent, lookupDentry(parent, name), 0));
  return real;
}

/** A directory that comes to lie above others of its new name is to go on showing only itself. @see au_ren_diropq() */
function markOpaque(rename: Rename, undo: Undo): void {
  const { old, target, exchange } = rename;
  const below = (dentry: Dentry): boolean => showsBelow(dentry, rename);
  if (isDir(old) && (hasWhiteout(rename) || below(target))) makeOpaque(old, rename.branch, undo);
  if (exchange && isDir(target) && below(old)) makeOpaque(target, rename.branch, undo);
}

/** Other branches have something below the place of a name. */
function showsBelow(dentry: Dentry, { branch, target, targetTop }: Rename): boolean {
  if (dentry.inode === undefined) return false;
  const { stack, opaqueIn } = aufsInode(dentry);
  if (dentry === target && (targetTop > branch.index || opaqueIn !== undefined)) return true;
  return (isDir(dentry) ? stack.at(-1)!.branch.index : bottomIndex(dentry)) > branch.index;
}

function makeOpaque(dentry: Dentry, branch: Branch, undo: Undo): void {
  const inode = aufsInode(dentry);
  if (inode.opaqueIn === branch) return;
  const { superblock } = inode;
  const real = inode.realIn(branch)!.dentry;
  createOpaqueMark(superblock, branch, real);
  const before = inode.opaqueIn;
  inode.opaqueIn = branch;
  undo.push(() => {
    removeOpaqueMark(superblock, real);
    inode.opaqueIn = before;
  });
}

/** What the names and inodes show now. @see au_ren_refresh() */
function settle(rename: Rename): void {
  const { old, target, exchange, branch } = rename;
  for (const directory of new Set([old.parent, target.parent])) aufsInode(directory).directoryModified();
  if (exchange) {
    for (const dentry of [old, target]) settleExchanged(aufsInode(dentry), branch);
    aufsInode(target).refreshLinks(true);
    return;
  }
  if (target.inode !== undefined) settleReplaced(target, rename);
  const inode = aufsInode(old);
  setEntry(old, branch.index, -1);
  if (!inode.superblock.plinks.has(inode)) inode.cutBelow(branch);
}

/** What is not opaque keeps what lies below its old name, and is looked up anew where the new name is another. */
function settleExchanged(inode: AufsInode, branch: Branch): void {
  if (!inode.isDirectory) return;
  if (inode.opaqueIn === branch) inode.cutBelow(branch);
  else inode.verified = -1;
}

function settleReplaced(target: Dentry, { branch, targetTop }: Rename): void {
  const inode = aufsInode(target);
  if (isDir(target)) inode.nlink = 0;
  else {
    inode.dropNlink();
    target.drop();
    inode.superblock.dropName(inode);
  }
  // a real directory was moved away, and what lies in another branch is still there
  if (isDir(target) || targetTop !== branch.index) setStale(target);
}
