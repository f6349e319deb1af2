/** A descriptor opened for reading before the copy-up: what it shows depends on the generation of the kernel. */
import { describe, expect, test } from 'vitest';
import { O_RDONLY, O_TRUNC, O_WRONLY, SEEK_END } from '../../../../src/abi/flags.ts';
import { linux_6_18 } from '../../../../src/kernel/profile.ts';
import type { Task } from '../../../../src/kernel/task.ts';
import { bootfsOf } from '../../../../src/machine/bootfs.ts';
import { createMachine } from '../../../../src/union/create-machine.ts';
import { putFile } from '../../machine/union-machine.ts';

/** A mounted overlay of such a kernel, with the file `/m/f` in its lower layer. */
function mounted(stackedFileOperations: boolean): Task {
  const machine = createMachine({ bootfs: bootfsOf({ ...linux_6_18, stackedFileOperations }) });
  machine.boot();
  const { task } = machine;
  for (const path of ['/l', '/u', '/w', '/m']) task.mkdir(path);
  putFile(task, '/l/f', 'old content');
  task.mount('overlay', '/m', 'overlay', 'lowerdir=/l,upperdir=/u,workdir=/w');
  return task;
}

function contentOf(task: Task, fd: number): string {
  const bytes = new Uint8Array(100);
  return new TextDecoder().decode(bytes.subarray(0, task.pread(fd, bytes, 0)));
}

function write(task: Task, path: string, text: string): void {
  const fd = task.open(path, O_WRONLY | O_TRUNC);
  task.write(fd, new TextEncoder().encode(text));
  task.close(fd);
}

describe('a descriptor from before the copy-up', () => {
  test('shows the new content since Linux 4.19', () => {
    const task = mounted(true);
    const fd = task.open('/m/f', O_RDONLY);
    write(task, '/m/f', 'new');
    expect(contentOf(task, fd)).toBe('new');
    expect(task.lseek(fd, 0, SEEK_END)).toBe(3);
  });

  test('goes on with the lower file in kernels before, though the name shows the new one', () => {
    const task = mounted(false);
    const fd = task.open('/m/f', O_RDONLY);
    write(task, '/m/f', 'new');
    expect(contentOf(task, fd)).toBe('old content');
    expect(task.lseek(fd, 0, SEEK_END)).toBe(11);
    task.fsync(fd);
    expect(task.fstat(fd).size).toBe(3);
    expect(contentOf(task, task.open('/m/f', O_RDONLY))).toBe('new');
  });

  test('tells the time of access of the upper file in both', () => {
    for (const generation of [true, false]) {
      const task = mounted(generation);
      const fd = task.open('/m/f', O_RDONLY);
      task.chmod('/m/f', 0o600);
      task.utimensat(-100, '/m/f', { sec: 1, nsec: 0 }, { sec: 2, nsec: 0 }, 0);
      contentOf(task, fd);
      expect(task.stat('/m/f').atime.sec).toBeGreaterThan(1);
    }
  });
});
