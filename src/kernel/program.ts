/** Programs: values that the machine knows for files, run by execve(2). A program sees nothing but its task. */
import { raise } from '../abi/errno.ts';
import { AT_FDCWD, MS_NOEXEC } from '../abi/flags.ts';
import { isRegular } from '../abi/mode.ts';
import type { TaskContext } from './context.ts';
import { LOOKUP_FOLLOW, pathFrom, resolvePath } from './namei.ts';
import { checkPermission, MAY_EXEC } from './permission.ts';
import type { Task } from './task.ts';

/** Answers an exit status, 0 for success. */
export type Program = (task: Task, argv: readonly string[]) => number;

/** The programs of a machine, by the path of their file; see `Machine.register`. */
export class ProgramTable {
  readonly #programs = new Map<string, Program>();

  /** Makes `program` what runs for the file at `path`. */
  register(path: string, program: Program): void {
    this.#programs.set(path, program);
  }

  /** @throws Errno ENOENT, EACCES; ENOEXEC for a file that no program is known for */
  exec(task: TaskContext & Task, path: string, argv: readonly string[]): number {
    const place = resolvePath(task, AT_FDCWD, path, LOOKUP_FOLLOW);
    const inode = place.dentry.inode!;
    if (!isRegular(inode.mode) || (place.mount.flags & MS_NOEXEC) !== 0) raise('EACCES');
    checkPermission(task.kernel, inode, MAY_EXEC);
    const program = this.#programs.get(pathFrom(task.fs.root, place) ?? path) ?? raise('ENOEXEC');
    return program(task, argv);
  }

  /** A table of its own with the same programs. */
  fork(): ProgramTable {
    const made = new ProgramTable();
    for (const [path, program] of this.#programs) made.register(path, program);
    return made;
  }
}
