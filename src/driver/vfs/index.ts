/**
 * Docker's vfs: each layer is a directory with the whole tree in it, copied from its parent. Nothing is mounted, nothing
 * is copied on write, and nothing differs from a directory of one's own; what it costs is space and time for the whole
 * tree with each layer. It runs on any filesystem, and the other drivers are measured by it.
 *
 * @packageDocumentation
 */
export { vfs } from './driver.ts';
