/** Stands in for the comparison of two trees until it is there. */
import type { Task } from '../../kernel/task.ts';
import type { DiffDriver, ProtoDriver } from '../driver.ts';

export function naiveDiff(_task: Task, { name }: ProtoDriver): DiffDriver {
  const refuse = (): never => {
    throw new Error(`${name}: two trees cannot be compared yet`);
  };
  return { changes: refuse, diff: refuse, applyDiff: refuse, diffSize: refuse };
}
