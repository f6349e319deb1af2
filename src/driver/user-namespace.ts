/** Whether the daemon runs in a container of its own. @see containerd pkg/userns/userns_linux.go */
import type { Task } from '../kernel/task.ts';
import { unlessRefused } from './refusal.ts';
import { readText } from './text-file.ts';

/** Whether the task's user namespace is not the machine's; without /proc nobody can tell. @see userns.RunningInUserNS */
export function runningInUserNamespace(task: Task): boolean {
  const map = unlessRefused(() => readText(task, '/proc/self/uid_map'), '');
  if (map === '') return false;
  const [inside, outside, count] = map.split('\n')[0]!.trim().split(/\s+/).map(Number);
  return inside !== 0 || outside !== 0 || count !== 4294967295;
}
