/** The ten lines: stack, write, look, commit, stack again. */
import { tree, union } from 'lowerdir';

const base = tree({ '/etc/hosts': '127.0.0.1', '/etc/motd': 'hello', '/bin/sh': { content: '#!', mode: 0o755 } });
const u = union([base]);
u.fs.appendFileSync('/etc/hosts', '\n::1');
u.fs.rmSync('/etc/motd');
u.fs.mkdirSync('/srv');
for (const { kind, path } of u.changes()) console.log(kind, path);

const layer = u.commit();
const again = union([layer, ...u.layers]);
console.log(again.fs.readFileSync('/etc/hosts', 'utf8').split('\n'));
console.log(again.fs.existsSync('/etc/motd'), again.changes());
