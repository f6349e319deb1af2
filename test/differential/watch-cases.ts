/** Cases of inotify, as programs: see mounts.test.ts. */
import {
  AT_FDCWD,
  IN_ALL_EVENTS,
  IN_ONLYDIR,
  MS_BIND,
  O_CREAT,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  RENAME_EXCHANGE,
} from '../../src/abi/flags.ts';
import { S_IFIFO } from '../../src/abi/mode.ts';
import type { Recorded } from './recorder.ts';

/** The watch descriptor of a watch on `path`, and what it has seen told after each step. */
function watching(t: Recorded, paths: readonly string[], steps: (fd: number) => readonly (() => void)[]): void {
  const fd = t.inotifyInit();
  for (const path of paths) t.inotifyAddWatch(fd, path, IN_ALL_EVENTS);
  for (const step of steps(fd)) {
    step();
    t.inotifyRead(fd);
  }
}

function withOpen(t: Recorded, path: string, flags: number, use: (fd: number) => void): void {
  const fd = t.open(path, flags, 0o644);
  use(fd);
  t.close(fd);
}

export const cases: Readonly<Record<string, (t: Recorded) => void>> = {
  'files and their directory': (t) => {
    t.mkdir('/d');
    t.put('/d/f', 'content');
    t.put('/out');
    watching(t, ['/d', '/d/f'], () => [
      () => withOpen(t, '/d/f', O_RDONLY, (fd) => t.read(fd, new Uint8Array(3))),
      () => withOpen(t, '/d/f', O_RDWR, (fd) => t.write(fd, new Uint8Array(3))),
      () => withOpen(t, '/d/f', O_RDWR, (fd) => t.write(fd, new Uint8Array(0))),
      () => withOpen(t, '/d/f', O_RDWR, (fd) => t.read(fd, new Uint8Array(0))),
      () => withOpen(t, '/d/f', O_WRONLY | O_TRUNC, () => {}),
      () => withOpen(t, '/d/f', O_PATH, () => {}),
      () => withOpen(t, '/d/new', O_WRONLY | O_CREAT, () => {}),
      () => withOpen(t, '/d/f', O_RDWR, (fd) => t.ftruncate(fd, 1)),
      () => withOpen(t, '/d/f', O_RDWR, (fd) => t.fallocate(fd, 0, 0, 10)),
      () => withOpen(t, '/d/f', O_RDWR, (fd) => t.fsync(fd)),
      () => t.chmod('/d/f', 0o600),
      () => t.chmod('/d/f', 0o600),
      () => t.chown('/d/f', 1, 1),
      () => t.chown('/d/f', -1, -1),
      () => t.utimensat(AT_FDCWD, '/d/f'),
      () => t.setxattr('/d/f', 'user.a', new Uint8Array(1)),
      () => t.removexattr('/d/f', 'user.a'),
      () => t.truncate('/d/f', 100),
      () => t.truncate('/d/f', 100),
      () => t.chmod('/d', 0o700),
      () => t.stat('/d/f'),
      () => t.access('/d/f', 4),
      () => t.mkdir('/d/sub'),
      () => t.rmdir('/d/sub'),
      () => t.symlink('f', '/d/s'),
      () => t.readlink('/d/s'),
      () => t.lchown('/d/s', 1, 1),
      () => t.unlink('/d/s'),
      () => t.mknod('/d/p', S_IFIFO | 0o600, 0),
      () => t.link('/d/f', '/d/g'),
      () => t.link('/d/f', '/linked'),
      () => t.chmod('/linked', 0o644),
      () => t.unlink('/d/g'),
      () => t.rename('/d/f', '/d/h'),
      () => t.rename('/d/h', '/moved'),
      () => t.rename('/moved', '/d/f'),
      () => t.rename('/out', '/d/f'),
      () => t.unlink('/linked'),
      () => t.rename('/d', '/e'),
      () => t.mkdir('/e/x'),
      () => withOpen(t, '/e', O_RDONLY | O_DIRECTORY, (fd) => t.getdents(fd)),
    ]);
  },
  'the end of a watch': (t) => {
    t.mkdir('/d');
    t.put('/d/f');
    t.put('/d/g');
    watching(t, ['/d', '/d/f', '/d/g'], (fd) => [
      () => t.inotifyRemoveWatch(fd, 1),
      () => t.inotifyRemoveWatch(fd, 1),
      () => t.inotifyAddWatch(fd, '/d', IN_ALL_EVENTS),
      () => t.unlink('/d/f'),
      () => t.rename('/d/g', '/d/i'),
      () => {
        const open = t.open('/d/i', O_RDONLY);
        t.unlink('/d/i');
        t.inotifyRead(fd);
        t.fchmod(open, 0o600);
        t.inotifyRead(fd);
        t.close(open);
      },
      () => t.rmdir('/d'),
      () => t.mkdir('/d'),
    ]);
  },
  'replaced by a rename, exchanged': (t) => {
    for (const name of ['a', 'b', 'c']) t.put(`/${name}`);
    t.mkdir('/d');
    t.mkdir('/e');
    watching(t, ['/a', '/b', '/d', '/e', '/'], () => [
      () => t.rename('/a', '/b'),
      () => t.renameat2(AT_FDCWD, '/b', AT_FDCWD, '/c', RENAME_EXCHANGE),
      () => t.rename('/d', '/e'),
      () => t.rename('/b', '/b'),
      () => t.rename('/missing', '/b'),
    ]);
  },
  masks: (t) => {
    t.mkdir('/d');
    t.put('/d/f');
    const fd = t.inotifyInit();
    t.inotifyAddWatch(fd, '/d', 0);
    t.inotifyAddWatch(fd, '/missing', IN_ALL_EVENTS);
    t.inotifyAddWatch(fd, '/d/f', IN_ALL_EVENTS | IN_ONLYDIR);
    t.inotifyAddWatch(fd, '/d', 0x100);
    t.inotifyAddWatch(fd, '/d', 0x200);
    t.put('/d/g');
    t.unlink('/d/g');
    t.inotifyRead(fd);
    t.inotifyAddWatch(fd, '/d', 0x100 | 0x2000_0000);
    t.put('/d/g');
    t.unlink('/d/g');
    t.inotifyRead(fd);
    t.inotifyAddWatch(fd, '/d', 0x100 | 0x1000_0000);
    t.inotifyAddWatch(fd, '/d', 0x100 | 0x8000_0000);
    t.put('/d/g');
    t.put('/d/h');
    t.inotifyRead(fd);
    t.inotifyAddWatch(fd, '/d', 0x100 | 0x1000_0000);
    t.symlink('d', '/s');
    t.inotifyAddWatch(fd, '/s', 0x100 | 0x0200_0000);
    t.inotifyAddWatch(fd, '/s', 0x100);
    const file = t.open('/d/f', O_RDONLY);
    t.inotifyAddWatch(file, '/d', 0x100);
    t.inotifyAddWatch(9999, '/d', 0x100);
    t.inotifyRemoveWatch(fd, 77);
    t.lseek(fd, 0, 0);
    t.write(fd, new Uint8Array(1));
    t.setfsuid(1000);
    t.inotifyAddWatch(fd, '/d', 0x100);
  },
  'the same event twice': (t) => {
    t.put('/f', 'x');
    watching(t, ['/f'], () => [
      () =>
        withOpen(t, '/f', O_RDWR, (fd) => {
          for (let i = 0; i < 3; i++) t.write(fd, new Uint8Array(1));
          t.read(fd, new Uint8Array(1));
          t.write(fd, new Uint8Array(1));
        }),
    ]);
  },
  'through another mount': (t) => {
    t.mkdir('/d');
    t.mkdir('/b');
    t.put('/d/f');
    t.mount('/d', '/b', '', '', MS_BIND);
    watching(t, ['/d'], () => [() => t.chmod('/b/f', 0o600), () => t.put('/b/new'), () => t.umount('/b')]);
  },
  'an unmounted filesystem': (t) => {
    t.mkdir('/d');
    t.mount('x', '/d', 'tmpfs');
    t.put('/d/f');
    watching(t, ['/d', '/d/f'], () => [() => t.umount('/d')]);
  },
};
