/** Mounting a union: options first, then the branches, then the numbers of inodes. @see fs/aufs/fsctx.c, opts.c */
import { Errno, raise } from '../../abi/errno.ts';
import { NAME_MAX } from '../../abi/flags.ts';
import { isDirectory } from '../../abi/mode.ts';
import type { Path } from '../../kernel/mount.ts';
import type { FilesystemType, MountRequest, Superblock } from '../../kernel/superblock.ts';
import { Branch } from './branch.ts';
import { applyOption, type AufsConfig, defaultConfig } from './config.ts';
import { InodeNumbers } from './inode-number.ts';
import type { AddOption } from './option.ts';
import { parseOptions } from './params.ts';
import { AufsSuperblock } from './super.ts';
import { initBranchRoot } from './whiteout.ts';

/** How many branches a union can have. @see AUFS_BRANCH_MAX */
export const BRANCHES_MAX = 127;

export const aufs: FilesystemType = {
  name: 'aufs',
  nodev: true,
  userNamespaceMount: false,
  mount(request: MountRequest): Superblock {
    const options = parseOptions(request.data, { readOnly: request.readOnly });
    const config = defaultConfig();
    for (const option of options) applyOption(config, option);
    const superblock = makeSuperblock(request, config);
    try {
      const added = options.filter((option) => option.kind === 'add');
      if (added.length === 0) raise('EINVAL');
      for (const option of added) addBranch(superblock, option, request);
      checkNumberFile(config, request);
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      for (const branch of superblock.branches) branch.drop();
      throw asMountError(error);
    }
    superblock.makeRoot();
    superblock.readOnly = request.readOnly;
    return superblock;
  },
};

function makeSuperblock({ kernel }: MountRequest, config: AufsConfig): AufsSuperblock {
  const si = new DataView(kernel.random.bytes(8).buffer).getBigUint64(0);
  const dev = kernel.anonymousDevice();
  return new AufsSuperblock({ kernel, type: aufs, config, dev, si, numbers: new InodeNumbers() });
}

/** What goes wrong with a path is a bad option. @see cvt_err() */
export function asMountError(error: Errno): unknown {
  if (!['ENOENT', 'ENOTDIR', 'EEXIST', 'EIO'].includes(error.code)) return error;
  try {
    return raise('EINVAL');
  } catch (invalid) {
    return invalid;
  }
}

/** The directory of a branch. @throws Errno EINVAL where there is none */
function resolveBranch({ path }: AddOption, request: Pick<MountRequest, 'resolve'>): Path {
  try {
    const place = request.resolve(path);
    if (isDirectory(place.dentry.inode!.mode)) return place;
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
  }
  return raise('EINVAL');
}

/** Puts a branch into the union. @see au_br_add() */
function addBranch(superblock: AufsSuperblock, option: AddOption, request: MountRequest): void {
  const place = resolveBranch(option, request);
  checkBranch(superblock, place, option);
  const branch = new Branch(superblock.nextBranchId(), place, option.permission);
  try {
    if (branch.writable) initBranchRoot(superblock.kernel, branch, superblock.config.plink);
  } catch (error) {
    branch.drop();
    throw error;
  }
  const at = option.index < 0 ? superblock.branches.length : option.index;
  superblock.branches = superblock.branches.toSpliced(at, 0, branch);
  for (const [i, each] of superblock.branches.entries()) each.index = i;
}

/** @throws Errno EINVAL, ENOSPC, EDOM, ENOENT @see test_add() */
function checkBranch({ branches }: AufsSuperblock, { mount, dentry }: Path, option: AddOption): void {
  if (branches.some((branch) => branch.root === dentry)) raise('EINVAL');
  if (option.index >= BRANCHES_MAX || branches.length >= BRANCHES_MAX) raise('ENOSPC');
  if (option.index > branches.length) raise('EDOM');
  const { superblock } = mount;
  if (dentry.inode!.nlink === 0) raise('ENOENT');
  if (superblock.stackDepth > 0) raise('EINVAL');
  const writes = option.permission.access === 'rw';
  if (writes && (mount.readOnly || superblock.statfs().namelen < NAME_MAX)) raise('EINVAL');
  const overlaps = branches.some(({ root }) => root.isWithin(dentry) || dentry.isWithin(root));
  if (overlaps) raise('EINVAL');
}

/** Where the numbers of inodes would be kept there has to be a directory. */
function checkNumberFile({ xinoPath }: AufsConfig, request: MountRequest): void {
  if (xinoPath === undefined) return;
  const slash = xinoPath.lastIndexOf('/');
  request.resolve(slash <= 0 ? (slash < 0 ? '.' : '/') : xinoPath.slice(0, slash));
}
