/** Cases of file attributes on overlays, as programs: see mounts.test.ts. */
import { FS_IOC_GETFLAGS, FS_IOC_SETFLAGS } from '../../src/abi/fileattr.ts';
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  MS_RDONLY,
  MS_REMOUNT,
  O_APPEND,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
} from '../../src/abi/flags.ts';
import { S_IFCHR, S_IFIFO } from '../../src/abi/mode.ts';
import { list } from './case-steps.ts';
import type { Recorded } from './recorder.ts';
import {
  I,
  A,
  D,
  N,
  byte,
  chattr,
  lsattr,
  fssetxattr,
  become,
  change,
  changeIn,
  throughOpen,
  protectedTree,
  NAMES,
  overlay,
  upperOf,
} from './attribute-steps.ts';

export const cases: Readonly<Record<string, (t: Recorded) => void>> = {
  'an overlay shows the attributes of its layers': (t) => {
    protectedTree(t, '/l');
    protectedTree(t, '/u');
    t.mkdir('/l/below');
    chattr(t, '/l/below', D);
    t.mkdir('/u/below');
    t.put('/l/lower', 'x');
    chattr(t, '/l/lower', N | D | I);
    overlay(t, '/l');
    for (const name of NAMES) {
      lsattr(t, `/m/${name}`);
      lsattr(t, `/m/dir-${name}`);
    }
    lsattr(t, '/m/below');
    lsattr(t, '/m/lower');
    lsattr(t, '/m');
  },
  'protected lower files of an overlay': (t) => {
    protectedTree(t, '/l');
    overlay(t, '/l');
    for (const name of NAMES) change(t, `/m/${name}`, `/m/${name}-beside`);
    list(t, '/u');
    for (const name of NAMES) upperOf(t, name);
  },
  'protected lower directories of an overlay': (t) => {
    protectedTree(t, '/l');
    overlay(t, '/l');
    for (const name of NAMES) changeIn(t, `/m/dir-${name}`);
    list(t, '/u');
    for (const name of NAMES) upperOf(t, `dir-${name}`);
  },
  'lower files of an overlay get other attributes': (t) => {
    protectedTree(t, '/l');
    overlay(t, '/l');
    for (const name of NAMES) {
      for (const path of [name, `dir-${name}`]) {
        chattr(t, `/m/${path}`, I);
        upperOf(t, path);
        lsattr(t, `/m/${path}`);
        chattr(t, `/m/${path}`, N | D);
        upperOf(t, path);
        lsattr(t, `/m/${path}`);
        chattr(t, `/m/${path}`, A | I | N);
        upperOf(t, path);
        fssetxattr(t, `/m/${path}`, 0x8);
        upperOf(t, path);
        chattr(t, `/m/${path}`, A | 0x4);
        lsattr(t, `/m/${path}`);
        upperOf(t, path);
        chattr(t, `/m/${path}`, 0x4);
        lsattr(t, `/m/${path}`);
        fssetxattr(t, `/m/${path}`, 0x8, { projid: 1 });
        upperOf(t, path);
        chattr(t, `/m/${path}`, 0);
        upperOf(t, path);
      }
    }
  },
  'attributes are copied up': (t) => {
    protectedTree(t, '/l');
    t.chown('/l/n', 1000, 1000);
    overlay(t, '/l');
    for (const name of NAMES) {
      t.mkdir(`/m/dir-${name}/dir/new`);
      t.put(`/m/dir-${name}/file`, 'new');
      upperOf(t, `dir-${name}`);
      const appends = t.open(`/m/${name}`, O_WRONLY | O_APPEND);
      t.write(appends, byte());
      lsattr(t, `/m/${name}`);
      lsattr(t, `/m/dir-${name}`);
      upperOf(t, name);
      t.unlink(`/m/dir-${name}/file`);
      t.unlink(`/m/${name}`);
    }
    t.umount('/m');
  },
  'attributes after a remount': (t) => {
    protectedTree(t, '/l');
    for (let round = 0; round < 3; round++) {
      overlay(t, '/l');
      for (const name of NAMES) {
        lsattr(t, `/m/${name}`);
        lsattr(t, `/m/dir-${name}`);
        t.chmod(`/m/${name}`, 0o600);
        t.mkdir(`/m/dir-${name}/round${round}`);
        const fd = t.open(`/m/${name}`, O_RDWR | O_APPEND);
        t.write(fd, byte());
        t.close(fd);
        upperOf(t, name);
        upperOf(t, `dir-${name}`);
      }
      chattr(t, '/m/n', round === 0 ? I : A);
      chattr(t, '/m/dir-d', round === 0 ? A | N : 0);
      t.umount('/m');
    }
  },
  'a union of unions': (t) => {
    protectedTree(t, '/l');
    overlay(t, '/l');
    chattr(t, '/m/d', I | D);
    for (const path of ['/u2', '/w2', '/m2']) t.mkdir(path);
    t.mount('overlay', '/m2', 'overlay', 'lowerdir=/m,upperdir=/u2,workdir=/w2');
    for (const name of NAMES) {
      lsattr(t, `/m2/${name}`);
      lsattr(t, `/m2/dir-${name}`);
      chattr(t, `/m2/${name}`, A | N);
      t.listxattr(`/u2/${name}`);
      t.rename(`/m2/${name}`, `/m2/${name}-moved`);
      t.mkdir(`/m2/dir-${name}/new`);
      t.listxattr(`/u2/dir-${name}`);
      lsattr(t, `/m2/${name}`);
    }
  },
  'upper files of an overlay': (t) => {
    t.mkdir('/l');
    overlay(t, '/l');
    t.put('/m/f', 'text');
    t.put('/m/f-beside', 'text');
    t.mkdir('/m/d');
    t.put('/m/d/file');
    t.mkdir('/m/d/dir');
    for (const flags of [I, A, I | A, N | D]) {
      chattr(t, '/m/f', flags);
      upperOf(t, 'f');
      change(t, '/m/f', '/m/f-beside');
      chattr(t, '/m/f', 0);
      upperOf(t, 'f');
      chattr(t, '/m/d', flags);
      changeIn(t, '/m/d');
      upperOf(t, 'd');
      chattr(t, '/m/d', 0);
      t.put('/m/f', 'text');
      throughOpen(t, '/m/f', flags);
    }
    chattr(t, '/m', I);
    t.put('/m/x');
    lsattr(t, '/m');
    t.listxattr('/u');
    chattr(t, '/m', 0);
    t.put('/m/x');
    t.listxattr('/u');
  },
  'lower files of an overlay through descriptors': (t) => {
    t.mkdir('/l');
    for (const flags of [I, A, I | A, N]) {
      t.put(`/l/f${flags}`, 'some text in here');
      t.setxattr(`/l/f${flags}`, 'user.a', byte());
    }
    overlay(t, '/l');
    for (const flags of [I, A, I | A, N]) {
      const reads = t.open(`/m/f${flags}`, O_RDONLY);
      t.ioctl(reads, FS_IOC_SETFLAGS, flags);
      t.ioctl(reads, FS_IOC_GETFLAGS);
      t.read(reads, new Uint8Array(5));
      t.ioctl(reads, FS_IOC_SETFLAGS, 0);
      throughOpen(t, `/m/f${flags}`, flags);
      upperOf(t, `f${flags}`);
    }
  },
  'overlays and other users': (t) => {
    protectedTree(t, '/l');
    t.chmod('/l', 0o777);
    t.put('/l/own', 'x');
    t.chown('/l/own', 1000, 1000);
    t.put('/l/fixed', 'x');
    t.chown('/l/fixed', 1000, 1000);
    chattr(t, '/l/fixed', I);
    overlay(t, '/l');
    become(t, 1000);
    for (const path of ['own', 'fixed', 'n', 'dir-d']) {
      for (const flags of [0, D | N, I, I | D, 0x4]) {
        chattr(t, `/m/${path}`, flags);
        lsattr(t, `/m/${path}`);
      }
    }
    for (const name of NAMES) change(t, `/m/${name}`, `/m/${name}-beside`);
    become(t, 0);
    list(t, '/u');
    upperOf(t, 'own');
    upperOf(t, 'fixed');
  },
  'objects of an overlay without attributes': (t) => {
    t.mkdir('/l');
    t.mknod('/l/p', S_IFIFO | 0o600, 0);
    t.mknod('/l/c', S_IFCHR | 0o600, 0x3c07);
    t.symlink('x', '/l/s');
    overlay(t, '/l');
    for (const path of ['/m/p', '/m/c']) {
      lsattr(t, path);
      chattr(t, path, I);
      fssetxattr(t, path, 0x8);
    }
    t.statx(AT_FDCWD, '/m/s', AT_SYMLINK_NOFOLLOW);
    list(t, '/u');
  },
  'overlays that are read-only': (t) => {
    protectedTree(t, '/l');
    protectedTree(t, '/l2');
    t.mkdir('/m');
    t.mount('overlay', '/m', 'overlay', 'lowerdir=/l:/l2');
    for (const name of NAMES) {
      lsattr(t, `/m/${name}`);
      chattr(t, `/m/${name}`, 0);
      chattr(t, `/m/dir-${name}`, I);
      t.unlink(`/m/${name}`);
    }
    t.umount('/m');
    overlay(t, '/l');
    t.put('/m/x');
    t.mount('', '/m', '', '', MS_REMOUNT | MS_RDONLY);
    chattr(t, '/m/x', I);
    chattr(t, '/m/i', 0);
    lsattr(t, '/m/x');
  },
  'protected directories of layers': (t) => {
    for (const flags of [I, A, N | D]) {
      for (const path of ['/l', '/u', '/w']) t.mkdir(path);
      t.put('/l/f', 'x');
      t.mkdir('/l/d');
      t.put('/l/d/f', 'x');
      t.mkdir('/u/d');
      for (const protectedOne of ['/u', '/w', '/u/d', '/l']) {
        chattr(t, protectedOne, flags);
        overlay(t, '/l');
        lsattr(t, '/m');
        lsattr(t, '/m/d');
        t.chmod('/m/f', 0o600);
        t.put('/m/new');
        t.put('/m/d/new');
        t.chmod('/m/d/f', 0o600);
        t.unlink('/m/d/f');
        t.unlink('/m/f');
        chattr(t, '/m/d', D);
        upperOf(t, 'd');
        upperOf(t, 'f');
        upperOf(t, 'new');
        list(t, '/m');
        t.umount('/m');
        chattr(t, protectedOne, 0);
        t.rename('/l', `/l${flags}${protectedOne.replaceAll('/', '-')}`);
        t.rename('/u', `/u${flags}${protectedOne.replaceAll('/', '-')}`);
        t.rename('/w', `/w${flags}${protectedOne.replaceAll('/', '-')}`);
        for (const path of ['/l', '/u', '/w', '/l/d', '/u/d']) t.mkdir(path);
        t.put('/l/f', 'x');
        t.put('/l/d/f', 'x');
      }
    }
  },
  'notes of protection in other forms': (t) => {
    t.mkdir('/l');
    t.mkdir('/u');
    const notes = ['a', 'i', 'ai', 'ia', 'aaaa', '', 'x', 'ax', 'i'.repeat(32), 'i'.repeat(33)];
    for (const [index, note] of notes.entries()) {
      for (const path of [`/u/f${index}`, `/u/g${index}`, `/l/h${index}`]) {
        t.put(path, 'x');
        t.setxattr(path, 'trusted.overlay.protattr', new TextEncoder().encode(note));
      }
      chattr(t, `/u/g${index}`, A | N);
    }
    overlay(t, '/l');
    for (const index of notes.keys()) {
      for (const letter of ['f', 'g', 'h']) {
        const path = `${letter}${index}`;
        lsattr(t, `/m/${path}`);
        t.open(`/m/${path}`, O_WRONLY);
        t.chmod(`/m/${path}`, 0o600);
        chattr(t, `/m/${path}`, 0);
        upperOf(t, path);
        chattr(t, `/m/${path}`, A);
        upperOf(t, path);
      }
    }
  },
  'hard links of an overlay': (t) => {
    t.mkdir('/l');
    t.put('/l/a', 'x');
    t.link('/l/a', '/l/b');
    chattr(t, '/l/a', A | N);
    overlay(t, '/l');
    lsattr(t, '/m/b');
    chattr(t, '/m/a', I | D);
    lsattr(t, '/m/a');
    lsattr(t, '/m/b');
    upperOf(t, 'a');
    upperOf(t, 'b');
    t.unlink('/m/a');
    t.unlink('/m/b');
    chattr(t, '/m/a', 0);
    t.link('/m/a', '/m/c');
    chattr(t, '/m/c', A);
    lsattr(t, '/m/a');
    t.unlink('/m/a');
  },
};
