/** Cases of mounts and their flags, as programs: see mounts.test.ts. */
import {
  AT_FDCWD,
  MNT_DETACH,
  MNT_EXPIRE,
  MNT_FORCE,
  MS_BIND,
  MS_MOVE,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_REMOUNT,
  MS_STRICTATIME,
  O_CREAT,
  O_EXCL,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  O_TRUNC,
  UMOUNT_NOFOLLOW,
} from '../../src/abi/flags.ts';
import { S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } from '../../src/abi/mode.ts';
import { list, mounted, tmpfs } from './case-steps.ts';
import type { Recorded } from './recorder.ts';

export const cases: Readonly<Record<string, (t: Recorded) => void>> = {
  'a mount hides what it covers': (t) => {
    mounted(t);
    list(t, '/a');
    t.stat('/a/under');
    t.umount('/a');
    list(t, '/a');
    t.mounts();
  },
  'mount errors': (t) => {
    mounted(t);
    t.mount('x', '/missing', 'tmpfs');
    t.mount('x', '/b', 'nosuchfs');
    t.mount('x', '', 'tmpfs');
    t.mount('x', '/file', 'tmpfs');
    t.mount('x', '/file/x', 'tmpfs');
    t.mount('x', '/b', 'tmpfs', 'nosuch=1');
    t.mount('x', '/b', 'tmpfs', 'size=banana');
    t.mount('x', '/b', 'tmpfs', 'mode=9');
    t.mount('', '/b', '', '', MS_BIND);
    t.mount('/missing', '/b', '', '', MS_BIND);
    t.mount('/file', '/b', '', '', MS_BIND);
    t.mount('/b', '/file', '', '', MS_BIND);
    t.mount('', '/b', '', '', MS_REMOUNT);
    t.mount('', '/b', '', '', MS_REMOUNT | MS_BIND);
    t.mount('', '/b', '', '', MS_PRIVATE);
    t.mount('/b', '/a', '', '', MS_MOVE);
    t.mount('/a', '/a/dir', '', '', MS_MOVE);
    t.mount('/a', '/file', '', '', MS_MOVE);
    t.mounts();
  },
  'umount errors': (t) => {
    mounted(t);
    t.umount('/b');
    t.umount('/missing');
    t.umount('/file');
    t.umount('/a/dir');
    t.umount('/a', 0x1000);
    t.umount('/a', MNT_EXPIRE | MNT_DETACH);
    t.umount('/a', MNT_EXPIRE | MNT_FORCE);
    t.umount('');
    t.symlink('/a', '/link');
    t.umount('/link', UMOUNT_NOFOLLOW);
    t.umount('/link');
    t.mounts();
  },
  MNT_EXPIRE: (t) => {
    mounted(t);
    t.umount('/a', MNT_EXPIRE);
    t.stat('/a/f');
    t.umount('/a', MNT_EXPIRE);
    t.umount('/a', MNT_EXPIRE);
    t.mounts();
  },
  'bind of a directory': (t) => {
    mounted(t);
    t.mount('/a/dir', '/b', '', '', MS_BIND);
    t.put('/b/new');
    t.same('/a/dir/new', '/b/new');
    t.same('/a/dir', '/b');
    t.mounts();
    t.chdir('/b');
    t.getcwd();
    t.chdir('..');
    t.getcwd();
    t.umount('/a');
    t.get('/b/new');
    t.umount('/b');
    t.umount('/a');
    t.mounts();
  },
  'bind of a file over a file': (t) => {
    mounted(t);
    t.mount('/a/f', '/file', '', '', MS_BIND);
    t.get('/file');
    t.unlink('/file');
    t.rename('/file', '/other');
    t.rename('/b', '/file');
    t.put('/other');
    t.rename('/other', '/file');
    t.link('/file', '/name');
    t.link('/a/f', '/name');
    t.put('/file', 'through the bind');
    t.get('/a/f');
    t.mounts();
    t.umount('/file');
    t.get('/file');
    t.unlink('/file');
  },
  'bind and rbind of a tree with mounts': (t) => {
    mounted(t);
    tmpfs(t, '/a/dir');
    t.put('/a/dir/deep');
    t.mkdir('/c');
    t.mount('/a', '/b', '', '', MS_BIND);
    t.stat('/b/dir/deep');
    t.mount('/a', '/c', '', '', MS_BIND | MS_REC);
    t.stat('/c/dir/deep');
    t.mounts();
    t.umount('/c');
    t.umount('/c/dir');
    t.umount('/c');
    t.stat('/a/dir/deep');
    t.umount('/a', MNT_DETACH);
    list(t, '/a');
    list(t, '/b');
    t.mounts();
  },
  'rbind into itself': (t) => {
    mounted(t);
    t.mount('/', '/b', '', '', MS_BIND | MS_REC);
    t.mounts();
    list(t, '/b');
    list(t, '/b/a');
    list(t, '/b/b');
    t.umount('/b', MNT_DETACH);
    t.mounts();
  },
  'a read-only bind': (t) => {
    mounted(t);
    t.mount('/a', '/b', '', '', MS_BIND | MS_RDONLY);
    t.put('/b/written', 'flags beside MS_BIND are ignored');
    t.mount('', '/b', '', '', MS_BIND | MS_REMOUNT | MS_RDONLY);
    t.put('/b/not');
    t.open('/b/f', O_RDWR);
    t.open('/b/f', O_RDONLY | O_TRUNC);
    t.open('/b/new', O_RDWR | O_CREAT);
    t.open('/b/f', O_RDONLY | O_CREAT);
    t.open('/b/f', O_RDONLY | O_CREAT | O_EXCL);
    t.open('/b', O_RDWR | O_TMPFILE);
    t.mkdir('/b/f');
    t.mkdir('/b/d');
    t.rmdir('/b/dir');
    t.rmdir('/b/missing');
    t.unlink('/b/f');
    t.unlink('/b/missing');
    t.chmod('/b/f', 0o600);
    t.chown('/b/f', 1, 1);
    t.truncate('/b/f', 1);
    t.setxattr('/b/f', 'user.a', new Uint8Array(1));
    t.removexattr('/b/f', 'user.a');
    t.utimensat(AT_FDCWD, '/b/f');
    t.rename('/b/f', '/b/g');
    t.rename('/b/missing', '/b/g');
    t.rename('/a/f', '/b/g');
    t.link('/b/f', '/b/g');
    t.link('/a/f', '/b/g');
    t.symlink('x', '/b/s');
    t.mknod('/b/n', S_IFIFO | 0o600, 0);
    t.access('/b/f', 2);
    t.access('/b/f', 4);
    t.put('/a/still');
    t.mounts();
    t.mount('', '/b', '', '', MS_BIND | MS_REMOUNT);
    t.put('/b/again');
    t.mounts();
  },
  'a read-only filesystem': (t) => {
    mounted(t);
    t.mount('/a', '/b', '', '', MS_BIND);
    t.mount('', '/a', '', '', MS_REMOUNT | MS_RDONLY);
    t.put('/a/x');
    t.put('/b/x');
    t.access('/b/f', 2);
    t.mounts();
    t.mount('', '/b', '', '', MS_REMOUNT);
    t.put('/a/x');
    t.put('/b/x');
    t.mounts();
    tmpfs(t, '/b', '', MS_RDONLY);
    t.put('/b/x');
    t.mounts();
    t.mount('', '/b', '', 'rw', MS_REMOUNT);
    t.put('/b/x');
    t.mounts();
    tmpfs(t, '/b', 'ro');
    t.put('/b/x');
    t.mounts();
  },
  'a read-only remount with writers': (t) => {
    mounted(t);
    t.mount('/a', '/b', '', '', MS_BIND);
    const fd = t.open('/a/f', O_RDWR);
    t.mount('', '/a', '', '', MS_REMOUNT | MS_RDONLY);
    t.mount('', '/b', '', '', MS_REMOUNT | MS_RDONLY);
    t.mount('', '/a', '', '', MS_REMOUNT | MS_BIND | MS_RDONLY);
    t.mount('', '/b', '', '', MS_REMOUNT | MS_BIND | MS_RDONLY);
    t.mounts();
    t.write(fd, new Uint8Array(1));
    t.close(fd);
    t.mount('', '/a', '', '', MS_REMOUNT | MS_RDONLY);
    t.mounts();
    const reader = t.open('/b/f', O_RDONLY);
    t.fchmod(reader, 0o600);
  },
  'an unlinked open file and a read-only remount': (t) => {
    mounted(t);
    const fd = t.open('/a/f', O_RDONLY);
    t.unlink('/a/f');
    t.mount('', '/a', '', '', MS_REMOUNT | MS_RDONLY);
    t.mounts();
    t.close(fd);
    t.mount('', '/a', '', '', MS_REMOUNT | MS_RDONLY);
    t.mounts();
  },
  'a union that is remounted': (t) => {
    for (const path of ['/l', '/u', '/w', '/m']) t.mkdir(path);
    for (const name of ['a', 'b', 'c']) t.put(`/l/${name}`);
    t.mount('overlay', '/m', 'overlay', 'lowerdir=/l,upperdir=/u,workdir=/w');
    for (const name of ['a', 'b']) {
      const fd = t.open(`/m/${name}`, name === 'a' ? O_RDONLY : O_RDWR);
      t.unlink(`/m/${name}`);
      t.mount('', '/m', '', '', MS_REMOUNT | MS_RDONLY);
      t.umount('/m');
      t.close(fd);
    }
    t.mount('', '/m', '', '', MS_REMOUNT | MS_RDONLY);
    t.put('/m/c');
    t.mount('', '/u', '', '', MS_REMOUNT);
    t.mount('', '/m', '', '', MS_REMOUNT);
    t.put('/m/c', 'again');
    list(t, '/u');
    t.umount('/m');
    list(t, '/w');
    t.mount('overlay', '/m', 'overlay', 'lowerdir=/l:/u', MS_NOATIME);
    t.mount('', '/m', '', '', MS_REMOUNT);
    t.put('/m/c');
    list(t, '/m');
    t.mounts();
  },
  'flags of mounts': (t) => {
    for (const path of ['/a', '/b', '/c']) t.mkdir(path);
    tmpfs(t, '/a', '', MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME);
    tmpfs(t, '/b', '', MS_NODIRATIME | MS_STRICTATIME | MS_NOSYMFOLLOW);
    t.mount('/a', '/c', '', '', MS_BIND);
    t.mounts();
    t.mount('', '/c', '', '', MS_BIND | MS_REMOUNT);
    t.mount('', '/b', '', '', MS_BIND | MS_REMOUNT | MS_NOSUID);
    t.mounts();
    t.mount('', '/a', '', '', MS_REMOUNT);
    t.mounts();
    t.mount('', '/a', '', '', MS_REMOUNT | MS_NODEV | MS_STRICTATIME);
    t.mounts();
  },
  'nodev, nosymfollow, devices without a driver': (t) => {
    t.mkdir('/a');
    tmpfs(t, '/a', '', MS_NODEV | MS_NOSYMFOLLOW);
    for (const dir of ['', '/a']) {
      t.mknod(`${dir}/char`, S_IFCHR | 0o600, 0xfa07);
      t.mknod(`${dir}/block`, S_IFBLK | 0o600, 0xfa07);
      t.mknod(`${dir}/socket`, S_IFSOCK | 0o600, 0);
      t.mknod(`${dir}/zero`, S_IFCHR | 0o600, 0);
      for (const name of ['char', 'block', 'socket', 'zero']) {
        t.open(`${dir}/${name}`, O_RDONLY | O_NONBLOCK);
        t.stat(`${dir}/${name}`);
        t.truncate(`${dir}/${name}`, 0);
      }
    }
    t.put('/a/f');
    t.symlink('f', '/a/link');
    t.readlink('/a/link');
    t.lstat('/a/link');
    t.stat('/a/link');
    t.open('/a/link', O_RDONLY);
    t.symlink('.', '/a/dot');
    t.stat('/a/dot/f');
    t.symlink('/a/f', '/outer');
    t.stat('/outer');
  },
  'EBUSY by a descriptor, a working directory, a child': (t) => {
    mounted(t);
    const fd = t.open('/a/f', O_RDONLY);
    t.umount('/a');
    t.close(fd);
    const path = t.open('/a/f', O_PATH);
    t.umount('/a');
    t.close(path);
    t.chdir('/a/dir');
    t.umount('/a');
    t.chdir('/');
    tmpfs(t, '/a/dir');
    t.umount('/a');
    t.umount('/a/dir');
    t.rmdir('/a');
    t.rename('/a', '/z');
    t.rename('/b', '/a');
    t.umount('/a');
    t.rmdir('/a/under');
    t.rmdir('/a');
  },
  'mounting needs the right to': (t) => {
    mounted(t);
    t.setfsuid(1000);
    t.mount('x', '/b', 'tmpfs');
    t.umount('/b');
  },
};
