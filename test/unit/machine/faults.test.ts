/**
 * Faults at every traced door of the calls that change a union: no space, an input/output error, and a stop of the
 * machine, one at a time. What is seen afterwards is the tree before the call or the one after it, the lower layers are
 * as they were, and nothing is wrong inside once the union is mounted again.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { raise } from '../../../src/abi/errno.ts';
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  O_APPEND,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  RENAME_EXCHANGE,
} from '../../../src/abi/flags.ts';
import { S_IFIFO } from '../../../src/abi/mode.ts';
import type { Task } from '../../../src/kernel/task.ts';
import { MachineStopped, type TraceEvent } from '../../../src/kernel/trace.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import { LOWERS, MERGED, mountUnion, putFile, unionMachine, viewOf } from './union-machine.ts';

const faults = ['ENOSPC', 'EIO', 'stop'] as const;
type Fault = (typeof faults)[number];

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function open(task: Task, path: string, flags: number, use: (fd: number) => void = () => {}): void {
  const fd = task.open(path, flags);
  use(fd);
  task.close(fd);
}

const calls: Readonly<Record<string, (task: Task) => void>> = {
  'chmod of a lower file': (task) => task.chmod('d/e/f', 0o4755),
  'chmod of a lower directory': (task) => task.chmod('d/e', 0o700),
  'chmod of a lower fifo': (task) => task.chmod('d/e/p', 0o666),
  'chown of a lower symlink': (task) => task.lchown('d/e/s', 7, 8),
  'chmod of an upper file': (task) => task.chmod('top', 0o600),
  'setxattr of a lower file': (task) => task.setxattr('d/e/f', 'user.b', bytes('b')),
  'removexattr of a lower file': (task) => task.removexattr('d/e/f', 'user.a'),
  'utimensat of a lower file': (task) =>
    task.utimensat(AT_FDCWD, 'd/e/f', { sec: 9, nsec: 9 }, { sec: 8, nsec: 8 }, AT_SYMLINK_NOFOLLOW),
  'append to a lower file': (task) => open(task, 'd/e/f', O_WRONLY | O_APPEND, (fd) => task.write(fd, bytes('!'))),
  'open of a sparse lower file for writing': (task) => open(task, 'big', O_RDWR),
  'truncate of a lower file': (task) => task.truncate('d/e/f', 3),
  'open of a lower file with O_TRUNC': (task) => open(task, 'd/e/f', O_WRONLY | O_TRUNC),
  'link of a lower file': (task) => task.link('d/e/f', 'm/name'),
  'link over a whiteout': (task) => task.link('top', 'gone'),
  'unlink of a lower file': (task) => task.unlink('d/e/f'),
  'unlink of a file in all layers': (task) => task.unlink('m/both'),
  'unlink of an upper file': (task) => task.unlink('pure/own'),
  'rmdir of a merged directory': (task) => task.rmdir('emptied'),
  'rmdir of a lower directory': (task) => task.rmdir('lonely'),
  'rmdir of an upper directory': (task) => task.rmdir('pure/inner'),
  'mkdir over a whiteout': (task) => task.mkdir('gonedir', 0o750),
  'mkdir in a lower directory': (task) => task.mkdir('d/e/new', 0o1777),
  'create over a whiteout': (task) => putFile(task, 'gone', ''),
  'create in a lower directory': (task) => putFile(task, 'd/e/new', ''),
  'symlink over a whiteout': (task) => task.symlink('target', 'gone'),
  'mknod over a whiteout': (task) => task.mknod('gone', S_IFIFO | 0o644, 0),
  'rename of a lower file': (task) => task.rename('d/e/f', 'd/e/g'),
  'rename of a lower file to another directory': (task) => task.rename('d/e/f', 'm/f'),
  'rename of a lower file over a lower one': (task) => task.rename('d/e/f', 'over'),
  'rename of an upper file over a lower one': (task) => task.rename('top', 'over'),
  'rename of an upper file over a whiteout': (task) => task.rename('top', 'gone'),
  'rename of an upper file': (task) => task.rename('pure/own', 'pure/other'),
  'rename of an upper directory into a merged one': (task) => task.rename('pure', 'm/pure'),
  'rename of an upper directory over a whiteout': (task) => task.rename('pure', 'gonedir'),
  'rename of an upper directory over an emptied one': (task) => task.rename('pure', 'emptied'),
  'exchange of a lower and an upper file': (task) =>
    task.renameat2(AT_FDCWD, 'd/e/f', AT_FDCWD, 'top', RENAME_EXCHANGE),
};

/** Where a fault strikes. */
interface Point {
  readonly call: string;
  readonly event: TraceEvent;
  readonly fault: Fault;
}

/** A way in which Linux's overlayfs is not atomic either: what is forgiven, and why. */
interface Leniency {
  readonly reason: string;
  readonly applies: (point: Point) => boolean;
  /** Makes views equal that differ in nothing else. */
  readonly mask: (line: string) => string;
}

const withoutTime = (line: string): string => line.replace(/ mtime=.*/, '');
const isSetattr = ({ event }: Point): boolean => event.kind === 'metadata' && event.op === 'setattr';

