/** Cases of fifos, locks and the options of tmpfs, as programs: see mounts.test.ts. */
import {
  LOCK_EX,
  LOCK_MAND,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  MS_REMOUNT,
  O_CREAT,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  O_TRUNC,
  O_WRONLY,
} from '../../src/abi/flags.ts';
import { S_IFIFO } from '../../src/abi/mode.ts';
import { tmpfs } from './case-steps.ts';
import type { Recorded } from './recorder.ts';

export const cases: Readonly<Record<string, (t: Recorded) => void>> = {
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
  'names of attributes count in bytes': (t) => {
    t.put('/f');
    for (const name of ['é'.repeat(125), 'é'.repeat(126), '漢'.repeat(83), `${'漢'.repeat(83)}ab`, 'a'.repeat(251)]) {
      t.setxattr('/f', `user.${name}`, new Uint8Array(1));
      t.getxattr('/f', `user.${name}`);
    }
    t.listxattr('/f');
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
    for (const operation of [LOCK_MAND, LOCK_MAND | LOCK_SH, LOCK_MAND | 192, LOCK_MAND | 64, 64, 16]) {
      t.flock(copy, operation);
      t.flock(9999, operation);
    }
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
};
