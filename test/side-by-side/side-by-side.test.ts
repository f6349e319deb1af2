/** AUFS and overlayfs on the same random sequences: they differ only in ways that are known. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SubjectTask } from '../../src/testing/subject.ts';
import { compareSides } from './compare.ts';
import { unionSequence } from './draw.ts';
import { printFailure, Tally } from './report.ts';
import { rules } from './rules.ts';
import { aufsSide, overlaySide, type Side } from './subjects.ts';

const LENGTH = 30;
const drawn = (seed: number, numRuns: number) => fc.sample(unionSequence(LENGTH), { seed, numRuns });

it.each([1, 2])('every difference is explained, seed %i', (seed) => {
  const tally = new Tally();
  for (const sequence of drawn(seed, 100)) {
    const outcome = compareSides(aufsSide(), overlaySide(), sequence, rules);
    tally.add(outcome);
    if (outcome.unexplained !== undefined) expect.fail(printFailure(sequence, outcome.unexplained));
  }
  expect(tally.operations).toBeGreaterThan(tally.sequences * LENGTH * 0.5);
  expect(tally.equal).toBeGreaterThan(tally.sequences * 0.4);
});

/** AUFS with a call that is wrong. */
function flawed(plant: (task: SubjectTask) => Partial<SubjectTask>): Side {
  const { subject, form } = aufsSide();
  const wrong = plant(subject.task);
  const task = new Proxy(subject.task, {
    get: (target, key: keyof SubjectTask) => wrong[key] ?? target[key],
  });
  return { subject: { ...subject, task }, form };
}

const flaws: Record<string, (task: SubjectTask) => Partial<SubjectTask>> = {
  'chmod takes too much away': (task) => ({ chmod: (path, mode) => task.chmod(path, mode & ~0o4) }),
  'a rename copies nothing': (task) => ({ rename: (path) => task.unlink(path) }),
  'a directory stays when it is removed': () => ({ rmdir: () => {} }),
  'a write is lost': () => ({ write: (_fd, bytes) => bytes.length }),
};

it.each(Object.keys(flaws))('no rule explains that %s', (name) => {
  const found = drawn(3, 40).map(
    (sequence) => compareSides(flawed(flaws[name]!), overlaySide(), sequence, rules).unexplained,
  );
  expect(found.filter((difference) => difference !== undefined).length).toBeGreaterThan(0);
});
