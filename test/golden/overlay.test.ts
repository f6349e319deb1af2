/** Recordings of the real overlayfs of Linux 6.18, each with the mount options that it names. */
import { describe, expect, it } from 'vitest';
import { readRecording, recordings, type RecordedCase, type Step } from './overlay/recording.ts';
import { workNames } from './overlay/work-names.ts';
import { Replayer, type StepResult } from './overlay/replayer.ts';

/** Listings are compared in order until names have gone, which ext4 and tmpfs fill differently. */
function comparable(result: StepResult, step: Step, reordered: boolean): StepResult {
  const isListing = ['readdir', 'read_as'].includes(step.do.op) && Array.isArray(result.ok);
  return isListing && reordered ? { ...result, ok: [...(result.ok as string[])].sort() } : result;
}

/**
 * Our numbers of inodes in those of the recording. One inode of ours is always the same there; another one may get a
 * number again, because ext4 gives the numbers of removed files to new ones.
 */
class InodeTranslation {
  readonly #recorded = new Map<number, number>();

  translate(got: unknown, want: unknown): unknown {
    if (typeof got !== 'object' || got === null || typeof want !== 'object' || want === null) return got;
    if (Array.isArray(got)) return got;
    const made = { ...got } as Record<string, unknown>;
    for (const [key, value] of Object.entries(made)) {
      const other = (want as Record<string, unknown>)[key];
      made[key] = key === 'i' && typeof value === 'number' ? this.#of(value, other) : this.translate(value, other);
    }
    return made;
  }

  #of(ours: number, recorded: unknown): number | undefined {
    if (!this.#recorded.has(ours) && typeof recorded === 'number') this.#recorded.set(ours, recorded);
    return this.#recorded.get(ours);
  }
}

function replay(recorded: RecordedCase, options: string): void {
  const replayer = new Replayer(recorded, options);
  const inodes = new InodeTranslation();
  expect(replayer.rawUpper(), 'the upper directory after mounting').toEqual(recorded.rw_after_mount);
  for (const [i, step] of recorded.steps.entries()) {
    const got = comparable(replayer.step(step.do as never), step, replayer.reordered);
    expect(inodes.translate(got, step.result), `step ${i} ${JSON.stringify(step.do)}`).toEqual(
      comparable(step.result, step, replayer.reordered),
    );
  }
  expect(inodes.translate(replayer.merged(), recorded.merged), 'the merged tree').toEqual(recorded.merged);
  expect(replayer.rawUpper(), 'the upper directory').toEqual(recorded.rw);
  expect(workNames(replayer.work()), 'the work directory').toEqual(workNames(recorded.work));
  for (const [name, tree] of Object.entries(recorded.layers ?? {})) {
    expect(replayer.rawLayer(name), `layer ${name}`).toEqual(tree);
  }
  if (recorded.merged_after_remount === undefined) return;
  replayer.remount();
  const after = recorded.merged_after_remount;
  expect(inodes.translate(replayer.merged(), after), 'the merged tree after a remount').toEqual(after);
}

for (const name of recordings()) {
  const { cases, mount_options: options } = readRecording(name);
  describe(`recorded overlayfs: ${name}`, () => {
    it.each(cases.map((recorded) => [recorded.name, recorded] as const))('%s', (_, recorded) => {
      replay(recorded, options);
    });
  });
}
