/** memfs's words for what the kernel knows: a node is a stat, a link a path. Both hold no state of the file system. */
import { Buffer } from '@jsonjoy.com/fs-node-builtins/lib/internal/buffer.js';
import { posix } from '@jsonjoy.com/fs-node-builtins/lib/path.js';
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, O_RDONLY, R_OK, W_OK, X_OK } from '../abi/flags.ts';
import { isDirectory, isRegular, isSymlink } from '../abi/mode.ts';
import type { Stat, Timespec } from '../abi/stat.ts';
import type { Task } from '../kernel/task.ts';
import { listDirectory } from './directory-calls.ts';
import { readRest } from './whole-file-calls.ts';

const dateOf = (time: Timespec): Date => new Date(time.sec * 1000 + time.nsec / 1_000_000);

/** What memfs calls a node: the attributes of one file at the moment of asking. */
export class Node {
  readonly #task: Task;
  /** A path, or the descriptor of an open file. */
  readonly #at: string | number;
  readonly #stat: Stat;

  constructor(task: Task, at: string | number, stat: Stat) {
    this.#task = task;
    this.#at = at;
    this.#stat = stat;
  }

  get ino(): number {
    return this.#stat.ino;
  }
  get mode(): number {
    return this.#stat.mode;
  }
  get uid(): number {
    return this.#stat.uid;
  }
  get gid(): number {
    return this.#stat.gid;
  }
  get rdev(): number {
    return this.#stat.rdev;
  }
  get nlink(): number {
    return this.#stat.nlink;
  }
  get atime(): Date {
    return dateOf(this.#stat.atime);
  }
  get mtime(): Date {
    return dateOf(this.#stat.mtime);
  }
  get ctime(): Date {
    return dateOf(this.#stat.ctime);
  }
  get btime(): Date {
    return dateOf(this.#stat.btime ?? { sec: 0, nsec: 0 });
  }
  get symlink(): string {
    return typeof this.#at === 'string' ? this.#task.readlink(this.#at) : '';
  }
  getSize(): number {
    return this.#stat.size;
  }
  isFile(): boolean {
    return isRegular(this.mode);
  }
  isDirectory(): boolean {
    return isDirectory(this.mode);
  }
  isSymlink(): boolean {
    return isSymlink(this.mode);
  }
  canRead(): boolean {
    return this.#may(R_OK);
  }
  canWrite(): boolean {
    return this.#may(W_OK);
  }
  canExecute(): boolean {
    return this.#may(X_OK);
  }

  getBuffer(): Buffer {
    if (typeof this.#at === 'number') return new File(this.#task, this.#at).getBuffer();
    const fd = this.#task.open(this.#at, O_RDONLY);
    try {
      return readRest(this.#task, fd)();
    } finally {
      this.#task.close(fd);
    }
  }

  #may(mode: number): boolean {
    try {
      if (typeof this.#at === 'string') this.#task.access(this.#at, mode);
      else this.#task.faccessat(this.#at, '', mode, AT_EMPTY_PATH);
      return true;
    } catch {
      return false;
    }
  }
}

/** What memfs calls a link: a name in the tree, asked anew each time. */
export class Link {
  readonly #task: Task;
  readonly #path: string;

  /** @param path absolute */
  constructor(task: Task, path: string) {
    this.#task = task;
    this.#path = path;
  }

  /** The components of the path; the root is one empty component. */
  get steps(): string[] {
    return this.#path === '/' ? [''] : this.#path.split('/');
  }

  get children(): Map<string, Link> {
    const names = this.getNode().isDirectory() ? listDirectory(this.#task, this.#path) : [];
    return new Map(names.map(({ name }) => [name, this.#child(name)]));
  }

  getNode(): Node {
    return new Node(this.#task, this.#path, this.#task.lstat(this.#path));
  }

  getName(): string {
    return posix.basename(this.#path);
  }

  getPath(): string {
    return this.#path === '/' ? '' : this.#path;
  }

  getParentPath(): string {
    return posix.dirname(this.#path);
  }

  getChild(name: string): Link | undefined {
    const child = this.#child(name);
    return this.#task.statIfPresent(child.#path, AT_SYMLINK_NOFOLLOW) === undefined ? undefined : child;
  }

  #child(name: string): Link {
    return new Link(this.#task, posix.join(this.#path, name));
  }
}

/** What memfs calls a file: an open descriptor. */
export class File {
  readonly fd: number;
  readonly #task: Task;

  constructor(task: Task, fd: number) {
    this.#task = task;
    this.fd = fd;
  }

  get node(): Node {
    return new Node(this.#task, this.fd, this.#task.fstat(this.fd));
  }

  get position(): number {
    return this.#task.lseek(this.fd, 0, 1);
  }
  set position(at: number) {
    this.#task.lseek(this.fd, at, 0);
  }

  getBuffer(): Buffer {
    const bytes = Buffer.alloc(this.#task.fstat(this.fd).size);
    const done = this.#task.pread(this.fd, bytes, 0);
    return bytes.subarray(0, done) as Buffer;
  }
}
