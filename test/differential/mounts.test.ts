/** Mounts and path walk: each case is put to the real kernel and to ours, and all answers must be the same. */
import { describe, expect } from 'vitest';
import { type JailedTask, inLinux, inMachine } from './jail.ts';
import { cases } from './mount-cases.ts';
import { recorder } from './recorder.ts';
import { oracleTest } from './slice.ts';

function answersOf(run: (use: (task: JailedTask) => void) => void, act: (typeof cases)[string]): string[] {
  const answers: string[] = [];
  run((task) => act(recorder(task, answers)));
  return answers;
}

describe('mounts and paths', () => {
  for (const [name, act] of Object.entries(cases)) {
    oracleTest(name, () => {
      expect(answersOf(inMachine, act)).toEqual(answersOf(inLinux, act));
    });
  }
});
