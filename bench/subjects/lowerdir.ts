/** The union under test. */
import type { Library } from '../build.ts';
import type { Counts, FsCalls, Mounted, Subject } from './subject.ts';

type Stacked = Pick<ReturnType<Library['union']>, 'machine' | 'fs'>;
type Layer = ReturnType<Library['tree']>;

/** @param options for the mount, besides its layers */
export function lowerdir(library: Library, lowers: number, options = ''): Subject {
  return {
    name: 'lowerdir',
    lowers,
    caches: true,
    mount(stack) {
      const layers = stack.map((layer) => library.tree(Object.fromEntries(layer)));
      const stacked = () => (options === '' ? library.union(layers) : mountedWith(library, layers, options));
      let mounted = stacked();
      const place: Mounted = {
        fs: mounted.fs as FsCalls,
        prefix: '/',
        reset() {
          mounted = stacked();
          place.fs = mounted.fs as FsCalls;
        },
        count: () => countEvents(mounted),
        close() {},
      };
      return place;
    },
  };
}

/** The clock of `union()`. */
const hostClock: NonNullable<NonNullable<Parameters<Library['union']>[1]>['clock']> = {
  now() {
    const milliseconds = Date.now();
    return { sec: Math.floor(milliseconds / 1000), nsec: (milliseconds % 1000) * 1_000_000 };
  },
  tick() {},
  advance() {},
  fork: () => hostClock,
};

/** What `union()` makes, mounted with options that it does not take; the program lives in the union. */
function mountedWith({ createMachine }: Library, layers: readonly Layer[], options: string): Stacked {
  const machine = createMachine({ clock: hostClock });
  const { task, fs } = machine;
  for (const place of ['/lower', '/writable', '/merged']) task.mkdir(place);
  task.mount('writable', '/writable', 'tmpfs', 'mode=755');
  for (const name of ['upper', 'work']) task.mkdir(`/writable/${name}`);
  task.chdir('/lower');
  const lowers = layers.map((layer, index) => {
    task.mkdir(`${index}`);
    return layer.attach(machine, `/lower/${index}`).slice('/lower/'.length);
  });
  const writable = 'upperdir=/writable/upper,workdir=/writable/work';
  task.mount('overlay', '/merged', 'overlay', `lowerdir=${lowers.join(':')},${writable},${options}`);
  task.chroot('/merged');
  task.chdir('/');
  return { machine, fs };
}

function countEvents({ machine }: Stacked): () => Counts {
  const counts: Counts = { calls: 0, lookups: 0, metadata: 0, bytes: 0, copiedUp: 0 };
  const stop = machine.kernel.trace.subscribe((event) => {
    if (event.kind === 'syscall') counts.calls++;
    else if (event.kind === 'lookup') counts.lookups++;
    else if (event.kind === 'metadata') counts.metadata++;
    else if (event.kind === 'data') counts.bytes += event.bytes;
    else if (event.kind === 'copy-up') counts.copiedUp += event.bytes;
  });
  return () => {
    stop();
    return counts;
  };
}
