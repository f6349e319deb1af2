/** What the entries of a layer do to the directory that it is unpacked into. Paths are those of a task rooted there. */
import { isDirectory } from '../abi/mode.ts';
import { WHITEOUT_DEV, WHITEOUT_MODE } from '../abi/whiteout.ts';
import type { Task } from '../kernel/task.ts';
import type { LayerForm } from './layer-entry.ts';
import { listPaths } from './list-names.ts';
import { DIRTYPE, type TarHeader } from './tar-entry.ts';
import { isMissing, lstatIfReachable, removeAll } from './unpack-entry.ts';

const PARENT_MODE = 0o755;

/** Makes the directories that an archive lacks: of mode 0600 in the plain form, root's own of 0755 in the others. */
export function makeParents(task: Task, parent: string, form: LayerForm): void {
  if (parent === '' || !isMissing(task, `/${parent}`)) return;
  let path = '';
  for (const part of parent.split('/')) {
    path += `/${part}`;
    if (task.statIfPresent(path) !== undefined) continue;
    task.mkdir(path, form === 'plain' ? 0o600 : PARENT_MODE);
    if (form !== 'plain') makeRoots(task, path);
  }
}

/** Neither a set-group-ID directory above nor the caller's ids count. @see moby pkg/idtools (MkdirAllAndChownNew) */
function makeRoots(task: Task, directory: string): void {
  const { mode, uid, gid } = task.stat(directory);
  if ((mode & 0o777) !== PARENT_MODE) task.chmod(directory, PARENT_MODE);
  if (uid !== 0 || gid !== 0) task.chown(directory, 0, 0);
}

/** Removes what stands in the place of an entry, unless both are directories: those become one. */
export function replace(task: Task, path: string, header: TarHeader): void {
  const there = lstatIfReachable(task, path);
  if (there !== undefined && !(isDirectory(there.mode) && header.type === DIRTYPE)) removeAll(task, path);
}

/** Removes what the directory holds at any depth, but for the paths in `spared`; a symlink to one is left alone. */
export function clearDirectory(task: Task, directory: string, spared: ReadonlySet<string>): void {
  if (!isDirectory(task.lstat(directory).mode)) return;
  for (const path of listPaths(task, directory)) {
    if (spared.has(path)) clearDirectory(task, path, spared);
    else removeAll(task, path);
  }
}

/** The directory hides what lies below it in an overlay. */
export function markOpaque(task: Task, directory: string, prefix: string): void {
  task.setxattr(directory, `${prefix}opaque`, Uint8Array.of(0x79));
}

/** The name is deleted from what lies below it in an overlay. */
export function whiteOut(task: Task, path: string, { uid, gid }: TarHeader): void {
  task.mknod(path, WHITEOUT_MODE, WHITEOUT_DEV);
  task.chown(path, uid, gid);
}
