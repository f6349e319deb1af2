/** A property of copy-on-write: whatever is done above, the layer below stays as it was. */
import fc from 'fast-check';
import { tree, union } from 'lowerdir';
import { listTree } from 'lowerdir/testing';

const step = fc.tuple(fc.constantFrom('a', 'b', 'd/a', 'd/b'), fc.option(fc.string()));
const holds = fc.property(fc.array(step), (steps) => {
  const { fs, machine } = union([tree({ '/a': 'lower', '/d/a': 'lower' })]);
  const before = listTree(machine.task, '/lower/0').join();
  for (const [name, text] of steps)
    text === null ? fs.rmSync(`/${name}`, { force: true }) : fs.writeFileSync(`/${name}`, text);
  return listTree(machine.task, '/lower/0').join() === before;
});
fc.assert(holds, { seed: 1, numRuns: 200 });
console.log('200 runs: the lower layer never changed');
