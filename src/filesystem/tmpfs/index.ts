/**
 * A filesystem in memory: the disk that layers lie on, under its own name and under those of real disks.
 *
 * @packageDocumentation
 */
export type { DiskName } from './disk-kind.ts';
export { diskLike, type DiskLikeOptions } from './disk-like.ts';
export { tmpfs } from './super.ts';
