/**
 * Why the layer store refused. Messages are Docker's where Docker has one.
 *
 * - `ERR_LAYER_NOT_FOUND` no layer of that chainID is in the store
 * - `ERR_LAYER_NOT_RETAINED` a handle that the store did not give out, or that was given back already
 * - `ERR_LAYER_DEPTH` more layers on top of one another than a store takes
 * - `ERR_LAYER_PARENT` a layer that is not among those below
 * - `ERR_LAYER_VERIFY` the tar that came out is not the one that went in
 * - `ERR_LAYER_DIFF_ID` the tar that went in is not the one that was announced
 * - `ERR_LAYER_INGEST` the taking in of this layer has ended
 * - `ERR_LAYER_METADATA` a file of the layerdb that cannot be understood
 * - `ERR_LAYER_GRAPH_ID` the driver has no layer of that id
 * - `ERR_LAYER_MOUNT_NAME` a name that no mounted layer can have
 * - `ERR_LAYER_MOUNT_EXISTS` a mounted layer of that name is there
 * - `ERR_LAYER_MOUNT_NOT_FOUND` no mounted layer of that name is there
 * - `ERR_LAYER_MOUNT_ACTIVE` the layer is still mounted
 */
export type LayerErrorCode =
  | 'ERR_LAYER_NOT_FOUND'
  | 'ERR_LAYER_NOT_RETAINED'
  | 'ERR_LAYER_DEPTH'
  | 'ERR_LAYER_PARENT'
  | 'ERR_LAYER_VERIFY'
  | 'ERR_LAYER_DIFF_ID'
  | 'ERR_LAYER_INGEST'
  | 'ERR_LAYER_METADATA'
  | 'ERR_LAYER_GRAPH_ID'
  | 'ERR_LAYER_MOUNT_NAME'
  | 'ERR_LAYER_MOUNT_EXISTS'
  | 'ERR_LAYER_MOUNT_NOT_FOUND'
  | 'ERR_LAYER_MOUNT_ACTIVE';

/** The refusal of a layer store, with Docker's words for it. */
export class LayerError extends Error {
  override readonly name = 'LayerError';
  readonly code: LayerErrorCode;

  constructor(code: LayerErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
