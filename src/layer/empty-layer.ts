/** The layer that changes nothing. @see moby layer/empty.go */
import { EMPTY_LAYER_DIFF_ID } from './digest.ts';
import { LayerError } from './layer-error.ts';
import type { Layer } from './layer.ts';

/** Two zero blocks: a tar without entries. */
const emptyTar = (): Iterable<Uint8Array> => [new Uint8Array(1024)];

/** The empty layer, which lies in no store and takes no room. */
export const EMPTY_LAYER: Layer = Object.freeze({
  chainID: EMPTY_LAYER_DIFF_ID,
  diffID: EMPTY_LAYER_DIFF_ID,
  size: 0,
  diffSize: 0,
  cacheID: '',
  tar: emptyTar,
  tarFrom(chainID?: string) {
    if (chainID === undefined) return emptyTar();
    throw new LayerError('ERR_LAYER_PARENT', "can't get parent tar stream of an empty layer");
  },
  metadata: () => ({}),
});
