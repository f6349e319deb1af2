/** What statfs(2) tells of a union. @see fs/aufs/super.c aufs_statfs() */
import type { StatFS } from '../../abi/stat.ts';
import type { Branch } from './branch.ts';

/** What statfs(2) tells as the type of a union. */
export const AUFS_SUPER_MAGIC = 0x61756673;

/** Bytes of a name: a directory that goes gets a hidden name which is 13 bytes longer. @see AUFS_MAX_NAMELEN */
export const NAME_LENGTH_MAX = 242;

/** That of the topmost branch, or with `sum` of all filesystems that branches lie on, in the smallest of their blocks. */
export function statBranches(branches: readonly Branch[], sum: boolean): StatFS {
  const first = branches[0]!.mount.superblock.statfs();
  if (!sum) return { ...first, fsid: [0, 0] };
  const filesystems = new Set(branches.map((branch) => branch.mount.superblock));
  const all = [...filesystems].map((superblock) => superblock.statfs());
  const bsize = Math.min(...all.map((each) => each.bsize));
  const total = (value: (stat: StatFS) => number): number => all.reduce((added, stat) => added + value(stat), 0);
  const blocks = (value: (stat: StatFS) => number): number =>
    total((stat) => value(stat) * Math.floor(stat.bsize / bsize));
  return {
    ...all.at(-1)!,
    bsize,
    frsize: bsize,
    blocks: blocks((stat) => stat.blocks),
    bfree: blocks((stat) => stat.bfree),
    bavail: blocks((stat) => stat.bavail),
    files: total((stat) => stat.files),
    ffree: total((stat) => stat.ffree),
    fsid: [0, 0],
  };
}
