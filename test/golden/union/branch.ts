/** Branches as the recordings list them. */
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_CREAT, O_TRUNC, O_WRONLY } from '../../../src/abi/flags.ts';
import { makedev, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } from '../../../src/abi/mode.ts';
import type { Task } from '../../../src/kernel/task.ts';
import { listDirectory } from './observe.ts';
import type { BranchEntry, BranchProps } from './recording.ts';

const FIRST_MTIME = 1_000_000_000;
const encoder = new TextEncoder();
export const NODE_TYPES: Record<string, number> = { p: S_IFIFO, s: S_IFSOCK, c: S_IFCHR, b: S_IFBLK };

/** How a union filesystem writes that a name is hidden, or that a directory hides what is below it. */
export interface Marks {
  whiteout(task: Task, path: string): void;
  opaque(task: Task, path: string): void;
}

/** An empty writable branch. */
export function makeEmptyBranch(task: Task, root: string): void {
  task.mkdir(root, 0o755);
  setTime(task, root, FIRST_MTIME);
}

/** Entry k of a branch is as old as second k of the first day. */
export function makeBranch(task: Task, root: string, entries: readonly BranchEntry[], marks: Marks): void {
  task.umask(0);
  task.mkdir(root, 0o755);
  for (const [path, type, props] of entries) makeEntry(task, root, `${root}/${path}`, type, props ?? {}, marks);
  for (const [i, [path, type]] of entries.entries()) {
    if (type !== 'wh' && type !== 'opq') setTime(task, `${root}/${path}`, FIRST_MTIME + i + 1);
  }
  setTime(task, root, FIRST_MTIME);
  task.umask(0o022);
}

function makeEntry(task: Task, root: string, at: string, type: string, props: BranchProps, marks: Marks): void {
  const mode = props.m === undefined ? undefined : Number.parseInt(props.m, 8);
  if (type === 'd') task.mkdir(at, mode ?? 0o755);
  else if (type === 'f' || type === 'raw') makeFile(task, at, (props.c ?? '').repeat(props.rep ?? 1), mode);
  else if (type === 'l') task.symlink(props.c!, at);
  else if (type === 'h') task.link(`${root}/${props.to}`, at);
  else if (type === 'wh') marks.whiteout(task, at);
  else if (type === 'opq') marks.opaque(task, at);
  else task.mknod(at, NODE_TYPES[type]! | (mode ?? 0o644), makedev(...(props.rdev ?? [0, 0])));
  if (props.o !== undefined) task.lchown(at, ...props.o);
  if (props.m !== undefined && type !== 'l') task.chmod(at, mode!);
  for (const [name, value] of Object.entries(props.x ?? {})) task.lsetxattr(at, name, encoder.encode(value));
}

export function makeFile(task: Task, path: string, content = '', mode = 0o644): void {
  const fd = task.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
  task.write(fd, encoder.encode(content));
  task.close(fd);
}

function setTime(task: Task, path: string, sec: number): void {
  task.utimensat(AT_FDCWD, path, { sec, nsec: 0 }, { sec, nsec: 0 }, AT_SYMLINK_NOFOLLOW);
}

export function removeTree(task: Task, path: string): void {
  for (const { name, isDir } of listDirectory(task, path)) {
    if (isDir) removeTree(task, `${path}/${name}`);
    else task.unlink(`${path}/${name}`);
  }
  task.rmdir(path);
}
