/** The harness itself: the real kernel equals itself, and planted faults are found. */
import { expect } from 'vitest';
import { expectSame, oracleTest, runSlice } from './slice.ts';
import { faults, faultySubject, realSubject } from './subjects.ts';

for (const filesystem of ['tmpfs', 'overlay'] as const) {
  oracleTest(`the real kernel does what it does itself on ${filesystem}`, () => {
    const other = realSubject('rght');
    expectSame({ filesystem, length: 60, seed: 13, runs: 40 }, () => other);
  });
}

for (const fault of Object.keys(faults)) {
  oracleTest(`finds that ${fault}`, () => {
    const faulty = faultySubject(fault);
    const { divergence } = runSlice({ filesystem: 'tmpfs', length: 60, seed: 14, runs: 300 }, () => faulty);
    expect(divergence).toBeDefined();
  });
}
