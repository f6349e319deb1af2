/** Directories of a driver's home, with owner and mode. @see moby pkg/idtools/idtools_unix.go (mkdirAs), golang os.MkdirTemp */
import { ErrnoException } from '../abi/errno.ts';
import type { Task } from '../kernel/task.ts';

/** Who a directory is to belong to. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const PERMISSIONS = 0o777;

/** A directory with that mode and owner, whatever the umask; one that is there already gets them too. */
export function makeDirectory(task: Task, path: string, mode: number, owner: Owner): void {
  try {
    task.mkdir(path, mode);
  } catch (error) {
    if (!(error instanceof ErrnoException) || error.code !== 'EEXIST') throw error;
  }
  setPermissions(task, path, mode, owner);
}

/** As `makeDirectory`, with all that lacks above it, which gets the same mode and owner. */
export function makeDirectories(task: Task, path: string, mode: number, owner: Owner): void {
  const missing: string[] = [];
  for (let at = path; at !== '' && task.statIfPresent(at) === undefined; at = at.slice(0, at.lastIndexOf('/'))) {
    missing.push(at);
  }
  if (missing.length === 0) setPermissions(task, path, mode, owner);
  for (const directory of missing.reverse()) makeDirectory(task, directory, mode, owner);
}

function setPermissions(task: Task, path: string, mode: number, { uid, gid }: Owner): void {
  const stat = task.stat(path);
  if ((stat.mode & PERMISSIONS) !== mode) task.chmod(path, mode);
  if (stat.uid !== uid || stat.gid !== gid) task.chown(path, uid, gid);
}

/** How often a name that is taken is drawn anew. */
const ATTEMPTS = 10_000;

/** A new directory in `parent` that nobody else may look into; its name is `prefix` and a random number. */
export function makeTemporaryDirectory(task: Task, parent: string, prefix: string): string {
  const bytes = new Uint8Array(4);
  for (let attempt = 1; ; attempt++) {
    task.getrandom(bytes);
    const path = `${parent}/${prefix}${new DataView(bytes.buffer).getUint32(0)}`;
    try {
      task.mkdir(path, 0o700);
      return path;
    } catch (error) {
      if (!(error instanceof ErrnoException) || error.code !== 'EEXIST' || attempt === ATTEMPTS) throw error;
    }
  }
}
