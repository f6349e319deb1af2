/**
 * The index directory: kept from mount to mount, and looked through at each for what is no longer true.
 *
 * @see fs/overlayfs/super.c ovl_get_indexdir(), fs/overlayfs/readdir.c ovl_indexdir_cleanup()
 */
import { attempt, raise } from '../../abi/errno.ts';
import { isDirectory } from '../../abi/mode.ts';
import { isWhiteout } from '../../abi/whiteout.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { Inode } from '../../kernel/inode.ts';
import { lookupDentry } from '../../kernel/lookup.ts';
import { wantWrite } from '../../kernel/mount.ts';
import { checkHandle, decodeHandle, isSameHandle, lowerHandle, readHandle } from './handle.ts';
import { verifyUpper } from './index-entry.ts';
import { noteOfNlink } from './nlink.ts';
import { decodeOrigin, verifyHandle } from './origin.ts';
import type { OverlaySuperblock } from './super.ts';
import { cleanup, cleanupAndWhiteout } from './whiteout.ts';
import { createWorkdir, namesIn, removeLeftOver, type WorkPlace } from './workdir.ts';
import { XATTR_ORIGIN, XATTR_UPPER } from './xattr.ts';

const INDEXDIR_NAME = 'index';
/** A handle without what the filesystem puts into it, in hexadecimal digits. */
const SHORTEST_NAME = 42;

/**
 * Makes or takes over `work/index`, which objects are built in from then on. Where none can be made, the overlay is
 * read-only.
 *
 * @param traps the directories that no lookup may come upon
 * @throws Errno ESTALE when the upper layer was used over another lower one, or the index with another upper layer
 * @see ovl_get_indexdir()
 */
export function useIndexdir(superblock: OverlaySuperblock, traps: Set<Inode>): void {
  const { kernel, config, mounter, upperMount } = superblock;
  const place = { kernel, config, mounter, mount: upperMount, base: superblock.workBase! };
  wantWrite(upperMount);
  traps.delete(superblock.workdir!.inode!);
  superblock.workdir = takeIndexdir(superblock, place);
  if (superblock.workdir !== undefined) {
    traps.add(superblock.workdir.inode!);
    cleanupIndexdir(superblock, place);
    return;
  }
  superblock.readOnly = true;
  config.index = false;
  config.nfsExport = false;
}

function takeIndexdir(superblock: OverlaySuperblock, place: WorkPlace): Dentry | undefined {
  const upper = superblock.upperLayer!.root;
  const [topmost] = superblock.lowerLayers;
  const lower = { dentry: topmost!.root, layer: topmost! };
  verifyHandle(superblock, upper, XATTR_ORIGIN, lowerHandle(superblock, lower), true);
  const indexdir = createWorkdir(place, INDEXDIR_NAME, true);
  if (indexdir === undefined) return undefined;
  if (!isDirectory(indexdir.inode!.mode)) raise('ENOTDIR');
  verifyUpper(superblock, indexdir, upper, true);
  return indexdir;
}

/** Takes away entries that are stale and objects left half-built. @throws Errno EINVAL for what is no entry */
function cleanupIndexdir(superblock: OverlaySuperblock, place: WorkPlace): void {
  const { indexdir } = superblock;
  for (const name of namesIn(place, indexdir!)) {
    const index = lookupDentry(indexdir!, name);
    if (name.startsWith('#')) {
      attempt(() => removeLeftOver(place, index, 1));
      continue;
    }
    const state = stateOf(superblock, index);
    if (state === 'valid') continue;
    if (state === 'orphan' && superblock.config.nfsExport) cleanupAndWhiteout(superblock, indexdir!, index);
    else cleanup(superblock, index);
  }
}

/**
 * What is to become of an entry: `stale` ones belong to nothing any more, of an `orphan` the last name is gone.
 *
 * @throws Errno EINVAL, ENODATA for an entry of another kernel or filesystem, which is better left alone
 * @see ovl_verify_index()
 */
function stateOf(superblock: OverlaySuperblock, index: Dentry): 'valid' | 'stale' | 'orphan' {
  const handle = handleOf(index.name);
  const real = index.inode!;
  if (isWhiteout(real.mode, real.rdev)) return 'valid';
  return isDirectory(real.mode) ? stateOfDirectory(superblock, index, handle) : stateOfFile(superblock, index, handle);
}

function handleOf(name: string): Uint8Array {
  if (name.length < SHORTEST_NAME) raise('EINVAL');
  const digits = name.slice(0, name.length & ~1);
  if (!/^[0-9a-f]*$/i.test(digits)) raise('EINVAL');
  const handle = Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16));
  const state = checkHandle(handle);
  if (state !== 'valid') raise(state === 'invalid' ? 'EINVAL' : 'ENODATA');
  return handle;
}

/** To look up the upper directory is dear, and worth it only for those who open files by handles. */
function stateOfDirectory(
  superblock: OverlaySuperblock,
  index: Dentry,
  handle: Uint8Array,
): 'valid' | 'stale' | 'orphan' {
  if (!superblock.config.nfsExport) return 'valid';
  const noted = readHandle(superblock, index.inode!, XATTR_UPPER);
  if (noted === undefined) return 'stale';
  const upper = decodeHandle(superblock, noted, superblock.upperLayer!);
  if (upper === undefined) return 'orphan';
  if (!isDirectory(upper.mode)) raise('EIO');
  const origin = readHandle(superblock, upper, XATTR_ORIGIN) ?? raise('ENODATA');
  return isSameHandle(handle, origin) ? 'valid' : 'stale';
}

function stateOfFile(superblock: OverlaySuperblock, index: Dentry, handle: Uint8Array): 'valid' | 'stale' | 'orphan' {
  const real = index.inode!;
  const noted = readHandle(superblock, real, XATTR_ORIGIN) ?? raise('ENODATA');
  if (!isSameHandle(handle, noted)) return 'stale';
  if (real.nlink > 1) return 'valid';
  const origin = decodeOrigin(superblock, handle, real);
  if (origin === undefined) return 'stale';
  return noteOfNlink(superblock, origin, index, 0) === 0 ? 'orphan' : 'valid';
}
