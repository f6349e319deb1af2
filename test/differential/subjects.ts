/** The machines under comparison: the real kernel, and what is to be like it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { MS_NOATIME } from '../../src/abi/flags.ts';
import { hostfs } from '../../src/filesystem/hostfs/index.ts';
import { type FsLike, memfs } from '../../src/filesystem/memfs/index.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { dropCaches } from '../../src/kernel/shrink.ts';
import type { Subject } from '../../src/testing/compare.ts';
import type { SubjectTask } from '../../src/testing/subject.ts';
import { LinuxTask } from './linux-task.ts';
import { hostObject } from './memfs-lower.ts';

/** Why the real kernel cannot be reached from here, or `undefined`. */
export function whyNoOracle(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `needs Linux on x64, is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'needs root, for mounts and other owners';
  return undefined;
}

const directory = `${tmpdir()}/lowerdir-fuzz`;
let isolated = false;

/** Put in the place of an exhausted machine's memory: how the kernel is told to forget what it can read again. */
const DROP_CACHES = '/proc/sys/vm/drop_caches';
const DENTRIES_AND_INODES = 2;

/** The real kernel, in a mount namespace that nobody else sees. `side` is a name of four letters. */
export function realSubject(side = 'left'): Subject {
  if (!isolated) {
    mkdirSync(directory, { recursive: true });
    LinuxTask.isolate(directory);
    isolated = true;
  }
  const task = new LinuxTask();
  return {
    name: `Linux ${side}`,
    task,
    directory: `${directory}/${side}`,
    filesystemUuid: (path) => task.filesystemUuid(path),
    mountForeign(at) {
      task.mount('ramfs', at, 'ramfs', 'mode=755', MS_NOATIME);
      return true;
    },
    dropCaches() {
      task.turn();
      task.sync();
      writeFileSync(DROP_CACHES, `${DENTRIES_AND_INODES}`);
    },
  };
}

/** Root of the host, for what reads the host's files on behalf of a machine of ours. */
let host: LinuxTask | undefined;

/** What shows the real kernel's ramfs to a machine of ours. */
export type Foreign = 'hostfs' | 'memfs';

/** A machine of ours; fresh for each sequence. Its foreign filesystem shows what the real kernel's ramfs holds. */
export async function simulatedSubjects(foreign: Foreign = 'hostfs'): Promise<() => Subject> {
  const { createMachine } = (await import(new URL('../../src/union/create-machine.ts', import.meta.url).href)) as {
    createMachine: (options: { filesystems: unknown[] }) => { task: SubjectTask; kernel: Kernel };
  };
  const hostObjects: { [directory: string]: FsLike } = {};
  return () => {
    const { task, kernel } = createMachine({ filesystems: [hostfs(), memfs(hostObjects)] });
    let readsHost = false;
    return {
      name: 'lowerdir',
      task,
      directory: `${directory}/left`,
      filesystemUuid(path) {
        const { dev } = task.stat(path);
        return [...kernel.superblocks].find((one) => one.dev === dev)?.uuid;
      },
      dropCaches: () => dropCaches(kernel, DENTRIES_AND_INODES),
      mountForeign(at) {
        readsHost = true;
        host ??= new LinuxTask();
        host.turn();
        hostObjects[at] ??= hostObject(at);
        task.mount(at, at, foreign);
        return false;
      },
      turn() {
        if (readsHost) host?.turn();
      },
    };
  };
}

/** A second real kernel task whose one call is wrong: what the comparison must find. */
export function faultySubject(fault: string): Subject {
  const subject = realSubject('flaw');
  const { task } = subject;
  const planted = faults[fault];
  if (planted === undefined) throw new Error(`no such fault: ${fault}; there are ${Object.keys(faults).join(', ')}`);
  const wrong = new Proxy(task, {
    get(target, key: keyof SubjectTask) {
      const call = (target[key] as (...parameters: never[]) => unknown).bind(target);
      return key in planted ? planted[key]!(call as never, target) : call;
    },
  });
  return { ...subject, name: `faulty ${fault}`, task: wrong };
}

type Fault = { [K in keyof SubjectTask]?: (call: SubjectTask[K], task: SubjectTask) => SubjectTask[K] };

/** Planted mistakes of the kind that an implementation makes. */
export const faults = {
  'chmod keeps the sticky bit': { chmod: (chmod) => (path, mode) => chmod(path, mode & ~0o1000) },
  'stat tells no set-group-id': {
    fstat: (fstat) => (fd) => {
      const stat = fstat(fd);
      return { ...stat, mode: stat.mode & ~0o2000 };
    },
  },
  'rename of a file onto itself removes it': {
    rename: (rename, task) => (path, newPath) => {
      rename(path, newPath);
      if (path === newPath) task.unlink(path);
    },
  },
  'link sets the time of modification': {
    link: (link, task) => (path, newPath) => {
      link(path, newPath);
      task.utimensat(-100, newPath, { sec: 0, nsec: 0x3ffffffe }, undefined, 0x100);
    },
  },
  'listing forgets its last entry': {
    getdents: (getdents) => (fd, count) => {
      const entries = getdents(fd, count);
      return entries.length > 3 ? entries.slice(0, -1) : entries;
    },
  },
  'unlink of a missing file succeeds': {
    unlink: (unlink) => (path) => {
      try {
        unlink(path);
      } catch (error) {
        if ((error as { code?: string }).code !== 'ENOENT') throw error;
      }
    },
  },
} satisfies Record<string, Fault> as Record<string, Fault>;
