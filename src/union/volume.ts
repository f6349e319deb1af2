/** A layer from a memfs volume or any other object that is like Node's fs. */
import { type FsLike, memfs } from '../filesystem/memfs/index.ts';
import type { LayerSource } from './layer-source.ts';

/**
 * The tree of `fs` below `root`, read when names are looked up. It is taken to stand still while a union has it: data
 * of a file that has changed since is refused with ESTALE.
 *
 * @example
 * ```ts
 * import { union, volume } from 'lowerdir';
 * import { Volume } from 'memfs';
 * const u = union([volume(Volume.fromJSON({ '/etc/hosts': '127.0.0.1' }))]);
 * u.fs.readFileSync('/etc/hosts', 'utf8'); // => '127.0.0.1'
 * ```
 */
export function volume(fs: FsLike, root = '/'): LayerSource {
  return Object.freeze({
    name: `volume ${root}`,
    filesystem: memfs({ volume: fs }),
    attach(machine: Parameters<LayerSource['attach']>[0], at: string): string {
      machine.task.mount('volume', at, 'memfs', root === '/' ? '' : `root=${root}`);
      return at;
    },
  });
}
