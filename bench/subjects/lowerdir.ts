/** The union under test. */
import type { Library } from '../build.ts';
import type { Counts, FsCalls, Mounted, Subject } from './subject.ts';

type Union = ReturnType<Library['union']>;

export function lowerdir({ union, tree }: Library, lowers: number): Subject {
  return {
    name: 'lowerdir',
    lowers,
    caches: true,
    mount(stack) {
      const layers = stack.map((layer) => tree(Object.fromEntries(layer)));
      let mounted: Union = union(layers);
      const place: Mounted = {
        fs: mounted.fs as FsCalls,
        prefix: '/',
        reset() {
          mounted = union(layers);
          place.fs = mounted.fs as FsCalls;
        },
        count: () => countEvents(mounted),
        close() {},
      };
      return place;
    },
  };
}

function countEvents({ machine }: Union): () => Counts {
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
