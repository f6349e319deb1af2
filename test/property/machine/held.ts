/** What a task holds across a fork beside the descriptors of a fuzz sequence: each thing that is not a plain file. */
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  IN_ALL_EVENTS,
  LOCK_EX,
  LOCK_NB,
  O_CREAT,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  SEEK_SET,
} from '../../../src/abi/flags.ts';
import { S_IFIFO } from '../../../src/abi/mode.ts';
import { resultOf } from '../../../src/testing/subject.ts';
import type { SystemCalls } from '../../../src/kernel/system-calls.ts';
import type { Machine } from '../../../src/machine/machine.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

/** The numbers of what {@link take} opened: the same in every machine that did the same. */
export interface Held {
  readonly pid: number;
  readonly fifo: number;
  readonly unlinked: number;
  readonly nameless: number;
  readonly locked: number;
  readonly listing: number;
  readonly watch: number;
}

/** A second task takes hold of things below `root`; it stands in a directory that is gone. */
export function take(machine: Machine, root: string): Held {
  const task = machine.task.clone() as SystemCalls;
  const at = `${root}/held`;
  task.mkdir(at, 0o755);
  task.mkdir(`${at}/gone`, 0o755);
  task.chdir(`${at}/gone`);
  task.rmdir(`${at}/gone`);
  task.mknod(`${at}/fifo`, S_IFIFO | 0o644, 0);
  const fifo = task.open(`${at}/fifo`, O_RDWR | O_NONBLOCK);
  task.write(fifo, bytes('in the fifo'));
  const unlinked = task.open(`${at}/unlinked`, O_RDWR | O_CREAT, 0o600);
  task.write(unlinked, bytes('without a name'));
  task.unlink(`${at}/unlinked`);
  const nameless = task.open(at, O_RDWR | O_TMPFILE, 0o600);
  task.write(nameless, bytes('never named'));
  const locked = task.open(`${at}/locked`, O_RDWR | O_CREAT, 0o600);
  task.flock(locked, LOCK_EX);
  for (const name of ['one', 'two', 'three']) task.mkdir(`${at}/${name}`);
  for (let i = 0; i < 60; i++) task.mknod(`${at}/one/wide${i}`, S_IFIFO, 0);
  const listing = task.open(at, O_RDONLY);
  task.getdents(listing, 4);
  const watch = task.inotifyInit();
  task.inotifyAddWatch(watch, root, IN_ALL_EVENTS);
  task.inotifyAddWatch(watch, `${at}/locked`, IN_ALL_EVENTS);
  return { pid: task.pid, fifo, unlinked, nameless, locked, listing, watch };
}

function contentOf(task: SystemCalls, fd: number): string {
  const into = new Uint8Array(100);
  task.lseek(fd, 0, SEEK_SET);
  return text(into.subarray(0, task.read(fd, into)));
}

const taskOf = (machine: Machine, { pid }: Held): SystemCalls =>
  [...machine.kernel.tasks].find((task) => task.pid === pid) as SystemCalls;

/** Changes what a fork could share by mistake, before the other machine looks at it. */
export function mark(machine: Machine, root: string, held: Held, mark: string): void {
  const task = taskOf(machine, held);
  task.write(held.fifo, bytes(`, ${mark}`));
  task.pwrite(held.unlinked, bytes(mark), 3);
  for (const i of [...mark].keys()) task.unlinkat(AT_FDCWD, `${root}/held/one/wide${i * mark.length}`, 0);
  task.rename(`${root}/held/one/wide59`, `${root}/held/one/${mark}`);
}

/** Uses everything that is held and tells what came of it, so that no thing of another machine may be touched. */
export function use(machine: Machine, root: string, held: Held, mark: string): string[] {
  const task = taskOf(machine, held);
  const into = new Uint8Array(100);
  const steps: Record<string, () => unknown> = {
    cwd: () => task.getcwd(),
    'new in cwd': () => task.mkdir('x'),
    cwdStat: () => JSON.stringify(task.stat('.')),
    'fifo write': () => task.write(held.fifo, bytes(` ${mark}`)),
    'fifo read': () => text(into.subarray(0, task.read(held.fifo, into))),
    'fifo empty': () => task.read(held.fifo, into),
    'unlinked write': () => task.write(held.unlinked, bytes(`, ${mark}`)),
    unlinked: () => contentOf(task, held.unlinked),
    unlinkedStat: () => JSON.stringify(task.fstat(held.unlinked)),
    'nameless write': () => task.pwrite(held.nameless, bytes(mark), 6),
    nameless: () => contentOf(task, held.nameless),
    'nameless named': () => task.linkat(held.nameless, '', AT_FDCWD, `${root}/held/${mark}`, AT_EMPTY_PATH),
    'lock of another': () => task.flock(task.open(`${root}/held/locked`, O_RDWR), LOCK_EX | LOCK_NB),
    'lock given up': () => task.flock(held.locked, 8),
    'lock of another then': () => task.flock(task.open(`${root}/held/locked`, O_RDWR), LOCK_EX | LOCK_NB),
    'rest of the listing': () => JSON.stringify(task.getdents(held.listing)),
    events: () => JSON.stringify(task.inotifyRead(held.watch)),
    'no more events': () => JSON.stringify(task.inotifyRead(held.watch)),
  };
  return Object.entries(steps).map(([name, step]) => `${name}: ${JSON.stringify(resultOf(() => String(step())))}`);
}
