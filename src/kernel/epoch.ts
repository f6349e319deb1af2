import type { Slab } from './slab.ts';

/**
 * One side's time between two forks, compared by identity. Nodes of persistent tables carry the epoch that they were
 * made in and are copied when written in another one; a fork gives both sides new epochs and touches no table.
 */
export interface Epoch {
  /** How many nodes were copied because they belonged to another epoch. */
  copiedNodes: number;
  /** What these copies held, 8 bytes for each slot, and the file data that was copied along with a write. */
  copiedBytes: number;
  /** Where files written in this epoch keep small contents. */
  slab?: Slab | undefined;
}

/** A new epoch, in which nothing was copied yet. */
export function newEpoch(): Epoch {
  return { copiedNodes: 0, copiedBytes: 0, slab: undefined };
}

/** Counts file data that a write copied because it shares a page with it. */
export function countData(epoch: Epoch, bytes: number): void {
  epoch.copiedBytes += bytes;
}

/** Counts the copy of a node of `slots` slots. */
export function countCopy(epoch: Epoch, slots: number): void {
  epoch.copiedNodes += 1;
  epoch.copiedBytes += slots * 8;
}
