/** How the merged tree of a union filesystem differs from a directory of one's own, found out by trying. */
import { AT_FDCWD, NAME_MAX, O_CLOEXEC, O_RDONLY } from '../abi/flags.ts';
import type { ErrnoCode } from '../abi/errno.ts';
import type { Task } from '../kernel/task.ts';
import type { NonStandard } from './driver.ts';
import { isErrno } from './refusal.ts';
import { writeText } from './text-file.ts';

/** Makes what the probes need, in the lower directory of a union: directories with a file in it and with none, and files of one name and of two. */
export function makeProbed(task: Task, lower: string): void {
  task.mkdir(`${lower}/empty`, 0o755);
  task.mkdir(`${lower}/directory`, 0o755);
  writeText(task, `${lower}/directory/in`, 'in', 0o644);
  for (const name of ['linked', 'counted']) {
    writeText(task, `${lower}/${name}`, 'old', 0o644);
    task.link(`${lower}/${name}`, `${lower}/${name}-too`);
  }
  writeText(task, `${lower}/file`, 'old', 0o644);
  writeText(task, `${lower}/other`, 'old', 0o644);
  writeText(task, `${lower}/replaced`, 'old', 0o644);
  writeText(task, `${lower}/emptied`, 'old', 0o644);
  for (const name of ['directory', 'file', 'emptied']) {
    task.utimensat(AT_FDCWD, `${lower}/${name}`, { sec: 1, nsec: 0 }, { sec: 2, nsec: 0 });
  }
}

/** Where the union of an empty directory and of what `makeProbed` made, mounted at `merged`, is not as POSIX has it. */
export const nonStandardOf = (task: Task, merged: string): ReadonlySet<NonStandard> =>
  new Set(probes.filter(([, differs]) => differs(task, merged)).map(([name]) => name));

type Probe = readonly [name: NonStandard, differs: (task: Task, merged: string) => boolean];

const probes: readonly Probe[] = [
  ['directory-time', timeIsLost],
  ['directory-rename', (task, merged) => isRefused(() => task.rename(`${merged}/empty`, `${merged}/renamed`), 'EXDEV')],
  ['filled-directory-rename', filledRenameIsRefused],
  ['access-time', (task, merged) => readFirst(task, `${merged}/file`) === task.stat(`${merged}/file`).atime.sec],
  ['hard-links', linkIsLeftBehind],
  ['link-count', deletedNameCounts],
  ['inode-number', numberChanges],
  ['stale-descriptor', descriptorIsStale],
  ['truncate-time', timeIsLeft],
  ['replaced-descriptor', replacedIsStale],
  ['reserved-names', (task, merged) => isRefused(() => writeText(task, `${merged}/.wh.name`, '', 0o644), 'EPERM')],
  ['name-length', (task, merged) => isRefused(() => task.mkdir(`${merged}/${'n'.repeat(NAME_MAX)}`), 'ENAMETOOLONG')],
];

function isRefused(call: () => unknown, code: ErrnoCode): boolean {
  try {
    call();
    return false;
  } catch (error) {
    if (isErrno(error, code)) return true;
    throw error;
  }
}

/** Where the empty one can be renamed, which has its own word for it. */
function filledRenameIsRefused(task: Task, merged: string): boolean {
  if (task.statIfPresent(`${merged}/renamed`) === undefined) return false;
  return isRefused(() => task.rename(`${merged}/directory`, `${merged}/moved`), 'EXDEV');
}

function timeIsLost(task: Task, merged: string): boolean {
  const { sec } = task.stat(`${merged}/directory`).mtime;
  task.chmod(`${merged}/directory/in`, 0o600);
  return task.stat(`${merged}/directory`).mtime.sec !== sec;
}

/** Reads a byte; answers the access time before, in seconds. */
function readFirst(task: Task, path: string): number {
  const before = task.stat(path).atime.sec;
  withDescriptor(task, path, (fd) => task.read(fd, new Uint8Array(1)));
  return before;
}

function withDescriptor<T>(task: Task, path: string, work: (fd: number) => T): T {
  const fd = task.open(path, O_RDONLY | O_CLOEXEC);
  try {
    return work(fd);
  } finally {
    task.close(fd);
  }
}

function linkIsLeftBehind(task: Task, merged: string): boolean {
  writeText(task, `${merged}/linked`, 'newer', 0o644);
  return task.stat(`${merged}/linked-too`).size !== task.stat(`${merged}/linked`).size;
}

function deletedNameCounts(task: Task, merged: string): boolean {
  task.unlink(`${merged}/counted-too`);
  return task.stat(`${merged}/counted`).nlink !== 1;
}

function numberChanges(task: Task, merged: string): boolean {
  const { ino } = task.stat(`${merged}/file`);
  task.chmod(`${merged}/file`, 0o600);
  return task.stat(`${merged}/file`).ino !== ino;
}

function descriptorIsStale(task: Task, merged: string): boolean {
  return withDescriptor(task, `${merged}/other`, (fd) => {
    const bytes = new Uint8Array(8);
    writeText(task, `${merged}/other`, 'newer', 0o644);
    return task.pread(fd, bytes, 0) !== 'newer'.length;
  });
}

function replacedIsStale(task: Task, merged: string): boolean {
  return withDescriptor(task, `${merged}/replaced`, (fd) => {
    writeText(task, `${merged}/new`, 'new', 0o644);
    task.rename(`${merged}/new`, `${merged}/replaced`);
    return isRefused(() => task.fstat(fd), 'ESTALE');
  });
}

function timeIsLeft(task: Task, merged: string): boolean {
  const { sec } = task.stat(`${merged}/emptied`).mtime;
  task.truncate(`${merged}/emptied`, 0);
  return task.stat(`${merged}/emptied`).mtime.sec === sec;
}
