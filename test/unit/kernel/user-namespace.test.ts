/** What the table of namespace cases cannot ask the real kernel for: namespaces in one another, one's own maps, forks. */
import { describe, expect, test } from 'vitest';
import {
  CLONE_FILES,
  CLONE_NEWNS,
  CLONE_NEWUSER,
  O_CREAT,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
} from '../../../src/abi/flags.ts';
import type { SystemCalls } from '../../../src/kernel/system-calls.ts';
import { createMachine } from '../../../src/union/create-machine.ts';

const LEVELS = 33;

function booted(): SystemCalls {
  const task = createMachine().task as SystemCalls;
  task.mkdir('/proc');
  task.mount('proc', '/proc', 'proc');
  return task;
}

/** A user without any right. */
function user(task: SystemCalls, id = 1000): SystemCalls {
  const made = task.clone() as SystemCalls;
  made.setgroups([]);
  made.setresgid(id, id, id);
  made.setresuid(id, id, id);
  return made;
}

function write(task: SystemCalls, path: string, text: string): void {
  const fd = task.open(path, O_WRONLY);
  task.write(fd, new TextEncoder().encode(text));
  task.close(fd);
}

function read(task: SystemCalls, path: string): string {
  const fd = task.open(path, O_RDONLY);
  const into = new Uint8Array(4096);
  const text = new TextDecoder().decode(into.subarray(0, task.read(fd, into)));
  task.close(fd);
  return text;
}

/** As `unshare --map-root-user` does it. */
function asRoot(task: SystemCalls, uid = 1000, gid = 1000): void {
  task.unshare(CLONE_NEWUSER | CLONE_NEWNS);
  write(task, '/proc/self/uid_map', `0 ${uid} 1`);
  write(task, '/proc/self/setgroups', 'deny');
  write(task, '/proc/self/gid_map', `0 ${gid} 1`);
}

const code = (act: () => unknown): string => {
  try {
    act();
    return 'ok';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('a user makes a namespace', () => {
  test('before its maps are written nobody in it has a name', () => {
    const task = user(booted());
    task.unshare(CLONE_NEWUSER);
    expect([task.getresuid(), task.getresgid()]).toEqual([
      [65534, 65534, 65534],
      [65534, 65534, 65534],
    ]);
    expect(task.stat('/').uid).toBe(65534);
    expect(code(() => task.setresuid(0, 0, 0))).toBe('EINVAL');
    expect(code(() => task.setgroups([]))).toBe('EPERM');
    expect(code(() => task.unshare(CLONE_NEWUSER))).toBe('EPERM');
  });

  test('his own ids can be mapped, and no others', () => {
    const task = user(booted());
    task.unshare(CLONE_NEWUSER);
    expect(code(() => write(task, '/proc/self/uid_map', '0 0 1'))).toBe('EPERM');
    expect(code(() => write(task, '/proc/self/uid_map', '0 1000 2'))).toBe('EPERM');
    expect(code(() => write(task, '/proc/self/uid_map', '0 1001 1'))).toBe('EPERM');
    expect(code(() => write(task, '/proc/self/gid_map', '0 1000 1'))).toBe('EPERM');
    write(task, '/proc/self/setgroups', 'deny');
    write(task, '/proc/self/gid_map', '5 1000 1');
    write(task, '/proc/self/uid_map', '0 1000 1');
    expect(read(task, '/proc/self/uid_map')).toBe('         0       1000          1\n');
    expect([task.getresuid(), task.getresgid()]).toEqual([
      [0, 0, 0],
      [5, 5, 5],
    ]);
    expect(code(() => task.setgroups([5]))).toBe('EPERM');
  });

  test('he is root there and nobody outside', () => {
    const outside = booted();
    outside.close(outside.open('/file', O_CREAT | O_RDWR, 0o600));
    const task = user(outside);
    expect(code(() => task.unshare(CLONE_NEWNS))).toBe('EPERM');
    asRoot(task);
    task.mount('t', '/proc', 'tmpfs', 'mode=755');
    task.close(task.open('/proc/mine', O_CREAT | O_WRONLY, 0o600));
    expect(task.stat('/proc/mine')).toMatchObject({ uid: 0, gid: 0 });
    expect(code(() => task.open('/file', O_RDONLY))).toBe('EACCES');
    expect(code(() => task.chown('/file', 0, 0))).toBe('EPERM');
    expect(code(() => task.umount('/proc'))).toBe('ok');
    expect(code(() => task.umount('/proc'))).toBe('EINVAL');
    expect(outside.stat('/proc/self').mode & 0o170000).toBe(0o040000);
  });

  test('not from within a chroot', () => {
    const task = booted();
    task.mkdir('/jail');
    task.chroot('/jail');
    expect(code(() => task.unshare(CLONE_NEWUSER))).toBe('EPERM');
    expect(code(() => task.clone(CLONE_NEWUSER))).toBe('EPERM');
    expect(code(() => task.clone(CLONE_FILES))).toBe('EINVAL');
  });
});

describe('namespaces in one another', () => {
  test('ids go through every map', () => {
    const outside = booted();
    const task = outside.clone(CLONE_NEWUSER) as SystemCalls;
    write(outside, `/proc/${task.pid}/uid_map`, '0 1000 1\n1 2000 100');
    write(outside, `/proc/${task.pid}/gid_map`, '0 0 200');
    task.setresuid(0, 0, 0);
    const inner = task.clone(CLONE_NEWUSER) as SystemCalls;
    expect(code(() => write(outside, `/proc/${inner.pid}/uid_map`, '0 0 1'))).toBe('EPERM');
    expect(code(() => write(task, `/proc/${inner.pid}/uid_map`, '0 101 1'))).toBe('EPERM');
    write(task, `/proc/${inner.pid}/uid_map`, '0 0 1\n7 5 2');
    expect(read(inner, '/proc/self/uid_map')).toBe(
      '         0          0          1\n         7          5          2\n',
    );
    expect(read(outside, `/proc/${inner.pid}/uid_map`)).toBe(
      '         0       1000          1\n         7       2004          2\n',
    );
    outside.close(outside.open('/file', O_CREAT | O_RDWR));
    outside.chown('/file', 2005, 0);
    expect([outside, task, inner].map((one) => one.stat('/file').uid)).toEqual([2005, 6, 8]);
  });

  test('no more than 32 below the first', () => {
    const task = user(booted());
    const made = Array.from({ length: LEVELS + 1 }, () =>
      code(() => asRoot(task, task.getresuid()[0], task.getresgid()[0])),
    );
    expect(made).toEqual([...Array.from({ length: LEVELS }, () => 'ok'), 'ENOSPC']);
  });
});

test('a forked machine has namespaces of its own', () => {
  const machine = createMachine();
  const outside = machine.task as SystemCalls;
  outside.mkdir('/proc');
  outside.mount('proc', '/proc', 'proc');
  const task = outside.clone(CLONE_NEWUSER) as SystemCalls;
  const twin = machine.fork();
  write(outside, `/proc/${task.pid}/uid_map`, '0 0 5');
  const other = [...twin.kernel.tasks].find(({ pid }) => pid === task.pid) as SystemCalls;
  expect([read(task, '/proc/self/uid_map'), read(other, '/proc/self/uid_map')]).toEqual([
    '         0          0          5\n',
    '',
  ]);
});
