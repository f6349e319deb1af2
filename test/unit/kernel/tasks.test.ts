/** What the real kernel cannot be asked for in one process: several tasks, waiting, time, programs, mappings. */
import { describe, expect, test } from 'vitest';
import {
  CLONE_NEWNS,
  LOCK_EX,
  LOCK_SH,
  LOCK_UN,
  MAP_PRIVATE,
  MAP_SHARED,
  MNT_DETACH,
  MS_BIND,
  MS_NOEXEC,
  MS_REMOUNT,
  O_CREAT,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  PROT_READ,
  PROT_WRITE,
} from '../../../src/abi/flags.ts';
import { S_IFBLK, S_IFCHR, S_IFIFO } from '../../../src/abi/mode.ts';
import type { BlockDevice } from '../../../src/kernel/device.ts';
import type { SystemCalls } from '../../../src/kernel/system-calls.ts';
import { WouldBlock } from '../../../src/kernel/would-block.ts';
import { createMachine } from '../../../src/index.ts';
import { namesIn, putFile } from '../machine/union-machine.ts';
import { codeOf } from '../union/tree-of.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (content: Uint8Array): string => new TextDecoder().decode(content);

function two() {
  const machine = createMachine();
  return { machine, task: machine.task, other: machine.task.clone() as SystemCalls };
}

describe('tasks', () => {
  test("another task's descriptor or working directory makes umount say EBUSY", () => {
    const { task, other } = two();
    task.mkdir('/m');
    task.mount('x', '/m', 'tmpfs');
    const fd = other.open('/m/f', O_RDWR | O_CREAT);
    expect(codeOf(() => task.umount('/m'))).toBe('EBUSY');
    other.close(fd);
    other.chdir('/m');
    expect(codeOf(() => task.umount('/m'))).toBe('EBUSY');
    other.exit();
    expect(codeOf(() => task.umount('/m'))).toBeUndefined();
  });

  test('a child has the descriptors, and shares their positions', () => {
    const { task } = two();
    putFile(task, '/f', 'abcdef');
    const fd = task.open('/f', O_RDONLY);
    const child = task.clone();
    const into = new Uint8Array(3);
    task.read(fd, into);
    child.read(fd, into);
    expect(text(into)).toBe('def');
    task.close(fd);
    expect(child.fstat(fd).size).toBe(6);
    expect(codeOf(() => task.fstat(fd))).toBe('EBADF');
  });

  test('each has its own working directory, umask and credentials', () => {
    const { task, other } = two();
    task.mkdir('/d');
    task.chmod('/d', 0o777);
    other.chdir('/d');
    other.umask(0o077);
    other.setresuid(5, 5, 5);
    putFile(other, 'f', '', 0o666);
    expect(task.getcwd()).toBe('/');
    expect(task.stat('/d/f')).toMatchObject({ mode: 0o100600, uid: 5 });
    expect(codeOf(() => other.chown('f', 6, 6))).toBe('EPERM');
    expect(codeOf(() => other.mount('x', '/d', 'tmpfs'))).toBe('EPERM');
    expect(codeOf(() => other.chroot('/d'))).toBe('EPERM');
    expect(codeOf(() => other.setresuid(0, 0, 0))).toBe('EPERM');
    expect(codeOf(() => other.mknod('n', S_IFCHR, 5))).toBe('EPERM');
    expect(codeOf(() => task.chown('/d/f', 6, 6))).toBeUndefined();
  });

  test('mounts in a namespace of its own are seen by nobody else', () => {
    const { task, other } = two();
    task.mkdir('/m');
    other.unshare(CLONE_NEWNS);
    other.mount('x', '/m', 'tmpfs');
    putFile(other, '/m/f', '');
    expect([namesIn(task, '/m'), namesIn(other, '/m')]).toEqual([[], ['f']]);
    task.mount('y', '/m', 'tmpfs');
    expect(namesIn(other, '/m')).toEqual(['f']);
    expect(codeOf(() => other.umount('/m'))).toBeUndefined();
    expect(namesIn(other, '/m')).toEqual([]);
  });

  test('a mount that was detached goes with its last user', () => {
    const { machine, task, other } = two();
    task.mkdir('/m');
    task.mount('x', '/m', 'tmpfs');
    const fd = other.open('/m/f', O_RDWR | O_CREAT);
    const before = machine.kernel.superblocks.size;
    task.umount('/m', MNT_DETACH);
    other.write(fd, bytes('still'));
    expect(machine.kernel.superblocks.size).toBe(before);
    other.close(fd);
    expect(machine.kernel.superblocks.size).toBe(before - 1);
  });
});

