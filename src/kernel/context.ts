/** What a task carries from call to call: where it stands, who it is, what it has open. @see struct task_struct */
import { raise } from '../abi/errno.ts';
import type { Credentials } from './credentials.ts';
import { pin, unpin } from './dentry.ts';
import type { Fork } from './fork.ts';
import type { OpenFile } from './file.ts';
import type { Kernel } from './kernel.ts';
import { type MountNamespace, type Path, unuseMount, useMount } from './mount.ts';

/** Root, working directory and umask. @see struct fs_struct */
export class FileSystemContext {
  root: Path;
  cwd: Path;
  umask: number;

  constructor(root: Path, cwd: Path, umask: number) {
    this.root = grab(root);
    this.cwd = grab(cwd);
    this.umask = umask;
  }

  setRoot(path: Path): void {
    grab(path);
    letGo(this.root);
    this.root = path;
  }

  setCwd(path: Path): void {
    grab(path);
    letGo(this.cwd);
    this.cwd = path;
  }

  copy(): FileSystemContext {
    return new FileSystemContext(this.root, this.cwd, this.umask);
  }

  fork(fork: Fork): FileSystemContext {
    return new FileSystemContext(fork.path(this.root), fork.path(this.cwd), this.umask);
  }

  close(): void {
    letGo(this.root);
    letGo(this.cwd);
  }
}

function grab(path: Path): Path {
  useMount(path.mount);
  pin(path.dentry);
  return path;
}

function letGo(path: Path): void {
  unuseMount(path.mount);
  unpin(path.dentry);
}

/** The first number that is given out: 0 to 2 are left to standard input and output. */
const FIRST = 3;

/** The numbers of open files. @see struct files_struct */
export class DescriptorTable {
  readonly #files: (OpenFile | undefined)[] = [];
  /** No number below this one is free. */
  #free = FIRST;
  /** RLIMIT_NOFILE */
  limit = 1024 * 1024;

  /** @throws Errno EBADF */
  get(fd: number): OpenFile {
    return this.#files[fd] ?? raise('EBADF');
  }

  /** The open file, unless it is an O_PATH one, which can do nothing. @throws Errno EBADF */
  getUsable(fd: number, O_PATH = 0o10000000): OpenFile {
    const file = this.#files[fd];
    if (file === undefined || (file.flags & O_PATH) !== 0) raise('EBADF');
    return file;
  }

  peek(fd: number): OpenFile | undefined {
    return this.#files[fd];
  }

  /** Puts `file` at the lowest free number. @throws Errno EMFILE */
  install(file: OpenFile): number {
    const files = this.#files;
    let fd = this.#free;
    while (fd < files.length && files[fd] !== undefined) fd++;
    if (fd >= this.limit) raise('EMFILE');
    while (files.length < fd) files.push(undefined);
    files[fd] = file;
    this.#free = fd + 1;
    return fd;
  }

  /** Puts `file` at `fd`, whatever was there; answers that. */
  replace(fd: number, file: OpenFile): OpenFile | undefined {
    const before = this.#files[fd];
    while (this.#files.length < fd) this.#files.push(undefined);
    this.#files[fd] = file;
    return before;
  }

  /** @throws Errno EBADF */
  remove(fd: number): OpenFile {
    const file = this.get(fd);
    this.#files[fd] = undefined;
    if (fd < this.#free && fd >= FIRST) this.#free = fd;
    return file;
  }

  *entries(): IterableIterator<[number, OpenFile]> {
    for (let fd = 0; fd < this.#files.length; fd++) {
      const file = this.#files[fd];
      if (file !== undefined) yield [fd, file];
    }
  }

  /** The same numbers in a forked machine; descriptors that shared an open file share its counterpart. */
  fork(fork: Fork): DescriptorTable {
    const made = new DescriptorTable();
    made.limit = this.limit;
    for (const [fd, file] of this.entries()) {
      const twin = fork.file(file);
      twin.references++;
      made.replace(fd, twin);
    }
    return made;
  }

  /** The same numbers for a child; the open files are shared. */
  copy(): DescriptorTable {
    const made = new DescriptorTable();
    made.limit = this.limit;
    for (const [fd, file] of this.entries()) {
      file.references++;
      made.replace(fd, file);
    }
    return made;
  }
}

/** What system calls are made with. */
export interface TaskContext {
  readonly kernel: Kernel;
  readonly pid: number;
  credentials: Credentials;
  fs: FileSystemContext;
  files: DescriptorTable;
  namespace: MountNamespace;
}
