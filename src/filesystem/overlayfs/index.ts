/**
 * The union filesystem that Docker's overlay2 driver stands on.
 *
 * @packageDocumentation
 */
export { overlayfs } from './mount.ts';
