/** A machine that knows AUFS, and small things that tests do with its files. */
import { O_CREAT, O_DIRECTORY, O_RDONLY, O_TRUNC, O_WRONLY } from '../../../../src/abi/flags.ts';
import { aufs } from '../../../../src/filesystem/aufs/index.ts';
import { overlayfs } from '../../../../src/filesystem/overlayfs/index.ts';
import { proc } from '../../../../src/filesystem/proc/index.ts';
import { tmpfs } from '../../../../src/filesystem/tmpfs/index.ts';
import type { Task } from '../../../../src/kernel/task.ts';
import { Machine } from '../../../../src/machine/machine.ts';

/** What Docker mounts with; the directory of the numbers' file must be there. */
export const DOCKER_OPTIONS = 'dio,xino=/dev/shm/aufs.xino,dirperm1';

/** A machine that is up, with these directories. */
export function aufsMachine(...directories: string[]): Machine {
  const machine = new Machine({ filesystems: [tmpfs, overlayfs, proc], modules: [aufs] });
  machine.boot();
  for (const path of directories) machine.task.mkdir(path, 0o755);
  return machine;
}

/** Makes the file, or writes over it. */
export function write(task: Task, path: string, text: string): void {
  const fd = task.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644);
  task.write(fd, new TextEncoder().encode(text));
  task.close(fd);
}

export function read(task: Task, path: string): string {
  const fd = task.open(path, O_RDONLY);
  const text = readOpen(task, fd);
  task.close(fd);
  return text;
}

/** What an open file holds, from its start. */
export function readOpen(task: Task, fd: number): string {
  const bytes = new Uint8Array(4096);
  return new TextDecoder().decode(bytes.subarray(0, task.pread(fd, bytes, 0)));
}

/** The names in a directory, without `.` and `..`, sorted. */
export function names(task: Task, path: string): string[] {
  const fd = task.open(path, O_RDONLY | O_DIRECTORY);
  const found = task.getdents(fd).map(({ name }) => name);
  task.close(fd);
  return found.filter((name) => name !== '.' && name !== '..').sort();
}
