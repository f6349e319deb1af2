/** Trees that filesystems are compared in, and how cases become tests. */
import { describe, it } from 'vitest';
import { AssertionFailure } from '../../src/testing/expectation.ts';
import { type FilesystemSuiteParts, filesystemSuite } from '../../src/testing/filesystem/filesystem-suite.ts';
import { type NodeFs, nodeDirectory } from '../../src/testing/filesystem/node-directory.ts';
import type { MountedDirectory } from '../../src/testing/filesystem/oracle.ts';
import { createMachine } from '../../src/union/create-machine.ts';
import { aufsMachine, DOCKER_OPTIONS } from '../unit/filesystem/aufs/machine.ts';
import { oracleTest } from '../differential/slice.ts';
import { whyNoOracle } from '../differential/subjects.ts';

/** The merged tree of a union of empty layers. */
export function emptyUnion(): MountedDirectory {
  const { task } = createMachine();
  for (const path of ['/lower', '/upper', '/work', '/mnt', '/mnt/tree']) task.mkdir(path, 0o755);
  const mount = () => task.mount('overlay', '/mnt/tree', 'overlay', 'lowerdir=/lower,upperdir=/upper,workdir=/work');
  mount();
  task.umask(0);
  const remount = () => {
    task.umount('/mnt/tree');
    mount();
  };
  return { name: 'a union', task, directory: '/mnt/tree', remount };
}

/** The merged tree of an AUFS of empty branches; at a remount what was written becomes the branch below a new one. */
export function emptyAufs(): MountedDirectory {
  const { task } = aufsMachine('/rw0', '/ro', '/mnt', '/mnt/tree', '/dev', '/dev/shm');
  const branches = ['/rw0=rw', '/ro=ro+wh'];
  const mount = () => task.mount('none', '/mnt/tree', 'aufs', `br:${branches.join(':')},${DOCKER_OPTIONS}`);
  mount();
  task.umask(0);
  const remount = () => {
    task.umount('/mnt/tree');
    branches[0] = branches[0]!.replace('=rw', '=ro+wh');
    const path = `/rw${branches.length}`;
    task.mkdir(path, 0o755);
    branches.unshift(`${path}=rw`);
    mount();
  };
  return { name: 'aufs', task, directory: '/mnt/tree', remount };
}

/** This library's own node:fs. */
export function ownNodeFs(): MountedDirectory {
  const { task, fs } = createMachine();
  task.umask(0);
  return nodeDirectory(fs as unknown as NodeFs, '/tree');
}

/** Every case that applies is a test. */
export function runCases(parts: FilesystemSuiteParts): void {
  for (const { group, name, skip, run } of filesystemSuite(parts)) if (skip === undefined) it(`${group}: ${name}`, run);
}

/** The names of the cases that fail. */
export function differingCases(parts: FilesystemSuiteParts): string[] {
  const fails = (run: () => void): boolean => {
    try {
      run();
      return false;
    } catch (error) {
      if (error instanceof AssertionFailure) return true;
      throw error;
    }
  };
  return filesystemSuite(parts)
    .filter(({ skip, run }) => skip === undefined && fails(run))
    .map(({ name }) => name);
}

/** Cases that are compared with the host; one test that tells why, where they cannot be. */
export function describeOnHost(name: string, tests: () => void): void {
  if (whyNoOracle() === undefined) describe(name, tests);
  else oracleTest(name, () => {});
}
