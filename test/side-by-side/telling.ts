/**
 * What a union tells, in words that two union filesystems can share: numbers of inodes, order of listings, times of
 * access, and everything about directories but owner and mode are each one's own.
 */
import { O_DIRECTORY, O_NOATIME, O_NOFOLLOW, O_RDONLY } from '../../src/abi/flags.ts';
import { isDirectory, isRegular, isSymlink } from '../../src/abi/mode.ts';
import type { Stat } from '../../src/abi/stat.ts';
import type { Operation } from '../../src/testing/operations.ts';
import { describeBytes } from '../../src/testing/describe.ts';
import { RUN_BEGINS } from '../../src/testing/masks.ts';
import { type Result, resultOf, type SubjectTask } from '../../src/testing/subject.ts';

const STATS = new Set<Operation['call']>(['stat', 'lstat', 'fstat', 'fstatat', 'statx']);

/** `#3 100644 nlink=1 0:0 size=4 …` of a file, `40755 0:0` of a directory. */
function statInWords(text: string): string {
  const words = text.split(' ').slice(1);
  const isKept = (word: string): boolean => !/^(atime|btime|blocks|blksize|attributes|of|[0-9a-f]+$)/.test(word);
  const kept = [words[0]!, ...words.slice(1).filter(isKept)];
  return words[0]!.startsWith('4') ? kept.filter((word) => /^[0-7]{5,}$|:/.test(word)).join(' ') : kept.join(' ');
}

/** The answer of a call, a line each; listings without numbers, and sorted. */
export function inWords({ call }: Operation, result: Result): string[] {
  if (!('ok' in result)) return Object.entries(result).map(([key, value]) => `${key} ${value}`);
  if (STATS.has(call)) return [`ok ${statInWords(result.ok)}`];
  const lines = result.ok.split('\n').map((line) => (call === 'getdents' ? line.replace(/ #\d+$/, '') : line));
  return (call === 'getdents' || call.endsWith('listxattr') ? lines.sort() : lines).map((line) => `ok ${line}`);
}

/** A tree: for each path one line, or the code of the call that failed. */
export type Told = ReadonlyMap<string, string>;

const told = (action: () => string): string => {
  const result = resultOf(action);
  return 'ok' in result ? result.ok : 'err' in result ? `!${result.err}` : `!crash ${result.crash}`;
};

/** The tree at `root`; files are read only where their contents are wanted, as that alone makes AUFS write. */
export function treeInWords(task: SubjectTask, root: string, withContent: boolean): Told {
  const tree = new Map<string, string>();
  const first = new Map<number, string>();
  const visit = (path: string): void => {
    const at = path === '' ? root : `${root}/${path}`;
    let stat: Stat | undefined;
    const line = told(() => entryInWords(task, at, (stat = task.lstat(at)), withContent));
    if (stat !== undefined && !isDirectory(stat.mode) && !first.has(stat.ino)) first.set(stat.ino, path);
    const same = stat === undefined || isDirectory(stat.mode) ? path : first.get(stat.ino)!;
    tree.set(path, same === path ? line : `${line} is ${same}`);
    if (stat === undefined || !isDirectory(stat.mode)) return;
    const listed = told(() => namesOf(task, at).join('\n'));
    if (listed.startsWith('!')) tree.set(`${path}/`, listed);
    else for (const name of listed.split('\n').filter(Boolean)) visit(path === '' ? name : `${path}/${name}`);
  };
  visit('');
  return tree;
}

function namesOf(task: SubjectTask, path: string): string[] {
  const fd = task.open(path, O_RDONLY | O_DIRECTORY | O_NOATIME);
  try {
    const names = task.getdents(fd).map(({ name }) => name);
    return names.filter((name) => name !== '.' && name !== '..').sort();
  } finally {
    task.close(fd);
  }
}

function entryInWords(task: SubjectTask, path: string, stat: Stat, withContent: boolean): string {
  const words = [stat.mode.toString(8), `${stat.uid}:${stat.gid}`];
  if (!isDirectory(stat.mode)) {
    const mtime = stat.mtime.sec >= RUN_BEGINS ? 'now' : `${stat.mtime.sec}.${stat.mtime.nsec}`;
    words.push(`nlink=${stat.nlink}`, `size=${stat.size}`, `mtime=${mtime}`, `rdev=${stat.rdev.toString(16)}`);
  }
  for (const name of task.llistxattr(path).sort()) {
    words.push(`${name}=${told(() => describeBytes(task.lgetxattr(path, name)))}`);
  }
  if (isSymlink(stat.mode)) words.push(`-> ${told(() => task.readlink(path))}`);
  if (withContent && isRegular(stat.mode)) words.push(`"${told(() => contentOf(task, path, stat.size))}"`);
  return words.join(' ');
}

function contentOf(task: SubjectTask, path: string, size: number): string {
  const fd = task.open(path, O_RDONLY | O_NOATIME | O_NOFOLLOW);
  try {
    const bytes = new Uint8Array(Math.min(size, 1 << 20));
    return describeBytes(bytes.subarray(0, task.read(fd, bytes)));
  } finally {
    task.close(fd);
  }
}
