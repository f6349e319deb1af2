/**
 * A directory of the host as a read-only filesystem: the one filesystem that reaches outside the machine, and it only
 * reads.
 *
 * @packageDocumentation
 */
export { hostfs } from './mount.ts';
