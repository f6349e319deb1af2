/** Cases of file attributes (chattr, lsattr) and of what they forbid, as programs: see mounts.test.ts. */
import { FS_CASEFOLD_FL, FS_IOC_GETFLAGS, FS_IOC_SETFLAGS } from '../../src/abi/fileattr.ts';
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  MS_BIND,
  MS_RDONLY,
  MS_REMOUNT,
  MS_STRICTATIME,
  O_NONBLOCK,
  O_PATH,
  O_RDWR,
  O_TMPFILE,
} from '../../src/abi/flags.ts';
import { S_IFCHR, S_IFIFO, S_IFREG } from '../../src/abi/mode.ts';
import { list, tmpfs } from './case-steps.ts';
import type { Recorded } from './recorder.ts';
import {
  I,
  A,
  D,
  N,
  byte,
  old,
  chattr,
  lsattr,
  fssetxattr,
  become,
  change,
  changeIn,
  throughOpen,
  protectedTree,
  NAMES,
} from './attribute-steps.ts';

export const cases: Readonly<Record<string, (t: Recorded) => void>> = {
  'which attributes tmpfs keeps': (t) => {
    t.put('/f');
    t.mkdir('/d');
    for (const path of ['/f', '/d']) {
      for (let bit = 0; bit < 32; bit++) {
        chattr(t, path, (1 << bit) >>> 0);
        lsattr(t, path);
        chattr(t, path, 0);
        fssetxattr(t, path, (1 << bit) >>> 0);
        chattr(t, path, 0);
      }
      chattr(t, path, I | A | N | D);
      lsattr(t, path);
      chattr(t, path, D | 0x8);
      lsattr(t, path);
      chattr(t, path, FS_CASEFOLD_FL);
      chattr(t, path, 0);
      fssetxattr(t, path, 0x40, { extsize: 4096 });
      fssetxattr(t, path, 0x800, { extsize: 4096 });
      fssetxattr(t, path, 0x1000, { extsize: 4096 });
      fssetxattr(t, path, 0x80, { nextents: 5 });
      fssetxattr(t, path, 0, { projid: 1 });
      fssetxattr(t, path, 0, { projid: 0xffffffff });
      fssetxattr(t, path, 0, { cowextsize: 1 });
      fssetxattr(t, path, 0x10000, { cowextsize: 1 });
    }
  },
  'objects without attributes': (t) => {
    t.put('/f');
    t.mknod('/p', S_IFIFO | 0o600, 0);
    t.mknod('/c', S_IFCHR | 0o600, 0x3c07);
    t.symlink('f', '/s');
    for (const path of ['/p', '/c', '/missing']) {
      lsattr(t, path);
      chattr(t, path, I);
      fssetxattr(t, path, 0x8);
    }
    t.statx(AT_FDCWD, '/s', AT_SYMLINK_NOFOLLOW);
    t.statx(AT_FDCWD, '/', 0);
    const named = t.open('/f', O_PATH);
    t.ioctl(named, FS_IOC_GETFLAGS);
    t.ioctl(named, FS_IOC_SETFLAGS, 0);
    t.ioctl(-1, FS_IOC_GETFLAGS);
    const fd = t.open('/f', O_RDWR);
    t.ioctl(fd, 0x5401);
    t.ioctl(fd, 0x80086699);
    const waits = t.open('/p', O_RDWR | O_NONBLOCK);
    t.ioctl(waits, FS_IOC_SETFLAGS, 0);
  },
  'who may change attributes': (t) => {
    t.put('/root');
    t.put('/own');
    t.chown('/own', 1000, 1000);
    t.put('/protected');
    t.chown('/protected', 1000, 1000);
    chattr(t, '/protected', I | D);
    become(t, 1000);
    for (const path of ['/root', '/own', '/protected']) {
      for (const flags of [0, D, N, D | N, I, A, I | D, I | A | D, 1, I | 1, I | D | N]) {
        chattr(t, path, flags);
        lsattr(t, path);
      }
      for (const xflags of [0, 0x80, 0x8, 0x88, 0x4, 0x20000, 0x40000000, 0x1, 0x800]) fssetxattr(t, path, xflags);
      fssetxattr(t, path, 0x8, { projid: 0xffffffff });
      fssetxattr(t, path, 0, { projid: 0xffffffff });
    }
    become(t, 0);
    chattr(t, '/protected', 0);
    become(t, 1000);
    chattr(t, '/protected', D);
    lsattr(t, '/protected');
  },
  'a read-only mount': (t) => {
    t.put('/f');
    t.mount('/', '/', '', '', MS_BIND);
    t.mkdir('/d');
    tmpfs(t, '/d');
    t.put('/d/f');
    t.mknod('/d/p', S_IFIFO | 0o600, 0);
    t.mount('', '/d', '', '', MS_REMOUNT | MS_RDONLY);
    lsattr(t, '/d/f');
    chattr(t, '/d/f', I);
    chattr(t, '/d/p', I);
    fssetxattr(t, '/d/f', 0x8);
    fssetxattr(t, '/d/f', 0x40000000);
    become(t, 1000);
    chattr(t, '/d/f', I);
  },
  'protected files': (t) => {
    protectedTree(t, '/t');
    for (const name of NAMES) change(t, `/t/${name}`, `/t/${name}-beside`);
  },
  'protected directories': (t) => {
    protectedTree(t, '/t');
    for (const name of NAMES) changeIn(t, `/t/dir-${name}`);
    list(t, '/t');
  },
  'protected files of others': (t) => {
    protectedTree(t, '/t');
    t.chmod('/t', 0o777);
    for (const name of NAMES) {
      chattr(t, `/t/${name}`, 0);
      t.chmod(`/t/${name}`, 0o666);
      chattr(t, `/t/${name}`, name === 'a' ? A : I);
    }
    become(t, 1000);
    for (const name of NAMES) change(t, `/t/${name}`, `/t/${name}-beside`);
    become(t, 0);
    t.chmod('/t', 0o1777);
    become(t, 1000);
    for (const name of NAMES) change(t, `/t/${name}`, `/t/${name}-beside`);
  },
  'open files that get protected': (t) => {
    for (const flags of [I, A, I | A, N | D]) {
      t.put(`/f${flags}`, 'some text in here');
      throughOpen(t, `/f${flags}`, flags);
    }
  },
  'protected files lose set-id bits': (t) => {
    for (const flags of [I, A]) {
      t.put(`/f${flags}`, 'text');
      t.chmod(`/f${flags}`, 0o6777);
      const fd = t.open(`/f${flags}`, O_RDWR);
      chattr(t, `/f${flags}`, flags);
      t.chown(`/f${flags}`, -1, -1);
      t.stat(`/f${flags}`);
      chattr(t, `/f${flags}`, 0);
      t.chmod(`/f${flags}`, 0o6777);
      chattr(t, `/f${flags}`, flags);
      become(t, 1000);
      t.ftruncate(fd, 2);
      t.fstat(fd);
      t.write(fd, byte());
      t.fstat(fd);
      become(t, 0);
    }
  },
  'what new files take over': (t) => {
    t.mkdir('/d');
    chattr(t, '/d', N | D);
    t.put('/d/f');
    t.mkdir('/d/d');
    t.mkdir('/d/d/d');
    t.symlink('x', '/d/s');
    t.mknod('/d/p', S_IFIFO | 0o600, 0);
    t.mknod('/d/r', S_IFREG | 0o600, 0);
    const fd = t.open('/d', O_RDWR | O_TMPFILE);
    t.ioctl(fd, FS_IOC_GETFLAGS);
    t.link('/d/f', '/l');
    t.put('/g');
    t.rename('/g', '/d/g');
    for (const name of ['f', 'd', 'd/d', 's', 'p', 'r', 'g']) lsattr(t, `/d/${name}`);
    lsattr(t, '/l');
    t.chmod('/d', 0o777);
    become(t, 1000);
    t.put('/d/mine');
    lsattr(t, '/d/mine');
    chattr(t, '/d/mine', 0);
    lsattr(t, '/d/mine');
  },
  'accesses that are not marked': (t) => {
    t.mkdir('/d');
    tmpfs(t, '/d', '', MS_STRICTATIME);
    for (const flags of [0, N, D, I, N | I]) {
      t.put('/d/f', 'text');
      t.mkdir('/d/d');
      t.utimensat(AT_FDCWD, '/d/f', old, old);
      t.utimensat(AT_FDCWD, '/d/d', old, old);
      chattr(t, '/d/f', flags);
      chattr(t, '/d/d', flags);
      t.get('/d/f');
      list(t, '/d/d');
      t.accessed('/d/f');
      t.accessed('/d/d');
      chattr(t, '/d/f', 0);
      chattr(t, '/d/d', 0);
      t.unlink('/d/f');
      t.rmdir('/d/d');
    }
  },
};
