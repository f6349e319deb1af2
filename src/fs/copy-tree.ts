/** `cp`: files and trees, by Node's rules for what stands at the destination. @see lib/internal/fs/cp of Node */
import { posix } from '@jsonjoy.com/fs-node-builtins/lib/path.js';
import { getCpOptions } from '@jsonjoy.com/fs-node/lib/cp.js';
import { withCode } from '@jsonjoy.com/fs-node-utils/lib/argErrors.js';
import type { ErrnoCode } from '../abi/errno.ts';
import { errnoNumber } from '../abi/errno.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW } from '../abi/flags.ts';
import { isDirectory, isFifo, isSocket, isSymlink } from '../abi/mode.ts';
import type { Stat, Timespec } from '../abi/stat.ts';
import type { Task } from '../kernel/task.ts';
import { listDirectory } from './directory-calls.ts';
import { isRefusal, systemError } from './failure.ts';
import type { Calls } from './forms.ts';
import { cwdOf, makePath } from './name-calls.ts';
import { pathname } from './pathname.ts';

interface CopyOptions {
  readonly dereference: boolean;
  readonly errorOnExist: boolean;
  readonly filter?: ((from: string, to: string) => unknown) | undefined;
  readonly force: boolean;
  readonly mode: number;
  readonly preserveTimestamps: boolean;
  readonly recursive: boolean;
  readonly verbatimSymlinks: boolean;
}

/** Yields what the filter answers, and is sent whether to go on. */
type Walk = Generator<unknown, void, boolean>;

const prefixes = {
  ERR_FS_CP_DIR_TO_NON_DIR: 'Cannot overwrite non-directory with directory',
  ERR_FS_CP_EEXIST: 'Target already exists',
  ERR_FS_CP_EINVAL: 'Invalid src or dest',
  ERR_FS_CP_FIFO_PIPE: 'Cannot copy a FIFO pipe',
  ERR_FS_CP_NON_DIR_TO_DIR: 'Cannot overwrite directory with non-directory',
  ERR_FS_CP_SOCKET: 'Cannot copy a socket file',
  ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY: 'Cannot overwrite symlink in subdirectory of self',
  ERR_FS_EISDIR: 'Path is a directory',
} as const;

function refuse(code: keyof typeof prefixes, errno: ErrnoCode, message: string, path: string): never {
  const info = { message, path, syscall: 'cp', errno: errnoNumber(errno), code: errno };
  throw systemError(code, prefixes[code], info);
}

/** One copying. */
class Copying {
  readonly #task: Task;
  readonly #calls: Calls;
  readonly #options: CopyOptions & { readonly sync: boolean };

  constructor(task: Task, calls: Calls, options: CopyOptions & { readonly sync: boolean }) {
    this.#task = task;
    this.#calls = calls;
    this.#options = options;
  }

  *run(src: string, dest: string): Walk {
    const checked = yield* this.#check(src, dest);
    if (checked === undefined) return;
    this.#checkParents(src, checked.from, dest);
    const parent = posix.dirname(dest);
    if (this.#task.statIfPresent(parent) === undefined) makePath(this.#task, parent, 0o777);
    yield* this.#copy(src, dest, checked.from, checked.to);
  }

  #stat(path: string): Stat {
    return this.#options.dereference ? this.#task.stat(path) : this.#task.lstat(path);
  }

  #resolve(...parts: readonly string[]): string {
    return posix.resolve(cwdOf(this.#task), ...parts);
  }

  /** Whether `path` is `above` or lies below it, by text. */
  #isWithin(above: string, path: string): boolean {
    const [outer, inner] = [this.#resolve(above), this.#resolve(path)];
    return outer === inner || inner.startsWith(outer === '/' ? '/' : `${outer}/`);
  }

  *#check(src: string, dest: string): Generator<unknown, { from: Stat; to: Stat | undefined } | undefined, boolean> {
    const { filter, dereference } = this.#options;
    if (filter !== undefined && !(yield filter(src, dest))) return undefined;
    const from = this.#stat(src);
    const to = this.#task.statIfPresent(dest, dereference ? 0 : AT_SYMLINK_NOFOLLOW);
    if (to !== undefined) {
      if (isSame(from, to)) refuse('ERR_FS_CP_EINVAL', 'EINVAL', 'src and dest cannot be the same', dest);
      const [isTree, overTree] = [isDirectory(from.mode), isDirectory(to.mode)];
      if (isTree && !overTree) {
        const message = `cannot overwrite non-directory ${dest} with directory ${src}`;
        refuse('ERR_FS_CP_DIR_TO_NON_DIR', 'EISDIR', message, dest);
      }
      if (!isTree && overTree) {
        const message = `cannot overwrite directory ${dest} with non-directory ${src}`;
        refuse('ERR_FS_CP_NON_DIR_TO_DIR', 'ENOTDIR', message, dest);
      }
    }
    if (isDirectory(from.mode) && this.#isWithin(src, dest)) this.#refuseSelf(src, dest);
    return { from, to };
  }

  #refuseSelf(src: string, dest: string): never {
    return refuse('ERR_FS_CP_EINVAL', 'EINVAL', `cannot copy ${src} to a subdirectory of self ${dest}`, dest);
  }

