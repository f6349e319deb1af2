/**
 * Inode numbers of overlays whose layers lie on several filesystems: the number of the filesystem goes into the upper
 * bits, so that all of the overlay's numbers are of one device.
 *
 * @see fs/overlayfs/inode.c ovl_map_dev_ino(), fs/overlayfs/readdir.c ovl_remap_lower_ino()
 */
import type { Stat } from '../../abi/stat.ts';
import type { OverlayConfig } from './config.ts';

const INO_BITS = 64;

/** An inode number; a bigint where a number cannot tell it exactly. */
export type InodeNumber = number | bigint;

/**
 * How numbers are told: −1, each filesystem has a device of its own; 0, all layers lie on one filesystem; else how many
 * upper bits tell the filesystem. One more bit than it takes keeps numbers that are made up apart from others.
 *
 * @param filesystems how many there are, with one for the upper layer even where there is none
 * @see ovl_get_layers(), ovl_fs.xino_mode
 */
export function xinoMode({ xino }: OverlayConfig, filesystems: number, hasUpper: boolean): number {
  if (filesystems - (hasUpper ? 0 : 1) === 1) return 0;
  return xino === 'off' ? -1 : Math.floor(Math.log2(filesystems - 1)) + 2;
}

/** The number with that of the filesystem in it; `undefined` where it uses the bits itself. */
export function mapIno(ino: InodeNumber, bits: number, fsid: number): InodeNumber | undefined {
  const shift = BigInt(INO_BITS - bits);
  if (typeof ino === 'bigint' && ino >> shift !== 0n) return undefined;
  return fsid === 0 ? ino : BigInt(ino) | (BigInt(fsid) << (shift + 1n));
}

/** A number that was made up, out of the way of those of the upper layer. @see ovl_map_ino() */
export const madeUpIno = (ino: number, bits: number): InodeNumber => BigInt(ino) | (1n << BigInt(INO_BITS - bits));

export const inoOf = (stat: Pick<Stat, 'ino' | 'ino64'>): InodeNumber => stat.ino64 ?? stat.ino;

export function setIno(stat: Stat, ino: InodeNumber): void {
  stat.ino = Number(ino);
  if (typeof ino === 'bigint') stat.ino64 = ino;
  else if (stat.ino64 !== undefined) stat.ino64 = undefined;
}
