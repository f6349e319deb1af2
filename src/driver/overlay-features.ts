/** What this kernel's overlays keep of POSIX, found out on one that is gone afterwards. */
import { AT_FDCWD, O_CLOEXEC, O_RDONLY } from '../abi/flags.ts';
import type { Task } from '../kernel/task.ts';
import type { NonStandard } from './driver.ts';
import { inTemporary, withOverlay } from './overlay-check.ts';
import { isErrno } from './refusal.ts';
import { writeText } from './text-file.ts';

/**
 * Where an overlay on this kernel and this disk is not like a directory of one's own.
 *
 * @param mountOptions what every mount of the driver begins with, a comma behind each option
 */
export function overlayNonStandard(task: Task, home: string, mountOptions: string): ReadonlySet<NonStandard> {
  const differing = inTemporary(task, home, 'feature-check', (top) => {
    makeLower(task, top);
    const data = `${mountOptions}lowerdir=${top}/lower,upperdir=${top}/upper,workdir=${top}/work`;
    return withOverlay(task, top, data, () => probes.filter(([, differs]) => differs(task, `${top}/merged`)));
  });
  return new Set(differing.map(([name]) => name));
}

/** A directory, a file with two names, one that was written after it was last read, and another. */
function makeLower(task: Task, top: string): void {
  for (const name of ['lower', 'lower/directory', 'upper', 'work', 'merged']) task.mkdir(`${top}/${name}`, 0o755);
  writeText(task, `${top}/lower/linked`, 'old', 0o644);
  task.link(`${top}/lower/linked`, `${top}/lower/link`);
  writeText(task, `${top}/lower/file`, 'old', 0o644);
  writeText(task, `${top}/lower/other`, 'old', 0o644);
  task.utimensat(AT_FDCWD, `${top}/lower/file`, { sec: 1, nsec: 0 }, { sec: 2, nsec: 0 });
}

type Probe = readonly [name: NonStandard, differs: (task: Task, merged: string) => boolean];

const probes: readonly Probe[] = [
  ['directory-rename', renameIsRefused],
  ['access-time', (task, merged) => readFirst(task, `${merged}/file`) === task.stat(`${merged}/file`).atime.sec],
  ['hard-links', linkIsLeftBehind],
  ['inode-number', numberChanges],
  ['stale-descriptor', descriptorIsStale],
];

function renameIsRefused(task: Task, merged: string): boolean {
  try {
    task.rename(`${merged}/directory`, `${merged}/renamed`);
    return false;
  } catch (error) {
    if (isErrno(error, 'EXDEV')) return true;
    throw error;
  }
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
  return task.stat(`${merged}/link`).size !== task.stat(`${merged}/linked`).size;
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
