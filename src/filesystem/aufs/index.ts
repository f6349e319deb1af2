/**
 * AUFS, the union filesystem that Docker began with: branches, whiteouts in files, pseudo-links, copy-up at the first
 * write.
 *
 * @packageDocumentation
 */
export { auplink } from './auplink.ts';
export { aufs } from './mount.ts';
