/** One flat memfs volume: what most programs use today. */
import { createFsFromVolume, Volume } from 'memfs';
import { flatten, type LayerTree } from '../tree.ts';
import type { FsCalls, Mounted, Subject } from './subject.ts';

/** A volume that holds `tree`. */
export function volumeOf(tree: LayerTree) {
  const fs = createFsFromVolume(new Volume());
  for (const [path, content] of tree) {
    if (content === null) fs.mkdirSync(`/${path}`);
    else fs.writeFileSync(`/${path}`, content);
  }
  return fs;
}

export const memfs: Subject = {
  name: 'memfs',
  lowers: 0,
  caches: false,
  mount(stack) {
    const tree = flatten(stack);
    const place: Mounted = {
      fs: volumeOf(tree) as unknown as FsCalls,
      prefix: '/',
      reset() {
        place.fs = volumeOf(tree) as unknown as FsCalls;
      },
      close() {},
    };
    return place;
  },
};
