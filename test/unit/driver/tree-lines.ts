/** Everything that stat(2) and its like tell of a tree, to be compared. */
import { AT_FDCWD, O_NOATIME, O_RDONLY } from '../../../src/abi/flags.ts';
import { isDirectory, isRegular, isSymlink } from '../../../src/abi/mode.ts';
import type { Timespec } from '../../../src/abi/stat.ts';
import type { Task } from '../../../src/kernel/task.ts';
import { listNames } from '../../../src/archive/list-names.ts';

/** One object of a tree. */
export interface TreeLine {
  /** From the tree's root: `/d/f`. */
  readonly path: string;
  /** Octal, with the type. */
  readonly mode: string;
  readonly owner: string;
  readonly device: number;
  readonly atime: Timespec;
  readonly mtime: Timespec;
  /** `name=value`, sorted. */
  readonly xattrs: readonly string[];
  /** Of a file its bytes, or the first path in the tree that is the same file; of a symlink its text. */
  readonly content: string;
}

/** The lines of the tree, parents before children, names sorted; reading them changes no time. */
export function linesOf(task: Task, root: string): TreeLine[] {
  const first = new Map<number, string>();
  const lines: TreeLine[] = [];
  const visit = (path: string): void => {
    const file = path === '' ? root : `${root}${path}`;
    const stat = task.lstat(file);
    const xattrs = task.llistxattr(file).map((name) => `${name}=${hex(task.lgetxattr(file, name))}`);
    const known = isDirectory(stat.mode) ? undefined : first.get(stat.ino);
    if (known === undefined) first.set(stat.ino, path);
    lines.push({
      path: path === '' ? '/' : path,
      mode: stat.mode.toString(8),
      owner: `${stat.uid}:${stat.gid}`,
      device: stat.rdev,
      atime: stat.atime,
      mtime: stat.mtime,
      xattrs: xattrs.sort(),
      content: known === undefined ? contentOf(task, file, stat.mode, stat.size) : `= ${known}`,
    });
    if (!isDirectory(stat.mode)) return;
    for (const name of listNames(task, file)) visit(`${path}/${name}`);
    task.utimensat(AT_FDCWD, file, stat.atime, stat.mtime);
  };
  visit('');
  return lines;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function contentOf(task: Task, file: string, mode: number, size: number): string {
  if (isSymlink(mode)) {
    const { atime, mtime } = task.lstat(file);
    const text = task.readlink(file);
    task.utimensat(AT_FDCWD, file, atime, mtime, 0x100);
    return text;
  }
  if (!isRegular(mode)) return '';
  const fd = task.open(file, O_RDONLY | O_NOATIME);
  const bytes = new Uint8Array(size);
  const length = task.read(fd, bytes);
  task.close(fd);
  return hex(bytes.subarray(0, length));
}
