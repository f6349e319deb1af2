import { expectSame, oracleTest } from './slice.ts';
import { simulatedSubjects } from './subjects.ts';

oracleTest('overlayfs does what the real one does in 30 random sequences', async () => {
  expectSame({ filesystem: 'overlay', length: 60, seed: 12, runs: 30 }, await simulatedSubjects());
});

const choices = [
  { options: 'any', layouts: ['one'], callers: 'root' },
  { options: 'any', layouts: ['one', 'two'], callers: 'others' },
  { options: [',index=on,metacopy=on,redirect_dir=on'], layouts: ['one', 'two'] },
] as const;

for (const [index, choice] of choices.entries()) {
  const name = `${choice.options === 'any' ? 'any options' : choice.options[0]} on ${choice.layouts.join(', ')}`;
  oracleTest(`overlayfs with ${name} does what the real one does in 12 random sequences`, async () => {
    expectSame({ filesystem: 'overlay', length: 60, seed: 20 + index, runs: 12, ...choice }, await simulatedSubjects());
  });
}
