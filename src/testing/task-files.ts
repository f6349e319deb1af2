/** Whole files and directories in one step each: what cases and scenarios are made of. */
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_CREAT, O_DIRECTORY, O_RDONLY, O_TRUNC, O_WRONLY } from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import { compareNames } from '../abi/name-bytes.ts';
import type { Timespec } from '../abi/stat.ts';
import type { SubjectTask } from './subject.ts';

/** The calls that these steps need. */
export type FilesTask = Pick<
  SubjectTask,
  'open' | 'close' | 'read' | 'write' | 'getdents' | 'lstat' | 'unlink' | 'rmdir' | 'utimensat'
>;

const READ_SIZE = 1 << 16;

/** Runs `use` with an open file. */
export function withFile<T>(task: FilesTask, path: string, flags: number, use: (fd: number) => T, mode = 0o644): T {
  const fd = task.open(path, flags, mode);
  try {
    return use(fd);
  } finally {
    task.close(fd);
  }
}

/** Makes or empties the file and fills it. */
export function putFile(task: FilesTask, path: string, content: string | Uint8Array, mode = 0o644): void {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const write = (fd: number): void => {
    for (let at = 0; at < bytes.length; ) at += task.write(fd, bytes.subarray(at));
  };
  withFile(task, path, O_WRONLY | O_CREAT | O_TRUNC, write, mode);
}

/** All that the file holds. */
export function readFile(task: FilesTask, path: string): Uint8Array {
  return withFile(task, path, O_RDONLY, (fd) => {
    const chunks: number[] = [];
    const into = new Uint8Array(READ_SIZE);
    for (let got = task.read(fd, into); got > 0; got = task.read(fd, into)) {
      for (const byte of into.subarray(0, got)) chunks.push(byte);
    }
    return Uint8Array.from(chunks);
  });
}

/** All that the file holds, as text. */
export const readText = (task: FilesTask, path: string): string => new TextDecoder().decode(readFile(task, path));

/** The names in the directory, sorted by their bytes. */
export function namesIn(task: FilesTask, directory: string): string[] {
  return withFile(task, directory, O_RDONLY | O_DIRECTORY, (fd) => {
    const names: string[] = [];
    for (let entries = task.getdents(fd); entries.length > 0; entries = task.getdents(fd)) {
      for (const { name } of entries) if (name !== '.' && name !== '..') names.push(name);
    }
    return names.sort(compareNames);
  });
}

/** Removes the object and all below it. */
export function removeTree(task: FilesTask, path: string): void {
  if (!isDirectory(task.lstat(path).mode)) {
    task.unlink(path);
    return;
  }
  for (const name of namesIn(task, path)) removeTree(task, `${path}/${name}`);
  task.rmdir(path);
}

/** Sets both times, of a symlink itself too. */
export const setTime = (task: FilesTask, path: string, time: Timespec): void =>
  task.utimensat(AT_FDCWD, path, time, time, AT_SYMLINK_NOFOLLOW);
