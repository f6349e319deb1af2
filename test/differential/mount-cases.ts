/** Cases of mounts and path walk, as programs: see mounts.test.ts. */
import {
  AT_FDCWD,
  CLONE_NEWNS,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
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
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  O_TRUNC,
  O_WRONLY,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  UMOUNT_NOFOLLOW,
} from '../../src/abi/flags.ts';
import { S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } from '../../src/abi/mode.ts';
import type { Recorded } from './recorder.ts';

const tmpfs = (t: Recorded, at: string, data = '', flags = 0): void => t.mount('src', at, 'tmpfs', data, flags);

/** Two directories and a file; a filesystem on the first directory. */
function mounted(t: Recorded): void {
  for (const path of ['/a', '/b', '/a/under']) t.mkdir(path);
  t.put('/file');
  tmpfs(t, '/a');
  t.mkdir('/a/dir');
  t.put('/a/f', 'in a');
}

const list = (t: Recorded, path: string): void => {
  const fd = t.open(path, O_RDONLY | O_DIRECTORY);
  t.getdents(fd);
  t.close(fd);
};

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
  'umount as root of everything': (t) => {
    t.umount('/');
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
  'MNT_DETACH and use afterwards': (t) => {
    mounted(t);
    tmpfs(t, '/a/dir');
    t.put('/a/dir/deep', 'deep');
    t.chdir('/a/dir');
    const fd = t.open('/a/f', O_RDWR);
    const dir = t.open('/a', O_RDONLY | O_DIRECTORY);
    t.umount('/a', MNT_DETACH);
    t.mounts();
    t.stat('/a/f');
    t.write(fd, new TextEncoder().encode('ABC'));
    t.fstat(fd);
    t.getcwd();
    t.get('deep');
    t.stat('../f');
    t.chdir('..');
    t.getcwd();
    list(t, '.');
    t.put('new', 'here');
    t.getdents(dir);
    t.openat(dir, 'f', O_RDONLY);
    t.openat(dir, 'dir/deep', O_RDONLY);
    t.openat(dir, '..', O_RDONLY);
    t.mkdirat(dir, 'made', 0o755);
    t.mount('x', '.', 'tmpfs');
    t.mount('.', '/b', '', '', MS_BIND);
    t.mount('', '.', '', '', MS_REMOUNT);
    t.umount('.');
    t.fchdir(dir);
    t.get('new');
    t.chdir('/');
    t.getcwd();
  },
  'moving a mount': (t) => {
    mounted(t);
    tmpfs(t, '/a/dir');
    t.put('/a/dir/deep');
    const fd = t.open('/a/f', O_RDONLY);
    t.chdir('/a/dir');
    t.mount('/a', '/b', '', '', MS_MOVE);
    t.mounts();
    t.getcwd();
    list(t, '/a');
    list(t, '/b');
    t.get('/b/dir/deep');
    t.umount('/b');
    t.close(fd);
    t.mount('/', '/a', '', '', MS_MOVE);
    t.mount('/b/dir', '/b', '', '', MS_MOVE);
    t.mount('/missing', '/b', '', '', MS_MOVE);
    t.mount('/b/f', '/a', '', '', MS_MOVE);
    t.mounts();
  },
  'mounts on top of one another': (t) => {
    mounted(t);
    tmpfs(t, '/a');
    t.put('/a/second');
    tmpfs(t, '/a');
    t.put('/a/third');
    t.mounts();
    list(t, '/a');
    t.umount('/a');
    list(t, '/a');
    t.mount('/a', '/a', '', '', MS_BIND);
    t.mounts();
    list(t, '/a');
    t.umount('/a');
    t.umount('/a');
    list(t, '/a');
    t.umount('/a');
    list(t, '/a');
    t.umount('/a');
  },
  'a mount on the working directory': (t) => {
    mounted(t);
    t.chdir('/a');
    tmpfs(t, '/a');
    list(t, '.');
    list(t, '/a');
    t.put('here');
    list(t, '/a/../a');
    t.getcwd();
    t.chdir('/a');
    t.getcwd();
    list(t, '..');
    t.umount('/a');
    t.chdir('/');
    t.umount('/a');
    list(t, '/a');
  },
  '`..` across mounts and chroot': (t) => {
    mounted(t);
    tmpfs(t, '/a/dir');
    t.mkdir('/a/dir/x');
    t.chdir('/a/dir/x');
    for (const up of ['..', '..', '..', '..']) {
      t.chdir(up);
      t.getcwd();
    }
    t.stat('/a/dir/x/../../f');
    t.stat('/a/dir/x/../../../file');
    t.stat('/../../file');
    t.chdir('/a/dir/x');
    t.chroot('/a');
    t.getcwd();
    t.stat('/f');
    t.stat('/../f');
    t.stat('../../f');
    t.chdir('../../..');
    t.getcwd();
    t.mounts();
    t.chroot('dir');
  },
  chroot: (t) => {
    mounted(t);
    t.chroot('/file');
    t.chroot('/missing');
    t.symlink('/a', '/link');
    t.symlink('/f', '/a/abs');
    t.stat('/a/abs');
    const outside = t.open('/', O_RDONLY | O_DIRECTORY);
    t.chroot('/link');
    t.chdir('/');
    t.getcwd();
    t.stat('/abs');
    list(t, '/');
    list(t, '..');
    t.mounts();
    t.openat(outside, 'file', O_RDONLY);
    t.fchdir(outside);
    t.getcwd();
    t.stat('file');
    t.stat('/file');
    t.chdir('a');
    t.getcwd();
    t.setfsuid(1000);
    t.chroot('/');
  },
  pivot_root: (t) => {
    mounted(t);
    t.mkdir('/a/old');
    t.unshare(CLONE_NEWNS);
    t.pivotRoot('/b', '/b');
    t.pivotRoot('/a', '/b');
    t.pivotRoot('/a/dir', '/a/old');
    t.pivotRoot('/missing', '/a/old');
    t.pivotRoot('/file', '/a/old');
    t.pivotRoot('/', '/a/old');
    t.chdir('/b');
    t.pivotRoot('/a', '/a/old');
    t.getcwd();
    list(t, '/');
    list(t, '/old');
    t.stat('/old/file');
    t.mounts();
    t.chdir('/');
    t.umount('/old');
    t.umount('/old', MNT_DETACH);
    t.mounts();
    list(t, '/old');
  },
  'pivot_root onto itself': (t) => {
    mounted(t);
    t.unshare(CLONE_NEWNS);
    t.chdir('/a');
    t.pivotRoot('.', '.');
    t.mounts();
    t.getcwd();
    t.umount('.', MNT_DETACH);
    t.getcwd();
    list(t, '/');
    t.mounts();
  },
  'a mount namespace of its own': (t) => {
    mounted(t);
    t.chdir('/a/dir');
    const fd = t.open('/a', O_RDONLY | O_DIRECTORY);
    t.unshare(CLONE_NEWNS);
    t.getcwd();
    t.mounts();
    t.umount('/a');
    t.chdir('/');
    t.umount('/a');
    t.mounts();
    list(t, '/a');
    t.getdents(fd);
    t.openat(fd, 'f', O_RDONLY);
    t.fchdir(fd);
    t.mount('.', '/b', '', '', MS_BIND);
    t.mount('x', '.', 'tmpfs');
    t.umount('.');
  },
  'options of tmpfs': (t) => {
    t.mkdir('/a');
    for (const data of [
      'size=1m',
      'size=10%',
      'nr_blocks=7',
      'nr_inodes=5',
      'nr_inodes=2k',
      'mode=700,uid=5,gid=6',
      'size=5000',
      'size=0',
      'nr_inodes=0',
      'mode=1777',
      'mode=07777',
      'size=1m,size=2m',
    ]) {
      tmpfs(t, '/a', data);
      if (data !== 'size=10%') t.mounts();
      t.stat('/a');
      t.umount('/a');
    }
  },
  'limits of tmpfs': (t) => {
    t.mkdir('/a');
    tmpfs(t, '/a', 'size=12k,nr_inodes=5');
    const fd = t.open('/a/f', O_RDWR | O_CREAT, 0o644);
    t.write(fd, new Uint8Array(8192));
    t.write(fd, new Uint8Array(8192));
    t.write(fd, new Uint8Array(1));
    t.fstat(fd);
    t.mount('', '/a', '', 'size=8k', MS_REMOUNT);
    t.mount('', '/a', '', 'size=16k', MS_REMOUNT);
    t.write(fd, new Uint8Array(100));
    t.mkdir('/a/d');
    t.link('/a/f', '/a/g');
    t.symlink('x', '/a/s');
    t.mkdir('/a/e');
    t.open('/a/new', O_RDWR | O_CREAT);
    t.open('/a', O_RDWR | O_TMPFILE);
    t.mount('', '/a', '', 'nr_inodes=4', MS_REMOUNT);
    t.mount('', '/a', '', 'nr_inodes=6', MS_REMOUNT);
    t.mount('', '/a', '', 'size=0', MS_REMOUNT);
    t.mount('', '/a', '', 'nr_inodes=0', MS_REMOUNT);
    t.mkdir('/a/e');
    t.mkdir('/a/h');
    t.mounts();
  },
  'names in /proc/mounts': (t) => {
    for (const path of ['/a b', '/a\tb', '/a\\b', '/a#b', '/é', '/a\nb']) {
      t.mkdir(path);
      t.mount(`source of${path}`, path, 'tmpfs');
    }
    t.mkdir('/empty');
    t.mount('', '/empty', 'tmpfs');
    t.mounts();
    t.rename('/a b', '/c');
  },
  'renames and links across mounts': (t) => {
    mounted(t);
    t.mount('/', '/b', '', '', MS_BIND);
    t.rename('/file', '/a/file');
    t.rename('/file', '/b/file2');
    t.link('/file', '/b/file2');
    t.rename('/a/f', '/a/g');
    t.renameat2(AT_FDCWD, '/a/g', AT_FDCWD, '/file', RENAME_EXCHANGE);
    t.renameat2(AT_FDCWD, '/a/missing', AT_FDCWD, '/file', RENAME_NOREPLACE);
    t.rename('/b/a', '/b/q');
    t.rename('/b/file', '/b/a');
    t.rmdir('/b/a');
    t.mkdir('/x');
    t.rename('/x', '/b');
    t.rename('/x', '/a');
    t.link('/a/g', '/x/g');
    t.symlink('/a/g', '/x/g');
    t.get('/x/g');
  },
  'lengths of names and paths': (t) => {
    for (const length of [255, 256]) {
      const name = 'n'.repeat(length);
      t.mkdir(`/${name}`);
      t.stat(`/${name}`);
      t.open(`/${name}`, O_RDONLY);
      t.symlink(name, '/s');
      t.stat('/s');
      t.unlink('/s');
      t.rename(`/${name}`, `/${name}x`);
      t.link(`/${name}`, '/l');
      t.unlink(`/missing/${name}`);
      t.mkdir(`/é${'n'.repeat(length - 2)}`);
      t.setxattr('/', `user.${'n'.repeat(length - 5)}`, new Uint8Array(1));
    }
    for (const length of [4095, 4096]) {
      t.stat('/'.repeat(length));
      t.stat(`${'./'.repeat((length - 1) / 2)}.`.padEnd(length, '/'));
      t.stat('n'.repeat(length));
      t.symlink('./'.repeat(3000).slice(0, length), '/long');
      t.lstat('/long');
      t.stat('/long');
      t.unlink('/long');
      t.chdir('/'.repeat(length));
      t.mount('/'.repeat(length), '/', '', '', MS_BIND);
      t.readlink('/'.repeat(length));
    }
  },
  'too many symlinks': (t) => {
    t.put('/l0');
    for (let i = 1; i <= 42; i++) t.symlink(`l${i - 1}`, `/l${i}`);
    t.get('/l39');
    t.get('/l40');
    t.get('/l41');
    t.lstat('/l41');
    t.symlink('loop', '/loop');
    t.stat('/loop');
    t.stat('/loop/x');
    t.open('/loop', O_RDONLY | O_NOFOLLOW);
    t.open('/loop', O_PATH | O_NOFOLLOW);
    t.open('/loop', O_RDWR | O_CREAT);
    t.mkdir('/loop');
    t.rename('/loop', '/loop2');
    t.chdir('/loop2');
    t.mkdir('/d');
    t.symlink('.', '/d/here');
    t.stat(`/d${'/here'.repeat(40)}`);
    t.stat(`/d${'/here'.repeat(41)}`);
  },
  'trailing slashes': (t) => {
    t.mkdir('/d');
    t.put('/f');
    t.symlink('d', '/to-d');
    t.symlink('f', '/to-f');
    t.symlink('missing', '/to-none');
    for (const name of ['d', 'f', 'to-d', 'to-f', 'to-none', 'missing']) {
      for (const path of [`/${name}/`, `/${name}//`, `/${name}/.`]) {
        t.stat(path);
        t.lstat(path);
        t.open(path, O_RDONLY);
        t.open(path, O_RDONLY | O_NOFOLLOW);
        t.open(path, O_WRONLY | O_CREAT);
        t.open(path, O_WRONLY | O_CREAT | O_EXCL);
        t.open(path, O_PATH | O_NOFOLLOW);
        t.mkdir(path);
        t.symlink('x', path);
        t.mknod(path, S_IFIFO | 0o600, 0);
        t.link('/f', path);
        t.link(path, '/other');
        t.readlink(path);
        t.unlink(path);
        t.rename(path, '/moved');
        t.rename('/moved', `/${name}`);
        t.rename('/f', path);
        t.rename('/d', path);
        t.chmod(path, 0o755);
        t.truncate(path, 0);
        t.rmdir(path);
      }
    }
    list(t, '/');
  },
  'the empty path, dots and the root': (t) => {
    t.mkdir('/d');
    t.put('/f');
    for (const path of ['', '.', '..', '/', '//', '/.', '/..', 'd/.', 'd/..', 'f/.', 'f/..', 'f/../d', 'no/../d']) {
      t.stat(path);
      t.open(path, O_RDONLY);
      t.open(path, O_RDWR | O_CREAT);
      t.open(path, O_RDWR);
      t.mkdir(path);
      t.rmdir(path);
      t.unlink(path);
      t.rename(path, '/z');
      t.rename('/d', path);
      t.rename('/f', path);
      t.link('/f', path);
      t.symlink('x', path);
      t.symlink(path, '/s');
      t.unlink('/s');
      t.readlink(path);
      t.mknod(path, S_IFIFO | 0o600, 0);
      t.chdir(path);
      t.getcwd();
      t.chdir('/');
      t.truncate(path, 0);
      t.access(path, 0);
      t.mount('x', path, 'nosuchfs');
    }
  },
  'symlinks across mounts': (t) => {
    mounted(t);
    t.symlink('../file', '/a/up');
    t.symlink('/a/up', '/b/abs');
    t.symlink('../a', '/b/rel');
    t.get('/a/up');
    t.get('/b/abs');
    t.get('/b/rel/f');
    list(t, '/b/rel');
    t.lstat('/b/rel');
    t.lstat('/b/rel/');
    t.umount('/b/rel');
    t.get('/b/abs');
  },
  'a removed working directory': (t) => {
    t.mkdir('/d');
    t.mkdir('/d/e');
    t.chdir('/d/e');
    const fd = t.open('.', O_RDONLY | O_DIRECTORY);
    t.rmdir('/d/e');
    t.getcwd();
    t.stat('.');
    t.stat('..');
    t.stat('x');
    t.mkdir('x');
    t.open('x', O_RDWR | O_CREAT);
    t.open('.', O_RDWR | O_TMPFILE);
    t.getdents(fd);
    t.rename('../../d', 'x');
    t.link('/d', 'x');
    t.chmod('.', 0o700);
    t.mkdir('/d/e');
    t.stat('.');
    t.rmdir('../e');
    t.rmdir('/d');
    t.chdir('..');
    t.getcwd();
    t.chdir('..');
    t.getcwd();
  },
  'permission to walk': (t) => {
    t.mkdir('/closed');
    t.mkdir('/closed/in');
    t.put('/closed/in/f');
    t.chmod('/closed', 0o600);
    t.mkdir('/open');
    t.chmod('/open', 0o777);
    t.setfsgid(1000);
    t.setgroups([]);
    t.setfsuid(1000);
    t.stat('/closed');
    t.stat('/closed/.');
    t.stat('/closed/..');
    t.stat('/closed/in');
    t.stat('/closed/missing');
    t.stat('/closed/in/f/x');
    t.open('/closed', O_RDONLY);
    t.open('/closed', O_PATH);
    t.chdir('/closed');
    t.mkdir('/new');
    t.mkdir('/open/new');
    t.rename('/open/new', '/closed/new');
    t.rename('/open/new', '/new');
    t.rmdir('/closed');
    t.unlink('/closed/x');
    t.access('/closed', 0);
    t.stat('/open/new');
  },
  'fifos that do not wait': (t) => {
    t.mknod('/p', S_IFIFO | 0o600, 0);
    t.open('/p', O_WRONLY | O_NONBLOCK);
    const reader = t.open('/p', O_RDONLY | O_NONBLOCK);
    const into = new Uint8Array(10);
    t.read(reader, into);
    const writer = t.open('/p', O_WRONLY | O_NONBLOCK);
    t.read(reader, into);
    t.write(writer, new Uint8Array(3));
    t.read(reader, into);
    t.read(reader, into);
    t.write(writer, new Uint8Array(60000));
    t.write(writer, new Uint8Array(4096));
    t.write(writer, new Uint8Array(4096));
    t.write(writer, new Uint8Array(9000));
    t.write(writer, new Uint8Array(1));
    t.fstat(reader);
    t.lseek(reader, 0, 0);
    t.pread(reader, into, 0);
    t.pwrite(writer, into, 0);
    t.ftruncate(writer, 0);
    t.fsync(writer);
    t.fallocate(writer, 0, 0, 1);
    t.close(writer);
    t.read(reader, into);
    t.close(reader);
    const both = t.open('/p', O_RDWR | O_NONBLOCK);
    t.read(both, into);
    t.write(both, new Uint8Array(3));
    t.close(both);
    const again = t.open('/p', O_RDONLY | O_NONBLOCK);
    t.read(again, into);
    t.close(again);
    t.truncate('/p', 0);
    t.open('/p', O_RDWR | O_TRUNC | O_NONBLOCK);
  },
  'a full fifo': (t) => {
    t.mknod('/p', S_IFIFO | 0o600, 0);
    const fd = t.open('/p', O_RDWR | O_NONBLOCK);
    for (const [write, read] of [
      [1, 0],
      [100, 50],
      [4000, 0],
      [5000, 1],
      [4096, 4096],
      [20_000, 3],
      [1, 0],
      [70_000, 0],
      [1, 1],
      [1, 5000],
      [4097, 0],
      [4095, 0],
      [1, 9000],
      [10_000, 70_000],
      [70_000, 70_000],
      [8191, 4100],
      [5, 0],
      [4096, 100_000],
    ]) {
      t.write(fd, new Uint8Array(write!));
      if (read! > 0) t.read(fd, new Uint8Array(read!));
    }
  },
  'long options and sources': (t) => {
    t.mkdir('/a');
    for (const length of [4000, 4094, 4095]) {
      const data = 'mode=700,'
        .padEnd(length - 5, 'mode=750,')
        .slice(0, length - 5)
        .replace(/[^,]*$/, '');
      tmpfs(t, '/a', `${data.padEnd(length - 5, ',')},no=1`);
      t.mount('s'.repeat(length), '/a', 'tmpfs');
      t.umount('/a');
      t.mount('s'.repeat(length + 1), '/a', 'tmpfs');
      t.mount('x', '/a', 't'.repeat(length + 1));
      t.umount('/a');
    }
  },
  locks: (t) => {
    t.put('/f');
    const [a, b] = [t.open('/f', O_RDONLY), t.open('/f', O_RDWR)];
    t.flock(a, LOCK_SH | LOCK_NB);
    t.flock(b, LOCK_SH | LOCK_NB);
    t.flock(b, LOCK_EX | LOCK_NB);
    t.flock(a, LOCK_EX | LOCK_NB);
    t.flock(a, LOCK_UN);
    t.flock(b, LOCK_EX | LOCK_NB);
    t.flock(a, LOCK_SH | LOCK_NB);
    const copy = t.dup(b);
    t.close(b);
    t.flock(a, LOCK_SH | LOCK_NB);
    t.flock(copy, LOCK_UN);
    t.flock(a, LOCK_SH | LOCK_NB);
    t.flock(copy, LOCK_EX | LOCK_NB);
    t.close(a);
    t.flock(copy, LOCK_EX | LOCK_NB);
    t.flock(copy, 0);
    t.flock(copy, LOCK_SH | LOCK_EX);
    t.flock(9999, LOCK_UN);
    const path = t.open('/f', O_PATH);
    t.flock(path, LOCK_SH);
    const directory = t.open('/', O_RDONLY);
    t.flock(directory, LOCK_EX | LOCK_NB);
  },
  'a lost upgrade of a lock': (t) => {
    t.put('/f');
    const [a, b, c] = [t.open('/f', O_RDONLY), t.open('/f', O_RDWR), t.open('/f', O_RDWR)];
    t.flock(a, LOCK_SH | LOCK_NB);
    t.flock(b, LOCK_SH | LOCK_NB);
    t.flock(b, LOCK_EX | LOCK_NB);
    t.flock(a, LOCK_UN);
    t.flock(c, LOCK_EX | LOCK_NB);
  },
  'mounting needs the right to': (t) => {
    mounted(t);
    t.setfsuid(1000);
    t.mount('x', '/b', 'tmpfs');
    t.umount('/b');
  },
};
