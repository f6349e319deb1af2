/** The same random sequences on AUFS and on overlayfs: ours agree exactly as far as the real ones did. */
import { describe, expect, it } from 'vitest';
import { recordedAufs } from './aufs/recorded-aufs.ts';
import { recordedOverlay } from './overlay/recorded-overlay.ts';
import { readRecording } from './union/recording.ts';
import { answersOf, firstDifference, recordedAnswers } from './union/side-by-side.ts';

const onAufs = new URL('./aufs/', import.meta.url);
const onOverlay = new URL('./overlay/', import.meta.url);

describe.each(['random_docker', 'random_stack_docker'])('AUFS and overlayfs side by side: %s', (name) => {
  const [aufs, overlay] = [readRecording(onAufs, name), readRecording(onOverlay, name)];
  const pairs = aufs.cases.map((recorded, at) => [recorded, overlay.cases[at]!] as const);

  it('both were recorded with the same sequences', () => {
    for (const [one, other] of pairs) {
      expect(one.branches).toEqual(other.branches);
      expect(one.steps.map((step) => step.do)).toEqual(other.steps.map((step) => step.do));
    }
  });

  it('the first step that differs is the same as between the real ones', () => {
    const real = pairs.map(([one, other]) => [one.name, firstDifference(recordedAnswers(one), recordedAnswers(other))]);
    const ours = pairs.map(([one, other]) => {
      const answers = answersOf(recordedAufs, one, aufs.mount_options);
      return [one.name, firstDifference(answers, answersOf(recordedOverlay, other, overlay.mount_options))];
    });
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(real));
  });

  it('about half of the sequences are equal to the end', () => {
    const equal = pairs.filter(([one, other]) => firstDifference(recordedAnswers(one), recordedAnswers(other)) < 0);
    expect(equal.length / pairs.length).toBeCloseTo(name === 'random_docker' ? 0.53 : 0.52, 2);
  });
});
