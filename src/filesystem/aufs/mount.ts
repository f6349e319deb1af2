/** Mounting a union: options first, then the branches, then the numbers of inodes. @see fs/aufs/fsctx.c, opts.c */
import { raise } from '../../abi/errno.ts';
import type { FilesystemType, MountRequest, Superblock } from '../../kernel/superblock.ts';
import { addBranch } from './branch-add.ts';
import { changeBranch } from './branch-change.ts';
import { deleteBranch } from './branch-delete.ts';
import { type AufsConfig, applyOption, defaultConfig } from './config.ts';
import { InodeNumbers } from './inode-number.ts';
import { withMountErrors } from './mount-error.ts';
import { type ResolvedOption, resolveOptions } from './option-paths.ts';
import { parseOptions } from './params.ts';
import { AufsSuperblock } from './super.ts';

export const aufs: FilesystemType = {
  name: 'aufs',
  nodev: true,
  userNamespaceMount: false,
  mount(request: MountRequest): Superblock {
    const { data, readOnly, resolve } = request;
    const options = resolveOptions(parseOptions(data, { readOnly }), resolve);
    const config = defaultConfig();
    for (const { option } of options) applyOption(config, option);
    const superblock = makeSuperblock(request, config);
    try {
      withMountErrors(() => takeBranches(superblock, options));
    } catch (error) {
      for (const branch of superblock.branches) branch.drop();
      throw error;
    }
    superblock.makeRoot();
    superblock.readOnly = readOnly;
    return superblock;
  },
};

function makeSuperblock({ kernel }: MountRequest, config: AufsConfig): AufsSuperblock {
  const si = new DataView(kernel.random.bytes(8).buffer).getBigUint64(0);
  const dev = kernel.anonymousDevice();
  return new AufsSuperblock({ kernel, type: aufs, config, dev, si, numbers: new InodeNumbers() });
}

/** @see au_opts_mount() */
function takeBranches(superblock: AufsSuperblock, options: readonly ResolvedOption[]): void {
  for (const { option, place } of options) {
    if (option.kind === 'add') addBranch(superblock, option, place!, false);
    else if (option.kind === 'del') deleteBranch(superblock, place!, false);
    else if (option.kind === 'mod') changeBranch(superblock, place!, option.permission, false);
  }
  if (superblock.branches.length === 0) raise('EINVAL');
}
