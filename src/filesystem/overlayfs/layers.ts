/**
 * The layers of an overlay that is being mounted: which may be used together, what each can do, and which features
 * silently go where a layer lacks what they need.
 *
 * @see fs/overlayfs/super.c ovl_get_upper(), ovl_get_workdir(), ovl_get_lowerstack(), ovl_get_layers()
 */
import { raise } from '../../abi/errno.ts';
import { MS_NOATIME, MS_NODIRATIME, MS_RDONLY, MS_RELATIME } from '../../abi/flags.ts';
import { clonePrivateMount, type Path } from '../../kernel/mount.ts';
import type { Superblock } from '../../kernel/superblock.ts';
import { allowsOfflineChanges, hasFsid } from './config.ts';
import { Layer } from './entry.ts';
import { canDecodeHandles } from './handle.ts';
import { checkInUse, takeExclusively } from './in-use.ts';
import type { Mounting } from './mounting.ts';
import { isNullUuid, isSameUuid, uuidOfFilesystem } from './uuid.ts';
import { markVolatile } from './volatile.ts';
import { makeWorkdir } from './workdir.ts';

/** How many filesystems may lie on top of one another. */
const FILESYSTEM_MAX_STACK_DEPTH = 2;

/** @throws Errno EINVAL, ELOOP, EBUSY */
export function takeUpper(mounting: Mounting, upper: Path): void {
  const { work } = mounting.params;
  if (work === undefined) raise('EINVAL');
  mounting.nameMax = upper.mount.superblock.statfs().namelen;
  mounting.addTrap(upper.dentry);
  const mount = clonePrivateMount(upper);
  mount.flags = upper.mount.flags & ~(MS_NOATIME | MS_NODIRATIME | MS_RELATIME);
  mounting.upperLayer = new Layer(0, mount, 0);
  takeExclusively(mounting, upper.dentry.inode!);
  if (upper.mount !== work.mount) raise('EINVAL');
  if (work.dentry.isWithin(upper.dentry) || upper.dentry.isWithin(work.dentry)) raise('EINVAL');
  takeExclusively(mounting, work.dentry.inode!);
  mounting.addTrap(work.dentry);
  takeWorkdir(mounting, work);
  mounting.stackDepth = upper.mount.superblock.stackDepth;
}

/** @see ovl_make_workdir() */
function takeWorkdir(mounting: Mounting, work: Path): void {
  const { kernel, config, mounter } = mounting;
  const { mount } = mounting.upperLayer!;
  mounting.abilities = makeWorkdir({ kernel, config, mounter, mount, base: work.dentry });
  const { workdir, noXattr } = mounting.abilities;
  if (workdir === undefined) return;
  mounting.addTrap(workdir);
  if (noXattr) fallBackWithoutXattr(mounting);
  if (config.fsync === 'volatile') markVolatile(kernel, workdir);
  if (!canDecodeHandles(mounter, workdir.superblock)) config.index = false;
  if (!config.index) config.nfsExport = false;
}

/** What is noted in attributes of the upper layer cannot be where it keeps none. */
function fallBackWithoutXattr({ config }: Mounting): void {
  config.redirectMode = 'nofollow';
  config.metacopy = false;
  config.index = false;
  if (hasFsid(config)) config.uuid = 'null';
  if (config.xino === 'auto') config.xino = 'off';
}

/** @throws Errno EINVAL, ELOOP, EBUSY */
export function takeLowers(mounting: Mounting): void {
  const { params, filesystems } = mounting;
  const { lower, dataOnly, upper } = params;
  if (upper === undefined && lower.length === 1) raise('EINVAL');
  if (lower.length === dataOnly) raise('EINVAL');
  for (const { mount } of lower) checkLower(mounting, mount.superblock);
  mounting.stackDepth++;
  if (mounting.stackDepth > FILESYSTEM_MAX_STACK_DEPTH) raise('EINVAL');
  addFilesystem(mounting, mounting.upperLayer?.mount.superblock, false);
  for (const [i, path] of lower.entries()) {
    const isData = i >= lower.length - dataOnly;
    takeLower(mounting, path, isData ? filesystems.length : filesystemOf(mounting, path.mount.superblock));
  }
}

/** What the index, handles and lasting numbers need of a lower filesystem. @see ovl_lower_dir() */
function checkLower(mounting: Mounting, superblock: Superblock): void {
  const { config } = mounting;
  mounting.nameMax = Math.max(mounting.nameMax, superblock.statfs().namelen);
  mounting.stackDepth = Math.max(mounting.stackDepth, superblock.stackDepth);
  if (canDecodeHandles(mounting.mounter, superblock)) return;
  const hasUpper = config.upperdir !== undefined;
  if (config.nfsExport || (config.index && hasUpper)) {
    config.index = false;
    config.nfsExport = false;
  }
  if (config.xino === 'auto' && hasUpper) config.xino = 'off';
}

/** @param fsid one beyond the last filesystem for a data-only layer, whose numbers nobody sees */
function takeLower(mounting: Mounting, path: Path, fsid: number): void {
  const { filesystems, lowerLayers } = mounting;
  mounting.addTrap(path.dentry);
  checkInUse(mounting, path.dentry.inode!);
  const mount = clonePrivateMount(path);
  mount.flags |= MS_RDONLY | MS_NOATIME;
  const layer = new Layer(lowerLayers.length + 1, mount, fsid);
  lowerLayers.push(layer);
  const filesystem = filesystems[fsid];
  if (filesystem !== undefined) filesystem.topmost ??= layer;
}

/** The number of the filesystem among those of the overlay. @see ovl_get_fsid() */
function filesystemOf(mounting: Mounting, superblock: Superblock): number {
  const { config, filesystems } = mounting;
  const known = filesystems.findIndex((each) => each.superblock === superblock);
  if (known >= 0) return known;
  const isUnique = hasUniqueUuid(mounting, superblock);
  if (!isUnique) {
    if (config.xino === 'auto') config.xino = 'off';
    config.index = false;
    config.nfsExport = false;
  }
  addFilesystem(mounting, superblock, !isUnique);
  return filesystems.length - 1;
}

/** Handles tell which filesystem they are of. @see ovl_lower_uuid_ok() */
function hasUniqueUuid({ config, filesystems, upperLayer }: Mounting, superblock: Superblock): boolean {
  if (!config.nfsExport && upperLayer === undefined) return true;
  const uuid = uuidOfFilesystem(superblock);
  if (allowsOfflineChanges(config) && isNullUuid(uuid)) return false;
  const same = filesystems.find((each) => each.topmost !== undefined && isSameUuid(each.uuid, uuid));
  if (same !== undefined) same.badUuid = true;
  return same === undefined;
}

function addFilesystem({ kernel, filesystems }: Mounting, superblock: Superblock | undefined, badUuid: boolean): void {
  const uuid = uuidOfFilesystem(superblock);
  filesystems.push({ superblock, pseudoDev: kernel.anonymousDevice(), uuid, badUuid, topmost: undefined });
}
