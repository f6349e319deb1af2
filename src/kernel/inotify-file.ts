/** The descriptor of an inotify instance. @see fs/notify/inotify/inotify_user.c */
import { raise } from '../abi/errno.ts';
import type { TaskContext } from './context.ts';
import { pin } from './dentry.ts';
import { type FileOperations, OpenFile } from './file.ts';
import { Inotify } from './inotify.ts';
import { useMount } from './mount.ts';
import { refusingOperations } from './pipe.ts';

const inotifyOperations: FileOperations = {
  ...refusingOperations,
  release: (file) => (file.note as Inotify).close(),
};

/** A new instance; it stands, as far as mounts are concerned, at the task's root. */
export function inotifyOpen(task: TaskContext): OpenFile {
  const { mount, dentry } = task.fs.root;
  const file = new OpenFile(mount, dentry, dentry.inode!, 0, task.credentials, inotifyOperations);
  file.note = new Inotify(task.kernel);
  useMount(mount);
  pin(dentry);
  return file;
}

/** @throws Errno EINVAL for any other descriptor */
export function inotifyOf(file: OpenFile): Inotify {
  return file.ops === inotifyOperations ? (file.note as Inotify) : raise('EINVAL');
}
