/**
 * The shape of `node:fs` over one task.
 *
 * @packageDocumentation
 */
export { createFs } from './create-fs.ts';
export type { GlobOptions, IFs } from './ifs.ts';
