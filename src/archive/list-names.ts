/** What is in a directory: entries, names, paths. */
import { O_DIRECTORY, O_RDONLY } from '../abi/flags.ts';
import { compareNames } from '../abi/name-bytes.ts';
import type { Dirent } from '../abi/stat.ts';
import type { Task } from '../kernel/task.ts';

/** The entries of a directory but `.` and `..`, sorted by the bytes of their names. */
export function listEntries(task: Task, directory: string): Dirent[] {
  const fd = task.open(directory, O_RDONLY | O_DIRECTORY);
  try {
    const found: Dirent[] = [];
    for (let entries = task.getdents(fd); entries.length > 0; entries = task.getdents(fd)) {
      for (const entry of entries) if (entry.name !== '.' && entry.name !== '..') found.push(entry);
    }
    return found.sort((a, b) => compareNames(a.name, b.name));
  } finally {
    task.close(fd);
  }
}

/** The names in a directory, sorted by their bytes. */
export const listNames = (task: Task, directory: string): string[] =>
  listEntries(task, directory).map(({ name }) => name);

/** The paths of the names in a directory, or of those that `isMeant`, sorted by the bytes of the names. */
export function listPaths(task: Task, directory: string, isMeant: (name: string) => boolean = () => true): string[] {
  const above = directory === '/' ? '' : directory;
  return listNames(task, directory)
    .filter(isMeant)
    .map((name) => `${above}/${name}`);
}
