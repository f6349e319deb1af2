/** What was found wrong once with refused steps and power cuts, each by its name. */
import { describe, expect, test } from 'vitest';
import { Errno, type ErrnoCode } from '../../../../src/abi/errno.ts';
import { O_RDWR } from '../../../../src/abi/flags.ts';
import type { MetadataOperation } from '../../../../src/kernel/trace.ts';
import type { Machine } from '../../../../src/machine/machine.ts';
import { aufsMachine, DOCKER_OPTIONS, names, read, readOpen, write } from './machine.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function mounted(): Machine {
  const machine = aufsMachine('/rw', '/ro', '/mnt', '/dev', '/dev/shm');
  const { task } = machine;
  task.mkdir('/ro/d');
  for (const path of ['/ro/a', '/ro/b', '/ro/d/x']) write(task, path, path.slice(4));
  task.link('/ro/a', '/ro/d/a');
  task.mount('none', '/mnt', 'aufs', `br:/rw=rw:/ro=ro+wh,${DOCKER_OPTIONS}`);
  return machine;
}

interface Step {
  readonly op: MetadataOperation | 'lookup';
  readonly name: RegExp | undefined;
}

/** Refuses the first such step of a branch; answers the code of the call. */
function refuse(machine: Machine, { op, name }: Step, call: () => void): string | undefined {
  let struck = false;
  const end = machine.kernel.trace.subscribe((event) => {
    if (struck || (event.kind !== 'metadata' && event.kind !== 'lookup') || event.filesystem === 'aufs') return;
    if ((event.kind === 'lookup' ? 'lookup' : event.op) !== op || (name && !name.test(event.name ?? ''))) return;
    struck = true;
    throw new Errno('ENOSPC');
  });
  try {
    call();
    return undefined;
  } catch (error) {
    return (error as { code: ErrnoCode }).code;
  } finally {
    end();
    expect(struck).toBe(true);
  }
}

const PLINK = /^\d+\.\d+$/;
const TEMPORARY = /^\.wh\.\.wh\./;

describe('a pseudo-link that cannot be kept', () => {
  test('is given up, and link(2) goes on', () => {
    const machine = mounted();
    const { task } = machine;
    expect(refuse(machine, { op: 'link', name: PLINK }, () => task.link('/mnt/b', '/mnt/c'))).toBe(undefined);
    expect([read(task, '/mnt/b'), read(task, '/mnt/c')]).toEqual(['b', 'b']);
    expect(names(task, '/rw/.wh..wh.plnk')).toEqual([]);
    expect(machine.check()).toEqual([]);
  });

  test('is given up when the other names are those of the lower file: they stay what they were', () => {
    const machine = mounted();
    const { task } = machine;
    expect(refuse(machine, { op: 'link', name: PLINK }, () => task.chmod('/mnt/a', 0o600))).toBe(undefined);
    write(task, '/mnt/a', 'changed');
    expect([read(task, '/mnt/a'), read(task, '/mnt/d/a')]).toEqual(['changed', 'a']);
  });
});

test('a pseudo-linked file whose copy cannot come to its name is there when it is asked for again', () => {
  const machine = mounted();
  const { task } = machine;
  expect(refuse(machine, { op: 'rename', name: TEMPORARY }, () => task.chmod('/mnt/a', 0o600))).toBe('ENOSPC');
  expect([read(task, '/mnt/a'), read(task, '/mnt/d/a')]).toEqual(['a', 'a']);
  task.chmod('/mnt/a', 0o600);
  expect([task.stat('/mnt/a').mode, task.stat('/mnt/d/a').mode]).toEqual([0o100600, 0o100600]);
  expect(names(task, '/rw').filter((name) => TEMPORARY.test(name) && name.includes('.wh.a.'))).toEqual([]);
});

test('a name of a pseudo-link that cannot come up goes on showing the file', () => {
  const machine = mounted();
  const { task } = machine;
  write(task, '/mnt/a', 'changed');
  expect(refuse(machine, { op: 'rename', name: TEMPORARY }, () => read(task, '/mnt/d/a'))).toBe('ENOSPC');
  expect(read(task, '/mnt/d/a')).toBe('changed');
});

test('a copy whose place cannot be looked up is taken back', () => {
  const machine = mounted();
  const { task } = machine;
  const where = { op: 'lookup', name: /^d$/ } as const;
  task.stat('/mnt/d/x');
  expect(refuse(machine, where, () => task.mkdir('/mnt/d/new'))).toBe('ENOSPC');
  expect(names(task, '/rw').filter((name) => /\.wh\.d\./.test(name))).toEqual([]);
  task.mkdir('/mnt/d/new');
  expect(names(task, '/mnt/d')).toEqual(['a', 'new', 'x']);
});

test('times that cannot be given back do not fail a call', () => {
  const machine = mounted();
  const { task } = machine;
  const plain = { op: 'setattr', name: undefined } as const;
  expect(refuse(machine, plain, () => task.setxattr('/mnt/b', 'user.n', bytes('1')))).toBe(undefined);
  expect(task.getxattr('/mnt/b', 'user.n')).toEqual(bytes('1'));
});

test('a copy for a removed file that keeps its passing name fails with EIO, and is written to next time', () => {
  const machine = mounted();
  const { task } = machine;
  const fd = task.open('/mnt/b', O_RDWR);
  task.unlink('/mnt/b');
  expect(refuse(machine, { op: 'unlink', name: TEMPORARY }, () => task.pwrite(fd, bytes('c'), 0))).toBe('EIO');
  task.pwrite(fd, bytes('c'), 0);
  expect(readOpen(task, fd)).toBe('c');
});

describe('a name with both an object and a whiteout, as a power cut leaves it', () => {
  function both(): Machine {
    const machine = mounted();
    const { task } = machine;
    for (const path of ['/rw/b', '/rw/.wh.b']) write(task, path, '');
    return machine;
  }

  test('gives EIO', () => {
    const { task } = both();
    const calls: Record<string, () => unknown> = {
      stat: () => task.stat('/mnt/b'),
      unlink: () => task.unlink('/mnt/b'),
      mkdir: () => task.mkdir('/mnt/b'),
      'rename to': () => task.rename('/mnt/a', '/mnt/b'),
    };
    for (const [name, call] of Object.entries(calls)) {
      expect(call, name).toThrow(expect.objectContaining({ code: 'EIO' }));
    }
  });

  test('is as before once the object is taken away', () => {
    const { task } = both();
    task.unlink('/rw/b');
    expect(() => task.stat('/mnt/b')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    write(task, '/mnt/b', 'new');
    expect(names(task, '/rw')).not.toContain('.wh.b');
  });

  test('in a lower branch the whiteout hides it', () => {
    const machine = mounted();
    const { task } = machine;
    task.umount('/mnt');
    write(task, '/ro/.wh.b', '');
    task.mount('none', '/mnt', 'aufs', `br:/rw=rw:/ro=ro+wh,${DOCKER_OPTIONS}`);
    expect(() => task.stat('/mnt/b')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});
