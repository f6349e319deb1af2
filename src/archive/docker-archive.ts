/**
 * Reads what `docker save` writes, in its three forms: layers as `ID/layer.tar` (to v24), an OCI layout with a
 * `manifest.json` beside it (since v25), and a bare OCI layout. A plain tar is an image of one layer without a config.
 *
 * @see moby image/tarexport/load.go, OCI image-spec image-layout.md
 */
import { ArchiveError } from './archive-error.ts';
import {
  type ArchivedImage,
  type ArchiveFiles,
  type ImageSource,
  imageOf,
  isStrings,
  parseJSON,
  requireFile,
} from './archived-image.ts';
import { type Codecs, concatenate, digestOf } from './codecs.ts';
import { decompress } from './decompress.ts';
import { imagesOfLayout } from './oci-layout.ts';
import { cleanName, directoryName } from '../abi/name-bytes.ts';
import { LNKTYPE, REGTYPE, SYMTYPE } from './tar-entry.ts';
import { readArchive } from './tar-reader.ts';

/**
 * Reads an archive, gzip-compressed or not. Every layer is verified against the config that names it.
 *
 * @throws ArchiveError `ERR_TAR_…`, `ERR_ARCHIVE_COMPRESSION`, `ERR_IMAGE_…`
 */
export function readImageArchive(archive: Uint8Array, codecs: Codecs): readonly ArchivedImage[] {
  const tar = decompress(archive, codecs);
  const { file, hasLayers } = indexFiles(tar);
  const source: ImageSource = { file, codecs };
  const manifest = file('manifest.json');
  const items = manifest && readManifest(manifest, hasLayers || file('oci-layout') !== undefined);
  if (items) return items.map((item) => imageOfManifest(source, item));
  if (file('oci-layout') && file('index.json')) return imagesOfLayout(source);
  if (hasLayers && file('repositories')) {
    throw new ArchiveError('ERR_IMAGE_MANIFEST', 'an archive of Docker before 1.10, without manifest.json');
  }
  return [{ tags: [], layers: [{ diffID: digestOf(codecs.sha256, tar), tar }] }];
}

/** The most links that lead to a file, as in the kernel. */
const LINKS_MAX = 40;

function indexFiles(tar: Uint8Array): { file: ArchiveFiles; hasLayers: boolean } {
  const bodies = new Map<string, Uint8Array>();
  const links = new Map<string, string>();
  for (const { header, body } of readArchive(tar)) {
    const name = cleanName(header.name);
    const directory = directoryName(name);
    if (header.type === REGTYPE) bodies.set(name, concatenate([...body]));
    else if (header.type === SYMTYPE) links.set(name, cleanName(`${directory}/${header.linkname}`));
    else if (header.type === LNKTYPE) links.set(name, cleanName(header.linkname));
  }
  const hasLayers = [...bodies.keys()].some((name) => name.endsWith('/layer.tar') || name.startsWith('blobs/sha256/'));
  const file: ArchiveFiles = (name) => {
    let target = cleanName(name);
    for (let hops = 0; hops < LINKS_MAX && links.has(target); hops++) target = links.get(target)!;
    return bodies.get(target);
  };
  return { file, hasLayers };
}

interface ManifestItem {
  readonly Config: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Layers: readonly string[];
}

function isManifestItem(item: unknown): item is ManifestItem {
  if (typeof item !== 'object' || item === null) return false;
  const { Config, RepoTags, Layers } = item as Record<string, unknown>;
  return typeof Config === 'string' && isStrings(Layers) && (RepoTags == null || isStrings(RepoTags));
}

/** The items of a manifest.json; `undefined` when the file is just a file of that name in a plain tar. */
function readManifest(bytes: Uint8Array, isImage: boolean): readonly ManifestItem[] | undefined {
  let items: unknown;
  try {
    items = parseJSON(bytes, 'manifest.json');
  } catch (error) {
    if (isImage) throw error;
    return undefined;
  }
  if (Array.isArray(items) && items.every(isManifestItem) && (isImage || items.length > 0)) return items;
  if (isImage) throw new ArchiveError('ERR_IMAGE_MANIFEST', 'manifest.json is no list of images');
  return undefined;
}

function imageOfManifest(source: ImageSource, item: ManifestItem): ArchivedImage {
  return imageOf(source, item.Config, requireFile(source, item.Config), item.RepoTags ?? [], item.Layers);
}
