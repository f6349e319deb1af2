/** Ids that mean nothing: cache-ids and mount-ids. @see moby pkg/stringid */
import type { Task } from '../kernel/task.ts';

/** Ids that a driver's folders and the layerdb may hold. */
export const isID = (text: string): boolean => /^[a-f0-9]{64}(-init)?$/.test(text);

/** 64 hex digits, drawn again while the first twelve would read as a number. */
export function randomID(task: Task): string {
  const bytes = new Uint8Array(32);
  for (;;) {
    task.getrandom(bytes);
    const id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    if (!/^[0-9]{12}/.test(id)) return id;
  }
}
