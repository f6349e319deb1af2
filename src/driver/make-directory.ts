/** Directories of a driver's home, with owner and mode. @see moby pkg/idtools/idtools_unix.go (mkdirAs), golang os.MkdirTemp */
import { removeAll } from '../archive/unpack-entry.ts';
import type { Task } from '../kernel/task.ts';
import { attempt, isErrno, passing } from './refusal.ts';

/** Who a directory is to belong to. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Root of the machine, to whom layers belong. */
export const ROOT: Owner = Object.freeze({ uid: 0, gid: 0 });

/** To whom a home and the directories of its layers belong: whoever the daemon runs as, with root's group. */
export const daemonOwner = (task: Task): Owner => ({ uid: task.getresuid()[0]!, gid: ROOT.gid });

const PERMISSIONS = 0o777;

/** A directory with that mode and owner, whatever the umask; one that is there already gets them too. */
export function makeDirectory(task: Task, path: string, mode: number, owner: Owner): void {
  passing(['EEXIST'], () => task.mkdir(path, mode));
  setPermissions(task, path, mode, owner);
}

/** As `makeDirectory`, with all that lacks above it, which gets the same mode and owner. */
export function makeDirectories(task: Task, path: string, mode: number, owner: Owner): void {
  if (!makeMissingDirectories(task, path, mode, owner)) setPermissions(task, path, mode, owner);
}

/** As `makeDirectories`, but one that is there stays as it is; answers whether any was missing. */
export function makeMissingDirectories(task: Task, path: string, mode: number, owner: Owner): boolean {
  const missing: string[] = [];
  for (let at = path; at !== '' && task.statIfPresent(at) === undefined; at = at.slice(0, at.lastIndexOf('/'))) {
    missing.push(at);
  }
  for (const directory of missing.reverse()) makeDirectory(task, directory, mode, owner);
  return missing.length > 0;
}

function setPermissions(task: Task, path: string, mode: number, { uid, gid }: Owner): void {
  const stat = task.stat(path);
  if ((stat.mode & PERMISSIONS) !== (mode & PERMISSIONS)) task.chmod(path, mode);
  if (stat.uid !== uid || stat.gid !== gid) task.chown(path, uid, gid);
}

/** How often a name that is taken is drawn anew. */
const ATTEMPTS = 10_000;

/** Has something made in `parent`, under a name of `prefix` and a random number that is not taken; answers its path. */
export function makeTemporary(task: Task, parent: string, prefix: string, make: (path: string) => void): string {
  const bytes = new Uint8Array(4);
  for (let attempt = 1; ; attempt++) {
    task.getrandom(bytes);
    const path = `${parent}/${prefix}${new DataView(bytes.buffer).getUint32(0)}`;
    try {
      make(path);
      return path;
    } catch (error) {
      if (!isErrno(error, 'EEXIST') || attempt === ATTEMPTS) throw error;
    }
  }
}

/** A new directory in `parent` that nobody else may look into. */
export const makeTemporaryDirectory = (task: Task, parent: string, prefix: string): string =>
  makeTemporary(task, parent, prefix, (path) => task.mkdir(path, 0o700));

/** Works in a new directory that goes again; that it stays is no error. */
export function inTemporary<T>(task: Task, parent: string, prefix: string, work: (directory: string) => T): T {
  const directory = makeTemporaryDirectory(task, parent, prefix);
  try {
    return work(directory);
  } finally {
    attempt(() => removeAll(task, directory));
  }
}
