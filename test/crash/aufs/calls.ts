/** Calls that change an AUFS, each in a fresh one. */
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
} from '../../../src/abi/flags.ts';
import { type ErrnoCode, errnoNumber } from '../../../src/abi/errno.ts';
import type { Task } from '../../../src/kernel/task.ts';
import { putFile } from '../../unit/machine/union-machine.ts';
import { append, bytes, open, plainCalls } from '../plain-calls.ts';
import { MERGED } from './worked-machine.ts';

/** What is refused in tests of faults. */
export const codes = ['ENOSPC', 'EIO', 'EROFS'] as const satisfies readonly ErrnoCode[];

/** What is called; `fd` is what was opened before. */
export type Act = (task: Task, fd: number) => void;

/** A call, and what has to be there before it. */
export interface Call {
  readonly before?: (task: Task) => number;
  readonly act: Act;
  /** The file that is open holds what is written. */
  readonly writes?: boolean;
}

const creating: Readonly<Record<string, Act>> = {
  'create over a whiteout of a lower branch': (task) => putFile(task, 'm/hidden', ''),
};

const linking: Readonly<Record<string, Act>> = {
  'link of a lower file with several names': (task) => task.link('several', 'm/name'),
  'link of the other name of a copied-up file': (task) => task.link('apart/several1', 'm/name'),
  'link of a pseudo-linked file': (task) => task.link('apart/several2', 'm/name'),
  'link of a lower file to a lower directory': (task) => task.link('over', 'd/e/over'),
  'link of a lower file over a whiteout': (task) => task.link('over', 'gone'),
  'link of a lower symlink': (task) => task.link('soft', 'd/e/soft'),
  'link of a lower fifo': (task) => task.link('d/e/p', 'm/fifo'),
};

const removing: Readonly<Record<string, Act>> = {
  'unlink of a lower file with several names': (task) => task.unlink('apart/several'),
  'unlink of a pseudo-linked name that has come up': (task) => task.unlink('several2'),
  'unlink of a pseudo-linked name that has not come up': (task) => task.unlink('apart/several2'),
  'unlink of a file in all branches': (task) => task.unlink('m/both'),
  'rmdir of a lower directory': (task) => task.rmdir('lonely'),
};

const changing: Readonly<Record<string, Act>> = {
  'chmod of a lower file with several names': (task) => task.chmod('several', 0o600),
  'chmod of a pseudo-linked name that has not come up': (task) => task.chmod('apart/several2', 0o700),
};

const writing: Readonly<Record<string, Act>> = {
  'append to a lower file with several names': (task) => append(task, 'd/several', '!'),
  'append to the other name of a copied-up file': (task) => append(task, 'apart/several1', '!'),
  'append to a pseudo-linked name that has not come up': (task) => append(task, 'apart/several2', '!'),
  'append to a file of which a new name was made': (task) => append(task, 'named', '!'),
  'append to a sparse lower file': (task) => append(task, 'big', '!'),
  'fsync of a lower file that is open for writing': (task) => open(task, 'd/e/f', O_RDWR, (fd) => task.fsync(fd)),
};

/** @throws Errno for what auplink tells by its exit status */
function flush(task: Task): void {
  const status = task.exec('/sbin/auplink', ['auplink', MERGED, 'flush']);
  const code = codes.find((each) => errnoNumber(each) === status);
  if (status !== 0) throw Object.assign(new Error(`auplink: exit status ${status}`), { code });
}

const pseudoLinks: Readonly<Record<string, Act>> = {
  'read of a pseudo-linked name that has not come up': (task) =>
    open(task, 'apart/several2', O_RDONLY, (fd) => task.read(fd, new Uint8Array(9))),
  'read of a name whose file was linked': (task) =>
    open(task, 'named', O_RDONLY, (fd) => task.read(fd, new Uint8Array(9))),
  'auplink flush': flush,
};

/** What is renamed to what. */
export interface Move {
  readonly from: string;
  readonly to: string;
  readonly flags?: number;
}

