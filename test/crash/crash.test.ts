/** Stops of the machine with all options that go together; `npm run crash` runs each set by itself too. */
import { afterAll, describe, expect, test } from 'vitest';
import { calls } from './calls.ts';
import { putFile, viewOf } from '../unit/machine/union-machine.ts';
import { prepare, stopEverywhere } from './stops.ts';
import { MERGED, mountWorked, WORK, workedMachine } from './worked-machine.ts';

const counts: string[] = [];
afterAll(() => console.log(counts.join('\n')));

describe.each(['index=on,redirect_dir=on,metacopy=on', 'index=on,nfs_export=on,redirect_dir=on'])(
  'stopped at every door with the options "%s"',
  (options) => {
    const prepared = prepare(options);
    const seen = { points: 0, before: 0, after: 0, forgiven: 0, lost: 0, refused: 0 };

    test.each(Object.entries(calls))('%s', (name, call) => {
      const tally = stopEverywhere(prepared, name, call);
      expect(tally.faults).toEqual([]);
      expect(tally.points).toBeGreaterThan(2);
      for (const key of ['points', 'before', 'after', 'forgiven', 'lost', 'refused'] as const) seen[key] += tally[key];
    });

    afterAll(() => void counts.push(`${seen.points} stops with "${options}": ${JSON.stringify(seen)}`));
  },
);

test('a volatile union that was stopped mounts again only when its mark is taken away', () => {
  const machine = workedMachine('');
  machine.task.chdir('/');
  machine.task.umount(MERGED);
  mountWorked(machine.task, 'volatile');
  putFile(machine.task, `${MERGED}/written`, 'text');
  const { task } = machine.restart();
  for (const options of ['', 'volatile']) {
    expect(() => mountWorked(task, options)).toThrowError(expect.objectContaining({ code: 'EINVAL' }));
  }
  task.unlink(`${WORK}/work/incompat/volatile/dirty`);
  for (const directory of ['incompat/volatile', 'incompat']) task.rmdir(`${WORK}/work/${directory}`);
  mountWorked(task, '');
  expect(viewOf(task, MERGED).get('/written')).toContain('"0:text"');
});
