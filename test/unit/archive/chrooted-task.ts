/** A task of the real kernel with the calls that unpacking a layer needs beside `LinuxTask`'s: clone, chroot, exit. */
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { randomFillSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { ErrnoException } from '../../../src/abi/errno.ts';
import type { Stat } from '../../../src/abi/stat.ts';
import type { Task } from '../../../src/kernel/task.ts';
import { checked, cstring, libc } from '../../differential/linux-libc.ts';
import { LinuxTask } from '../../differential/linux-task.ts';

const chroot = koffi.load('libc.so.6').func('int chroot(void *path)') as (path: Uint8Array) => number;

/** Runs the call with another root, by the real chroot(2), and comes back. */
function within<T>(root: number, call: () => T): T {
  const host = openSync('/', 'r');
  try {
    checked(libc.fchdir(root), 'fchdir');
    checked(chroot(cstring('.')), 'chroot');
    return call();
  } finally {
    checked(libc.fchdir(host), 'fchdir');
    checked(chroot(cstring('.')), 'chroot');
    closeSync(host);
  }
}

/** How each call is watched or made to fail in a test. */
export type Interceptor = (call: string, parameters: readonly unknown[]) => void;

/** A task whose paths are absolute; a clone has its own root. */
export function chrootedTask(intercept: Interceptor = () => {}, rootDirectory = '/'): Task {
  const linux = new LinuxTask();
  let root = openSync(rootDirectory, 'r');
  const own = {
    pid: 1,
    clone: () => chrootedTask(intercept, rootDirectory),
    exit: () => closeSync(root),
    chdir: () => {},
    getrandom: (into: Uint8Array) => void randomFillSync(into),
    statIfPresent(path: string, flags = 0): Stat | undefined {
      try {
        return within(root, () => (flags === 0 ? linux.stat(path) : linux.lstat(path)));
      } catch (error) {
        if (error instanceof ErrnoException && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
        throw error;
      }
    },
    chroot(path: string) {
      closeSync(root);
      root = openSync(path, 'r');
    },
  };
  return new Proxy(own, {
    get(target, name) {
      if (name in target) return target[name as keyof typeof target];
      return (...parameters: unknown[]) => {
        intercept(String(name), parameters);
        return within(root, () => (linux as any)[name](...parameters));
      };
    },
  }) as unknown as Task;
}

/** Runs the test in a directory of its own. */
export function inDirectory<T>(test: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'layer-'));
  try {
    return test(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
