/** The long form: a machine, its system calls, and an overlay mount in the kernel's own words. */
import { createMachine } from 'lowerdir';

const { task, fs } = createMachine({ seed: 1 });
for (const d of ['/l1', '/l1/dir', '/l2', '/l2/dir', '/u', '/w', '/merged']) fs.mkdirSync(d);
fs.writeFileSync('/l2/gone', 'below');
fs.writeFileSync('/l2/dir/hidden', 'below');
fs.writeFileSync('/l1/dir/shown', 'above');
task.mknod('/l1/gone', 0o020000, 0); // a whiteout, as overlayfs stores it
task.setxattr('/l1/dir', 'trusted.overlay.opaque', new TextEncoder().encode('y'));

task.mount('overlay', '/merged', 'overlay', 'lowerdir=/l1:/l2,upperdir=/u,workdir=/w');
console.log('merged:', fs.readdirSync('/merged'), fs.readdirSync('/merged/dir'));
fs.writeFileSync('/merged/dir/new', 'x');
console.log('upper:', fs.readdirSync('/u'), fs.readdirSync('/u/dir'));
try {
  task.rename('/merged/dir', '/merged/moved');
} catch (error) {
  console.log((error as Error).message);
}
task.umount('/merged');
