/** Recordings of the real overlayfs of Linux 6.18, each with the mount options that it names. */
import { describe, expect, it } from 'vitest';
import { recordedOverlay } from './overlay/recorded-overlay.ts';
import { workNames } from './overlay/work-names.ts';
import { differencesOf, type MoreChecks } from './union/differences.ts';
import { readRecording, recordings } from './union/recording.ts';

const folder = new URL('./overlay/', import.meta.url);

const checkWork: MoreChecks = (replayer, { work }, check) =>
  check('work', workNames(replayer.typesOf('work')), workNames(work!));

for (const name of recordings(folder)) {
  const { cases, mount_options: options } = readRecording(folder, name);
  describe(`recorded overlayfs: ${name}`, () => {
    it.each(cases.map((recorded) => [recorded.name, recorded] as const))('%s', (_, recorded) => {
      expect(differencesOf(recordedOverlay, recorded, options, checkWork)).toEqual([]);
    });
  });
}
