/** What stands between an image and a container. @see moby daemon/initlayer/setup_unix.go */
import { O_CREAT, O_RDONLY } from '../abi/flags.ts';
import { directoryName } from '../abi/name-bytes.ts';
import { makeMissingDirectories, ROOT } from '../driver/make-directory.ts';
import { attempt } from '../driver/refusal.ts';
import type { Task } from '../kernel/task.ts';

/** The places that runc mounts something on, and what has to be there for it; a path is where a symlink leads. */
const places: readonly (readonly [path: string, kind: string])[] = [
  ['/dev/pts', 'dir'],
  ['/dev/shm', 'dir'],
  ['/proc', 'dir'],
  ['/sys', 'dir'],
  ['/.dockerenv', 'file'],
  ['/etc/resolv.conf', 'file'],
  ['/etc/hosts', 'file'],
  ['/etc/hostname', 'file'],
  ['/dev/console', 'file'],
  ['/etc/mtab', '/proc/mounts'],
];

/**
 * Prepares the directory that an init layer shows, so that a container's own files can be mounted into it without a
 * trace in its writable layer: whatever of the image stands in a place and is no directory goes, directories stay. What is
 * made is root's, but for a symlink in a directory that hands on its group.
 *
 * @throws ErrnoException
 */
export function initLayer(task: Task, directory: string): void {
  for (const [path, kind] of places) {
    let above = directory;
    for (const part of path.slice(1).split('/')) {
      above += `/${part}`;
      attempt(() => task.unlink(above)); // a directory refuses, and stays
    }
    if (task.statIfPresent(directory + path) === undefined) makePlace(task, directory + path, kind);
  }
}

function makePlace(task: Task, path: string, kind: string): void {
  makeMissingDirectories(task, kind === 'dir' ? path : directoryName(path), 0o755, ROOT);
  if (kind === 'file') makeFile(task, path);
  else if (kind !== 'dir') task.symlink(kind, path);
}

function makeFile(task: Task, path: string): void {
  const fd = task.open(path, O_RDONLY | O_CREAT, 0o755);
  attempt(() => task.fchown(fd, ROOT.uid, ROOT.gid));
  task.close(fd);
}
