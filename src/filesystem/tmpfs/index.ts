/**
 * A filesystem in memory: the disk that layers lie on.
 *
 * @packageDocumentation
 */
export { tmpfs } from './super.ts';
