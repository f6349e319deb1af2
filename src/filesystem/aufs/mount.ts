/** Mounting a union: options first, then the branches, then the numbers of inodes. @see fs/aufs/fsctx.c, opts.c */
import { raise } from '../../abi/errno.ts';
import type { FilesystemType, MountRequest, Superblock } from '../../kernel/superblock.ts';
import { changeBranches } from './remount.ts';
import { type AufsConfig, applyOption, defaultConfig } from './config.ts';
import { InodeNumbers } from './inode-number.ts';
import { withMountErrors } from './mount-error.ts';
import { type ResolvedOption, resolveOptions } from './option-paths.ts';
import { parseOptions } from './params.ts';
import { AufsSuperblock } from './super.ts';

/**
 * The filesystem type `aufs`: `br:BRANCH=PERMISSION:…`, the topmost branch first, at most 127. Permissions are `rw`, `ro`
 * and `rr`, with attributes as in `ro+wh` (whiteouts in it count); the first branch is `rw` and others are `ro` unless
 * told otherwise. One call takes at most 84 options and branches.
 *
 * Options: `br:` or `dirs=`; `xino=FILE`, `noxino`; `[no]plink`, `[no]dirperm1`, `[no]dio`, `[no]sum`, `[no]shwh`,
 * `udba=reval|none|notify`, `diropq=a|w`, `rdcache=SECONDS`; others are kept and shown, without effect (see
 * docs/deviations.md). A remount takes them too, and changes the branches: `append:BRANCH`, `prepend:BRANCH`,
 * `add:INDEX:BRANCH`, `del:PATH`, `mod:BRANCH`.
 *
 * Writable branches get `.wh..wh.aufs`, `.wh..wh.plnk` and `.wh..wh.orph`. Unmounting loses what was not flushed of
 * pseudo-links: run `auplink` before.
 *
 * @throws Errno EINVAL for options that it does not know, no branches, and branches that are missing, lie in one another
 * or on a filesystem that can hold none, such as another union; E2BIG for too many options in one call; ENOSPC for too
 * many branches, or no room for what a writable one gets; EROFS; of `xino=` what making its file would give; EBUSY for a
 * branch that a remount cannot take away
 * @see Documentation/filesystems/aufs, aufs(5), fs/aufs/opts.c, fs/aufs/fsctx.c
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { aufs } from 'lowerdir/filesystem/aufs';
 * const { task, fs } = createMachine({ filesystems: [aufs] });
 * for (const name of ['/rw', '/ro', '/mnt']) fs.mkdirSync(name);
 * fs.writeFileSync('/ro/a', 'below');
 * task.mount('none', '/mnt', 'aufs', 'br:/rw=rw:/ro=ro+wh,dirperm1');
 * fs.rmSync('/mnt/a');
 * fs.existsSync('/rw/.wh.a'); // => true
 * ```
 */
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
  for (const option of options) changeBranches(superblock, option, false);
  if (superblock.branches.length === 0) raise('EINVAL');
}
