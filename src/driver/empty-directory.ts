/** Whether something was left in a directory. @see moby daemon/graphdriver/driver.go (isEmptyDir, IsInitialized) */
import { O_CLOEXEC, O_DIRECTORY, O_RDONLY } from '../abi/flags.ts';
import type { Task } from '../kernel/task.ts';
import { unlessRefused } from './refusal.ts';

/** An empty directory has `.` and `..`. */
const EMPTY = 2;

/** Whether nothing is in the directory; what is no directory, or cannot be read, is not empty. */
export const isEmptyDirectory = (task: Task, path: string): boolean =>
  unlessRefused(() => firstNames(task, path, EMPTY + 1) <= EMPTY, false);

/** How many names a directory has, `.` and `..` included; counted up to `most`. */
function firstNames(task: Task, directory: string, most: number): number {
  const fd = task.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  try {
    return task.getdents(fd, most).length;
  } finally {
    task.close(fd);
  }
}
