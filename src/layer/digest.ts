/** The names that content gives itself. @see OCI image-spec config.md "Layer DiffID", "Layer ChainID" */
import { ArchiveError } from '../archive/archive-error.ts';
import { type Content, digestOf, type HashFactory } from '../archive/codecs.ts';

export { type Content, digestOf, formatDigest } from '../archive/codecs.ts';

/** Of an empty layer: a tar of two zero blocks. */
export const EMPTY_LAYER_DIFF_ID = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

/** Whether the text is a digest as Docker writes them: `sha256:` and 64 hex digits in lower case. */
export const isDigest = (text: string): boolean => /^sha256:[0-9a-f]{64}$/.test(text);

/** The digest itself. @throws ArchiveError `ERR_DIGEST_FORMAT` */
export function requireDigest(text: string): string {
  if (isDigest(text)) return text;
  throw new ArchiveError('ERR_DIGEST_FORMAT', `invalid checksum digest format: ${JSON.stringify(text)}`);
}

/** The 64 hex digits of a digest. @throws ArchiveError `ERR_DIGEST_FORMAT` */
export const hexOf = (digest: string): string => requireDigest(digest).slice('sha256:'.length);

/** The digest of a layer's uncompressed tar. */
export const diffID = (sha256: HashFactory, tar: Content): string => digestOf(sha256, tar);

/**
 * The name of a layer together with all below it: the base's is its diffID, the others' the digest of the text
 * `PARENT-CHAIN-ID DIFF-ID`.
 *
 * @throws ArchiveError `ERR_DIGEST_FORMAT`
 *
 * @example
 * ```ts
 * import { nodeCodecs } from 'lowerdir/archive';
 * import { chainID, EMPTY_LAYER_DIFF_ID as id } from 'lowerdir/layer';
 * chainID(nodeCodecs.sha256, undefined, id) === id; // => true
 * chainID(nodeCodecs.sha256, id, 'sha256:1'); // throws ERR_DIGEST_FORMAT
 * ```
 */
export function chainID(sha256: HashFactory, parent: string | undefined, diffID: string): string {
  requireDigest(diffID);
  if (parent === undefined) return diffID;
  return digestOf(sha256, new TextEncoder().encode(`${requireDigest(parent)} ${diffID}`));
}
