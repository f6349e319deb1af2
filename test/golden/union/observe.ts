/** What a recording would tell of a directory tree of ours. */
import { createHash } from 'node:crypto';
import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../../../src/abi/flags.ts';
import { DT_DIR, isRegular, isSymlink, major, minor } from '../../../src/abi/mode.ts';
import type { Stat } from '../../../src/abi/stat.ts';
import type { Task } from '../../../src/kernel/task.ts';
import type { Change, Entry, Tree } from './recording.ts';

/** Times from here on are those of the run. */
const RECENT = 1_200_000_000;
const LONG = 60;
const TYPES: Record<number, string> = { 1: 'p', 2: 'c', 4: 'd', 6: 'b', 8: 'f', 10: 'l', 12: 's' };
const decoder = new TextDecoder('latin1');

export const typeOf = (mode: number): string => TYPES[(mode >> 12) & 15]!;

export function readAll(task: Task, fd: number): string {
  const parts: Uint8Array[] = [];
  for (;;) {
    const part = new Uint8Array(1 << 20);
    const got = task.read(fd, part);
    if (got === 0) return Buffer.concat(parts).toString('latin1');
    parts.push(part.subarray(0, got));
  }
}

/** Names with their types, in the order of the listing, without the two dots. */
export function listDirectory(task: Task, path: string): { name: string; isDir: boolean }[] {
  const fd = task.open(path, O_RDONLY | O_DIRECTORY);
  const entries = task.getdents(fd).filter(({ name }) => name !== '.' && name !== '..');
  task.close(fd);
  return entries.map(({ name, type }) => ({ name, isDir: type === DT_DIR }));
}

/** The numbers of inodes by first sight. Devices are left out: a remount gives another one. */
export class InodeClasses {
  readonly #classes = new Map<number, number>();

  of({ ino }: Stat): number {
    const known = this.#classes.get(ino);
    if (known !== undefined) return known;
    this.#classes.set(ino, this.#classes.size + 1);
    return this.#classes.size;
  }
}

/** Without contents and attributes: what `stat` tells. */
export function entryOf(stat: Stat, classes?: InodeClasses): Entry {
  const entry: Entry = {
    t: typeOf(stat.mode),
    m: (stat.mode & 0o7777).toString(8).padStart(4, '0'),
    n: stat.nlink,
  };
  if (classes !== undefined) entry.i = classes.of(stat);
  if (isRegular(stat.mode)) entry.s = stat.size;
  if (stat.uid !== 0 || stat.gid !== 0) entry.o = `${stat.uid}:${stat.gid}`;
  if (stat.mtime.sec < RECENT) entry.mt = stat.mtime.sec;
  if (entry.t === 'c' || entry.t === 'b') entry.rdev = `${major(stat.rdev)}:${minor(stat.rdev)}`;
  return entry;
}

function contentOf(text: string): NonNullable<Entry['c']> {
  if (text.length <= LONG) return text;
  const sha1 = createHash('sha1').update(Buffer.from(text, 'latin1')).digest('hex').slice(0, 12);
  return { len: text.length, sha1, head: text.slice(0, 8) };
}

function attributesOf(task: Task, path: string): Entry['x'] {
  const shown: NonNullable<Entry['x']> = {};
  for (const name of task.llistxattr(path).sort()) {
    const value = task.lgetxattr(path, name);
    // A handle of a file on ext4 has 8 bytes behind the header of 21, one on tmpfs has 12.
    if (name === 'trusted.overlay.origin') shown[name] = { len: Math.max(0, value.length - 4) };
    else shown[name] = name === 'trusted.overlay.uuid' ? { len: value.length } : decoder.decode(value);
  }
  return Object.keys(shown).length === 0 ? undefined : shown;
}

/** Everything below `root`; the numbers of inodes are given in the order of paths. */
export function treeOf(task: Task, root: string, classes?: InodeClasses): Tree {
  const paths = ['.'];
  const collect = (directory: string): void => {
    for (const { name, isDir } of listDirectory(task, directory === '.' ? root : `${root}/${directory}`)) {
      const path = directory === '.' ? name : `${directory}/${name}`;
      paths.push(path);
      if (isDir) collect(path);
    }
  };
  collect('.');
  const tree: Tree = {};
  for (const path of paths.sort()) tree[path] = describe(task, path === '.' ? root : `${root}/${path}`, classes);
  return tree;
}

/** What is listed may yet be out of reach: then the refusal is told. */
function describe(task: Task, path: string, classes?: InodeClasses): Entry {
  try {
    return describeReachable(task, path, classes);
  } catch (error) {
    return { err: (error as { code: string }).code } as unknown as Entry;
  }
}

function describeReachable(task: Task, path: string, classes?: InodeClasses): Entry {
  const stat = task.lstat(path);
  const entry = entryOf(stat, classes);
  if (isSymlink(stat.mode)) entry.c = task.readlink(path);
  if (isRegular(stat.mode)) {
    const fd = task.open(path, O_RDONLY | O_NOFOLLOW);
    entry.c = contentOf(readAll(task, fd));
    task.close(fd);
  }
  const attributes = attributesOf(task, path);
  if (attributes !== undefined) entry.x = attributes;
  return entry;
}

/** What makes one raw directory of another, in the words of a recording. */
export function changeBetween(before: Tree, after: Tree): Change | undefined {
  const change: Change = {};
  const label = (path: string): string => `${path} ${after[path]!.t}${after[path]!.rdev ?? ''}`;
  const made = Object.keys(after).filter((path) => before[path] === undefined);
  const gone = Object.keys(before).filter((path) => after[path] === undefined);
  const kept = Object.keys(after).filter((path) => before[path] !== undefined);
  const changed = kept.map((path) => [path, fieldsBetween(before[path]!, after[path]!)] as const);
  if (made.length > 0) change['+'] = made.sort().map(label);
  if (gone.length > 0) change['-'] = gone.sort();
  const different = changed.filter(([, fields]) => fields.length > 0);
  if (different.length > 0) change['~'] = different.map(([path, fields]) => `${path} ${fields.join(',')}`).sort();
  return Object.keys(change).length === 0 ? undefined : change;
}

/** Times and links of directories change with every name in them; the recordings leave them out. */
function fieldsBetween(before: Entry, after: Entry): string[] {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof Entry>;
  const isLeftOut = (field: keyof Entry): boolean =>
    (after.t === 'd' && (field === 'mt' || field === 'n')) || (before.t === 'd' && field === 'mt');
  return [...fields]
    .filter((field) => !isLeftOut(field))
    .filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
    .sort();
}
