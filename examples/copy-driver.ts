/** A graph driver of one's own in a hundred lines: each layer is a whole copy of the one below it. */
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  isBlockDevice,
  isCharacterDevice,
  isDirectory,
  isRegular,
  isSymlink,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  O_WRONLY,
  S_IALLUGO,
} from 'lowerdir/abi';
import { listNames } from 'lowerdir/archive';
import {
  type CreateOptions,
  DriverError,
  type DriverParts,
  type DriverType,
  naiveDiff,
  type ProtoDriver,
} from 'lowerdir/driver';
import type { Task } from 'lowerdir/kernel';

/** The driver, before it runs on a machine. */
export const copies = (): DriverType => ({
  name: 'copies',
  init: (parts) => naiveDiff(new CopyDriver(parts), { task: parts.task }),
});

class CopyDriver implements ProtoDriver {
  readonly name = 'copies';
  readonly home: string;
  readonly features = {
    copyOnWrite: 'none',
    nativeDiff: false,
    quota: false,
    maxDepth: Infinity,
    nonStandard: new Set<never>(),
  } as const;
  readonly #task: Task;

  constructor({ task, home }: DriverParts) {
    this.#task = task;
    this.home = home;
    if (!task.statIfPresent(home)) task.mkdir(home, 0o710);
  }

  create(id: string, parent?: string, { storageOptions = {} }: CreateOptions = {}): void {
    for (const option in storageOptions) throw new DriverError('ERR_DRIVER_STORAGE_OPTION', `unknown option ${option}`);
    const below = parent === undefined ? undefined : this.get(parent);
    try {
      if (below === undefined) this.#task.mkdir(this.#path(id), 0o755);
      else copy(this.#task, below, this.#path(id));
    } catch (error) {
      this.remove(id); // nothing half done stays
      throw error;
    }
  }
  createReadWrite = this.create;
  get(id: string): string {
    if (!this.exists(id)) throw new DriverError('ERR_DRIVER_ID', `no layer ${id}`);
    return this.#path(id);
  }
  put(): void {}
  exists = (id: string): boolean => this.#task.statIfPresent(this.#path(id)) !== undefined;
  remove(id: string): void {
    if (id === '') throw new DriverError('ERR_DRIVER_ID', 'a layer without an id');
    remove(this.#task, this.#path(id));
  }
  status = () => [];
  metadata = () => undefined;
  cleanup(): void {}

  #path = (id: string): string => `${this.home}/${id}`;
}

/** `cp -a`; `copied` knows where the first name of each file of several names went. */
function copy(task: Task, from: string, to: string, copied = new Map<number, string>()): void {
  const { mode, ino, nlink, uid, gid, rdev, size, atime, mtime } = task.lstat(from);
  const first = copied.get(ino);
  if (first !== undefined) return task.link(first, to);
  if (!isDirectory(mode) && nlink > 1) copied.set(ino, to);
  if (isDirectory(mode)) {
    task.mkdir(to, 0o700);
    for (const name of listNames(task, from)) copy(task, `${from}/${name}`, `${to}/${name}`, copied);
  } else if (isSymlink(mode)) task.symlink(task.readlink(from), to);
  else if (isRegular(mode)) copyFile(task, from, to, size);
  else task.mknod(to, mode, isCharacterDevice(mode) || isBlockDevice(mode) ? rdev : 0);
  task.lchown(to, uid, gid);
  for (const name of task.llistxattr(from)) task.lsetxattr(to, name, task.lgetxattr(from, name));
  if (!isSymlink(mode)) task.chmod(to, mode & S_IALLUGO);
  task.utimensat(AT_FDCWD, to, atime, mtime, AT_SYMLINK_NOFOLLOW);
}

function copyFile(task: Task, from: string, to: string, size: number): void {
  const [source, target] = [task.open(from, O_RDONLY), task.open(to, O_WRONLY | O_CREAT | O_EXCL, 0o600)];
  for (let left = size; left > 0; ) left -= task.copyFileRange(source, undefined, target, undefined, left);
  task.close(source);
  task.close(target);
}

function remove(task: Task, path: string): void {
  const there = task.statIfPresent(path, AT_SYMLINK_NOFOLLOW);
  if (there === undefined) return;
  if (!isDirectory(there.mode)) return task.unlink(path);
  for (const name of listNames(task, path)) remove(task, `${path}/${name}`);
  task.rmdir(path);
}
