/** Branches of overlayfs that the comparisons with the real kernel and the stops of the machine go through. */
import { defineConfig } from 'vitest/config';

/** Forks, and what check() tells. */
const others = [
  'test/branches/forked.sequences.ts',
  'test/property/machine/fork.test.ts',
  'test/unit/filesystem/overlayfs/{check,fork}.test.ts',
];

export default defineConfig({
  test: {
    include: [
      'test/branches/overlay.sequences.ts',
      'test/differential/*.test.ts',
      'test/crash/*.test.ts',
      // mounts on kernels with other parameters and of other times, and each door refused as in the crash runs it is stopped
      'test/unit/filesystem/overlayfs/{module-parameters,faults}.test.ts',
      'test/unit/kernel/profile-presets.test.ts',
      ...(process.env.WIDE === '1' ? others : []),
    ],
    testTimeout: 3_600_000,
    hookTimeout: 600_000,
    reporters: ['default'],
    coverage: {
      enabled: true,
      provider: 'v8',
      include: ['src/filesystem/overlayfs/**'],
      reporter: ['json'],
      reportsDirectory: 'coverage',
      reportOnFailure: true,
    },
  },
});
