/** Mount lines of overlayfs: the real kernel still says what was recorded, and a machine of ours says the same. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { inLinux, inMachine, type JailedTask } from './jail.ts';
import { tmpfs } from '../../src/filesystem/tmpfs/index.ts';
import type { FilesystemType } from '../../src/kernel/superblock.ts';
import { answerTo, situations } from './mount-lines.ts';
import { oracleTest } from './slice.ts';

/** As the real one it has neither file handles nor an identity. */
const ramfs: FilesystemType = {
  ...tmpfs,
  name: 'ramfs',
  mount: (request) => Object.defineProperty(tmpfs.mount(request), 'decodesHandles', { value: false }),
};

type Answers = Readonly<Record<string, string>>;

const recorded = JSON.parse(readFileSync(new URL('mount-lines.json', import.meta.url), 'utf8')) as Record<
  string,
  Answers
>;

function answersOf(name: string, run: (use: (task: JailedTask) => void) => void): Answers {
  const answers: Record<string, string> = {};
  const situation = situations[name]!;
  for (const line of situation.lines) {
    run((task) => {
      answers[line] = answerTo(task, situation, line);
    });
  }
  return answers;
}

describe.each(Object.keys(situations))('%s', (name) => {
  test('as recorded', () => {
    expect(answersOf(name, (use) => inMachine(use, [ramfs]))).toEqual(recorded[name]);
  });

  oracleTest('the recording is true', () => {
    expect(answersOf(name, inLinux)).toEqual(recorded[name]);
  });
});
