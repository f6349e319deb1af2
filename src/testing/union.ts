/** The union that a sequence works in: which directories it is made of, and its mounting. */
import { MS_NOATIME } from '../abi/flags.ts';
import { attempt, type Subject, type SubjectTask } from './subject.ts';

/**
 * Where the layers lie. `one`: all on one tmpfs. `two`: the upper layer and workdir on one, the lower layers on
 * another. `foreign`: the lower layers on a filesystem that has neither file handles nor extended attributes.
 * `nested`: the lower layers inside the merged tree of another union.
 */
export type Layout = 'one' | 'two' | 'foreign' | 'nested';
export const layouts: readonly Layout[] = ['one', 'two', 'foreign', 'nested'];

/** An overlay mount, as plain data. */
export interface Union {
  /** The directory in which all the others lie. */
  readonly base: string;
  readonly layout: Layout;
  /** How many lower layers there were at the beginning: `lower0` is the topmost. */
  readonly lowers: number;
  /** How many layers of data alone lie below them. */
  readonly data: number;
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
/** Listings tell the numbers of the layers, which stat(2) tells with other devices or not at all. */
export const listsLayerNumbers = ({ layout, options }: Union): boolean =>
  layout !== 'one' && !options.split(',').includes('xino=on');
/** Where the lower layers' own filesystem is mounted, if they have one. */
export const lowOf = (union: Union): string => (union.layout === 'one' ? union.base : `${union.base}/low`);

/** The lower layers that there were at the beginning, the topmost first, and the layers of data alone. */
export const builtOf = (union: Union): string[] => [
  ...range(union.lowers).map((index) => `${lowOf(union)}/lower${index}`),
  ...range(union.data).map((index) => `${lowOf(union)}/data${index}`),
];

/** The lower layers, the topmost first. */
export const lowersOf = (union: Union): string[] => [
  ...range(union.committed).map((index) => `${union.base}/upper${union.committed - 1 - index}`),
  ...builtOf(union).slice(0, union.lowers),
];

const NESTED = ['in/lower', 'in/upper', 'in/work'];

/**
 * Mounts what the lower layers lie on.
 *
 * @returns whether they have still to be built there
 */
export function mountLow(subject: Subject, union: Union): boolean {
  const { task } = subject;
  const low = lowOf(union);
  if (union.layout === 'one') return true;
  task.mkdir(low, 0o755);
  if (union.layout === 'foreign') return subject.mountForeign?.(low) ?? true;
  if (union.layout === 'two') task.mount('tmpfs', low, 'tmpfs', 'size=16m,nr_inodes=1000,mode=755', MS_NOATIME);
  else {
    for (const name of ['in', ...NESTED]) task.mkdir(`${union.base}/${name}`, 0o755);
    const [lower, upper, work] = NESTED.map((name) => `${union.base}/${name}`);
    task.mount('overlay', low, 'overlay', `lowerdir=${lower},upperdir=${upper},workdir=${work}`, MS_NOATIME);
  }
  return true;
}

/** Mounts the union; makes its upper layer and work directory where they are missing. */
export function mountUnion(task: SubjectTask, union: Union): void {
  const [upper, work] = [upperOf(union), workOf(union)];
  attempt(() => task.mkdir(upper, 0o755));
  attempt(() => task.mkdir(work, 0o755));
  const data = builtOf(union).slice(union.lowers);
  const lowers = [lowersOf(union).join(':'), ...data].join('::');
  task.mount(
    'overlay',
    mergedOf(union),
    'overlay',
    `lowerdir=${lowers},upperdir=${upper},workdir=${work}${union.options}`,
    union.flags,
  );
}

export function unmountUnion(task: SubjectTask, union: Union): void {
  task.umount(mergedOf(union));
}

/** Removes the mark of a mount that did not care for crashes, as its user has to before the next one. */
export function clearGuard(task: SubjectTask, union: Union): void {
  const guard = `${workOf(union)}/work/incompat`;
  attempt(() => task.unlink(`${guard}/volatile/dirty`));
  attempt(() => task.rmdir(`${guard}/volatile`));
  attempt(() => task.rmdir(guard));
}
