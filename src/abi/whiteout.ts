/** The forms in which a deletion is written down. */
import { S_IFCHR, S_IFMT } from './mode.ts';

/** Overlayfs: a character device 0/0 in the place of the name. @see include/linux/fs.h WHITEOUT_DEV */
export const WHITEOUT_MODE = S_IFCHR;
export const WHITEOUT_DEV = 0;
export const isWhiteout = (mode: number, rdev: number): boolean => (mode & S_IFMT) === S_IFCHR && rdev === WHITEOUT_DEV;

/** AUFS and layer tars: a file of this prefix beside the name. @see OCI image-spec, layer.md */
export const WHITEOUT_PREFIX = '.wh.';
/** AUFS and layer tars: inside a directory that hides what lies below it. */
export const WHITEOUT_OPAQUE = '.wh..wh..opq';
/** AUFS's own files, never part of a layer. */
export const WHITEOUT_META_PREFIX = '.wh..wh.';
export const WHITEOUT_LINK_DIRECTORY = '.wh..wh.plnk';
