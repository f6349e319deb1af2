/** The machines under comparison: the real kernel, and what is to be like it. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Subject } from '../../src/testing/compare.ts';
import type { SubjectTask } from '../../src/testing/subject.ts';
import { LinuxTask } from './linux-task.ts';

/** Why the real kernel cannot be reached from here, or `undefined`. */
export function whyNoOracle(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `needs Linux on x64, is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'needs root, for mounts and other owners';
  return undefined;
}

const directory = `${tmpdir()}/lowerdir-fuzz`;
let isolated = false;

/** The real kernel, in a mount namespace that nobody else sees. `side` is a name of four letters. */
export function realSubject(side = 'left'): Subject {
  if (!isolated) {
    mkdirSync(directory, { recursive: true });
    LinuxTask.isolate(directory);
    isolated = true;
  }
  return { name: `Linux ${side}`, task: new LinuxTask(), directory: `${directory}/${side}` };
}

/** A machine of ours; fresh for each sequence. */
export async function simulatedSubjects(): Promise<() => Subject> {
  const { createMachine } = (await import(new URL('../../src/union/create-machine.ts', import.meta.url).href)) as {
    createMachine: () => { task: SubjectTask };
  };
  return () => ({ name: 'lowerdir', task: createMachine().task, directory: `${directory}/left` });
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
