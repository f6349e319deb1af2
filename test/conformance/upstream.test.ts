/** The suite covers every case that the field's own suites name. */
import { expect, it } from 'vitest';
import { driverCases } from '../../src/testing/driver/driver-suite.ts';
import { upstreamSuites } from '../../src/testing/driver/upstream-cases.ts';

const ours = Object.values(driverCases).flatMap((cases) => cases.map(({ name }) => name));

it('has as many cases of each suite as there are', () => {
  const counts = Object.entries(upstreamSuites).map(([suite, cases]) => [suite, Object.keys(cases).length]);
  expect(Object.fromEntries(counts)).toEqual({
    graphtest: 7,
    overlay2: 8,
    containerd: 21,
    'layer store': 17,
    'archive changes': 12,
    'archive diff': 4,
    'archive linux': 2,
  });
});

it('has a case of its own for each of them', () => {
  const named = Object.values(upstreamSuites).flatMap((suite) => Object.entries(suite));
  const missing = named.filter(([, cases]) => cases.length === 0 || cases.some((name) => !ours.includes(name)));
  expect(missing).toEqual([]);
});

it('names each case once', () => {
  expect(ours.filter((name, at) => ours.indexOf(name) !== at)).toEqual([]);
});
