/** Every floor is traced: what one write through four layers costs, and what an injected fault does. */
import { ErrnoException } from 'lowerdir/abi';
import { tree, union } from 'lowerdir';

const u = union([tree({}), tree({}), tree({}), tree({ '/dir/file': 'lower' })], { seed: 1 });
const counts = new Map<string, number>();
const stop = u.machine.kernel.trace.subscribe((event) => {
  const name = event.kind === 'metadata' || event.kind === 'data' ? `${event.kind} ${event.op}` : event.kind;
  counts.set(name, (counts.get(name) ?? 0) + 1);
});
u.fs.appendFileSync('/dir/file', '!');
stop();
for (const [name, count] of [...counts].sort()) console.log(name, count);

u.discard();
const refuse = u.machine.kernel.trace.subscribe((event) => {
  if (event.kind === 'copy-up') throw new ErrnoException('ENOSPC', 'copy-up');
});
try {
  u.fs.appendFileSync('/dir/file', '!');
} catch (error) {
  console.log(
    (error as NodeJS.ErrnoException).code,
    JSON.stringify(u.fs.readFileSync('/dir/file', 'utf8')),
    u.changes(),
  );
}
refuse();
