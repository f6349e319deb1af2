/** Layers from a tar or from what `docker save` writes. */
import type { ArchivedImage } from '../archive/archived-image.ts';
import type { Codecs } from '../archive/codecs.ts';
import { readImageArchive } from '../archive/docker-archive.ts';
import type { LayerSource } from './layer-source.ts';
import { layerOfTar } from './snapshot.ts';
import { UnionError } from './union-error.ts';

export interface ArchiveOptions {
  /** Which image of the archive: one of its tags or its id; needed where there are several. */
  readonly image?: string;
}

/**
 * The layers of an archive, topmost first: one for a tar, those of an image for what `docker save` writes, gzip-compressed
 * or not. Digests are verified at once, files are laid out when the layers are first stacked.
 *
 * @throws ArchiveError `ERR_TAR_…`, `ERR_IMAGE_…`; UnionError `ERR_UNION_IMAGE`
 */
export function archiveLayers(bytes: Uint8Array, codecs: Codecs, options: ArchiveOptions = {}): readonly LayerSource[] {
  const image = chooseImage(readImageArchive(bytes, codecs), options.image);
  const layers = image.layers.map(({ diffID, tar }) => layerOfTar(diffID, tar));
  return Object.freeze(layers.reverse());
}

function chooseImage(images: readonly ArchivedImage[], wanted: string | undefined): ArchivedImage {
  const found = wanted === undefined ? images : images.filter(({ id, tags }) => id === wanted || tags.includes(wanted));
  if (found.length === 1) return found[0]!;
  const names = images.map(({ id, tags }) => tags[0] ?? id ?? 'a plain tar').join(', ');
  const message =
    wanted === undefined ? 'the archive has several images, say which' : `the archive has no image "${wanted}"`;
  throw new UnionError('ERR_UNION_IMAGE', `${message}: ${names}`);
}
