/** Files that become a folder of the layerdb all at once, or not at all. @see moby pkg/ioutils/fswriters.go */
import { ErrnoException } from '../abi/errno.ts';
import { AT_SYMLINK_NOFOLLOW } from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import { encodeName } from '../abi/name-bytes.ts';
import { removeAll } from '../archive/unpack-entry.ts';
import { makeTemporaryDirectory } from '../driver/make-directory.ts';
import type { Task } from '../kernel/task.ts';
import { writeFile } from './layerdb-file.ts';

/** What the names of unfinished write sets begin with. */
export const WRITE_SET_PREFIX = 'write-set-';

/** A transaction: a folder of the layerdb in the making. */
export class WriteSet {
  /** Where the files lie until `commit`. */
  readonly path: string;
  readonly #task: Task;

  /** Begins one in the directory `parent`; its folder has mode 0700. @throws ErrnoException */
  constructor(task: Task, parent: string) {
    this.#task = task;
    this.path = makeTemporaryDirectory(task, parent, WRITE_SET_PREFIX);
  }

  /** Adds a file, or replaces it. @throws ErrnoException */
  write(name: string, content: string | Uint8Array): void {
    const bytes = typeof content === 'string' ? encodeName(content) : content;
    writeFile(this.#task, `${this.path}/${name}`, bytes, 0o644);
  }

  /** Gives the folder another mode. @throws ErrnoException */
  chmod(mode: number): void {
    this.#task.chmod(this.path, mode);
  }

  /** Becomes the folder `target`. @throws ErrnoException `EEXIST` where one is, even an empty one, as in Go */
  commit(target: string): void {
    const there = this.#task.statIfPresent(target, AT_SYMLINK_NOFOLLOW);
    if (there !== undefined && isDirectory(there.mode)) throw new ErrnoException('EEXIST', 'rename', this.path, target);
    this.#task.rename(this.path, target);
  }

  /** Gives up: no file is left. @throws ErrnoException */
  cancel(): void {
    removeAll(this.#task, this.path);
  }
}