const leniencies: readonly Leniency[] = [
  {
    reason: 'the time of the directory that a copy is made in is restored after it, and as well as can be',
    applies: (point) => point.fault === 'stop' || isSetattr(point),
    mask: (line) => (line.startsWith('4') ? withoutTime(line) : line),
  },
  {
    reason: 'copy-up does not look whether setting the times of the copy worked: ovl_set_attr(), ovl_set_timestamps()',
    applies: (point) => point.fault !== 'stop' && isSetattr(point),
    mask: withoutTime,
  },
  {
    reason: 'a directory of whiteouts is replaced by an empty opaque one before it goes: ovl_clear_empty()',
    applies: ({ call }) => call.includes('merged directory') || call.includes('emptied one'),
    mask: (line) => (line.startsWith('4') ? withoutTime(line) : line),
  },
  {
    reason: 'a copy for open(O_TRUNC) is made empty with the old times, and truncated only then: ovl_open()',
    applies: ({ call }) => call.includes('O_TRUNC'),
    mask: withoutTime,
  },
];

type View = ReadonlyMap<string, string>;

function sameView(a: View, b: View, mask = (line: string): string => line): boolean {
  return a.size === b.size && [...a].every(([path, line]) => b.has(path) && mask(b.get(path)!) === mask(line));
}

const counts = { points: 0, before: 0, after: 0, lenient: 0 };

/**
 * Fails unless `view` is the one before (which only a failed call may leave) or the one after, but for what is forgiven.
 */
function expectAtomic(view: View, after: View, failed: boolean, point: Point): void {
  const allowed = failed ? [before, after] : [after];
  if (allowed.some((each) => sameView(view, each))) {
    counts[sameView(view, before) ? 'before' : 'after']++;
    return;
  }
  counts.lenient++;
  const masks = leniencies.filter(({ applies }) => applies(point)).map(({ mask }) => mask);
  if (allowed.some((each) => masks.some((mask) => sameView(view, each, mask)))) return;
  expect([...view], `none of the trees allowed at ${JSON.stringify(point)}`).toEqual([...allowed[0]!]);
}

/** Runs `call`; the fault strikes at the event of that number. Answers the event, and whether the call failed. */
function strike(machine: Machine, call: (task: Task) => void, at: number, fault: Fault) {
  let number = 0;
  let struck: TraceEvent | undefined;
  let failed = false;
  const stop = machine.kernel.trace.subscribe((event) => {
    if (number++ !== at) return;
    struck = event;
    if (fault === 'stop') throw new MachineStopped(event);
    raise(fault);
  });
  try {
    call(machine.task);
  } catch (error) {
    if (!(error instanceof MachineStopped) && (error as { code?: string }).code !== fault) throw error;
    failed = true;
  } finally {
    stop();
  }
  return { struck, failed };
}

function eventsOf(machine: Machine, call: (task: Task) => void): TraceEvent[] {
  const events: TraceEvent[] = [];
  const stop = machine.kernel.trace.subscribe((event) => events.push(event));
  call(machine.task);
  stop();
  return events;
}

const lowersOf = (machine: Machine): View[] => LOWERS.map((lower) => viewOf(machine.task, lower));

/** The union of `machine`, taken down and mounted again: after a stop in a machine that was started anew. */
function mountedAgain(machine: Machine, fault: Fault): Machine {
  if (fault === 'stop') {
    const restarted = machine.restart();
    mountUnion(restarted.task);
    return restarted;
  }
  machine.task.chdir('/');
  for (const [fd] of machine.task.files.entries()) machine.task.close(fd);
  machine.task.umount(MERGED);
  mountUnion(machine.task);
  return machine;
}

const prepared = unionMachine();
const before = viewOf(prepared.fork().task, MERGED);
const lowers = lowersOf(prepared.fork());

describe.each(Object.entries(calls))('%s', (name, call) => {
  const inside = (task: Task): void => {
    task.chdir(MERGED);
    call(task);
  };
  const clean = prepared.fork();
  const events = eventsOf(clean, inside);
  const after = viewOf(clean.task, MERGED);

  test('changes the tree, and the same tree is there after a remount', () => {
    expect(sameView(before, after)).toBe(name.includes('sparse'));
    expect([...viewOf(mountedAgain(clean, 'EIO').task, MERGED)]).toEqual([...after]);
    expect(clean.check()).toEqual([]);
  });

  test.each(faults)('%s', (fault) => {
    for (const [at, event] of events.entries()) {
      const point = { call: name, event, fault };
      if (event.kind === 'return' && fault !== 'stop') continue;
      counts.points++;
      const machine = prepared.fork();
      const { struck, failed } = strike(machine, inside, at, fault);
      expect(struck).toEqual(event);
      if (fault !== 'stop') expectAtomic(viewOf(machine.task, MERGED), after, failed, point);
      const again = mountedAgain(machine, fault);
      expectAtomic(viewOf(again.task, MERGED), after, failed, point);
      expect(lowersOf(again).map((view) => [...view])).toEqual(lowers.map((view) => [...view]));
      expect(again.check()).toEqual([]);
    }
  });
});

afterAll(() => {
  const { points, ...views } = counts;
  console.log(`${points} faults in ${Object.keys(calls).length} calls; views seen: ${JSON.stringify(views)}`);
});