export const moves: Readonly<Record<string, Move>> = {
  'rename of a lower file': { from: 'd/e/f', to: 'd/e/g' },
  'rename of a lower file to another directory': { from: 'd/e/f', to: 'm/f' },
  'rename of a lower file to a lower directory': { from: 'over', to: 'd/e/sub/f' },
  'rename of a lower file over a lower one': { from: 'd/e/f', to: 'over' },
  'rename of a lower file over a copied-up one': { from: 'd/e/f', to: 'meta' },
  'rename of a lower file over a whiteout': { from: 'd/e/f', to: 'gone' },
  'rename of a lower file over one in all branches': { from: 'd/e/f', to: 'm/both' },
  'rename of a lower name of several': { from: 'several', to: 'm/name' },
  'rename of a lower name onto another of the file': { from: 'several', to: 'd/several' },
  'rename of a pseudo-linked name that has come up': { from: 'several2', to: 'm/name' },
  'rename of a pseudo-linked name that has not come up': { from: 'apart/several2', to: 'm/name' },
  'rename over a pseudo-linked name that has not come up': { from: 'd/e/f', to: 'apart/several2' },
  'rename of a lower symlink': { from: 'd/e/s', to: 'm/s' },
  'rename of a copied-up file': { from: 'meta', to: 'd/e/meta' },
  'rename of an upper file over a lower one': { from: 'top', to: 'over' },
  'rename of an upper file over a whiteout': { from: 'top', to: 'gone' },
  'rename of an upper file': { from: 'pure/own', to: 'pure/other' },
  'rename without replacing': { from: 'd/e/f', to: 'm/f', flags: RENAME_NOREPLACE },
  'rename of an upper directory into a merged one': { from: 'pure', to: 'm/pure' },
  'rename of an upper directory into a lower one': { from: 'pure', to: 'd/e/pure' },
  'rename of an upper directory over a whiteout': { from: 'pure', to: 'gonedir' },
  'rename of an upper directory over an emptied one': { from: 'pure', to: 'emptied' },
  'rename of an upper directory over a lower one': { from: 'pure', to: 'lonely' },
  'rename of an upper directory over an upper one': { from: 'pure', to: 'empty' },
  'rename of a lower directory without names': { from: 'lonely', to: 'moved' },
  'rename of a lower directory over an upper one': { from: 'lonely', to: 'pure/inner' },
  'rename of a lower directory over a whiteout': { from: 'lonely', to: 'gonedir' },
  'rename of an emptied directory': { from: 'emptied', to: 'm/emptied' },
  'rename of an emptied directory over another': { from: 'emptied', to: 'emptied2' },
  'rename of a lower directory with names': { from: 'full', to: 'full2' },
  'exchange of a lower and an upper file': { from: 'd/e/f', to: 'top', flags: RENAME_EXCHANGE },
  'exchange of two lower files': { from: 'd/e/f', to: 'over', flags: RENAME_EXCHANGE },
  'exchange of a lower file and an upper directory': { from: 'd/e/f', to: 'pure', flags: RENAME_EXCHANGE },
  'exchange of a lower and an upper directory': { from: 'lonely', to: 'pure', flags: RENAME_EXCHANGE },
  'exchange of an emptied and an upper directory': { from: 'emptied', to: 'pure', flags: RENAME_EXCHANGE },
  'exchange of two lower directories': { from: 'lonely', to: 'bare', flags: RENAME_EXCHANGE },
};

const renaming: Readonly<Record<string, Act>> = Object.fromEntries(
  Object.entries(moves).map(([name, { from, to, flags = 0 }]) => [
    name,
    (task: Task) => task.renameat2(AT_FDCWD, from, AT_FDCWD, to, flags),
  ]),
);

/** Opens the file and removes it, and then `directory`, which has been emptied by that. */
function openRemoved(task: Task, path: string, directory?: string): number {
  const fd = task.open(path, O_RDWR);
  task.unlink(path);
  if (directory !== undefined) task.rmdir(directory);
  return fd;
}

function openTmpfile(task: Task, directory: string, text: string): number {
  const fd = task.open(directory, O_TMPFILE | O_RDWR, 0o644);
  task.write(fd, bytes(text));
  return fd;
}

const link = (task: Task, fd: number, path: string): void => task.linkat(fd, '', AT_FDCWD, path, AT_EMPTY_PATH);

const held: Readonly<Record<string, Call>> = {
  'O_TMPFILE in a lower directory': { act: (task) => open(task, 'd/e', O_TMPFILE | O_RDWR) },
  'link of a nameless file to a lower directory': {
    before: (task) => openTmpfile(task, 'd/e', 'nameless'),
    act: (task, fd) => link(task, fd, 'd/e/sub/new'),
  },
  'link of a nameless file over a whiteout': {
    before: (task) => openTmpfile(task, 'm', 'nameless'),
    act: (task, fd) => link(task, fd, 'gone'),
  },
  'write to a removed lower file': {
    before: (task) => openRemoved(task, 'm/low'),
    act: (task, fd) => task.pwrite(fd, bytes('nameless'), 0),
    writes: true,
  },
  'write to a removed lower file of a lower directory': {
    before: (task) => openRemoved(task, 'full/a'),
    act: (task, fd) => task.pwrite(fd, bytes('nameless'), 0),
    writes: true,
  },
  'write to a removed file of a removed directory': {
    before: (task) => openRemoved(task, 'd/e/sub/x', 'd/e/sub'),
    act: (task, fd) => task.pwrite(fd, bytes('nameless'), 0),
    writes: true,
  },
  'write to a removed pseudo-linked file': {
    before: (task) => openRemoved(task, 'apart/several2'),
    act: (task, fd) => task.pwrite(fd, bytes('nameless'), 0),
    writes: true,
  },
  'truncate of a removed lower file': {
    before: (task) => openRemoved(task, 'm/low'),
    act: (task, fd) => task.ftruncate(fd, 3),
    writes: true,
  },
  'rmdir of a directory that was emptied': {
    before: (task) => {
      task.unlink('d/e/sub/x');
      return -1;
    },
    act: (task) => task.rmdir('d/e/sub'),
  },
};

const plain = {
  ...plainCalls,
  ...creating,
  ...linking,
  ...removing,
  ...changing,
  ...writing,
  ...pseudoLinks,
  ...renaming,
};

/** What is done in the root of the union. */
export const calls: Readonly<Record<string, Call>> = {
  ...Object.fromEntries(Object.entries(plain).map(([name, act]) => [name, { act }])),
  ...held,
};
