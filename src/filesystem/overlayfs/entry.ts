/**
 * What the overlay keeps with a name, and the layers that names are looked up in.
 *
 * The stack of real objects below a name (Linux's `ovl_entry`) belongs to the inode; the name itself keeps only flags.
 *
 * @see fs/overlayfs/ovl_entry.h
 */
import { isDirectory } from '../../abi/mode.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import type { Mount } from '../../kernel/mount.ts';
import type { OverlayInode } from './inode.ts';

/** One directory tree of the stack. */
export class Layer {
  /** 0 is the upper layer, 1 the topmost lower one. */
  readonly index: number;
  /** The overlay's own mount of the tree. */
  readonly mount: Mount;
  /** Which of the overlay's filesystems the layer lies on; 0 is the upper layer's. */
  readonly fsid: number;
  /** Some directory of the layer was seen to hold whiteouts in the form of extended attributes. */
  hasXwhiteouts = false;

  constructor(index: number, mount: Mount, fsid: number) {
    this.index = index;
    this.mount = mount;
    this.fsid = fsid;
  }

  get root(): Dentry {
    return this.mount.root;
  }
}

/** A real object and the layer it was found in. */
export interface LayerPath {
  readonly dentry: Dentry;
  readonly layer: Layer;
}

export const NO_LOWER: readonly LayerPath[] = [];

/** The name exists in the upper layer. */
const UPPER_ALIAS = 1;
/** Nothing below the upper layer shows through: a whiteout, or a directory with the opaque mark. */
const OPAQUE = 2;
/** A lower directory of this name may hold whiteouts in the form of extended attributes. */
const XWHITEOUTS = 4;

const flagsOf = (dentry: Dentry): number => (dentry.note as number | undefined) ?? 0;

export const hasUpperAlias = (dentry: Dentry): boolean => (flagsOf(dentry) & UPPER_ALIAS) !== 0;
export const isOpaque = (dentry: Dentry): boolean => (flagsOf(dentry) & OPAQUE) !== 0;
export const hasXwhiteouts = (dentry: Dentry): boolean => (flagsOf(dentry) & XWHITEOUTS) !== 0;

export function setUpperAlias(dentry: Dentry): void {
  dentry.note = flagsOf(dentry) | UPPER_ALIAS;
}

export function setOpaqueFlag(dentry: Dentry): void {
  dentry.note = flagsOf(dentry) | OPAQUE;
}

export function setXwhiteoutsFlag(dentry: Dentry): void {
  dentry.note = flagsOf(dentry) | XWHITEOUTS;
}

/** What a lookup found out about a name. */
export function setEntry(dentry: Dentry, upper: boolean, opaque: boolean, xwhiteouts: boolean): void {
  dentry.note = (upper ? UPPER_ALIAS : 0) | (opaque ? OPAQUE : 0) | (xwhiteouts ? XWHITEOUTS : 0);
}

/** The name is missing because the upper layer says that it was deleted. */
export const isWhiteoutEntry = (dentry: Dentry): boolean => dentry.inode === undefined && isOpaque(dentry);

/** The inode of a name of an overlay. */
export const overlayInode = (dentry: Dentry): OverlayInode => dentry.inode as OverlayInode;

export const upperOf = (dentry: Dentry): Dentry | undefined => (dentry.inode as OverlayInode | undefined)?.upper;

/** What shows more than one layer: a directory, or a file whose data lies deeper than its metadata. @see OVL_TYPE_MERGE() */
export function isMerge(inode: OverlayInode): boolean {
  if (inode.upper === undefined) return inode.lower.length > 1;
  return inode.lowerInode !== undefined && (isDirectory(inode.mode) || inode.metacopy);
}

export const isMergeOrLower = (inode: OverlayInode): boolean => inode.upper === undefined || isMerge(inode);

/** An upper object whose inode number is that of the lower one it came from. @see OVL_TYPE_ORIGIN() */
export function isOrigin(inode: OverlayInode): boolean {
  return inode.upper !== undefined && inode.lowerInode !== undefined && inode.constantIno;
}

/** A directory of the upper layer that never had anything to do with a lower one. @see ovl_pure_upper() */
export const isPureUpper = (inode: OverlayInode): boolean => inode.lowerInode === undefined && !inode.mayHaveWhiteouts;
