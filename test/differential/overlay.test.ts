import { expectSame, oracleTest } from './slice.ts';
import { simulatedSubjects } from './subjects.ts';

oracleTest('overlayfs does what the real one does in 40 random sequences', async () => {
  expectSame({ filesystem: 'overlay', length: 60, seed: 12, runs: 40 }, await simulatedSubjects());
});