  /** The source may stand above the destination under another name. */
  #checkParents(src: string, from: Stat, dest: string): void {
    const top = this.#resolve(posix.dirname(src));
    for (let at = this.#resolve(posix.dirname(dest)); at !== top && at !== '/'; at = posix.dirname(at)) {
      const stat = this.#task.statIfPresent(at);
      if (stat === undefined) return;
      if (isSame(from, stat)) this.#refuseSelf(src, dest);
    }
  }

  *#copy(src: string, dest: string, from: Stat, to: Stat | undefined): Walk {
    const { mode } = from;
    if (isDirectory(mode)) {
      if (!this.#options.recursive) refuse('ERR_FS_EISDIR', 'EISDIR', `${src} is a directory (not copied)`, src);
      yield* this.#copyDirectory(src, dest, mode, to);
    } else if (isSymlink(mode)) this.#copyLink(src, dest, to);
    else if (isSocket(mode)) refuse('ERR_FS_CP_SOCKET', 'EINVAL', `cannot copy a socket file: ${dest}`, dest);
    else if (isFifo(mode)) refuse('ERR_FS_CP_FIFO_PIPE', 'EINVAL', `cannot copy a FIFO pipe: ${dest}`, dest);
    else this.#copyFile(src, dest, mode, to);
  }

  *#copyDirectory(src: string, dest: string, mode: number, to: Stat | undefined): Walk {
    if (to === undefined) this.#task.mkdir(dest);
    for (const { name } of listDirectory(this.#task, src)) {
      const [from, target] = [posix.join(src, name), posix.join(dest, name)];
      const checked = yield* this.#check(from, target);
      if (checked !== undefined) yield* this.#copy(from, target, checked.from, checked.to);
    }
    if (to === undefined) this.#task.chmod(dest, mode & 0o7777);
  }

  #copyFile(src: string, dest: string, mode: number, to: Stat | undefined): void {
    const { force, errorOnExist, preserveTimestamps } = this.#options;
    if (to !== undefined) {
      if (force) this.#task.unlink(dest);
      else if (errorOnExist) refuse('ERR_FS_CP_EEXIST', 'EEXIST', `${dest} already exists`, dest);
      else return;
    }
    this.#calls.copyFile(src, dest, this.#options.mode)();
    if (preserveTimestamps) {
      const { atime, mtime } = this.#task.stat(src);
      this.#task.utimensat(AT_FDCWD, dest, inMilliseconds(atime), inMilliseconds(mtime));
    }
    this.#task.chmod(dest, mode & 0o7777);
  }

  #copyLink(src: string, dest: string, to: Stat | undefined): void {
    const target = this.#targetOf(src, this.#options.verbatimSymlinks);
    if (to !== undefined) {
      const before = this.#targetAt(dest);
      if (before !== undefined) this.#replaceLink(src, dest, target, before);
    }
    this.#task.symlink(target, dest);
  }

  #replaceLink(src: string, dest: string, target: string, before: string): void {
    if (this.#leadsToDirectory(src) && this.#isWithin(target, before)) this.#refuseSelf(target, before);
    // the synchronous form follows the destination and fails where it leads nowhere, the others follow the source
    if (isDirectory(this.#task.stat(this.#options.sync ? dest : src).mode) && this.#isWithin(before, target)) {
      const message = `cannot overwrite ${before} with ${target}`;
      refuse('ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY', 'EINVAL', message, dest);
    }
    this.#task.unlink(dest);
  }

  #leadsToDirectory(path: string): boolean {
    return isDirectory(this.#task.statIfPresent(path)?.mode ?? 0);
  }

  #targetOf(path: string, verbatim: boolean): string {
    const target = this.#task.readlink(path);
    return verbatim || posix.isAbsolute(target) ? target : this.#resolve(posix.dirname(path), target);
  }

  /** The target of what stands at `path`; `undefined` where that is no symlink. */
  #targetAt(path: string): string | undefined {
    try {
      return this.#targetOf(path, false);
    } catch (error) {
      if (isRefusal(error, 'EINVAL')) return undefined;
      throw error;
    }
  }
}

const isSame = (a: Stat, b: Stat): boolean => a.ino === b.ino && a.dev === b.dev;

/** Node carries times over as dates. */
const inMilliseconds = ({ sec, nsec }: Timespec): Timespec => {
  const rounded = Math.round(nsec / 1_000_000);
  return rounded === 1000 ? { sec: sec + 1, nsec: 0 } : { sec, nsec: rounded * 1_000_000 };
};

export function copyForms(task: Task, calls: Calls) {
  const begin = (from: unknown, to: unknown, options: unknown, sync: boolean): Walk => {
    const read = getCpOptions(options as never) as CopyOptions;
    return new Copying(task, calls, { ...read, sync }).run(pathname(from, 'src'), pathname(to, 'dest'));
  };
  return {
    sync: (from: unknown, to: unknown, options?: unknown): void => {
      const walk = begin(from, to, options, true);
      for (let step = walk.next(); !step.done; ) step = walk.next(answerNow(step.value));
    },
    promise: async (from: unknown, to: unknown, options?: unknown): Promise<void> => {
      const walk = begin(from, to, options, false);
      for (let step = walk.next(); !step.done; ) step = walk.next(Boolean(await step.value));
    },
  };
}

/** The synchronous form cannot wait for a filter. */
function answerNow(answer: unknown): boolean {
  if (!(answer instanceof Promise)) return Boolean(answer);
  const words = 'Expected boolean to be returned from the "filter" function but got an instance of Promise.';
  throw withCode(new TypeError(words), 'ERR_INVALID_RETURN_VALUE');
}
