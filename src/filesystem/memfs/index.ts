/**
 * Somebody else's files in memory as a read-only filesystem: a memfs volume, or any object like node:fs.
 *
 * @packageDocumentation
 */
export type { FsLike, StatsLike } from './fs-like.ts';
export { memfs } from './mount.ts';
