/** The face of the library where there is no Node: without doors to the outside, hashing and compression in JavaScript. */
import { pureCodecs } from '../archive/codecs.ts';
import { type ArchiveOptions, archiveLayers } from './archive.ts';
import type { Layers, LayerSource } from './layer-source.ts';
import { Union, type UnionOptions } from './union.ts';

const platform = { codecs: pureCodecs, milliseconds: () => Date.now() };

/** Stacks `layers`, topmost first, under a writable layer. */
export function union(layers: Layers, options: UnionOptions = {}): Union {
  return new Union(layers, options, platform);
}

/** The layers of a tar or of what `docker save` writes, gzip-compressed or not, topmost first. */
export function archive(bytes: Uint8Array, options: ArchiveOptions = {}): readonly LayerSource[] {
  return archiveLayers(bytes, pureCodecs, options);
}
