/** Filesystems do what the model does, and what the real kernel does; the same scenarios run as experiments on both. */
import { describe, expect, test } from 'vitest';
import { MNT_DETACH } from '../../src/abi/flags.ts';
import { tmpfs } from '../../src/filesystem/tmpfs/index.ts';
import { makeParents } from '../../src/testing/build.ts';
import { compareTasks } from '../../src/testing/compare.ts';
import { type MountedDirectory, posixModel } from '../../src/testing/filesystem/oracle.ts';
import { scenarios, sequenceOf } from '../../src/testing/filesystem/scenarios.ts';
import { UnionModel } from '../../src/testing/filesystem/union-model.ts';
import { printDivergence } from '../differential/report.ts';
import { oracleTest } from '../differential/slice.ts';
import { realSubject, simulatedSubjects } from '../differential/subjects.ts';
import { describeOnHost, differingCases, emptyAufs, emptyUnion, ownNodeFs, runCases } from './directories.ts';

/** A tmpfs of the real kernel. */
function realTmpfs(): MountedDirectory {
  const { task, directory } = realSubject();
  makeParents(task, `${directory}/`);
  task.mount('tmpfs', directory, 'tmpfs', 'size=16m,nr_inodes=2000,mode=755');
  task.umask(0);
  return { name: 'Linux', task, directory, release: () => task.umount(directory, MNT_DETACH) };
}

/** The model, where AUFS is not like a directory of one's own. */
const modelOfAufs = (): MountedDirectory => posixModel(new UnionModel(new Set(['name-length'])));

describe('by the model', () => {
  describe('tmpfs', () => runCases({ filesystem: tmpfs }));
  describe('a union', () => runCases({ filesystem: emptyUnion }));
  describe('aufs', () => runCases({ filesystem: emptyAufs, oracle: modelOfAufs }));
  describe('the model itself', () => runCases({ filesystem: () => posixModel() }));
  describe('our own node:fs', () => runCases({ filesystem: ownNodeFs }));
});

test('aufs differs from POSIX in the length of names, and in nothing else', () => {
  expect(differingCases({ filesystem: emptyAufs })).toEqual([
    'names and paths are as long as they may be and no longer',
    'when all is removed all room is given back',
  ]);
});

describeOnHost('by the real kernel', () => {
  describe('the model', () => runCases({ filesystem: () => posixModel(), oracle: realTmpfs }));
  describe('tmpfs', () => runCases({ filesystem: tmpfs, oracle: realTmpfs }));
});

describe('the scenarios as experiments on both kernels', () => {
  for (const scenario of scenarios) {
    for (const filesystem of ['tmpfs', 'overlay'] as const) {
      oracleTest(`${filesystem}: ${scenario.name}`, async () => {
        const simulated = (await simulatedSubjects())();
        const difference = compareTasks(realSubject(), simulated, sequenceOf(scenario, filesystem), { dumpEach: true });
        expect(difference && printDivergence(difference, ['Linux', simulated.name])).toBe(undefined);
      });
    }
  }
});
