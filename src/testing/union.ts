/** The union that a sequence works in: which directories it is made of, and its mounting. */
import { attempt, type SubjectTask } from './subject.ts';

/** An overlay mount, as plain data. */
export interface Union {
  /** The directory in which all the others lie. */
  readonly base: string;
  /** How many lower layers there were at the beginning: `lower0` is the topmost. */
  readonly lowers: number;
  /** How many upper layers have become lower ones: `upper0` … lie above `lower0`. */
  readonly committed: number;
  /** Mount options behind the directories, with their comma: `,index=on`. */
  readonly options: string;
  /** `MS_…` */
  readonly flags: number;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

export const mergedOf = (union: Union): string => `${union.base}/merged`;
export const upperOf = (union: Union): string => `${union.base}/upper${union.committed}`;
export const workOf = (union: Union): string => `${union.base}/work${union.committed}`;

/** The lower layers, the topmost first. */
export const lowersOf = (union: Union): string[] => [
  ...range(union.committed).map((index) => `${union.base}/upper${union.committed - 1 - index}`),
  ...range(union.lowers).map((index) => `${union.base}/lower${index}`),
];

/** Mounts the union; makes its upper layer and work directory where they are missing. */
export function mountUnion(task: SubjectTask, union: Union): void {
  const [upper, work] = [upperOf(union), workOf(union)];
  attempt(() => task.mkdir(upper, 0o755));
  attempt(() => task.mkdir(work, 0o755));
  const directories = `lowerdir=${lowersOf(union).join(':')},upperdir=${upper},workdir=${work}`;
  task.mount('overlay', mergedOf(union), 'overlay', directories + union.options, union.flags);
}

export function unmountUnion(task: SubjectTask, union: Union): void {
  task.umount(mergedOf(union));
}
