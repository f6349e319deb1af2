/** The short texts that drivers keep beside a layer: links, lists of parents, marks. */
import { O_CLOEXEC, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY } from '../abi/flags.ts';
import type { Task } from '../kernel/task.ts';
import { isErrno } from './refusal.ts';

const READ_SIZE = 4096;

/** The whole text of a file. */
export function readText(task: Task, path: string): string {
  const fd = task.open(path, O_RDONLY | O_CLOEXEC);
  try {
    const decoder = new TextDecoder();
    const chunk = new Uint8Array(READ_SIZE);
    let text = '';
    for (let length = task.read(fd, chunk); length > 0; length = task.read(fd, chunk)) {
      text += decoder.decode(chunk.subarray(0, length), { stream: true });
    }
    return text + decoder.decode();
  } finally {
    task.close(fd);
  }
}

/** As `readText`; `undefined` where there is no such file. */
export function readTextIfPresent(task: Task, path: string): string | undefined {
  try {
    return readText(task, path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Makes the file hold that text and nothing else; `mode` counts where it is new. */
export function writeText(task: Task, path: string, text: string, mode: number): void {
  const fd = task.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  try {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; ) at += task.write(fd, bytes.subarray(at));
  } finally {
    task.close(fd);
  }
}
