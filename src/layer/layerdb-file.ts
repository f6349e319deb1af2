/** Whole files and folders of the layerdb, through system calls. */
import { ErrnoException } from '../abi/errno.ts';
import { O_CREAT, O_TRUNC, O_WRONLY } from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import { concatenate } from '../archive/codecs.ts';
import { readPieces } from '../archive/read-chunks.ts';
import { writeAll } from '../archive/unpack-entry.ts';
import type { Task } from '../kernel/task.ts';

/** The file's bytes. @throws ErrnoException */
export const readFile = (task: Task, path: string): Uint8Array => concatenate([...readPieces(task, path)]);

/** Makes or replaces the file and stores it durably. @throws ErrnoException */
export function writeFile(task: Task, path: string, bytes: Uint8Array, mode: number): void {
  const fd = task.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
  try {
    writeAll(task, fd, bytes);
    task.fsync(fd);
  } finally {
    task.close(fd);
  }
}

/**
 * Makes the directory and those above it that are missing; one that is there stays as it is.
 *
 * @throws ErrnoException `ENOTDIR` where something else stands
 */
export function makeDirectories(task: Task, path: string, mode: number): void {
  const stat = task.statIfPresent(path);
  if (stat !== undefined) {
    if (isDirectory(stat.mode)) return;
    throw new ErrnoException('ENOTDIR', 'mkdir', path);
  }
  const slash = path.lastIndexOf('/');
  if (slash > 0) makeDirectories(task, path.slice(0, slash), mode);
  task.mkdir(path, mode);
}