describe('waiting', () => {
  test('for the other end of a fifo, for bytes and for room', () => {
    const { task, other } = two();
    task.mknod('/p', S_IFIFO | 0o600, 0);
    expect(() => task.open('/p', O_RDONLY)).toThrow(WouldBlock);
    expect(() => task.open('/p', O_WRONLY)).toThrow(WouldBlock);
    const both = other.open('/p', O_RDWR);
    const [reader, writer] = [task.open('/p', O_RDONLY), other.open('/p', O_WRONLY)];
    const into = new Uint8Array(10);
    expect(() => task.read(reader, into)).toThrow(/waits for|bytes in fifo/);
    other.write(writer, bytes('hello'));
    expect(task.read(reader, into)).toBe(5);
    expect(other.write(writer, new Uint8Array(65_536))).toBe(65_536);
    expect(() => other.write(writer, new Uint8Array(1))).toThrow(WouldBlock);
    task.read(reader, new Uint8Array(4096));
    expect(other.write(writer, new Uint8Array(1))).toBe(1);
    for (const fd of [both, writer]) other.close(fd);
    expect(task.read(reader, new Uint8Array(100_000))).toBe(61_441);
    expect(task.read(reader, into)).toBe(0);
  });

  test('for a lock, which is kept meanwhile', () => {
    const { task, other } = two();
    putFile(task, '/f', '');
    const [a, b] = [task.open('/f', O_RDONLY), other.open('/f', O_RDONLY)];
    task.flock(a, LOCK_SH);
    other.flock(b, LOCK_SH);
    expect(() => other.flock(b, LOCK_EX)).toThrow(WouldBlock);
    expect(() => task.flock(a, LOCK_EX)).toThrow(WouldBlock);
    task.flock(a, LOCK_UN);
    other.flock(b, LOCK_EX);
    expect(() => task.flock(a, LOCK_SH)).toThrow(WouldBlock);
    other.exit();
    task.flock(a, LOCK_EX);
  });
});

describe('time', () => {
  test('moves with nanosleep and runs the timers that fall due', () => {
    const { machine, task } = two();
    const { kernel } = machine;
    const start = kernel.now();
    const order: string[] = [];
    const in_ = (sec: number, name: string) =>
      kernel.timers.add({ ...start, sec: start.sec + sec }, () => order.push(name));
    in_(3, 'third');
    in_(1, 'first');
    in_(2, 'second');
    const cancel = in_(2, 'cancelled');
    cancel();
    task.nanosleep({ sec: 2, nsec: 500_000_000 });
    expect(order).toEqual(['first', 'second']);
    expect(kernel.timers.next).toEqual({ ...start, sec: start.sec + 3 });
    task.nanosleep({ sec: 1, nsec: 0 });
    expect(order).toEqual(['first', 'second', 'third']);
    expect(kernel.now().sec - start.sec).toBe(3);
    for (const bad of [
      { sec: -1, nsec: 0 },
      { sec: 0, nsec: 1_000_000_000 },
      { sec: 0, nsec: -1 },
    ]) {
      expect(codeOf(() => task.nanosleep(bad))).toBe('EINVAL');
    }
  });

  test('is that of the file that was written then', () => {
    const { task } = two();
    putFile(task, '/f', '');
    const before = task.stat('/f').mtime;
    task.nanosleep({ sec: 100, nsec: 7 });
    task.truncate('/f', 1);
    expect(task.stat('/f').mtime.sec - before.sec).toBe(100);
  });
});

describe('exec', () => {
  test('runs the program that is known for the file', () => {
    const { machine, task } = two();
    machine.register('/bin/echo', (self, argv) => {
      putFile(self, '/out', argv.join(' '));
      return 7;
    });
    expect(codeOf(() => task.exec('/bin/echo', []))).toBe('ENOENT');
    task.mkdir('/bin');
    putFile(task, '/bin/echo', '', 0o644);
    expect(codeOf(() => task.exec('/bin/echo', []))).toBe('EACCES');
    task.chmod('/bin/echo', 0o755);
    expect(task.exec('/bin/echo', ['echo', 'a'])).toBe(7);
    expect(task.stat('/out').size).toBe(6);
    task.symlink('/bin/echo', '/link');
    expect(task.exec('/link', [])).toBe(7);
    putFile(task, '/bin/other', '', 0o755);
    expect(codeOf(() => task.exec('/bin/other', []))).toBe('ENOEXEC');
    expect(codeOf(() => task.exec('/bin', []))).toBe('EACCES');
    task.mount('/bin', '/bin', '', '', MS_BIND);
    task.mount('', '/bin', '', '', MS_BIND | MS_REMOUNT | MS_NOEXEC);
    expect(codeOf(() => task.exec('/bin/echo', []))).toBe('EACCES');
    task.umount('/bin');
    expect(machine.fork().task.exec('/bin/echo', [])).toBe(7);
  });
});

