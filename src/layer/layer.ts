/** A read-only layer, as a value. */
import type { HashFactory } from '../archive/codecs.ts';
import { chainID, diffID } from './digest.ts';

/** An immutable layer on top of its parents. */
export interface Layer {
  /** sha256 of the layer's uncompressed tar: its content. */
  readonly diffID: string;
  /** The digest of the layer together with all below it: its name in a layer store. */
  readonly chainID: string;
  readonly parent?: Layer;
  /** Bytes of the uncompressed tar. */
  readonly size: number;
  /** The uncompressed tar; every call gives the same bytes, and what it gives must not be written to. */
  tar(): Uint8Array | Iterable<Uint8Array>;
}

/** The layer of that tar on top of `parent`. The bytes are kept, not copied. */
export function createLayer(sha256: HashFactory, tar: Uint8Array, parent?: Layer): Layer {
  const id = diffID(sha256, tar);
  return Object.freeze({
    diffID: id,
    chainID: chainID(sha256, parent?.chainID, id),
    ...(parent === undefined ? {} : { parent }),
    size: tar.length,
    tar: () => tar,
  });
}

/** The layer and all below it, base first. */
export function chainOf(layer: Layer): readonly Layer[] {
  const chain: Layer[] = [];
  for (let each: Layer | undefined = layer; each !== undefined; each = each.parent) chain.push(each);
  return chain.reverse();
}
