/** A machine with a union of three layers that has every kind of object to change, for tests of faults. */
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  O_CREAT,
  O_DIRECTORY,
  O_RDONLY,
  O_WRONLY,
  SEEK_DATA,
  SEEK_HOLE,
} from '../../../src/abi/flags.ts';
import { isDirectory, isRegular, isSymlink, S_IFCHR, S_IFIFO } from '../../../src/abi/mode.ts';
import type { Task } from '../../../src/kernel/task.ts';
import { createMachine } from '../../../src/union/create-machine.ts';
import type { Machine } from '../../../src/machine/machine.ts';

const encoder = new TextEncoder();
const OLD = { sec: 1_000_000_000, nsec: 5 };

export const LOWERS = ['/l1', '/l2'];
export const MERGED = '/merged';

export function putFile(task: Task, path: string, content: string, mode = 0o644): void {
  const fd = task.open(path, O_WRONLY | O_CREAT, mode);
  task.write(fd, encoder.encode(content));
  task.close(fd);
}

const whiteout = (task: Task, path: string): void => task.mknod(path, S_IFCHR, 0);

/** Data, a hole of several chunks, and data again; `unit` is a fifth of it. */
export function putSparse(task: Task, path: string, unit = 1 << 20): void {
  const fd = task.open(path, O_WRONLY | O_CREAT, 0o644);
  task.pwrite(fd, new Uint8Array(5000).fill(65), 0);
  task.pwrite(fd, new Uint8Array(9000).fill(66), 3 * unit);
  task.pwrite(fd, new Uint8Array(100).fill(67), 5 * unit);
  task.close(fd);
}

function fillLowest(task: Task): void {
  for (const path of ['/l2/d', '/l2/d/e', '/l2/d/e/sub', '/l2/m', '/l2/gonedir', '/l2/emptied', '/l2/lonely']) {
    task.mkdir(path);
  }
  putFile(task, '/l2/d/e/f', 'lower text', 0o640);
  task.chown('/l2/d/e/f', 5, 6);
  task.setxattr('/l2/d/e/f', 'user.a', encoder.encode('value'));
  task.symlink('f', '/l2/d/e/s');
  task.mknod('/l2/d/e/p', S_IFIFO | 0o600, 0);
  for (const name of ['d/e/sub/x', 'd/e/sub/y', 'm/low', 'm/both', 'gone', 'gonedir/z', 'emptied/n', 'over']) {
    putFile(task, `/l2/${name}`, `lower ${name}`);
  }
  putSparse(task, '/l2/big');
}

function fillAbove(task: Task): void {
  for (const path of ['/l1/m', '/u/m', '/u/emptied', '/u/pure', '/u/pure/inner']) task.mkdir(path);
  putFile(task, '/l1/m/middle', 'from the middle');
  putFile(task, '/u/m/both', 'upper both');
  putFile(task, '/u/pure/own', 'upper own');
  putFile(task, '/u/top', 'upper top');
  for (const path of ['/u/gone', '/u/gonedir', '/u/emptied/n']) whiteout(task, path);
}

/** Gives everything below `path` a time of long ago. */
export function makeOld(task: Task, path: string): void {
  const { mode } = task.lstat(path);
  if (isDirectory(mode)) for (const name of namesIn(task, path)) makeOld(task, `${path}/${name}`);
  task.utimensat(AT_FDCWD, path, OLD, OLD, AT_SYMLINK_NOFOLLOW);
}

export function namesIn(task: Task, path: string): string[] {
  const fd = task.open(path, O_RDONLY | O_DIRECTORY);
  const names = task.getdents(fd).map(({ name }) => name);
  task.close(fd);
  return names.filter((name) => name !== '.' && name !== '..').sort();
}

export function mountUnion(task: Task): void {
  task.mount('overlay', MERGED, 'overlay', `lowerdir=${LOWERS.join(':')},upperdir=/u,workdir=/w`);
}

/** The union, mounted; nothing of it has been looked up yet. */
export function unionMachine(): Machine {
  const machine = createMachine();
  const { task } = machine;
  for (const path of [...LOWERS, '/u', '/w', MERGED]) task.mkdir(path);
  fillLowest(task);
  fillAbove(task);
  for (const path of [...LOWERS, '/u']) makeOld(task, path);
  mountUnion(task);
  return machine;
}

/** The data of a file, each run of it behind its offset. Zeros behind it are none: copy-up fills short holes. */
function contentOf(task: Task, path: string, size: number): string {
  const fd = task.open(path, O_RDONLY);
  const runs: string[] = [];
  for (let at = 0; at < size; ) {
    const start = dataAt(task, fd, at, size);
    if (start === size) break;
    at = task.lseek(fd, start, SEEK_HOLE);
    const bytes = new Uint8Array(at - start);
    task.pread(fd, bytes, start);
    const text = new TextDecoder().decode(bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1));
    runs.push(`${start}:${text}`);
  }
  task.close(fd);
  return runs.join(', ');
}

function dataAt(task: Task, fd: number, offset: number, size: number): number {
  try {
    return task.lseek(fd, offset, SEEK_DATA);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENXIO') throw error;
    return size;
  }
}

/** What `read` gives, or how it fails. */
function orCode(read: () => string): string {
  try {
    return read();
  } catch (error) {
    return `!${(error as { code: string }).code}`;
  }
}

function refusalOf(task: Task, path: string): string | undefined {
  try {
    task.lstat(path);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/**
 * What a program sees below `root`, by path; times of access and change, numbers and sizes of directories left out. A
 * file of several names is told as the first of them that is met, a name that cannot be looked at as the error,
 * and content that cannot be read.
 */
export function viewOf(task: Task, root: string): Map<string, string> {
  const view = new Map<string, string>();
  const names = new Map<number, string>();
  const visit = (path: string, name: string): void => {
    const code = refusalOf(task, path);
    if (code !== undefined) {
      view.set(name, `!${code}`);
      return;
    }
    const { mode, uid, gid, nlink, size, rdev, mtime, ino } = task.lstat(path);
    const xattrs = task.llistxattr(path).map((key) => `${key}=${task.lgetxattr(path, key)}`);
    let text = `${mode.toString(8)} ${uid}:${gid} ${rdev} [${xattrs.sort()}]`;
    if (!isDirectory(mode)) text += ` nlink=${nlink} size=${size}`;
    if (!isDirectory(mode) && nlink > 1) {
      if (!names.has(ino)) names.set(ino, name);
      text += ` =${names.get(ino)}`;
    }
    if (isRegular(mode)) text += ` "${orCode(() => contentOf(task, path, size))}"`;
    if (isSymlink(mode)) text += ` -> ${task.readlink(path)}`;
    view.set(name, `${text} mtime=${mtime.sec >= 1_600_000_000 ? 'now' : `${mtime.sec}.${mtime.nsec}`}`);
    if (isDirectory(mode)) for (const child of namesIn(task, path)) visit(`${path}/${child}`, `${name}/${child}`);
  };
  visit(root, '');
  return view;
}
