/**
 * What is left when the power goes: a machine with the filesystems that were mounted at the given directories, and
 * nothing of what was running. Tmpfs stands in for a disk here: its pages survive, its nameless files do not.
 */
import { Fork } from '../kernel/fork.ts';
import { Machine, type MachineParts } from './machine.ts';
import { startInit } from './start.ts';

export function restartMachine(stopped: Machine, parts: MachineParts): Machine {
  const fork = new Fork(stopped.kernel.fork());
  const old = stopped.task.fs.root.mount.superblock;
  const root = fork.superblock(old);
  const programs = stopped.programs.fork();
  const task = startInit(fork.kernel, root, 'rootfs', programs);
  root.reclaim?.();
  return new Machine(parts, { kernel: fork.kernel, programs, task });
}
