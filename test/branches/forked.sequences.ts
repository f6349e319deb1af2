/**
 * Random sequences in the course of which the machine is forked again and again. A fork forgets what nobody holds, as
 * Linux does under pressure of memory: numbers that do not last, and links of what was made anew, may then be told
 * otherwise, so that differences are only counted. What forks are to do the same is in test/property/machine.
 */
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { compareTasks, type Subject } from '../../src/testing/compare.ts';
import { sequence } from '../../src/testing/sequence.ts';
import type { SubjectTask } from '../../src/testing/subject.ts';
import { createMachine } from '../../src/union/create-machine.ts';
import { realSubject } from '../differential/subjects.ts';

const runs = Number(process.env['RUNS'] ?? 40);
const seed = Number(process.env['SEED'] ?? 1);
/** How many calls a machine makes before its fork goes on; the comparison itself makes most of them. */
const CALLS = 397;

/** A mapping belongs to the machine that made it. */
const without = ['mmap', 'load', 'store', 'munmap'];

let sequences = 0;
let divergences = 0;

function forkingSubject(directory: string): Subject {
  let machine = createMachine();
  let calls = 0;
  const faults: string[] = [];
  const next = (): void => {
    faults.push(...machine.check());
    machine = machine.fork();
    expect(faults).toEqual([]);
  };
  const task = new Proxy({} as SubjectTask, {
    get: (_, name: keyof SubjectTask) => {
      if (++calls % CALLS === 0) next();
      return (machine.task[name] as (...values: never[]) => unknown).bind(machine.task);
    },
  });
  return {
    name: 'forks of lowerdir',
    task,
    directory,
    filesystemUuid(path) {
      const { dev } = task.stat(path);
      return [...machine.kernel.superblocks].find((one) => one.dev === dev)?.uuid;
    },
  };
}

test.each(['one', 'two', 'nested'] as const)('forks, layout %s', (layout) => {
  const real = realSubject();
  const drawn = sequence({ filesystem: 'overlay', length: 60, options: 'any', layouts: [layout], without });
  for (const each of fc.sample(drawn, { seed, numRuns: runs })) {
    sequences++;
    if (compareTasks(real, forkingSubject(real.directory), each, { dumpEach: true }) !== undefined) divergences++;
  }
});

afterAll(() => console.log(`${sequences} sequences in forks, ${divergences} differ`));
