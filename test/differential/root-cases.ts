/** Cases of roots, mount namespaces and mounts that move, as programs: see mounts.test.ts. */
import {
  CLONE_NEWNS,
  MNT_DETACH,
  MS_BIND,
  MS_MOVE,
  MS_REMOUNT,
  O_DIRECTORY,
  O_RDONLY,
  O_RDWR,
} from '../../src/abi/flags.ts';
import { list, mounted, tmpfs } from './case-steps.ts';
import type { Recorded } from './recorder.ts';

export const cases: Readonly<Record<string, (t: Recorded) => void>> = {
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
  'umount as root of everything': (t) => {
    t.umount('/');
    t.mounts();
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
};
