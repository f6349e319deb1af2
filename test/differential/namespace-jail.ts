/**
 * A task of each kernel that is root in a user namespace of its own and nobody outside: what the table of namespace
 * cases runs on. Before it comes, and after it has gone, the machine's root works in the same directory.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import koffi from 'koffi';
import { CLONE_NEWNS, CLONE_NEWUSER, O_DIRECTORY, O_PATH, O_WRONLY } from '../../src/abi/flags.ts';
import { formatMounts } from '../../src/kernel/mount-calls.ts';
import type { SystemCalls } from '../../src/kernel/system-calls.ts';
import type { Task } from '../../src/kernel/task.ts';
import { makeParents } from '../../src/testing/build.ts';
import { createMachine } from '../../src/union/create-machine.ts';
import { DIRECTORY, isolate, type JailedTask, LinuxJail } from './jail.ts';
import { checked } from './linux-libc.ts';
import { type Recorded, recorder } from './recorder.ts';

/** The calls that a case may make inside. */
export type NamespaceTask = JailedTask &
  Pick<Task, 'setresuid' | 'setresgid' | 'getresuid' | 'getresgid' | 'getgroups' | 'setgroups'>;

/** As {@link NamespaceTask}, for a case. */
export type RecordedInside = Recorded & NamespaceTask;

/** A case: what the machine's root does before, what is done inside, what the machine's root finds. */
export interface NamespaceCase {
  before?(t: Recorded): void;
  inside(t: RecordedInside): void;
  after?(t: Recorded): void;
}

/** The ids inside, those outside, how many. The user that makes the namespace is the machine's root, without its rights. */
export const ID_MAP = '0 0 1\n1 100001 999\n';

const SYS_SETRESUID = 117;
const SYS_GETRESUID = 118;
const SYS_SETRESGID = 119;
const SYS_GETRESGID = 120;
const SYS_GETGROUPS = 115;
const SYS_SETGROUPS = 116;

const library = koffi.load('libc.so.6');
const bind = (signature: string) => library.func(signature) as (...parameters: unknown[]) => number;
const setThree = bind('long syscall(long number, long a, long b, long c)');
const getThree = bind('long syscall(long number, _Out_ void *a, _Out_ void *b, _Out_ void *c)');
const getMany = bind('long syscall(long number, long size, _Out_ void *into)');
const setMany = bind('long syscall(long number, long size, void *from)');

/** Inside, on the real kernel. */
export class LinuxNamespaceTask extends LinuxJail implements NamespaceTask {
  setresuid(...ids: [number, number, number]): void {
    checked(setThree(SYS_SETRESUID, ...ids), 'setresuid');
  }
  setresgid(...ids: [number, number, number]): void {
    checked(setThree(SYS_SETRESGID, ...ids), 'setresgid');
  }
  getresuid(): number[] {
    return three(SYS_GETRESUID);
  }
  getresgid(): number[] {
    return three(SYS_GETRESGID);
  }
  getgroups(): number[] {
    const buffer = Buffer.alloc(64);
    const count = checked(getMany(SYS_GETGROUPS, 16, buffer), 'getgroups');
    return Array.from({ length: count }, (_, i) => buffer.readUInt32LE(i * 4));
  }
  override setgroups(groups: readonly number[]): void {
    checked(setMany(SYS_SETGROUPS, groups.length, Uint32Array.from(groups)), 'setgroups');
  }
}

function three(number: number): number[] {
  const buffers = [0, 1, 2].map(() => Buffer.alloc(4));
  checked(getThree(number, ...buffers), 'getresuid');
  return buffers.map((buffer) => buffer.readUInt32LE(0));
}

const HERE = new URL('.', import.meta.url).pathname;
const WORKER = `${HERE}namespace-worker.ts`;

/** Runs the worker in namespaces of its own; answers what it prints. */
function inLinuxNamespace(): Promise<string> {
  const node = `exec unshare --mount --propagation unchanged -- "$@"`;
  const script = `echo ready; read -r go; ${node}`;
  const command = [process.execPath, '--import', 'tsx', WORKER];
  const child = spawn('unshare', ['--user', 'sh', '-c', script, 'sh', ...command], { cwd: HERE });
  return new Promise((resolve, reject) => {
    let out = '';
    let errors = '';
    let mapped = false;
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (mapped || !out.startsWith('ready\n')) return;
      mapped = true;
      out = out.slice('ready\n'.length);
      for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${map}`, ID_MAP);
      child.stdin.end('go\n');
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(out) : reject(new Error(`exit ${code}: ${errors}`))));
  });
}

const jailOf = (index: number): string => `${DIRECTORY}/user-${index}`;

/** Runs `use` with `root` at the jail of a case. */
function within(task: JailedTask, at: string, use: () => void): void {
  const outside = task.open('/', O_PATH | O_DIRECTORY);
  task.chdir(at);
  task.chroot('.');
  task.umask(0);
  use();
  task.setfsuid(0);
  task.fchdir(outside);
  task.chroot('.');
  task.close(outside);
}

/** The answers of each case, by its place. */
export async function answersOfLinux(cases: readonly NamespaceCase[]): Promise<string[][]> {
  const task = new LinuxJail(isolate());
  const all: string[][] = cases.map(() => []);
  for (const [i, { before }] of cases.entries()) {
    mkdirSync(jailOf(i));
    task.mount('jail', jailOf(i), 'tmpfs', 'mode=755');
    within(task, jailOf(i), () => before?.(recorder(task, all[i]!)));
  }
  const inside = JSON.parse(await inLinuxNamespace()) as string[][];
  for (const [i, { after }] of cases.entries()) {
    all[i]!.push(...inside[i]!);
    within(task, jailOf(i), () => after?.(recorder(task, all[i]!)));
  }
  return all;
}

/** What the worker does with its namespaces: each case in a copy of the mounts. */
export function runInside(
  cases: readonly NamespaceCase[],
  task: LinuxNamespaceTask,
  backToMounts: () => void,
): string[][] {
  return cases.map(({ inside }, i) => {
    const answers: string[] = [];
    task.unshare(CLONE_NEWNS);
    task.chdir(jailOf(i));
    task.chroot('.');
    task.umask(0);
    inside(recorder(task, answers) as RecordedInside);
    task.setfsuid(0);
    backToMounts();
    task.chdir('/');
    return answers;
  });
}

/** The same on a machine of ours. */
export function answersOfMachine({ before, inside, after }: NamespaceCase): string[] {
  const task = createMachine().task as SystemCalls & JailedTask;
  const at = jailOf(0);
  const answers: string[] = [];
  makeParents(task, `${at}/`);
  task.mkdir('/proc');
  task.mount('proc', '/proc', 'proc');
  task.mount('jail', at, 'tmpfs', 'mode=755');
  const tellMounts = (of: SystemCalls & JailedTask) => {
    of.mounts = () => formatMounts(of.namespace, of.fs.root);
  };
  tellMounts(task);
  within(task, at, () => before?.(recorder(task, answers)));
  const child = task.clone(CLONE_NEWUSER) as SystemCalls & NamespaceTask;
  for (const map of ['uid_map', 'gid_map']) {
    const fd = task.open(`/proc/${child.pid}/${map}`, O_WRONLY);
    task.write(fd, new TextEncoder().encode(ID_MAP));
    task.close(fd);
  }
  child.unshare(CLONE_NEWNS);
  tellMounts(child);
  child.chdir(at);
  child.chroot('.');
  child.umask(0);
  inside(recorder(child, answers) as RecordedInside);
  within(task, at, () => after?.(recorder(task, answers)));
  return answers;
}
