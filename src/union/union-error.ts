/**
 * Why a union refused.
 *
 * - `ERR_UNION_LAYERS` no layers, or something that is no layer
 * - `ERR_UNION_IMAGE` an archive with several images, or without the one that was asked for
 * - `ERR_UNION_APPLY` changes that cannot be written into a real directory; `paths` lists them, nothing was written
 */
export type UnionErrorCode = 'ERR_UNION_LAYERS' | 'ERR_UNION_IMAGE' | 'ERR_UNION_APPLY';

/** Why a union refused. Nothing was changed when it is thrown. */
export class UnionError extends Error {
  override readonly name = 'UnionError';
  readonly code: UnionErrorCode;
  /** What stood in the way, with the reason for each. */
  readonly paths: readonly { readonly path: string; readonly reason: string }[];

  constructor(code: UnionErrorCode, message: string, detail: { paths?: UnionError['paths']; cause?: unknown } = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.paths = detail.paths ?? [];
  }
}
