/**
 * Layers as tar archives: read, verified, unpacked, written byte for byte as Docker writes them.
 *
 * @packageDocumentation
 */
export { type ApplyOptions, applyLayer } from './apply.ts';
export * from './archive-error.ts';
export type { ArchivedImage, ArchivedLayer, ArchiveFiles, ImageSource } from './archived-image.ts';
export { branchChanges } from './branch-changes.ts';
export { type Codecs, type Content, digestOf, type Hash, type HashFactory, pureCodecs } from './codecs.ts';
export { compareTrees } from './compare-trees.ts';
export { decompress } from './decompress.ts';
export * from './diff.ts';
export { directorySize } from './directory-size.ts';
export { readImageArchive } from './docker-archive.ts';
export { changesSize, exportChanges, packTree } from './export-changes.ts';
export type { LayerForm } from './layer-entry.ts';
export { listNames } from './list-names.ts';
export { machineOwnerNames } from './owner-names.ts';
export * from './tar-entry.ts';
export * from './tar-reader.ts';
export * from './tar-split.ts';
export * from './tar-writer.ts';
export * from './unpack.ts';
export * from './verify-layer.ts';
