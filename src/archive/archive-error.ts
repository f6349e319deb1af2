/**
 * Why an archive was refused.
 *
 * - `ERR_TAR_TRUNCATED` the bytes end inside a header, a body or an extended header
 * - `ERR_TAR_CHECKSUM` a header's checksum does not match its bytes
 * - `ERR_TAR_HEADER` a field or a PAX record that cannot be read, or cannot be written
 * - `ERR_TAR_SIZE` a size that is negative, too large, or not the size of the body
 * - `ERR_TAR_SPARSE` a sparse file, a form that Docker does not write
 * - `ERR_TAR_TYPE` an entry of a type that has no place in a layer
 * - `ERR_TAR_BREAKOUT` a name or a link that leads out of the directory
 * - `ERR_TAR_HARDLINK` a hard link to nothing, or to a directory
 * - `ERR_TAR_WHITEOUT` a whiteout that names nothing, its own directory, or what the same layer adds
 * - `ERR_TAR_PARENT` an entry below something that is no directory
 * - `ERR_TAR_DUPLICATE` a path twice in an archive whose records are kept
 * - `ERR_TAR_APPLY` the system refused a step of unpacking; `cause` is its error
 * - `ERR_TAR_SPLIT` records of an archive that cannot be read
 * - `ERR_TAR_SPLIT_CHECKSUM` a file is not the one that was recorded
 * - `ERR_DIFF_FEATURE` a directory that holds overlayfs redirects or metadata-only copies, which no layer tar can hold
 * - `ERR_ARCHIVE_COMPRESSION` a compression that is unknown here, or broken
 * - `ERR_IMAGE_MANIFEST` a manifest or config that cannot be read
 * - `ERR_IMAGE_BLOB` a file that the manifest names is missing, or not what its digest says
 * - `ERR_IMAGE_DIFFID` a layer is not the one that the config names
 * - `ERR_DIGEST_FORMAT` text that is no digest
 */
export type ArchiveErrorCode =
  | 'ERR_TAR_TRUNCATED'
  | 'ERR_TAR_CHECKSUM'
  | 'ERR_TAR_HEADER'
  | 'ERR_TAR_SIZE'
  | 'ERR_TAR_SPARSE'
  | 'ERR_TAR_TYPE'
  | 'ERR_TAR_BREAKOUT'
  | 'ERR_TAR_HARDLINK'
  | 'ERR_TAR_WHITEOUT'
  | 'ERR_TAR_PARENT'
  | 'ERR_TAR_DUPLICATE'
  | 'ERR_TAR_APPLY'
  | 'ERR_TAR_SPLIT'
  | 'ERR_TAR_SPLIT_CHECKSUM'
  | 'ERR_DIFF_FEATURE'
  | 'ERR_ARCHIVE_COMPRESSION'
  | 'ERR_IMAGE_MANIFEST'
  | 'ERR_IMAGE_BLOB'
  | 'ERR_IMAGE_DIFFID'
  | 'ERR_DIGEST_FORMAT';

/** The refusal of an archive; `entry` is the name of the entry that was at fault, where there is one. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
  readonly code: ArchiveErrorCode;
  readonly entry?: string;

  constructor(code: ArchiveErrorCode, message: string, detail: { entry?: string; cause?: unknown } = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    if (detail.entry !== undefined) this.entry = detail.entry;
  }
}
