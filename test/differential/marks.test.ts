/** What overlayfs notes in attributes: each case is put to the real kernel and to ours. */
import { expect } from 'vitest';
import { type JailedTask, inLinux, inMachine } from './jail.ts';
import { cases } from './mark-cases.ts';
import { type Recorded, recorder } from './recorder.ts';
import { oracleTest } from './slice.ts';

function answersOf(run: (use: (task: JailedTask) => void) => void, act: (task: Recorded) => void): string[] {
  const answers: string[] = [];
  run((task) => act(recorder(task, answers)));
  return answers;
}

for (const [name, act] of Object.entries(cases)) {
  oracleTest(name, () => {
    expect(answersOf(inMachine, act)).toEqual(answersOf(inLinux, act));
  });
}
