/** What the host tells of a file, as the machine tells it. */
import type { BigIntStats } from 'node:fs';
import { PAGE_SIZE } from '../../abi/flags.ts';
import { type Stat, timespecOf } from '../../abi/stat.ts';

/** Attributes of a host's file. Where the host has no blocks (Windows), they follow from the size. */
export function statOf(found: BigIntStats, ino: number): Omit<Stat, 'dev'> {
  const mtime = timespecOf(found.mtimeNs);
  const size = Number(found.size);
  const like = (nanoseconds: bigint) => (nanoseconds === found.mtimeNs ? mtime : timespecOf(nanoseconds));
  return {
    ino,
    mode: Number(found.mode),
    nlink: Math.max(1, Number(found.nlink)),
    uid: Number(found.uid ?? 0n),
    gid: Number(found.gid ?? 0n),
    rdev: Number(found.rdev ?? 0n),
    size,
    blksize: Number(found.blksize ?? PAGE_SIZE),
    blocks: Number(found.blocks ?? BigInt(Math.ceil(size / 512))),
    atime: like(found.atimeNs),
    mtime,
    ctime: like(found.ctimeNs),
    btime: found.birthtimeNs > 0n ? like(found.birthtimeNs) : undefined,
  };
}
