/** The union under test. */
import type { Library } from '../build.ts';
import { placeOf, stacked, type Stacking } from './stacked.ts';
import type { Subject } from './subject.ts';

/** @param options for the mount, besides its layers */
export function lowerdir(library: Library, lowers: number, options = ''): Subject {
  return {
    name: 'lowerdir',
    lowers,
    caches: true,
    mount(stack) {
      const layers = stack.map((layer) => library.tree(Object.fromEntries(layer)));
      return placeOf(() => (options === '' ? library.union(layers) : stacked(library, layers, overlayWith(options))));
    },
  };
}

/** What `union()` mounts, with options that it does not take. */
export const overlayWith = (options: string): Stacking => ({
  mount(task, layers) {
    const parts = [`lowerdir=${layers.join(':')}`, 'upperdir=/writable/upper', 'workdir=/writable/work', options];
    task.mount('overlay', '/merged', 'overlay', parts.filter((part) => part !== '').join(','));
  },
});
