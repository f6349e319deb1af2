/**
 * Whiteouts and the opaque mark: files whose names begin with `.wh.`, hard links of one base file.
 *
 * @see fs/aufs/whout.c
 */
import { attempt, Errno, raise } from '../../abi/errno.ts';
import { isDirectory, isRegular } from '../../abi/mode.ts';
import { vfsCreate, vfsMkdir } from '../../kernel/create.ts';
import { rootCredentials } from '../../kernel/credentials.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { type Kernel, withCredentials } from '../../kernel/kernel.ts';
import { vfsLink } from '../../kernel/link.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import { vfsRename } from '../../kernel/rename.ts';
import { vfsRemove, vfsRmdir, vfsUnlink } from '../../kernel/unlink.ts';
import type { Branch } from './branch.ts';
import { findReal, searchReal } from './real-lookup.ts';
import type { AufsSuperblock } from './super.ts';

export const WHITEOUT_PREFIX = '.wh.';
/** The opaque mark: nothing of the branches below shows in the directory. */
export const OPAQUE_NAME = '.wh..wh..opq';
const BASE_NAME = '.wh..wh.aufs';
/** Where a writable branch keeps the copies of files that have more names. @see AUFS_WH_PLINKDIR */
export const PLNK_NAME = '.wh..wh.plnk';
const ORPH_NAME = '.wh..wh.orph';
const WHITEOUT_MODE = 0o444;
const DIRECTORY_MODE = 0o700;

export const whiteoutName = (name: string): string => WHITEOUT_PREFIX + name;

/** The name belongs to the union itself. */
export const isPrivateName = (name: string): boolean => name.startsWith(WHITEOUT_PREFIX);

/** Acts with every right: what the union itself needs is not the caller's to refuse. @see au_wkq_wait() */
export const asUnion = <T>(kernel: Kernel, act: () => T): T => withCredentials(kernel, rootCredentials, act);

/** A whiteout of that name is there. @throws Errno EIO for one that is no file. @see au_wh_test() */
export function isWhiteout(found: Dentry | undefined): boolean {
  if (found === undefined) return false;
  return isRegular(found.inode!.mode) || raise('EIO');
}

/** @see au_diropq_test() */
export const isOpaque = (directory: Dentry, hash: number): boolean =>
  isWhiteout(searchReal(directory, OPAQUE_NAME, hash));

/** Makes a whiteout, in the name of what is looked up in a directory of a writable branch. @see link_or_create_wh() */
function makeWhiteout(superblock: AufsSuperblock, branch: Branch, directory: Dentry, name: string): void {
  const { kernel } = superblock;
  const dentry = lookupDentry(directory, name);
  const base = branch.parts?.base;
  if (base !== undefined) {
    try {
      asUnion(kernel, () => vfsLink(kernel, base, directory, dentry));
      return;
    } catch (error) {
      if (!(error instanceof Errno && error.code === 'EMLINK')) throw error;
      renewBase(superblock, branch);
    }
  }
  asUnion(kernel, () => vfsCreate(kernel, directory, dentry, WHITEOUT_MODE));
}

/** A whiteout for `name` in a directory of a writable branch. Answers whether there was none. @see au_wh_create() */
export function createWhiteout(superblock: AufsSuperblock, branch: Branch, directory: Dentry, name: string): boolean {
  const whiteout = whiteoutName(name);
  if (lookupDentry(directory, whiteout).inode !== undefined) return false;
  makeWhiteout(superblock, branch, directory, whiteout);
  return true;
}

/** @see au_wh_unlink_dentry() */
export function removeWhiteout({ kernel }: AufsSuperblock, directory: Dentry, name: string): void {
  const whiteout = findReal(directory, whiteoutName(name));
  if (whiteout !== undefined) asUnion(kernel, () => vfsUnlink(kernel, directory, whiteout));
}

/** Makes a directory of a writable branch opaque. @see au_diropq_create() */
export function createOpaqueMark(superblock: AufsSuperblock, branch: Branch, directory: Dentry): void {
  if (findReal(directory, OPAQUE_NAME) === undefined) makeWhiteout(superblock, branch, directory, OPAQUE_NAME);
}

