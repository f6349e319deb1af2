/** Mounts and path walk: each case is put to the real kernel and to ours, and all answers must be the same. */
import { describe, expect } from 'vitest';
import { type JailedTask, inLinux, inMachine } from './jail.ts';
import { cases as attributeCases } from './attribute-cases.ts';
import { cases as changedLayerCases } from './changed-layer-cases.ts';
import { cases as fileCases } from './file-cases.ts';
import { cases as indexCases } from './index-cases.ts';
import { cases as lowerDataCases } from './lower-data-cases.ts';
import { cases as mountCases } from './mount-cases.ts';
import { cases as overlayAttributeCases } from './overlay-attribute-cases.ts';
import { cases as pathCases } from './path-cases.ts';
import { cases as redirectCases } from './redirect-cases.ts';
import { cases as rootCases } from './root-cases.ts';
import { ramfs } from './ramfs.ts';
import { type Recorded, recorder } from './recorder.ts';
import { cases as watchCases } from './watch-cases.ts';
import { oracleTest } from './slice.ts';
import { cases as upperLayerCases } from './upper-layer-cases.ts';

function answersOf(run: (use: (task: JailedTask) => void) => void, act: (task: Recorded) => void): string[] {
  const answers: string[] = [];
  run((task) => act(recorder(task, answers)));
  return answers;
}

describe.each([
  ['mounts', mountCases],
  ['roots', rootCases],
  ['paths', pathCases],
  ['fifos, locks, tmpfs', fileCases],
  ['watches', watchCases],
  ['redirects, metacopy, data-only layers', lowerDataCases],
  ['redirects and marks that somebody wrote', redirectCases],
  ['the index', indexCases],
  ['layers that change while they are mounted', changedLayerCases],
  ['upper layers that cannot do everything', upperLayerCases],
  ['attributes', attributeCases],
  ['attributes on overlays', overlayAttributeCases],
])('%s', (_, cases) => {
  for (const [name, act] of Object.entries(cases)) {
    oracleTest(name, () => {
      expect(answersOf((use) => inMachine(use, [ramfs]), act)).toEqual(answersOf(inLinux, act));
    });
  }
});
