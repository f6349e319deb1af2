/** The descriptor of an inotify instance. @see fs/notify/inotify/inotify_user.c */
import { raise } from '../abi/errno.ts';
import type { TaskContext } from './context.ts';
import { type FileOperations, grabFile, OpenFile } from './file.ts';
import { Inotify } from './inotify.ts';
import { refusingOperations } from './pipe.ts';

const inotifyOperations: FileOperations = {
  ...refusingOperations,
  llseek: (file) => file.position,
  release: (file) => (file.note as Inotify).close(),
  fork(fork, old, made) {
    made.note = (old.note as Inotify).fork(fork);
  },
};

/** A new instance; it stands, as far as mounts are concerned, at the task's root. */
export function inotifyOpen(task: TaskContext): OpenFile {
  const { mount, dentry } = task.fs.root;
  const file = new OpenFile(mount, dentry, dentry.inode!, 0, task.credentials, inotifyOperations);
  file.note = new Inotify(task.kernel);
  return grabFile(file);
}

/** @throws Errno EINVAL for any other descriptor */
export function inotifyOf(file: OpenFile): Inotify {
  return file.ops === inotifyOperations ? (file.note as Inotify) : raise('EINVAL');
}
