import { expect, it } from 'vitest';
import { machineOwnerNames } from '../../../src/archive/owner-names.ts';
import { world } from './tree-world.ts';

it('names are those of the first readable line of that number', () => {
  const { task, fs } = world('/etc');
  const passwd = [
    '# comment:x:1:1::/:/bin/sh',
    '+nis:x:2:2::/:/bin/sh',
    '-not:x:2:2::/:/bin/sh',
    ':x:3:3::/:/bin/sh',
    'short:x:4:4::/',
    'nogroup:x:5:group::/:/bin/sh',
    '  root:x:0:0:root:/root:/bin/sh',
    'toor:x:0:0::/:/bin/sh',
    'zero:x:006:6::/:/bin/sh',
    'é:x:7:7:a,b,c:/:',
  ];
  fs.writeFileSync('/etc/passwd', `${passwd.join('\n')}\n`);
  fs.writeFileSync('/etc/group', 'root:x:0:\nshort:x:1\nstaff:x:50:bob,root\n+more:x:51:\n');
  const names = machineOwnerNames(task);
  expect([0, 1, 2, 3, 4, 5, 6, 7, 8].map((uid) => names.user(uid))).toEqual(['root', '', '', '', '', '', '', 'é', '']);
  expect([0, 1, 50, 51].map((gid) => names.group(gid))).toEqual(['root', '', 'staff', '']);
});

it('a name that was found stays, one that was not is looked for again', () => {
  const { task, fs } = world('/etc');
  const names = machineOwnerNames(task);
  expect([names.user(0), names.group(0)]).toEqual(['', '']);
  fs.writeFileSync('/etc/passwd', 'root:x:0:0::/:\n');
  expect(names.user(0)).toBe('root');
  fs.writeFileSync('/etc/passwd', 'admin:x:0:0::/:\nbob:x:1:1::/:\n');
  expect([names.user(0), names.user(1)]).toEqual(['root', 'bob']);
  fs.rmSync('/etc/passwd');
  fs.mkdirSync('/etc/passwd');
  expect(names.user(2)).toBe('');
});
