/** A task of each kernel in a root directory of its own, where mounts may be made: what the mount tables run on. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import koffi from 'koffi';
import {
  AT_FDCWD,
  CLONE_NEWNS,
  MNT_DETACH,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
} from '../../src/abi/flags.ts';
import type { InotifyEvent } from '../../src/kernel/inotify.ts';
import { formatMounts } from '../../src/kernel/mount-calls.ts';
import type { SystemCalls } from '../../src/kernel/system-calls.ts';
import type { Task } from '../../src/kernel/task.ts';
import { makeParents } from '../../src/testing/build.ts';
import type { SubjectTask } from '../../src/testing/subject.ts';
import type { FilesystemType } from '../../src/kernel/superblock.ts';
import { createMachine } from '../../src/union/create-machine.ts';
import { checked, cstring, libc, nameFrom } from './linux-libc.ts';
import { LinuxTask } from './linux-task.ts';

/** The calls that a case may make; `mounts` is /proc/self/mounts. */
export type JailedTask = SubjectTask &
  Pick<Task, 'chdir' | 'fchdir' | 'getcwd' | 'flock' | 'dup2' | 'chroot' | 'unshare' | 'pivotRoot' | 'syncfs'> &
  Pick<Task, 'inotifyInit' | 'inotifyAddWatch' | 'inotifyRemoveWatch' | 'inotifyRead'> & {
    mounts(): string;
  };

/** Where the jails are made. */
export const DIRECTORY = `${tmpdir()}/lowerdir-mounts`;
const SYS_PIVOT_ROOT = 155;

const library = koffi.load('libc.so.6');
const bind = (signature: string) => library.func(signature) as (...parameters: unknown[]) => number;
const chroot = bind('int chroot(void *path)');
const setns = bind('int setns(int fd, int type)');
const pivotRoot = bind('long syscall(long number, void *newRoot, void *putOld)');
const inotifyInit = bind('int inotify_init1(int flags)');
const inotifyAddWatch = bind('int inotify_add_watch(int fd, void *path, uint mask)');
const inotifyRemoveWatch = bind('int inotify_rm_watch(int fd, int watch)');

/** Descriptors of what cannot be reached from inside. */
export interface Outside {
  readonly root: number;
  readonly proc: number;
  readonly namespace: number;
}

let outside: Outside | undefined;

/** Puts the process into a mount namespace of its own, once. */
export function isolate(): Outside {
  if (outside !== undefined) return outside;
  mkdirSync(DIRECTORY, { recursive: true });
  LinuxTask.isolate(DIRECTORY);
  const open = (path: string, flags: number) => checked(libc.open(AT_FDCWD, cstring(path), flags | O_CLOEXEC, 0), path);
  outside = {
    root: open('/', O_PATH | O_DIRECTORY),
    proc: open('/proc/thread-self', O_PATH | O_DIRECTORY),
    namespace: open('/proc/thread-self/ns/mnt', O_RDONLY),
  };
  return outside;
}

export class LinuxJail extends LinuxTask implements JailedTask {
  readonly #outside: Outside;

  constructor(outside: Outside) {
    super();
    this.#outside = outside;
  }

  chroot(path: string): void {
    this.umask(this.umask(0));
    checked(chroot(cstring(path)), 'chroot', path);
  }

  unshare(flags: number): void {
    checked(libc.unshare(flags), 'unshare');
  }

  pivotRoot(newRoot: string, putOld: string): void {
    this.umask(this.umask(0));
    checked(pivotRoot(SYS_PIVOT_ROOT, cstring(newRoot), cstring(putOld)), 'pivot_root', newRoot, putOld);
  }

  inotifyInit(): number {
    return checked(inotifyInit(O_NONBLOCK), 'inotify_init');
  }

  inotifyAddWatch(fd: number, path: string, mask: number): number {
    this.umask(this.umask(0));
    return checked(inotifyAddWatch(fd, cstring(path), mask), 'inotify_add_watch', path);
  }

  inotifyRemoveWatch(fd: number, watch: number): void {
    checked(inotifyRemoveWatch(fd, watch), 'inotify_rm_watch');
  }

  /** @see struct inotify_event */
  inotifyRead(fd: number): InotifyEvent[] {
    const buffer = Buffer.alloc(1 << 16);
    const got = libc.read(fd, buffer, buffer.length);
    const events: InotifyEvent[] = [];
    for (let at = 0; at < got; ) {
      const length = buffer.readUInt32LE(at + 12);
      const name = nameFrom(buffer.subarray(at + 16, at + 16 + length)).replace(/\0+$/, '');
      const event = {
        watch: buffer.readInt32LE(at),
        mask: buffer.readUInt32LE(at + 4),
        cookie: buffer.readUInt32LE(at + 8),
      };
      events.push(length === 0 ? event : { ...event, name });
      at += 16 + length;
    }
    return events;
  }

  mounts(): string {
    const fd = checked(libc.open(this.#outside.proc, cstring('mounts'), O_RDONLY, 0), 'open');
    const buffer = Buffer.alloc(1 << 16);
    let text = '';
    for (let got = this.read(fd, buffer); got > 0; got = this.read(fd, buffer)) text += buffer.toString('utf8', 0, got);
    this.close(fd);
    return text;
  }
}

/** Runs `use` in a fresh root on the real kernel. */
export function inLinux(use: (task: JailedTask) => void): void {
  const { root, namespace, ...rest } = isolate();
  const task = new LinuxJail({ root, namespace, ...rest });
  const at = `${DIRECTORY}/jail`;
  mkdirSync(at, { recursive: true });
  enter(task, at);
  try {
    use(task);
  } finally {
    checked(setns(namespace, CLONE_NEWNS), 'setns');
    task.setfsuid(0);
    task.fchdir(root);
    task.chroot('.');
    task.umount(at, MNT_DETACH);
  }
}

/** Runs `use` in a fresh root on a machine of ours. */
export function inMachine(use: (task: JailedTask) => void, filesystems: readonly FilesystemType[] = []): void {
  const task = createMachine({ filesystems }).task as SystemCalls & JailedTask;
  const at = `${DIRECTORY}/jail`;
  makeParents(task, `${at}/`);
  task.mounts = () => formatMounts(task.namespace, task.fs.root);
  enter(task, at);
  use(task);
}

function enter(task: JailedTask, at: string): void {
  task.mount('jail', at, 'tmpfs', 'mode=755');
  task.chdir(at);
  task.chroot(at);
  task.umask(0);
}
