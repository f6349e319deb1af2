/** What mounts make of an index that others left: results and whole trees must be those of the real kernel. */
import { describe, expect } from 'vitest';
import { MNT_DETACH } from '../../src/abi/flags.ts';
import { Describer } from '../../src/testing/describe.ts';
import { attempt, resultOf, type Subject } from '../../src/testing/subject.ts';
import { dumpTree } from '../../src/testing/tree.ts';
import { cases, IndexedUnion } from './index-mount-cases.ts';
import { oracleTest } from './slice.ts';
import { realSubject, simulatedSubjects } from './subjects.ts';

function outcome(subject: Subject, act: (at: IndexedUnion) => void): string[] {
  const { task, directory } = subject;
  const at = new IndexedUnion(subject);
  at.make();
  try {
    const describer = new Describer();
    describer.learn(subject.filesystemUuid!(directory)!, task.stat(directory).dev);
    const result = resultOf(() => {
      act(at);
      return 'done';
    });
    const lines = [JSON.stringify(result), ...dumpTree(task, directory, describer)];
    return lines.map((line) => line.replaceAll(directory, 'DIRECTORY'));
  } finally {
    for (const name of ['m', 'm2']) attempt(() => task.umount(at.path(name), MNT_DETACH));
    task.umount(directory, MNT_DETACH);
  }
}

describe('mounts over an index', () => {
  for (const [name, act] of Object.entries(cases)) {
    oracleTest(name, async () => {
      const simulated = (await simulatedSubjects())();
      expect(outcome(simulated, act)).toEqual(outcome(realSubject(), act));
    });
  }
});
