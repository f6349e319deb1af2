/** The images of an OCI layout inside an archive. @see OCI image-spec image-layout.md, image-index.md, manifest.md */
import { ArchiveError } from './archive-error.ts';
import { type ArchivedImage, type ImageSource, imageOf, parseJSON, requireFile } from './archived-image.ts';
import { digestOf } from './codecs.ts';

interface Descriptor {
  readonly mediaType?: string;
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly os?: string };
}

interface Manifest {
  readonly mediaType?: string;
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

/** The deepest nesting of indexes that is followed. */
const DEPTH_MAX = 8;

/** @throws ArchiveError `ERR_IMAGE_…` */
export function imagesOfLayout(source: ImageSource): readonly ArchivedImage[] {
  const index = parseJSON(requireFile(source, 'index.json'), 'index.json') as Manifest;
  return imagesOfIndex(source, index, [], DEPTH_MAX);
}

function imagesOfIndex(
  source: ImageSource,
  index: Manifest,
  tags: readonly string[],
  depth: number,
): readonly ArchivedImage[] {
  if (!Array.isArray(index?.manifests) || depth === 0) {
    throw new ArchiveError('ERR_IMAGE_MANIFEST', 'an image index without manifests, or nested too deep');
  }
  return index.manifests
    .filter((descriptor) => descriptor?.platform?.os !== 'unknown')
    .flatMap((descriptor) => {
      const name = blobName(descriptor);
      const manifest = parseJSON(requireBlob(source, descriptor), name) as Manifest;
      const named = tagsOf(descriptor, tags);
      if (Array.isArray(manifest?.manifests)) return imagesOfIndex(source, manifest, named, depth - 1);
      return [imageOfOCIManifest(source, manifest, named, name)];
    });
}

/** containerd names the whole reference; the OCI annotation may be the tag alone. */
function tagsOf({ annotations }: Descriptor, inherited: readonly string[]): readonly string[] {
  const name = annotations?.['io.containerd.image.name'] ?? annotations?.['org.opencontainers.image.ref.name'];
  return typeof name === 'string' ? [name.replace(/^docker\.io\/(?:library\/)?/, '')] : inherited;
}

function imageOfOCIManifest(
  source: ImageSource,
  manifest: Manifest,
  tags: readonly string[],
  name: string,
): ArchivedImage {
  if (manifest?.config === undefined || !Array.isArray(manifest.layers)) {
    throw new ArchiveError('ERR_IMAGE_MANIFEST', `${name} is no image manifest`, { entry: name });
  }
  const config = requireBlob(source, manifest.config);
  for (const layer of manifest.layers) requireBlob(source, layer);
  return imageOf(source, blobName(manifest.config), config, tags, manifest.layers.map(blobName));
}

function blobName(descriptor: Descriptor): string {
  const digest = descriptor?.digest;
  if (typeof digest === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest)) return `blobs/${digest.replace(':', '/')}`;
  throw new ArchiveError('ERR_IMAGE_MANIFEST', `a descriptor with the digest ${JSON.stringify(digest)}`);
}

function requireBlob(source: ImageSource, descriptor: Descriptor): Uint8Array {
  const name = blobName(descriptor);
  const bytes = requireFile(source, name);
  const digest = digestOf(source.codecs.sha256, bytes);
  if (digest === descriptor.digest) return bytes;
  throw new ArchiveError('ERR_IMAGE_BLOB', `${name} has the digest ${digest}`, { entry: name });
}
