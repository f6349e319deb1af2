/**
 * Limits on what a directory may hold: each gets a project id of its own, and the disk counts what belongs to a project.
 * Only disks that keep project quotas do, xfs mounted with `pquota` first of all.
 *
 * @see moby quota/projectquota.go, quotactl(2), ioctl_xfs_fsgetxattr(2)
 */
import type { ErrnoCode, ErrnoException } from '../abi/errno.ts';
import { FS_IOC_FSGETXATTR, FS_IOC_FSSETXATTR, FS_XFLAG_PROJINHERIT, type Fsxattr } from '../abi/fileattr.ts';
import { AT_SYMLINK_NOFOLLOW, O_CLOEXEC, O_DIRECTORY, O_RDONLY } from '../abi/flags.ts';
import { isDirectory, S_IFBLK } from '../abi/mode.ts';
import {
  FS_DQ_BHARD,
  FS_DQ_BSOFT,
  FS_QUOTA_PDQ_ACCT,
  FS_QUOTA_PDQ_ENFD,
  type DiskQuotaLimits,
  PRJQUOTA,
  Q_XGETQSTAT,
  Q_XSETQLIM,
  QCMD,
  type QuotaState,
} from '../abi/quota.ts';
import { listPaths } from '../archive/list-names.ts';
import type { Task } from '../kernel/task.ts';
import { DriverError } from './driver-error.ts';
import { errnoText } from '../abi/errno-text.ts';
import { runningInUserNamespace } from './user-namespace.ts';
import { isErrno } from './refusal.ts';

/** Docker's words where a size is asked for and the disk keeps no quotas. */
export const QUOTA_NOT_SUPPORTED = 'Filesystem does not support, or has not enabled quotas';

/** The node of the block device that the home lies on, by which quotactl(2) is asked; made whether there are quotas or not. */
const BACKING_DEVICE = 'backingFsBlockDev';

/** The unit of a quota's limits, in bytes. */
const BLOCK_SIZE = 512;

/** The limits of the directories below one home. */
export interface QuotaControl {
  /** Limits `directory` to `size` bytes; what is made in it from now on counts. */
  setQuota(directory: string, size: number): void;
}

/**
 * Finds out whether the disk of `home` keeps project quotas, and which project ids are taken there. An id that the home
 * itself has is the offset from which the ids of its layers count.
 *
 * @throws DriverError `ERR_DRIVER_QUOTA` where it does not
 */
export function startQuota(task: Task, home: string): QuotaControl {
  if (runningInUserNamespace(task)) throw notSupported();
  const device = makeBackingDevice(task, home);
  if (!hasQuotaSupport(task, device)) throw notSupported();
  const base = projectIdOf(task, home);
  limitProject(task, device, base + 1, 0);
  const quotas = new ProjectQuotas(task, device, base + 2);
  quotas.noteTaken(home, base);
  return quotas;
}

const notSupported = (cause?: unknown): DriverError => new DriverError('ERR_DRIVER_QUOTA', QUOTA_NOT_SUPPORTED, cause);

/** Makes the node anew: the home may have come from another disk. */
function makeBackingDevice(task: Task, home: string): string {
  const { dev } = task.stat(home);
  const path = `${home}/${BACKING_DEVICE}`;
  if (task.statIfPresent(path, AT_SYMLINK_NOFOLLOW) !== undefined) task.unlink(path);
  try {
    task.mknod(path, S_IFBLK | 0o600, dev);
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (isErrno(error, 'ENOSYS', 'EPERM')) throw notSupported(error);
    throw refusal(`failed to mknod ${path}: `, error);
  }
  return path;
}

/** Refusals that say that the question was wrong; all others say that there are no quotas. */
const FATAL: readonly ErrnoCode[] = ['EFAULT', 'ENOENT', 'ENOTBLK', 'EPERM'];

function hasQuotaSupport(task: Task, device: string): boolean {
  try {
    const { flags } = task.quotactl(QCMD(Q_XGETQSTAT, PRJQUOTA), device, 0) as QuotaState;
    return (flags & FS_QUOTA_PDQ_ENFD) !== 0 && (flags & FS_QUOTA_PDQ_ACCT) !== 0;
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (isErrno(error, ...FATAL)) throw refusal('', error);
    return false;
  }
}

function refusal(doing: string, error: ErrnoException): DriverError {
  return new DriverError('ERR_DRIVER_QUOTA', doing + errnoText(error.code), error);
}

/** Answers what `call` does; a refusal says what was being done. */
function refusedAs<T>(doing: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw isErrno(error) ? refusal(`${doing}: `, error) : error;
  }
}

function limitProject(task: Task, device: string, project: number, size: number): void {
  const blocks = Math.floor(size / BLOCK_SIZE);
  const limits: DiskQuotaLimits = {
    fieldmask: FS_DQ_BHARD | FS_DQ_BSOFT,
    blkHardlimit: blocks,
    blkSoftlimit: blocks,
  };
  refusedAs(`failed to set quota limit for projid ${project} on ${device}`, () =>
    task.quotactl(QCMD(Q_XSETQLIM, PRJQUOTA), device, project, limits),
  );
}

function withDirectory<T>(task: Task, directory: string, work: (fd: number) => T): T {
  const fd = task.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  try {
    return work(fd);
  } finally {
    task.close(fd);
  }
}

function attributesOf(task: Task, directory: string, fd: number): Fsxattr {
  return refusedAs(`failed to get projid for ${directory}`, () => task.ioctl(fd, FS_IOC_FSGETXATTR) as Fsxattr);
}

function projectIdOf(task: Task, directory: string): number {
  return withDirectory(task, directory, (fd) => attributesOf(task, directory, fd).projid);
}

function setProjectId(task: Task, directory: string, project: number): void {
  withDirectory(task, directory, (fd) => {
    const attributes = attributesOf(task, directory, fd);
    const changed = { ...attributes, projid: project, xflags: attributes.xflags | FS_XFLAG_PROJINHERIT };
    refusedAs(`failed to set projid for ${directory}`, () => task.ioctl(fd, FS_IOC_FSSETXATTR, changed));
  });
}

class ProjectQuotas implements QuotaControl {
  readonly #task: Task;
  readonly #device: string;
  /** The project id of each directory that has one of its own. */
  readonly #projects = new Map<string, number>();
  #next: number;

  constructor(task: Task, device: string, next: number) {
    this.#task = task;
    this.#device = device;
    this.#next = next;
  }

  /** Layers lie in the home or one directory below, as those of vfs do in `dir`. */
  noteTaken(home: string, base: number): void {
    for (const path of this.#directoriesIn(home)) {
      const project = this.#note(path);
      if (project > 0 && project !== base) continue;
      for (const below of this.#directoriesIn(path)) this.#note(below);
    }
  }

  #directoriesIn(directory: string): string[] {
    return listPaths(this.#task, directory).filter((path) => isDirectory(this.#task.lstat(path).mode));
  }

  #note(directory: string): number {
    const project = projectIdOf(this.#task, directory);
    if (project > 0) this.#projects.set(directory, project);
    this.#next = Math.max(this.#next, project + 1);
    return project;
  }

  setQuota(directory: string, size: number): void {
    const known = this.#projects.get(directory);
    const current = known !== undefined && projectIdOf(this.#task, directory) === known;
    const project = current ? known : this.#assign(directory);
    limitProject(this.#task, this.#device, project, size);
  }

  #assign(directory: string): number {
    const project = this.#next;
    setProjectId(this.#task, directory, project);
    this.#next++;
    this.#projects.set(directory, project);
    return project;
  }
}
