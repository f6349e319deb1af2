/** A machine is forked at any moment; neither side sees what the other does afterwards. */
import { createMachine } from 'lowerdir';

const parent = createMachine();
parent.fs.writeFileSync('/shared', 'before');
const fd = parent.fs.openSync('/shared', 'r+');
parent.fs.unlinkSync('/shared');

const child = parent.fork();
child.task.write(fd, new TextEncoder().encode('child!'));
parent.task.write(fd, new TextEncoder().encode('parent'));
for (const { task } of [parent, child]) {
  const bytes = new Uint8Array(6);
  task.pread(fd, bytes, 0);
  console.log(new TextDecoder().decode(bytes), task.fstat(fd).nlink);
}
