/** A real tmpfs to work in. Root gets a mount namespace of its own, so that nothing mounted here is seen or left behind. */
import fs from 'node:fs';
import path from 'node:path';
import { MNT_DETACH } from '../../src/abi/flags.ts';
import type { LinuxTask } from '../../test/differential/linux-task.ts';
import type { LayerTree } from '../tree.ts';

const SHARED_MEMORY = '/dev/shm';

export interface Scratch {
  readonly directory: string;
  /** Mounts and unmounts; only for root. */
  readonly task: LinuxTask | undefined;
  /** Why there is no `task`. */
  readonly reason: string;
  remove(): void;
}

/** @returns why there is no tmpfs, where there is none */
export async function makeScratch(): Promise<Scratch | string> {
  if (process.platform !== 'linux') return `${process.platform} has no tmpfs`;
  if (!fs.existsSync(SHARED_MEMORY)) return `there is no ${SHARED_MEMORY}`;
  const directory = fs.mkdtempSync(path.join(SHARED_MEMORY, 'lowerdir-bench-'));
  if (process.getuid?.() !== 0) return withoutMounts(directory, 'mounting overlay needs root');
  if (process.arch !== 'x64') return withoutMounts(directory, 'the system calls are bound for x64 alone');
  const { LinuxTask } = await import('../../test/differential/linux-task.ts');
  try {
    LinuxTask.isolate(directory);
    const task = new LinuxTask();
    task.mount('none', directory, 'tmpfs', 'size=4g,mode=755');
    return { directory, task, reason: '', remove: () => removeMounts(directory, task) };
  } catch (error) {
    return withoutMounts(directory, (error as Error).message);
  }
}

function withoutMounts(directory: string, reason: string): Scratch {
  return { directory, task: undefined, reason, remove: () => fs.rmSync(directory, { recursive: true, force: true }) };
}

function removeMounts(directory: string, task: LinuxTask): void {
  process.chdir('/');
  for (let mounts = 0; mounts < 2; mounts++) task.umount(directory, MNT_DETACH);
  fs.rmdirSync(directory);
}

/** Files that are written once and then linked, because they are large. */
const LARGE = 16 << 20;

/** Writes `tree` into the directory `at`. */
export function writeTree(scratch: Scratch, at: string, tree: LayerTree): void {
  fs.mkdirSync(at, { recursive: true });
  for (const [name, content] of tree) {
    if (content === null) fs.mkdirSync(path.join(at, name));
    else if (content.length < LARGE) fs.writeFileSync(path.join(at, name), content);
    else fs.linkSync(largeFile(scratch, content), path.join(at, name));
  }
}

function largeFile(scratch: Scratch, content: Uint8Array): string {
  const at = path.join(scratch.directory, `large-${content.length}-${content[0]}`);
  if (!fs.existsSync(at)) fs.writeFileSync(at, content);
  return at;
}
