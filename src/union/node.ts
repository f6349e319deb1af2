/** The face of the library on Node: with the doors to the outside, and Node's own hashing and compression. */
import { nodeCodecs } from '../archive/node-codecs.ts';
import { applyChanges } from './apply.ts';
import { type ArchiveOptions, archiveLayers } from './archive.ts';
import type { Layers, LayerSource } from './layer-source.ts';
import { Union, type UnionOptions } from './union.ts';

const platform = { codecs: nodeCodecs, milliseconds: () => Date.now() };

/** A union that can also write its changes into a real directory. */
export class NodeUnion extends Union {
  /**
   * Writes the changes into the real directory `target`, deletions too. What Node cannot write (device nodes, fifos,
   * extended attributes, foreign owners without root) is listed in an error before anything is written.
   *
   * @throws UnionError `ERR_UNION_APPLY`
   */
  async apply(target: string): Promise<void> {
    await applyChanges(this.written.task, this.written.directory, target);
  }
}

/**
 * Stacks `layers`, topmost first, under a writable layer. It takes no longer for layers that hold much.
 *
 * @throws UnionError `ERR_UNION_LAYERS`
 *
 * @example
 * ```ts
 * import { tree, union } from 'lowerdir';
 * const u = union([tree({ '/etc/hosts': '127.0.0.1' })]);
 * u.fs.appendFileSync('/etc/hosts', '\n::1');
 * u.changes(); // => [{ kind: 'C', path: '/etc' }, { kind: 'C', path: '/etc/hosts' }]
 * const layer = u.commit();
 * union([layer, ...u.layers]).fs.readFileSync('/etc/hosts', 'utf8'); // => '127.0.0.1\n::1'
 * ```
 */
export function union(layers: Layers, options: UnionOptions = {}): NodeUnion {
  return new NodeUnion(layers, options, platform);
}

/**
 * The layers of a tar or of what `docker save` writes, gzip-compressed or not, topmost first. Digests are verified at
 * once; files are laid out when the layers are first stacked.
 *
 * @throws ArchiveError `ERR_TAR_…`, `ERR_IMAGE_…`, `ERR_ARCHIVE_COMPRESSION`
 * @throws UnionError `ERR_UNION_IMAGE` where there are several images and none, or a missing one, was asked for
 *
 * @example
 * ```ts
 * import { archive, tree, union } from 'lowerdir';
 * const u = union([tree({})]);
 * u.fs.writeFileSync('/a', 'x');
 * const loaded = archive(u.commit().tar());
 * union([loaded]).fs.readFileSync('/a', 'utf8'); // => 'x'
 * ```
 */
export function archive(bytes: Uint8Array, options: ArchiveOptions = {}): readonly LayerSource[] {
  return archiveLayers(bytes, nodeCodecs, options);
}

export { directory } from './directory.ts';
