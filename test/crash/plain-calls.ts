/** Calls on what both histories of a union hold: lower files and directories, whiteouts, copies, an upper directory. */
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } from '../../src/abi/flags.ts';
import { S_IFIFO } from '../../src/abi/mode.ts';
import type { Task } from '../../src/kernel/task.ts';
import { putFile } from '../unit/machine/union-machine.ts';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Opens a file, which is made when the flags say so, for the time of its use. */
export function open(task: Task, path: string, flags: number, use: (fd: number) => void = () => {}): void {
  const fd = task.open(path, flags, 0o644);
  use(fd);
  task.close(fd);
}

export const append = (task: Task, path: string, text: string): void =>
  open(task, path, O_WRONLY | O_APPEND, (fd) => task.write(fd, bytes(text)));

/** What is in the lowest directory `root`, in `d/e`, of each type. */
export function fillPlain(task: Task, root: string): void {
  putFile(task, `${root}/d/e/f`, 'lower text', 0o640);
  task.chown(`${root}/d/e/f`, 5, 6);
  task.setxattr(`${root}/d/e/f`, 'user.a', bytes('value'));
  task.symlink('f', `${root}/d/e/s`);
  task.mknod(`${root}/d/e/p`, S_IFIFO | 0o600, 0);
}

/** What is done in the root of the union. */
export const plainCalls: Readonly<Record<string, (task: Task) => void>> = {
  'create in a lower directory': (task) => putFile(task, 'd/e/new', ''),
  'create over a whiteout': (task) => putFile(task, 'gone', ''),
  'mkdir in a lower directory': (task) => task.mkdir('d/e/new', 0o1777),
  'mkdir over a whiteout': (task) => task.mkdir('gonedir', 0o750),
  'symlink in a lower directory': (task) => task.symlink('target', 'd/e/sub/new'),
  'symlink over a whiteout': (task) => task.symlink('target', 'gone'),
  'mknod in a lower directory': (task) => task.mknod('d/e/new', S_IFIFO | 0o644, 0),
  'mknod over a whiteout': (task) => task.mknod('gone', S_IFIFO | 0o644, 0),
  'link of a lower file': (task) => task.link('d/e/f', 'm/name'),
  'link of a copied-up file': (task) => task.link('meta', 'd/e/meta'),
  'link of an upper file over a whiteout': (task) => task.link('top', 'gone'),
  'unlink of a lower file': (task) => task.unlink('d/e/f'),
  'unlink of a copied-up file': (task) => task.unlink('meta'),
  'unlink of an upper file': (task) => task.unlink('pure/own'),
  'unlink of an upper name of several': (task) => task.unlink('pure/top'),
  'rmdir of an emptied directory': (task) => task.rmdir('emptied'),
  'rmdir of an upper directory': (task) => task.rmdir('pure/inner'),
  'chmod of a lower file': (task) => task.chmod('d/e/f', 0o4755),
  'chmod of a lower directory': (task) => task.chmod('d/e', 0o700),
  'chmod of a lower fifo': (task) => task.chmod('d/e/p', 0o666),
  'chmod of a big lower file': (task) => task.chmod('big', 0o600),
  'chmod of a file that was changed in the middle': (task) => task.chmod('meta1', 0o644),
  'chown of a lower file': (task) => task.chown('d/e/f', 8, 9),
  'chown of a lower symlink': (task) => task.lchown('d/e/s', 7, 8),
  'chown of a lower symlink with several names': (task) => task.lchown('soft', 7, 8),
  'utimensat of a lower file': (task) =>
    task.utimensat(AT_FDCWD, 'd/e/f', { sec: 9, nsec: 9 }, { sec: 8, nsec: 8 }, AT_SYMLINK_NOFOLLOW),
  'setxattr of a lower file': (task) => task.setxattr('d/e/f', 'user.b', bytes('b')),
  'setxattr of a lower directory': (task) => task.setxattr('d', 'user.b', bytes('b')),
  'removexattr of a lower file': (task) => task.removexattr('d/e/f', 'user.a'),
  'open of a lower file with O_TRUNC': (task) => open(task, 'd/e/f', O_WRONLY | O_TRUNC),
  'open of a copied-up file with O_TRUNC': (task) => open(task, 'meta', O_WRONLY | O_CREAT | O_TRUNC),
  'truncate of a lower file': (task) => task.truncate('d/e/f', 3),
  'truncate of a copied-up file': (task) => task.truncate('meta', 3),
  'append to a lower file': (task) => append(task, 'd/e/f', '!'),
  'append to a copied-up file': (task) => append(task, 'meta', '!'),
};
