/** What this kernel's overlays keep of POSIX, found out on one that is gone afterwards. */
import { AT_FDCWD, O_CLOEXEC, O_RDONLY } from '../abi/flags.ts';
import type { Task } from '../kernel/task.ts';
import { copyDirectory } from './copy-directory.ts';
import type { NonStandard } from './driver.ts';
import { inTemporary, withOverlay } from './overlay-check.ts';
import { isErrno } from './refusal.ts';
import { writeText } from './text-file.ts';

/** How a driver uses overlays. */
export interface OverlayUse {
  /** What every mount begins with, a comma behind each option. */
  readonly mountOptions: string;
  /** A file of one layer is a hard link to that of another. */
  readonly hardLinked: boolean;
}

/** Where an overlay on this kernel and this disk is not like a directory of one's own. */
export function overlayNonStandard(task: Task, home: string, use: OverlayUse): ReadonlySet<NonStandard> {
  const differing = inTemporary(task, home, 'feature-check', (top) => {
    makeLower(task, top);
    if (use.hardLinked) copyDirectory(task, `${top}/lower`, `${top}/another`, { mode: 'hard-link', opaque: false });
    const data = `${use.mountOptions}lowerdir=${top}/lower,upperdir=${top}/upper,workdir=${top}/work`;
    return withOverlay(task, top, data, () => probes.filter(([, differs]) => differs(task, `${top}/merged`)));
  });
  return new Set(differing.map(([name]) => name));
}

/** A directory, two files with two names, one that was written after it was last read, and another. */
function makeLower(task: Task, top: string): void {
  for (const name of ['lower', 'lower/directory', 'upper', 'work', 'merged']) task.mkdir(`${top}/${name}`, 0o755);
  for (const name of ['linked', 'counted']) {
    writeText(task, `${top}/lower/${name}`, 'old', 0o644);
    task.link(`${top}/lower/${name}`, `${top}/lower/${name}-too`);
  }
  writeText(task, `${top}/lower/file`, 'old', 0o644);
  writeText(task, `${top}/lower/other`, 'old', 0o644);
  task.utimensat(AT_FDCWD, `${top}/lower/file`, { sec: 1, nsec: 0 }, { sec: 2, nsec: 0 });
}

type Probe = readonly [name: NonStandard, differs: (task: Task, merged: string) => boolean];

const probes: readonly Probe[] = [
  ['directory-rename', renameIsRefused],
  ['access-time', (task, merged) => readFirst(task, `${merged}/file`) === task.stat(`${merged}/file`).atime.sec],
  ['hard-links', linkIsLeftBehind],
  ['link-count', deletedNameCounts],
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
