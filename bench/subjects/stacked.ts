/** Layers stacked in a machine of their own, by a mount that is told how; the program lives in what it shows. */
import type { Library } from '../build.ts';
import type { Counts, FsCalls, Mounted } from './subject.ts';

export type Stacked = Pick<ReturnType<Library['union']>, 'machine' | 'fs'>;
export type Layer = ReturnType<Library['tree']>;
type MachineOptions = NonNullable<Parameters<Library['createMachine']>[0]>;
type Machine = ReturnType<Library['createMachine']>;

/** The clock of `union()`. */
const hostClock: NonNullable<MachineOptions['clock']> = {
  now() {
    const milliseconds = Date.now();
    return { sec: Math.floor(milliseconds / 1000), nsec: (milliseconds % 1000) * 1_000_000 };
  },
  tick() {},
  advance() {},
  fork: () => hostClock,
};

/** How the layers become one tree. */
export interface Stacking {
  /** What the machine knows besides. */
  readonly filesystems?: NonNullable<MachineOptions['filesystems']>;
  /**
   * Mounts `/merged`, topmost layer first; paths of layers begin at the working directory. `/writable/upper` and
   * `/writable/work` are empty directories of one tmpfs.
   */
  mount(task: Machine['task'], layers: readonly string[]): void;
}

export function stacked({ createMachine }: Library, layers: readonly Layer[], stacking: Stacking): Stacked {
  const machine = createMachine({ clock: hostClock, filesystems: stacking.filesystems ?? [] });
  const { task, fs } = machine;
  for (const place of ['/lower', '/writable', '/merged']) task.mkdir(place);
  task.mount('writable', '/writable', 'tmpfs', 'mode=755');
  for (const name of ['upper', 'work']) task.mkdir(`/writable/${name}`);
  task.chdir('/lower');
  const lowers = layers.map((layer, index) => {
    task.mkdir(`${index}`);
    return layer.attach(machine, `/lower/${index}`).slice('/lower/'.length);
  });
  stacking.mount(task, lowers);
  task.chroot('/merged');
  task.chdir('/');
  return { machine, fs };
}

/** The place of a subject that is made anew for each fresh mount. */
export function placeOf(make: () => Stacked): Mounted {
  let made = make();
  const place: Mounted = {
    fs: made.fs as FsCalls,
    prefix: '/',
    reset() {
      made = make();
      place.fs = made.fs as FsCalls;
    },
    count: () => countEvents(made),
    close() {},
  };
  return place;
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
