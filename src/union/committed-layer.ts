/** What a commit gives: a layer that can be told by its digests, written as a tar, and stacked again. */
import { packLayer } from '../archive/diff.ts';
import { chainID, diffID } from '../layer/digest.ts';
import type { Task } from '../kernel/task.ts';
import type { LayerSource, LayerTools } from './layer-source.ts';
import { layerOfTar } from './snapshot.ts';

/** What `commit` gives: the changes of a union as a layer, which may be written out as a tar and stacked again. */
export interface CommittedLayer extends LayerSource {
  /** sha256 of the tar. */
  readonly diffID: string;
  /** The digest of this layer on top of all below it. Layers without a digest of their own are read for it. */
  readonly chainID: string;
  /** Bytes of the tar. */
  readonly size: number;
  /** The uncompressed tar. Do not write to it. */
  tar(): Uint8Array;
}

/** The layer of a tar, on top of a chain that is computed when somebody asks. */
export function committedLayer(
  { tar, parent }: { readonly tar: Uint8Array; parent(): string | undefined },
  { codecs: { sha256 } }: LayerTools,
): CommittedLayer {
  const id = diffID(sha256, tar);
  let chain: string | undefined;
  return Object.freeze({
    ...layerOfTar(id, tar),
    size: tar.length,
    get chainID() {
      chain ??= chainID(sha256, parent(), id);
      return chain;
    },
  });
}

/** The chainID of the layers that lie in `directories` (topmost first); `undefined` without layers. */
export function chainOfDirectories(
  task: Task,
  layers: readonly LayerSource[],
  directories: readonly string[],
  tools: LayerTools,
): string | undefined {
  let chain: string | undefined;
  for (let i = layers.length - 1; i >= 0; i--) {
    const id =
      layers[i]!.diffID ?? diffID(tools.codecs.sha256, packLayer(task, directories[i]!, { names: tools.names }));
    chain = chainID(tools.codecs.sha256, chain, id);
  }
  return chain;
}
