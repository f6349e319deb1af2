/** What a commit gives: a layer that can be told by its digests, written as a tar, and stacked again. */
import { concatenate } from '../archive/codecs.ts';
import { packLayer } from '../archive/diff.ts';
import { chainID, diffID } from '../layer/digest.ts';
import type { Machine } from '../machine/machine.ts';
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

/** The layer that the directory `upper` holds, on top of a chain that is computed when somebody asks. */
export function commitDirectory(
  task: Task,
  upper: string,
  tools: LayerTools,
  parent: () => string | undefined,
): CommittedLayer {
  const bytes = concatenate([...packLayer(task, upper, { names: tools.names })]);
  const id = diffID(tools.sha256, bytes);
  const stacked = layerOfTar(id, bytes);
  let chain: string | undefined;
  return Object.freeze({
    name: id,
    diffID: id,
    size: bytes.length,
    tar: () => bytes,
    attach: (machine: Machine, at: string) => stacked.attach(machine, at),
    get chainID() {
      chain ??= chainID(tools.sha256, parent(), id);
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
    const id = layers[i]!.diffID ?? diffID(tools.sha256, packLayer(task, directories[i]!, { names: tools.names }));
    chain = chainID(tools.sha256, chain, id);
  }
  return chain;
}
