/**
 * Where a read-only layer comes from. A source is a value: it may be stacked in any number of unions, none of which can
 * change it.
 */
import type { OwnerNames } from '../archive/diff.ts';
import type { Codecs } from '../archive/codecs.ts';
import type { FilesystemType } from '../kernel/superblock.ts';
import type { Machine } from '../machine/machine.ts';

/** A read-only layer, wherever it comes from. A value: any number of unions may stack it and none can change it. */
export interface LayerSource {
  /** What the layer is called where a union tells which layer a name comes from. */
  readonly name: string;
  /** The digest of the layer's tar, where it is known without reading the layer. */
  readonly diffID?: string;
  /** The layer's own uncompressed tar, where there is one. Do not write to it. */
  tar?(): Uint8Array;
  /** A filesystem type that the machine needs to mount the layer. */
  readonly filesystem?: FilesystemType;
  /**
   * Hangs the layer into a machine at the empty directory `at`, in a time that does not depend on how much it holds.
   * Answers the directory that is to be the lowerdir.
   */
  attach(machine: Machine, at: string): string;
}

/** Layers as a caller may hand them over: one, or the several of an image, topmost first. */
export type Layers = readonly (LayerSource | readonly LayerSource[])[];

/** What layers are read and written with. */
export interface LayerTools {
  readonly codecs: Codecs;
  readonly names: OwnerNames;
}
