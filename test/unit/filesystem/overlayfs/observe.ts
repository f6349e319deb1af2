/** What a task sees of a directory tree. */
import { AT_SYMLINK_NOFOLLOW, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../../../../src/abi/flags.ts';
import { isDirectory, isRegular, isSymlink } from '../../../../src/abi/mode.ts';
import type { Stat } from '../../../../src/abi/stat.ts';
import type { Task } from '../../../../src/kernel/task.ts';

const decoder = new TextDecoder('latin1');
const encoder = new TextEncoder();

export function write(task: Task, path: string, text: string, flags = 0o1101): void {
  const fd = task.open(path, flags, 0o644);
  task.write(fd, encoder.encode(text));
  task.close(fd);
}

export function read(task: Task, path: string): string {
  const fd = task.open(path, O_RDONLY | O_NOFOLLOW);
  const bytes = new Uint8Array(task.fstat(fd).size);
  task.read(fd, bytes);
  task.close(fd);
  return decoder.decode(bytes);
}

export function list(task: Task, path: string): string[] {
  const fd = task.open(path, O_RDONLY | O_DIRECTORY);
  const names = task.getdents(fd).map(({ name }) => name);
  task.close(fd);
  return names.filter((name) => name !== '.' && name !== '..').sort();
}

/** The error code of a call, or `undefined` when it works. */
export function refusal(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

function look(task: Task, path: string, stat: Stat): string {
  const { mode, uid, gid, nlink, size, mtime } = stat;
  const links = isDirectory(mode) ? '' : ` n=${nlink} s=${size}`;
  const time = isDirectory(mode) ? '' : ` mt=${mtime.sec}`;
  const attributes = task.llistxattr(path).map((name) => `${name}=${decoder.decode(task.lgetxattr(path, name))}`);
  const content = isRegular(mode) ? read(task, path) : isSymlink(mode) ? task.readlink(path) : '';
  return `${mode.toString(8)} ${uid}:${gid}${links}${time} {${attributes.join()}} ${content}`;
}

/** Everything below `path`, a line for each name. */
export function tree(task: Task, path: string, lines: string[] = []): string[] {
  for (const name of list(task, path)) {
    const at = `${path}/${name}`;
    const stat = task.statIfPresent(at, AT_SYMLINK_NOFOLLOW);
    lines.push(stat === undefined ? `${at} missing` : `${at} ${look(task, at, stat)}`);
    if (stat !== undefined && isDirectory(stat.mode)) tree(task, at, lines);
  }
  return lines;
}

/** Two lower layers, and an upper one with a little in it, on one tmpfs at `/t`; the overlay is at `/t/m`. */
export function makeStack(task: Task): void {
  task.mkdir('/t');
  task.mount('t', '/t', 'tmpfs');
  for (const name of ['l1', 'l2', 'u', 'w', 'm', 'l1/d', 'l2/d', 'l2/d/e', 'l2/only', 'l2/emp', 'u/up']) {
    task.mkdir(`/t/${name}`);
  }
  write(task, '/t/l1/a', 'AAA');
  write(task, '/t/l1/d/x', 'x'.repeat(5000));
  write(task, '/t/l2/d/y', 'YY');
  write(task, '/t/l2/d/e/z', 'Z');
  write(task, '/t/l2/b', 'BBB');
  write(task, '/t/l2/only/o', 'o');
  write(task, '/t/u/up/f', 'up');
  task.link('/t/l1/a', '/t/l1/h');
  task.symlink('a', '/t/l2/s');
  task.setxattr('/t/l1/a', 'user.k', encoder.encode('v'));
  task.chown('/t/l2/b', 5, 6);
}

export const OPTIONS = 'lowerdir=/t/l1:/t/l2,upperdir=/t/u,workdir=/t/w';

export function mountStack(task: Task, options = OPTIONS): void {
  task.mount('overlay', '/t/m', 'overlay', options);
}