/** @see au_diropq_remove() */
export function removeOpaqueMark({ kernel }: AufsSuperblock, directory: Dentry): void {
  const mark = findReal(directory, OPAQUE_NAME);
  if (mark !== undefined) asUnion(kernel, () => vfsUnlink(kernel, directory, mark));
}

/** A free name, hidden from the union, for what is on its way to or from `name`. @see au_whtmp_lkup() */
export function temporaryName(superblock: AufsSuperblock, directory: Dentry, name: string): Dentry {
  for (;;) {
    const count = superblock.nextTemporary().toString(16).padStart(4, '0');
    const dentry = lookupDentry(directory, `${WHITEOUT_PREFIX}${WHITEOUT_PREFIX}${name}.${count}`);
    if (dentry.inode === undefined) return dentry;
  }
}

/** Takes a directory of a writable branch out of the way, to a hidden name. @see au_whtmp_ren() */
export function hideDirectory(superblock: AufsSuperblock, directory: Dentry): void {
  const { kernel } = superblock;
  const { parent } = directory;
  const hidden = temporaryName(superblock, parent, directory.name);
  vfsRename(kernel, parent, directory, parent, hidden, 0);
}

/** Removes a hidden directory with the whiteouts in it; what cannot be removed stays. @see au_whtmp_rmdir() */
export function removeHidden({ kernel }: AufsSuperblock, directory: Dentry, whiteouts: Iterable<string>): void {
  const { parent } = directory;
  attempt(() => {
    asUnion(kernel, () => {
      for (const name of whiteouts) {
        const whiteout = findReal(directory, whiteoutName(name));
        if (whiteout !== undefined && isRegular(whiteout.inode!.mode)) vfsUnlink(kernel, directory, whiteout);
      }
    });
    vfsRmdir(kernel, parent, directory);
  });
}

/** The base of whiteouts has as many links as it can have: the next are of a new one. @see reinit_br_wh() */
function renewBase(superblock: AufsSuperblock, branch: Branch): void {
  const { kernel } = superblock;
  const { base, plnk, orph } = branch.parts!;
  asUnion(kernel, () => {
    vfsUnlink(kernel, branch.root, base!);
    const made = lookupDentry(branch.root, BASE_NAME);
    vfsCreate(kernel, branch.root, made, WHITEOUT_MODE);
    branch.parts = { base: made, plnk, orph };
  });
}

/**
 * Makes what the union needs at the root of a writable branch, and takes away there what it does not need.
 *
 * @throws Errno EEXIST for something else of these names
 * @see au_wh_init()
 */
export function initBranchRoot(kernel: Kernel, branch: Branch, plink: boolean): void {
  const { root, permission } = branch;
  if (!branch.writable) {
    cleanBranchRoot(kernel, branch);
    return;
  }
  const base = permission.linkWhiteouts ? makeBase(kernel, root) : removeIfThere(kernel, root, BASE_NAME);
  const plnk = plink ? makeDirectory(kernel, root, PLNK_NAME) : removeIfThere(kernel, root, PLNK_NAME);
  branch.parts = { base, plnk, orph: makeDirectory(kernel, root, ORPH_NAME) };
}

/** A branch that was writable is so no more. @see au_wh_init_ro() */
function cleanBranchRoot(kernel: Kernel, branch: Branch): void {
  for (const name of [BASE_NAME, PLNK_NAME, ORPH_NAME]) removeIfThere(kernel, branch.root, name);
  branch.parts = undefined;
}

function makeBase(kernel: Kernel, root: Dentry): Dentry {
  const dentry = lookupDentry(root, BASE_NAME);
  if (dentry.inode === undefined) vfsCreate(kernel, root, dentry, WHITEOUT_MODE);
  return isRegular(dentry.inode!.mode) ? dentry : raise('EEXIST');
}

function makeDirectory(kernel: Kernel, root: Dentry, name: string): Dentry {
  const dentry = lookupDentry(root, name);
  if (dentry.inode === undefined) vfsMkdir(kernel, root, dentry, DIRECTORY_MODE);
  return isDirectory(dentry.inode!.mode) ? dentry : raise('EEXIST');
}

function removeIfThere(kernel: Kernel, root: Dentry, name: string): undefined {
  const dentry = findReal(root, name);
  if (dentry !== undefined) attempt(() => vfsRemove(kernel, root, dentry));
}
