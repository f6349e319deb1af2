/**
 * The main job on a real root filesystem, step by step: `npm run tour -- [directory or archive]`. Without an argument
 * the root filesystem of this host is the lower layer; it is only read.
 */
import { readFileSync, statSync } from 'node:fs';
import { archive, createMachine, directory, tree, union } from 'lowerdir';
import { hostfs } from 'lowerdir/filesystem/hostfs';

const source = process.argv[2] ?? '/';
const heading = (text: string): void => console.log(`\n== ${text}`);
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

heading('boot: bootfs brings the kernel up and goes, rootfs stays read-only under a union mount');
if (statSync(source).isDirectory()) {
  const rootfs = { role: 'container', type: 'hostfs', source } as const;
  const machine = createMachine({ filesystems: [hostfs()], rootfs });
  for (const { step, what, memoryBefore, memoryAfter } of machine.boot()) {
    console.log(
      `${step.padEnd(26)} ${mebibytes(memoryBefore).padStart(9)} → ${mebibytes(memoryAfter).padStart(9)}  ${what}`,
    );
  }
  console.log('/ of the container:', machine.fs.readdirSync('/').slice(0, 12).join(' '), '…');
}

heading('the stack, topmost first');
const base = statSync(source).isDirectory() ? directory(source) : archive(readFileSync(source));
const u = union([tree({ '/etc/motd': 'Welcome to the merged tree.\n' }, 'motd'), base]);
for (const [index, layer] of u.layers.entries()) console.log(`${index}  ${layer.name}`);
console.log(u.mountLine);

heading('a write with its copy-up');
const victim = ['/etc/passwd', '/etc/hosts', '/etc/group'].find((path) => u.fs.existsSync(path)) ?? '/etc/motd';
console.log(`${victim} comes from`, nameOf(u.origin(victim)));
const stop = u.machine.kernel.trace.subscribe((event) => {
  if (event.kind === 'copy-up') console.log(`  copy-up of ${event.path}, ${event.bytes} bytes`);
});
u.fs.appendFileSync(victim, 'written above\n');
stop();
console.log(`${victim} comes from`, nameOf(u.origin(victim)));

heading('a deletion with its whiteout, a new directory');
u.fs.rmSync('/etc/motd');
u.fs.mkdirSync('/srv/app', { recursive: true });
u.fs.writeFileSync('/srv/app/index.js', 'console.log("hello")\n');
console.log('/etc/motd is', u.fs.existsSync('/etc/motd') ? 'there' : 'gone');

heading('the raw upperdir');
for (const path of u.upper.readdirSync('/', { recursive: true }) as string[]) {
  const stat = u.upper.lstatSync(`/${path}`);
  const kind = stat.isCharacterDevice()
    ? `character device ${stat.rdev >> 8}/${stat.rdev & 0xff}`
    : `${stat.size} bytes`;
  console.log(`${stat.mode.toString(8).padStart(6, '0')} ${path}  ${stat.isDirectory() ? '' : kind}`);
}

heading('the changes');
for (const { kind, path } of u.changes()) console.log(`${kind} ${path}`);

heading('commit');
const layer = u.commit();
console.log(`diffID ${layer.diffID}\nsize   ${layer.size} bytes of tar`);

heading('stacked again, with the new layer on top');
const again = union([layer, ...u.layers]);
console.log(again.mountLine);
console.log(`${victim} ends with`, JSON.stringify(again.fs.readFileSync(victim, 'utf8').trimEnd().split('\n').at(-1)));
console.log('/etc/motd is', again.fs.existsSync('/etc/motd') ? 'there' : 'gone');
console.log('nothing changed yet:', again.changes());

/** What a layer is called. */
function nameOf(origin: ReturnType<typeof u.origin>): string {
  return origin === undefined ? 'nowhere' : origin === 'upper' ? 'the upper layer' : `the layer "${origin.name}"`;
}
