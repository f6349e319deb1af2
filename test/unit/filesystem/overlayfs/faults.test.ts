/** Whichever step is refused, or is the last before the power goes: what is seen is what was, or what is wanted. */
import { describe, expect, test } from 'vitest';
import { Errno, type ErrnoCode } from '../../../../src/abi/errno.ts';
import { AT_FDCWD, MNT_DETACH, RENAME_EXCHANGE } from '../../../../src/abi/flags.ts';
import { MachineStopped, type TraceEvent } from '../../../../src/kernel/trace.ts';
import type { Task } from '../../../../src/kernel/task.ts';
import { createMachine } from '../../../../src/union/create-machine.ts';
import type { Machine } from '../../../../src/machine/machine.ts';
import { makeStack, mountStack, refusal, tree, write } from './observe.ts';

/** Calls that change something, each with what has to be there before. */
const changes: Readonly<Record<string, { before?: (task: Task) => void; call: (task: Task) => void }>> = {
  'copy-up by chmod, two directories deep': { call: (task) => task.chmod('/t/m/d/e/z', 0o600) },
  'copy-up of data by append': { call: (task) => write(task, '/t/m/d/x', '+', 0o2001) },
  'copy-up by setxattr': { call: (task) => task.setxattr('/t/m/b', 'user.n', Uint8Array.of(49)) },
  'copy-up of a symlink': { call: (task) => task.lchown('/t/m/s', 7, 7) },
  'truncate of a lower file': { call: (task) => task.truncate('/t/m/b', 1) },
  'create in a lower directory': { call: (task) => write(task, '/t/m/only/n', '') },
  'unlink of a lower file': { call: (task) => task.unlink('/t/m/b') },
  'unlink deep in a lower directory': { call: (task) => task.unlink('/t/m/d/e/z') },
  'unlink of an upper file': { call: (task) => task.unlink('/t/m/up/f') },
  'rmdir of a lower directory': { call: (task) => task.rmdir('/t/m/emp') },
  'rmdir of a merged directory with whiteouts': {
    before: (task) => task.unlink('/t/m/only/o'),
    call: (task) => task.rmdir('/t/m/only'),
  },
  'mkdir over a whiteout': { before: (task) => task.rmdir('/t/m/emp'), call: (task) => task.mkdir('/t/m/emp') },
  'create over a whiteout': { before: (task) => task.unlink('/t/m/b'), call: (task) => write(task, '/t/m/b', '') },
  'link of a lower file': { call: (task) => task.link('/t/m/b', '/t/m/d/k') },
  'link over a whiteout': { before: (task) => task.unlink('/t/m/h'), call: (task) => task.link('/t/m/b', '/t/m/h') },
  'rename of a lower file': { call: (task) => task.rename('/t/m/b', '/t/m/d/n') },
  'rename of a lower file over another': { call: (task) => task.rename('/t/m/b', '/t/m/a') },
  'rename of a lower file onto a whiteout': {
    before: (task) => task.unlink('/t/m/a'),
    call: (task) => task.rename('/t/m/b', '/t/m/a'),
  },
  'rename of an upper directory onto a whiteout': {
    before: (task) => task.rmdir('/t/m/emp'),
    call: (task) => task.rename('/t/m/up', '/t/m/emp'),
  },
  'rename of an upper directory over one with whiteouts': {
    before: (task) => task.unlink('/t/m/only/o'),
    call: (task) => task.rename('/t/m/up', '/t/m/only'),
  },
  'exchange of two lower files': {
    call: (task) => task.renameat2(AT_FDCWD, '/t/m/b', AT_FDCWD, '/t/m/d/x', RENAME_EXCHANGE),
  },
};

function prepare(before: ((task: Task) => void) | undefined): Machine {
  const machine = createMachine({ seed: 1 });
  makeStack(machine.task);
  mountStack(machine.task);
  before?.(machine.task);
  return machine;
}

const lowers = ({ task }: Machine): string[] => [...tree(task, '/t/l1'), ...tree(task, '/t/l2')];
const isDoor = ({ kind }: TraceEvent): boolean => kind !== 'syscall' && kind !== 'return';

/** How many doors the call goes through. */
function countDoors(machine: Machine, call: (task: Task) => void): number {
  let doors = 0;
  const end = machine.kernel.trace.subscribe((event) => {
    if (isDoor(event)) doors++;
  });
  call(machine.task);
  end();
  return doors;
}

/** Runs the call with something thrown at its door number `at`. */
function runWith(
  machine: Machine,
  call: (task: Task) => void,
  at: number,
  fault: (event: TraceEvent) => unknown,
): TraceEvent | undefined {
  let door = 0;
  let struck: TraceEvent | undefined;
  const end = machine.kernel.trace.subscribe((event) => {
    if (!isDoor(event) || door++ !== at) return;
    struck = event;
    throw fault(event);
  });
  refusal(() => call(machine.task));
  end();
  return struck;
}

/** What is wrong inside; a removal in the work directory that is refused leaves something there: ovl_cleanup(). */
function wrong(machine: Machine, struck: TraceEvent | undefined): string[] {
  const removes = struck?.kind === 'lookup' || (struck?.kind === 'metadata' && /^(unlink|rmdir)$/.test(struck.op));
  return machine.check().filter((fault) => !removes || !fault.endsWith('was left in the work directory'));
}

/** What is seen, in a machine of its own so that looking changes nothing. */
function seen(machine: Machine): string {
  return tree(machine.fork().task, '/t/m').join('\n');
}

describe.each(Object.entries(changes))('%s', (_, { before, call }) => {
  const base = prepare(before);
  const old = seen(base);
  const layers = lowers(base.fork());
  const finished = base.fork();
  const doors = countDoors(finished, call);
  const wanted = seen(finished);

  test('goes through doors and changes what is seen', () => {
    expect(doors).toBeGreaterThan(0);
    expect(wanted).not.toBe(old);
  });

  test.each<ErrnoCode>(['ENOSPC', 'EIO'])('leaves nothing half done when a step is refused with %s', (code) => {
    for (let at = 0; at < doors; at++) {
      const machine = base.fork();
      const struck = runWith(machine, call, at, () => new Errno(code));
      expect([old, wanted], `door ${at}`).toContain(seen(machine));
      expect(wrong(machine, struck), `door ${at}`).toEqual([]);
      expect(lowers(machine)).toEqual(layers);
    }
  });

  test('works after a step was refused', () => {
    for (let at = 0; at < doors; at++) {
      const machine = base.fork();
      runWith(machine, call, at, () => new Errno('ENOSPC'));
      if (seen(machine) === old) call(machine.task);
      expect(seen(machine), `door ${at}`).toBe(wanted);
    }
  });

  test('leaves nothing half done when the machine stops, seen after a new mount', () => {
    for (let at = 0; at < doors; at++) {
      const machine = base.fork();
      runWith(machine, call, at, (event) => new MachineStopped(event));
      machine.task.umount('/t/m', MNT_DETACH);
      mountStack(machine.task);
      expect([old, wanted], `door ${at}`).toContain(seen(machine));
      expect(machine.check(), `door ${at}`).toEqual([]);
      expect(lowers(machine)).toEqual(layers);
    }
  });
});
