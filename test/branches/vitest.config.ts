/** Branches of overlayfs that the comparisons with the real kernel and the stops of the machine go through. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'test/branches/*.sequences.ts',
      'test/differential/*.test.ts',
      'test/crash/*.test.ts',
      'test/property/machine/fork.test.ts',
      // steps that are refused, forks, what check() tells, mounts with other parameters of the module
      'test/unit/filesystem/overlayfs/{check,faults,fork,module-parameters}.test.ts',
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
