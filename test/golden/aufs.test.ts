/** Recordings of the real AUFS 6.1 (20240701), each with the mount options that it names. */
import { describe, expect, it } from 'vitest';
import { accepted } from './aufs/accepted.ts';
import { recordedAufs } from './aufs/recorded-aufs.ts';
import { differencesOf } from './union/differences.ts';
import { readRecording, recordings } from './union/recording.ts';

const folder = new URL('./aufs/', import.meta.url);
const MAX_ACCEPTED = 12;

for (const name of recordings(folder)) {
  const { cases, mount_options: options } = readRecording(folder, name);
  describe(`recorded AUFS: ${name}`, () => {
    it.each(cases.map((recorded) => [recorded.name, recorded] as const))('%s', (_, recorded) => {
      const differences = differencesOf(recordedAufs, recorded, options);
      const known = accepted.find((row) => row.name === recorded.name);
      if (known === undefined) expect(differences).toEqual([]);
      else expect(differences.map(({ at }) => at)).toEqual(known.at);
    });
  });
}

it('few differences are accepted', () => {
  expect(accepted.length).toBeLessThanOrEqual(MAX_ACCEPTED);
});