describe('mmap', () => {
  test('shared: the file and every mapping see what is written', () => {
    const { task, other } = two();
    putFile(task, '/f', 'abcdef');
    const fd = task.open('/f', O_RDWR);
    const region = task.mmap(fd, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED);
    const seen = other.mmap(other.open('/f', O_RDONLY), 0, 6, PROT_READ, MAP_SHARED);
    task.close(fd);
    region.write(2, bytes('XY'));
    expect(text(seen.read(0, 6))).toBe('abXYef');
    expect(codeOf(() => seen.write(0, bytes('x')))).toBe('EFAULT');
    region.write(100, bytes('beyond'));
    expect(task.stat('/f').size).toBe(6);
    expect(codeOf(() => region.read(4096, 1))).toBe('EFAULT');
    region.unmap();
    expect(codeOf(() => region.read(0, 1))).toBe('EFAULT');
  });

  test('private: nobody else sees it', () => {
    const { task } = two();
    putFile(task, '/f', 'abcdef');
    const fd = task.open('/f', O_RDONLY);
    const region = task.mmap(fd, 0, 6, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    region.write(0, bytes('Z'));
    expect(text(region.read(0, 3))).toBe('Zbc');
    expect(text(task.mmap(fd, 0, 6, PROT_READ, MAP_SHARED).read(0, 3))).toBe('abc');
  });

  test('refuses what Linux refuses', () => {
    const { task } = two();
    putFile(task, '/f', 'abcdef');
    task.mknod('/p', S_IFIFO | 0o600, 0);
    const map = (path: string, flags: number, protection: number, kind: number, offset = 0, length = 6) =>
      codeOf(() => task.mmap(task.open(path, flags), offset, length, protection, kind));
    expect(map('/f', O_RDONLY, PROT_READ | PROT_WRITE, MAP_SHARED)).toBe('EACCES');
    expect(map('/f', O_WRONLY, PROT_READ, MAP_SHARED)).toBe('EACCES');
    expect(map('/f', O_RDWR, PROT_READ, MAP_SHARED, 1)).toBe('EINVAL');
    expect(map('/f', O_RDWR, PROT_READ, MAP_SHARED, 0, 0)).toBe('EINVAL');
    expect(map('/f', O_RDWR, PROT_READ, 0)).toBe('EINVAL');
    expect(map('/p', O_RDWR, PROT_READ, MAP_SHARED)).toBe('ENODEV');
    expect(map('/', O_RDONLY, PROT_READ, MAP_SHARED)).toBe('ENODEV');
  });
});

/** A disk of 4 KiB. */
function diskOf(content: Uint8Array): BlockDevice {
  return {
    blockSize: 512,
    size: content.length,
    read: (offset, into) => into.set(content.subarray(offset, offset + into.length)),
    write: (offset, data) => content.set(data, offset),
    discard: () => {},
    flush: () => {},
    fork: () => diskOf(content.slice()),
  };
}

describe('devices', () => {
  test('are known by their numbers; without a driver ENXIO', () => {
    const { machine, task } = two();
    const disk = new Uint8Array(4096);
    machine.kernel.devices.registerBlock(0x801, diskOf(disk));
    task.mknod('/disk', S_IFBLK | 0o600, 0x801);
    task.mknod('/none', S_IFBLK | 0o600, 0x802);
    expect(codeOf(() => task.open('/none', O_RDWR))).toBe('ENXIO');
    const fd = task.open('/disk', O_RDWR);
    task.pwrite(fd, bytes('across'), 509);
    expect(text(disk.subarray(509, 515))).toBe('across');
    const into = new Uint8Array(6);
    expect(task.pread(fd, into, 509)).toBe(6);
    expect(text(into)).toBe('across');
    expect(task.pread(fd, into, 4094)).toBe(2);
    expect(task.pwrite(fd, new Uint8Array(9), 4090)).toBe(6);
    expect(codeOf(() => task.pwrite(fd, new Uint8Array(9), 4096))).toBe('ENOSPC');
    machine.fork().task.pwrite(fd, bytes('forked'), 509);
    task.pread(fd, into, 509);
    expect(text(into)).toBe('across');
  });
});
