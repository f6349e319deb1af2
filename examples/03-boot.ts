/** A host and a container start from one bootfs; a damaged root filesystem stays read-only. */
import { createMachine } from 'lowerdir';
import { bootfsOf } from 'lowerdir/machine';

const bootfs = bootfsOf();
const install = (name: string) => (task: { mkdir(path: string): void }) => task.mkdir(`/${name}`);
const show = (machine: ReturnType<typeof createMachine>): void => {
  for (const { step, memoryBefore, memoryAfter, errors } of machine.boot()) {
    console.log(step.padEnd(26), memoryBefore, '→', memoryAfter, errors?.join('; ') ?? '');
  }
};

console.log('a host');
show(createMachine({ bootfs, rootfs: { role: 'host', install: install('debian') } }));
console.log('a container of another distribution, same bootfs');
const container = createMachine({ bootfs, rootfs: { role: 'container', install: install('alpine') } });
show(container);
container.fs.writeFileSync('/written', 'above the read-only root');
console.log(container.fs.readdirSync('/'));
console.log('a damaged host');
const damaged = createMachine({ bootfs, rootfs: { role: 'host', check: () => ['block bitmap differs'] } });
show(damaged);
try {
  damaged.fs.writeFileSync('/x', '');
} catch (error) {
  console.log((error as NodeJS.ErrnoException).code);
}
