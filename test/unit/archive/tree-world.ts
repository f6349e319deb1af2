/** Small trees on a machine in memory. */
import { join } from 'node:path';
import { isCharacterDevice, isDirectory, isRegular, isSymlink } from '../../../src/abi/mode.ts';
import { listNames } from '../../../src/archive/list-names.ts';
import { createMachine } from '../../../src/index.ts';
import type { Task } from '../../../src/kernel/task.ts';

export type World = ReturnType<typeof createMachine>;

/** A machine with empty directories of those names. */
export function world(...directories: string[]): World {
  const machine = createMachine();
  for (const directory of directories) machine.task.mkdir(directory, 0o755);
  return machine;
}

/** The times of everything at `path` and below become that second, deepest first. */
export function setTimes(task: Task, path: string, sec: number, nsec = 0): void {
  if (isDirectory(task.lstat(path).mode)) {
    for (const name of listNames(task, path)) setTimes(task, join(path, name), sec, nsec);
  }
  task.utimensat(-100, path, { sec, nsec }, { sec, nsec }, 0x100);
}

/** What lies below a directory: files by name with their bytes, links with their targets, whiteouts as such. */
export function treeOf({ task, fs }: World, directory: string, below = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of listNames(task, join(directory, below))) {
    const path = join(below, name);
    const file = join(directory, path);
    const { mode, rdev } = task.lstat(file);
    if (isDirectory(mode)) Object.assign(found, { [path]: '/' }, treeOf({ task, fs } as World, directory, path));
    else if (isRegular(mode)) found[path] = fs.readFileSync(file, 'utf8') as string;
    else if (isSymlink(mode)) found[path] = `-> ${task.readlink(file)}`;
    else found[path] = isCharacterDevice(mode) ? `char ${rdev}` : `mode ${mode.toString(8)}`;
  }
  return found;
}
