/**
 * The work directory: made anew at each mount, and the trials that show what the upper filesystem can do.
 *
 * @see fs/overlayfs/super.c ovl_workdir_create(), ovl_make_workdir(), fs/overlayfs/readdir.c ovl_workdir_cleanup()
 */
import { attempt, Errno, raise } from '../../abi/errno.ts';
import { O_RDONLY, RENAME_WHITEOUT } from '../../abi/flags.ts';
import { isDirectory, S_IFDIR, S_IFREG } from '../../abi/mode.ts';
import { vfsCreate, vfsMkdir, vfsTmpfile } from '../../kernel/create.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { hold, type Inode, release } from '../../kernel/inode.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import { type Mount, wantWrite } from '../../kernel/mount.ts';
import { closeFile, openReal } from '../../kernel/open.ts';
import { iterateDirectory } from '../../kernel/readdir.ts';
import { vfsRename } from '../../kernel/rename.ts';
import { notifyChange } from '../../kernel/setattr.ts';
import { vfsRmdir, vfsUnlink } from '../../kernel/unlink.ts';
import { vfsRemovexattr, vfsSetxattr } from '../../kernel/xattr.ts';
import { XATTR_OPAQUE, xattrName, type XattrSpace } from './xattr.ts';

const WORKDIR_NAME = 'work';
/** Holds the names of features that a kernel without them must not mount over. */
const INCOMPAT_NAME = 'incompat';

/** Where a mount's work directories are made. */
export interface WorkPlace extends XattrSpace {
  readonly kernel: Kernel;
  readonly mount: Mount;
  /** What `workdir=` names. */
  readonly base: Dentry;
}

/** What the upper filesystem turned out to be able to do. */
export interface UpperAbilities {
  readonly workdir: Dentry | undefined;
  /** The nameless file that was made, held until the mount is done: what takes room in the meantime. */
  readonly tmpfile: Inode | undefined;
  readonly noXattr: boolean;
  /** How many passing names were used. */
  readonly tempNames: number;
}

/** Makes `work/work` and tries the upper filesystem out. @throws Errno EINVAL where an unknown feature was in use */
export function makeWorkdir(place: WorkPlace): UpperAbilities {
  wantWrite(place.mount);
  const workdir = createWorkdir(place, WORKDIR_NAME, false);
  if (workdir === undefined) return { workdir, tmpfile: undefined, noXattr: false, tempNames: 0 };
  const tmpfile = tryTmpfile(place, workdir);
  try {
    tryRenameWhiteout(place, workdir);
  } catch (error) {
    if (tmpfile !== undefined && error instanceof Errno) release(tmpfile);
    throw error;
  }
  return { workdir, tmpfile, noXattr: !tryXattr(place, workdir), tempNames: 2 };
}

/**
 * An empty directory without any rights; `undefined` where none can be made: the overlay is read-only then.
 *
 * @param persists what an earlier mount left is taken over
 */
export function createWorkdir(place: WorkPlace, name: string, persists: boolean): Dentry | undefined {
  const { kernel, base } = place;
  const left = lookupDentry(base, name);
  if (persists && left.inode !== undefined) return left;
  if (left.inode !== undefined && !unlessInvalid(() => removeLeftOver(place, left, 0))) return undefined;
  const work = lookupDentry(base, name);
  const made = unlessInvalid(() => {
    vfsMkdir(kernel, base, work, 0);
    notifyChange(kernel, work, { mode: S_IFDIR });
  });
  return made ? work : undefined;
}

/** Whether a step has worked; only EINVAL, an unknown feature, keeps the overlay from being mounted. */
function unlessInvalid(step: () => void): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (!(error instanceof Errno) || error.code === 'EINVAL') throw error;
    return false;
  }
}

/**
 * Takes away what an earlier mount left, two levels deep, and stops at what does not go.
 *
 * @throws Errno ENOTEMPTY @see ovl_workdir_cleanup()
 */
export function removeLeftOver(place: WorkPlace, dentry: Dentry, level: number): void {
  const { kernel } = place;
  if (!isDirectory(dentry.inode!.mode)) vfsUnlink(kernel, dentry.parent, dentry);
  else if (level > 1) vfsRmdir(kernel, dentry.parent, dentry);
  else if (!attempt(() => vfsRmdir(kernel, dentry.parent, dentry))) {
    removeInside(place, dentry, level + 1);
    vfsRmdir(kernel, dentry.parent, dentry);
  }
}

function removeInside(place: WorkPlace, directory: Dentry, level: number): void {
  const names = namesIn(place, directory);
  if (level === 2 && directory.name === INCOMPAT_NAME && names.length > 0) raise('EINVAL');
  for (const name of names) {
    removeLeftOver(place, lookupDentry(directory, name), level);
  }
}

/** What a directory holds, in the order of its listing. */
export function namesIn({ mount, mounter }: WorkPlace, directory: Dentry): string[] {
  const names: string[] = [];
  const file = openReal(mount, directory, O_RDONLY, mounter);
  try {
    iterateDirectory(file, (name) => {
      if (name !== '.' && name !== '..') names.push(name);
      return true;
    });
  } finally {
    closeFile(file);
  }
  return names;
}

function tryTmpfile({ kernel }: WorkPlace, workdir: Dentry): Inode | undefined {
  let made: Inode | undefined;
  attempt(() => {
    made = vfsTmpfile(kernel, workdir, S_IFREG, true);
    hold(made);
  });
  return made;
}

/** Moves a file and lets a whiteout stay behind, where the filesystem knows of such. @throws Errno ENOSPC @see ovl_check_rename_whiteout() */
function tryRenameWhiteout({ kernel }: WorkPlace, workdir: Dentry): void {
  const temp = lookupDentry(workdir, '#1');
  vfsCreate(kernel, workdir, temp, 0);
  let refusal: Errno | undefined;
  try {
    vfsRename(kernel, workdir, temp, workdir, lookupDentry(workdir, '#2'), RENAME_WHITEOUT);
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
    refusal = error;
  }
  for (const name of ['#1', '#2']) {
    const left = lookupDentry(workdir, name);
    if (left.inode !== undefined) attempt(() => vfsUnlink(kernel, workdir, left));
  }
  if (refusal !== undefined && refusal.code !== 'EINVAL') throw refusal;
}

function tryXattr(place: WorkPlace, workdir: Dentry): boolean {
  const { kernel } = place;
  const name = xattrName(place, XATTR_OPAQUE);
  const kept = attempt(() => vfsSetxattr(kernel, workdir, name, Uint8Array.of(0x30), 0));
  if (kept) attempt(() => vfsRemovexattr(kernel, workdir, name));
  return kept;
}
