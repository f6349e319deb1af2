/** Branches of overlayfs that the comparisons with the real kernel and the stops of the machine go through. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/branches/*.sequences.ts', 'test/differential/*.test.ts', 'test/crash/*.test.ts'],
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
