/** What a layer's tar says of the layers below it. */
import type { Change } from '../archive/change.ts';
import type { Below } from '../archive/diff.ts';
import { layerEntryOf } from '../archive/layer-entry.ts';
import { TarReader } from '../archive/tar-reader.ts';

/**
 * The changes in the order of the tar: the same lines as `changes` of `archive` tells of an upperdir, for drivers that
 * have none.
 */
export function tarChanges(tar: Iterable<Uint8Array>, below: Pick<Below, 'exists'>): Change[] {
  const found = new Map<string, Change>();
  const reader = new TarReader({
    entry(header) {
      const { kind, target } = layerEntryOf(header, 'plain');
      const path = `/${target}`;
      if (kind === 'whiteout') found.set(path, { kind: 'D', path });
      else if (kind === 'object') found.set(path, { kind: below.exists(path) ? 'C' : 'A', path });
      else if (kind === 'opaque') found.set(path, { kind: below.exists(path) ? 'C' : 'A', path, opaque: true });
    },
  });
  for (const chunk of tar) reader.write(chunk);
  reader.end();
  return [...found.values()];
}
