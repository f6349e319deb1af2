/** How the layers of a union lie in its machine, and where their changes are. */
import type { Change } from '../archive/change.ts';
import type { Machine } from '../machine/machine.ts';
import type { LayerSource, LayerTools } from './layer-source.ts';

/** What a stacking is made with; the machine is booted and empty. */
export interface StackingParts {
  readonly machine: Machine;
  /** Topmost first. */
  readonly layers: readonly LayerSource[];
  readonly tools: LayerTools;
}

/** The layers of one union under its writable layer. */
export interface Stacking {
  /** The directory that shows them together; another one after {@link discard}. */
  readonly merged: string;
  /** The directory of the writable layer as the union keeps it. */
  readonly upper: string;
  /** What {@link pack} would write, in its order. */
  changes(): Change[];
  /** The tar of the changes, and its place in the chain of layers. */
  pack(): { readonly tar: Uint8Array; parent(): string | undefined };
  /** A directory with the changes in the form of an overlay's upperdir. */
  changed(): string;
  /** Begins with an empty writable layer. Open descriptors go on seeing what they saw. */
  discard(): void;
  /** The number of the layer that a name comes from, `'upper'` for the writable one. Symlinks are not followed. */
  origin(path: string): number | 'upper' | undefined;
}

/** Where the layers hang that a union is made of, `/lower/0` the topmost. */
export const LOWER = '/lower';

/** Hangs up every layer; answers the directories to read them from, topmost first. */
export function attachLayers({ machine, layers }: StackingParts): readonly string[] {
  machine.task.mkdir(LOWER);
  return layers.map((layer, index) => {
    const at = `${LOWER}/${index}`;
    machine.task.mkdir(at);
    return layer.attach(machine, at);
  });
}
