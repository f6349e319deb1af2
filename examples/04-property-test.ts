/** A property of copy-on-write: whatever is done above, the layers below stay as they were. */
import fc from 'fast-check';
import { tree, union } from 'lowerdir';

const name = fc.constantFrom('a', 'b', 'd/a', 'd/b');
const step = fc.oneof(
  fc.record({ call: fc.constant('write' as const), name, text: fc.string() }),
  fc.record({ call: fc.constant('remove' as const), name }),
);
const base = tree({ '/a': 'lower', '/d/a': 'lower' });
fc.assert(
  fc.property(fc.array(step), (steps) => {
    const { fs } = union([base]);
    for (const s of steps)
      s.call === 'write' ? fs.writeFileSync(`/${s.name}`, s.text) : fs.rmSync(`/${s.name}`, { force: true });
    const fresh = union([base]);
    return fresh.fs.readFileSync('/a', 'utf8') === 'lower' && fresh.fs.readdirSync('/d').join() === 'a';
  }),
  { seed: 1, numRuns: 200 },
);
console.log('200 runs: the lower layer never changed');
