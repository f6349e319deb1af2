/** The images of an archive, verified. */
import { ArchiveError } from './archive-error.ts';
import { type Codecs, digestOf } from './codecs.ts';
import { decompress } from './decompress.ts';

/** One layer of an image. */
export interface ArchivedLayer {
  /** sha256 of the layer's uncompressed tar. */
  readonly diffID: string;
  /** The uncompressed tar: a view of the archive where it was not compressed. */
  readonly tar: Uint8Array;
}

/** One image of an archive. */
export interface ArchivedImage {
  /** sha256 of the config's bytes; `undefined` for a plain tar. */
  readonly id?: string;
  /** The config's bytes, of which `id` is the digest. */
  readonly config?: Uint8Array;
  /** `name:tag`, in the archive's order. */
  readonly tags: readonly string[];
  /** Base first. */
  readonly layers: readonly ArchivedLayer[];
}

/** The files of an archive by cleaned name, links resolved when they are asked for. */
export type ArchiveFiles = (name: string) => Uint8Array | undefined;

/** What the forms of image archives share. */
export interface ImageSource {
  readonly file: ArchiveFiles;
  readonly codecs: Codecs;
}

/** Whether the value is a list of strings. */
export const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** @throws ArchiveError `ERR_IMAGE_MANIFEST` */
export function parseJSON(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ArchiveError('ERR_IMAGE_MANIFEST', `${name} is no JSON`, { entry: name, cause });
  }
}

/** @throws ArchiveError `ERR_IMAGE_BLOB` */
export function requireFile({ file }: ImageSource, name: string): Uint8Array {
  const bytes = file(name);
  if (bytes === undefined) throw new ArchiveError('ERR_IMAGE_BLOB', `${name} is missing`, { entry: name });
  return bytes;
}

/**
 * The image of a config and its layers' files, each verified.
 *
 * @throws ArchiveError `ERR_IMAGE_MANIFEST`, `ERR_IMAGE_BLOB`, `ERR_IMAGE_DIFFID`
 */
export function imageOf(
  source: ImageSource,
  configName: string,
  config: Uint8Array,
  tags: readonly string[],
  layerNames: readonly string[],
): ArchivedImage {
  const diffIDs = diffIDsOf(parseJSON(config, configName), configName);
  if (diffIDs.length !== layerNames.length) {
    const lengths = `expected ${layerNames.length}, got ${diffIDs.length}`;
    throw new ArchiveError('ERR_IMAGE_MANIFEST', `invalid manifest, layers length mismatch: ${lengths}`);
  }
  const layers = layerNames.map((name, at) => verifiedLayer(source, name, at, diffIDs[at]!));
  return { id: digestOf(source.codecs.sha256, config), config, tags: [...tags], layers };
}

function diffIDsOf(config: unknown, name: string): readonly string[] {
  const rootfs = (config as { rootfs?: { diff_ids?: unknown } } | null)?.rootfs;
  const diffIDs = rootfs?.diff_ids ?? [];
  if (rootfs && isStrings(diffIDs)) return diffIDs;
  throw new ArchiveError('ERR_IMAGE_MANIFEST', 'invalid image JSON, no RootFS key', { entry: name });
}

function verifiedLayer(source: ImageSource, name: string, at: number, expected: string): ArchivedLayer {
  const tar = decompress(requireFile(source, name), source.codecs);
  const diffID = digestOf(source.codecs.sha256, tar);
  if (diffID === expected) return { diffID, tar };
  const message = `invalid diffID for layer ${at}: expected "${expected}", got "${diffID}"`;
  throw new ArchiveError('ERR_IMAGE_DIFFID', message, { entry: name });
}
