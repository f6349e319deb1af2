/** A task of the real kernel that graph drivers can run on: root, in a mount namespace of its own, on a fresh tmpfs. */
import { randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import koffi from 'koffi';
import { ErrnoException } from '../../src/abi/errno.ts';
import { AT_SYMLINK_NOFOLLOW, CLONE_NEWNS, MS_PRIVATE, MS_REC } from '../../src/abi/flags.ts';
import type { Stat, Timespec } from '../../src/abi/stat.ts';
import type { Task } from '../../src/kernel/task.ts';
import { checked, cstring, libc } from './linux-libc.ts';
import { LinuxTask } from './linux-task.ts';

const chroot = koffi.load('libc.so.6').func('int chroot(void *path)') as (path: Uint8Array) => number;

/** The directory that the daemon works in; whatever it mounts there goes with the process. */
export const DIRECTORY = `${tmpdir()}/lowerdir-daemon`;

let isolated = false;

/** Puts the process into a mount namespace of its own, once, and answers a task of it. */
export function linuxDaemon(): Task {
  if (!isolated) {
    mkdirSync(DIRECTORY, { recursive: true });
    const none = cstring('none');
    checked(libc.unshare(CLONE_NEWNS), 'unshare');
    checked(libc.mount(none, cstring('/'), null, MS_REC | MS_PRIVATE, null), 'mount', '/');
    checked(
      libc.mount(none, cstring(DIRECTORY), cstring('tmpfs'), 0, cstring('size=64m,mode=755')),
      'mount',
      DIRECTORY,
    );
    isolated = true;
  }
  return new LinuxDaemon('/', '/').proxy;
}

/** Runs each call with the task's own root and working directory, by the real chroot(2), and comes back. */
class LinuxDaemon {
  readonly #linux = new LinuxTask();
  #root: number;
  #cwd: number;

  constructor(root: string, cwd: string) {
    this.#root = openSync(root, 'r');
    this.#cwd = openSync(cwd, 'r');
    this.#linux.umask(0o022);
  }

  #within<T>(call: () => T): T {
    const host = openSync('/', 'r');
    try {
      checked(libc.fchdir(this.#root), 'fchdir');
      checked(chroot(cstring('.')), 'chroot');
      checked(libc.fchdir(this.#cwd), 'fchdir');
      return call();
    } finally {
      checked(libc.fchdir(host), 'fchdir');
      checked(chroot(cstring('.')), 'chroot');
      closeSync(host);
    }
  }

  #statIfPresent(path: string, flags: number): Stat | undefined {
    try {
      return (flags & AT_SYMLINK_NOFOLLOW) === 0 ? this.#linux.stat(path) : this.#linux.lstat(path);
    } catch (error) {
      if (error instanceof ErrnoException && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
      throw error;
    }
  }

  /** In a task's shape: what is not told here is asked of the kernel. */
  get proxy(): Task {
    const own: Partial<Task> = {
      pid: process.pid,
      clone: () => new LinuxDaemon(`/proc/self/fd/${this.#root}`, `/proc/self/fd/${this.#cwd}`).proxy,
      exit: () => [this.#root, this.#cwd].forEach(closeSync),
      chroot: (path) => {
        this.#root = openSync(path, 'r');
      },
      chdir: (path) => {
        this.#cwd = this.#within(() => openSync(path, 'r'));
      },
      getrandom: (into) => void randomFillSync(into),
      statIfPresent: (path, flags = 0) => this.#within(() => this.#statIfPresent(path, flags)),
      getresuid: () => [0, 0, 0],
      getresgid: () => [0, 0, 0],
      uname: () => ({
        sysname: 'Linux',
        nodename: '',
        release: release(),
        version: '',
        machine: 'x86_64',
        domainname: '',
      }),
      clockGettime: (): Timespec => ({ sec: Math.floor(Date.now() / 1000), nsec: (Date.now() % 1000) * 1e6 }),
      nanosleep: ({ sec, nsec }) => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, sec * 1000 + nsec / 1e6);
      },
    };
    return new Proxy(own, {
      get: (target, name) =>
        target[name as keyof Task] ??
        ((...parameters: unknown[]) => this.#within(() => (this.#linux as any)[name](...parameters))),
    }) as unknown as Task;
  }
}
