/** A machine with one disk of the kind that is asked for, mounted at `/disk`. */
import { makedev, O_CREAT, O_RDONLY, O_WRONLY, S_IFBLK } from '../../../../src/abi/index.ts';
import { diskLike, type DiskLikeOptions } from '../../../../src/filesystem/tmpfs/index.ts';
import { createMachine } from '../../../../src/index.ts';
import type { Task } from '../../../../src/kernel/index.ts';

export const DEVICE = makedev(254, 1);

export function machineWith(options: DiskLikeOptions) {
  const machine = createMachine({ filesystems: [diskLike(options)] });
  const { task } = machine;
  for (const name of ['/dev', '/disk']) task.mkdir(name);
  task.mknod('/dev/vda1', S_IFBLK | 0o600, DEVICE);
  return machine;
}

export function diskMachine(options: DiskLikeOptions, data = '') {
  const machine = machineWith(options);
  machine.task.mount('/dev/vda1', '/disk', options.type, data);
  return machine;
}

/** The error code of a refusal, 'ok' where there is none. */
export function codeOf(act: () => unknown): string {
  try {
    act();
    return 'ok';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** Writes a new file of that many bytes; answers how many were taken. */
export function putBytes(task: Task, path: string, bytes: number): number {
  const fd = task.open(path, O_CREAT | O_WRONLY, 0o644);
  try {
    return bytes === 0 ? 0 : task.write(fd, new Uint8Array(bytes).fill(1));
  } finally {
    task.close(fd);
  }
}

/** The names of a directory, each with the type that its entry tells. */
export function listing(task: Task, path: string): string {
  const fd = task.open(path, O_RDONLY);
  const entries = task.getdents(fd).map(({ name, type }) => `${name}:${type}`);
  task.close(fd);
  return entries.sort().join(' ');
}
