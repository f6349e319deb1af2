/** Writes down every call and its answer, in words that mean the same on every machine. */
import { O_DIRECTORY, O_RDONLY } from '../../src/abi/flags.ts';
import { isDirectory } from '../../src/abi/mode.ts';
import type { Stat } from '../../src/abi/stat.ts';
import { resultOf } from '../../src/testing/subject.ts';
import type { InotifyEvent } from '../../src/kernel/inotify.ts';
import type { JailedTask } from './jail.ts';

/** The task of a case: no call throws; one that fails answers −1. */
export type Recorded = JailedTask & {
  /** Writes `content` into a new or emptied file. */
  put(path: string, content?: string): void;
  /** The content of the file. */
  get(path: string): void;
  /** Whether two paths lead to the same object. */
  same(a: string, b: string): void;
  /** Whether the time of access is younger than the year 2010. */
  accessed(path: string): void;
  /** What the directory holds, by type, links and the names of attributes: where names themselves are random. */
  census(directory: string): void;
  /** Runs a step whose values differ from machine to machine: only whether it has failed is written down. */
  quietly(step: (task: JailedTask) => void): void;
};

const OPENING = new Set(['open', 'openat', 'dup', 'inotifyInit']);
/** Calls whose first parameter is a descriptor, beside those that begin with an f. */
const BY_DESCRIPTOR =
  /^(read|write|pread|pwrite|lseek|getdents|ioctl|getfl|setfl|copyFileRange|close|dup|flock|openat|mkdirat|unlinkat|syncfs|inotify(AddWatch|RemoveWatch|Read))$/;
const takesDescriptor = (call: string): boolean => BY_DESCRIPTOR.test(call) || /^f(?!at)/.test(call);

function told(call: string, answer: unknown): string {
  if (OPENING.has(call)) return 'descriptor';
  if (/stat(at)?$/.test(call)) return stat(answer as Stat);
  if (call === 'statx') return statx(answer as Stat);
  if (call === 'statfs' || call === 'fstatfs') return '';
  if (call === 'getdents')
    return (answer as { name: string }[])
      .map(({ name }) => name)
      .sort()
      .join(' ');
  if (call === 'inotifyRead') return (answer as InotifyEvent[]).map(event).join('; ');
  if (call === 'mounts') return mounts(answer as string);
  if (answer instanceof Uint8Array) return new TextDecoder().decode(answer);
  return typeof answer === 'object' ? JSON.stringify(answer) : String(answer);
}

const event = ({ watch, mask, cookie, name }: InotifyEvent): string =>
  `${watch} ${(mask >>> 0).toString(16)}${cookie === 0 ? '' : ' moved'} ${name ?? ''}`;

const stat = ({ mode, nlink, uid, gid, size, rdev }: Stat): string =>
  `${mode.toString(8)} ${isDirectory(mode) ? '' : `${nlink} ${size}`} ${uid}:${gid} ${rdev}`;

const statx = (told: Stat): string =>
  `${stat(told)} attributes ${told.attributes!.toString(16)} of ${told.attributesMask!.toString(16)}`;

/** What a kernel's configuration adds to the options of tmpfs is left out. */
const mounts = (text: string): string => text.replaceAll(',inode64', '').replaceAll(',noswap', '');

/** One line for each entry, in an order that does not come from their names. */
function censusOf(task: JailedTask, directory: string): string {
  const fd = task.open(directory, O_RDONLY | O_DIRECTORY);
  const names = task.getdents(fd).map(({ name }) => name);
  task.close(fd);
  const lines = names
    .filter((name) => name !== '.' && name !== '..')
    .map((name) => `${stat(task.lstat(`${directory}/${name}`))} ${task.llistxattr(`${directory}/${name}`).sort()}`);
  return lines.sort().join('; ');
}

const shown = (value: unknown): string => {
  if (typeof value === 'function') return '…';
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  const text = typeof value === 'string' || typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 20)}…(${text.length})` : text;
};

export function recorder(task: JailedTask, answers: string[]): Recorded {
  const run = (call: string, values: unknown[], action: () => unknown): unknown => {
    let answer: unknown = -1;
    const result = resultOf(() => {
      answer = action();
      return told(call, answer);
    });
    answers.push(`${call}(${values.map(shown).join(', ')}) = ${Object.values(result)[0]}`);
    return answer;
  };
  const extra: Record<string, (...values: never[]) => unknown> = {
    put: (path: string, content = 'x') => {
      const fd = task.open(path, 0o1101, 0o644);
      task.write(fd, new TextEncoder().encode(content));
      task.close(fd);
    },
    get: (path: string) => {
      const fd = task.open(path, 0);
      const into = new Uint8Array(100);
      const text = new TextDecoder().decode(into.subarray(0, task.read(fd, into)));
      task.close(fd);
      return text;
    },
    accessed: (path: string) => task.lstat(path).atime.sec > 1_262_304_000,
    census: (directory: string) => censusOf(task, directory),
    quietly: (step: (task: JailedTask) => void) => {
      step(task);
      return '';
    },
    same: (a: string, b: string) => {
      const [first, second] = [task.stat(a), task.stat(b)];
      return first.dev === second.dev && first.ino === second.ino;
    },
  };
  return new Proxy({} as Recorded, {
    get(_, call: string) {
      const own = extra[call];
      const action = own ?? (task[call as keyof JailedTask] as (...values: unknown[]) => unknown).bind(task);
      return (...values: never[]) => {
        const parameters = takesDescriptor(call) ? ['descriptor', ...values.slice(1)] : values;
        if (call === 'copyFileRange') parameters[2] = 'descriptor';
        return run(call, parameters, () => action(...values));
      };
    },
  });
}
