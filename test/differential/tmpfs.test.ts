import { expectSame, oracleTest } from './slice.ts';
import { simulatedSubjects } from './subjects.ts';

oracleTest('tmpfs does what the real one does in 40 random sequences', async () => {
  expectSame({ filesystem: 'tmpfs', length: 60, seed: 11, runs: 40 }, await simulatedSubjects());
});
