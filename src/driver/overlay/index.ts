/**
 * Docker's first driver over overlayfs, from before Linux 4.0 could put many layers over one another: each layer of an
 * image is a whole tree whose files are hard links to those of the layer below, and a container is one overlay over one
 * tree.
 *
 * Data is shared, directories are not: a disk runs out of inodes before it runs out of space, since each layer takes as
 * many as its tree has directories, symlinks, devices and fifos. `statfs` of the home tells how many are left.
 *
 * @packageDocumentation
 */
export { overlay } from './start.ts';
