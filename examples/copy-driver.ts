/** A graph driver of one's own in a hundred lines: each layer is a whole copy of the one below it. */
import { S_IALLUGO, S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, type Stat } from 'lowerdir/abi';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_WRONLY } from 'lowerdir/abi';
import {
  type CreateOptions,
  type Driver,
  DriverError,
  type DriverParts,
  type DriverType,
  naiveDiff,
} from 'lowerdir/driver';
import type { ProtoDriver } from 'lowerdir/driver';
import type { Task } from 'lowerdir/kernel';

/** The driver, before it runs on a machine. */
export const copies = (): DriverType => ({
  name: 'copies',
  init: (parts: DriverParts): Driver => naiveDiff(new CopyDriver(parts), { task: parts.task }),
});

class CopyDriver implements ProtoDriver {
  readonly name = 'copies';
  readonly home: string;
  readonly features = {
    copyOnWrite: 'none',
    nativeDiff: false,
    quota: false,
    maxDepth: Number.POSITIVE_INFINITY,
    nonStandard: new Set<never>(),
  } as const;
  readonly #task: Task;

  constructor({ task, home }: DriverParts) {
    this.#task = task;
    this.home = home;
    if (task.statIfPresent(home) === undefined) task.mkdir(home, 0o710);
  }

  create(id: string, parent?: string, options: CreateOptions = {}): void {
    const [option] = Object.keys(options.storageOptions ?? {});
    if (option !== undefined) throw new DriverError('ERR_DRIVER_STORAGE_OPTION', `unknown option ${option}`);
    if (parent !== undefined && !this.exists(parent)) throw new DriverError('ERR_DRIVER_ID', `no layer ${parent}`);
    try {
      if (parent === undefined) this.#task.mkdir(this.#path(id), 0o755);
      else copyTree(this.#task, this.#path(parent), this.#path(id));
    } catch (error) {
      this.remove(id);
      throw error;
    }
  }
  createReadWrite(id: string, parent?: string, options?: CreateOptions): void {
    this.create(id, parent, options);
  }
  get(id: string): string {
    if (!this.exists(id)) throw new DriverError('ERR_DRIVER_ID', `no layer ${id}`);
    return this.#path(id);
  }
  put(): void {}
  exists(id: string): boolean {
    return this.#task.statIfPresent(this.#path(id)) !== undefined;
  }
  remove(id: string): void {
    if (id === '') throw new DriverError('ERR_DRIVER_ID', 'a layer without an id');
    removeTree(this.#task, this.#path(id));
  }
  status(): readonly (readonly [string, string])[] {
    return [];
  }
  metadata(): undefined {}
  cleanup(): void {}

  #path(id: string): string {
    return `${this.home}/${id}`;
  }
}

function namesIn(task: Task, directory: string): string[] {
  const fd = task.open(directory, O_RDONLY | O_DIRECTORY);
  try {
    return task.getdents(fd).flatMap(({ name }) => (name === '.' || name === '..' ? [] : [name]));
  } finally {
    task.close(fd);
  }
}

/** `cp -a`; `links` knows under which path each file of several names was copied first. */
function copyTree(task: Task, from: string, to: string, links = new Map<number, string>()): void {
  const stat = task.lstat(from);
  const first = links.get(stat.ino);
  if (first !== undefined) {
    task.link(first, to);
    return;
  }
  if ((stat.mode & S_IFMT) !== S_IFDIR && stat.nlink > 1) links.set(stat.ino, to);
  copyObject(task, from, to, stat, links);
  task.lchown(to, stat.uid, stat.gid);
  for (const name of task.llistxattr(from)) task.lsetxattr(to, name, task.lgetxattr(from, name));
  if ((stat.mode & S_IFMT) !== S_IFLNK) task.chmod(to, stat.mode & S_IALLUGO);
  task.utimensat(AT_FDCWD, to, stat.atime, stat.mtime, AT_SYMLINK_NOFOLLOW);
}

function copyObject(
  task: Task,
  from: string,
  to: string,
  { mode, rdev, size }: Stat,
  links: Map<number, string>,
): void {
  const type = mode & S_IFMT;
  if (type === S_IFDIR) {
    task.mkdir(to, 0o700);
    for (const name of namesIn(task, from)) copyTree(task, `${from}/${name}`, `${to}/${name}`, links);
  } else if (type === S_IFLNK) task.symlink(task.readlink(from), to);
  else if (type === S_IFREG) {
    const [source, target] = [task.open(from, O_RDONLY), task.open(to, O_WRONLY | O_CREAT | O_EXCL, 0o600)];
    try {
      for (let left = size; left > 0; ) left -= task.copyFileRange(source, undefined, target, undefined, left);
    } finally {
      task.close(source);
      task.close(target);
    }
  } else task.mknod(to, mode, type === S_IFCHR || type === S_IFBLK ? rdev : 0);
}

function removeTree(task: Task, path: string): void {
  const stat = task.statIfPresent(path, AT_SYMLINK_NOFOLLOW);
  if (stat === undefined) return;
  if ((stat.mode & S_IFMT) !== S_IFDIR) {
    task.unlink(path);
    return;
  }
  for (const name of namesIn(task, path)) removeTree(task, `${path}/${name}`);
  task.rmdir(path);
}
