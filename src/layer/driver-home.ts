/** The ids of the layers that a driver's home holds, which no driver lists by itself. */
import { isDirectory } from '../abi/mode.ts';
import { listNames } from '../archive/list-names.ts';
import type { ProtoDriver } from '../driver/driver.ts';
import type { Task } from '../kernel/task.ts';
import { isID } from './random-id.ts';

/** What is called like a layer in the home, or in a folder of it, and is one to the driver; sorted. */
export function layersOf(task: Task, driver: ProtoDriver): string[] {
  const names = new Set(namesIn(task, driver.home));
  for (const name of [...names]) {
    if (!isID(name)) for (const below of namesIn(task, `${driver.home}/${name}`)) names.add(below);
  }
  return [...names].filter((name) => isID(name) && driver.exists(name)).sort();
}

function namesIn(task: Task, directory: string): string[] {
  const stat = task.statIfPresent(directory);
  return stat !== undefined && isDirectory(stat.mode) ? listNames(task, directory) : [];
}
