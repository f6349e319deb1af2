/** unionfs over memfs volumes, an empty one on top for what is written. */
import { Union } from 'unionfs';
import type { Stack } from '../tree.ts';
import { volumeOf } from './memfs.ts';
import type { FsCalls, Mounted, Subject } from './subject.ts';

export function unionfs(lowers: number): Subject {
  return {
    name: 'unionfs',
    lowers,
    caches: false,
    mount(stack) {
      const place: Mounted = {
        fs: stacked(stack),
        prefix: '/',
        reset() {
          place.fs = stacked(stack);
        },
        close() {},
      };
      return place;
    },
  };
}

/** Its writes go to the first volume that takes them, so the top one has the directories. */
function stacked(stack: Stack): FsCalls {
  const union = new Union();
  for (const layer of [...stack].reverse()) union.use(volumeOf(layer) as never);
  const directories = new Map([...stack.at(-1)!].filter(([, content]) => content === null));
  union.use(volumeOf(directories) as never);
  return union as unknown as FsCalls;
}
