/** Cases of upper layers that cannot do everything, are full or read-only, as programs: see mounts.test.ts. */
import {
  AT_FDCWD,
  MS_RDONLY,
  MS_REMOUNT,
  O_CREAT,
  O_RDWR,
  O_TMPFILE,
  O_WRONLY,
  RENAME_EXCHANGE,
} from '../../src/abi/flags.ts';
import { FS_APPEND_FL, FS_IMMUTABLE_FL, FS_IOC_SETFLAGS, FS_NOATIME_FL } from '../../src/abi/fileattr.ts';
import { list } from './case-steps.ts';
import type { Recorded } from './recorder.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const flagged = {
  append: FS_APPEND_FL,
  immutable: FS_IMMUTABLE_FL,
  noatime: FS_NOATIME_FL,
  both: FS_APPEND_FL | FS_NOATIME_FL,
};

function layers(t: Recorded, upper: (t: Recorded) => void): void {
  for (const path of ['/x', '/l', '/l2', '/m']) t.mkdir(path);
  upper(t);
  for (const path of ['/x/u', '/x/w', '/l/d', '/l/d/e', '/l2/d', '/l/empty', '/l/emptied']) t.mkdir(path);
  for (const path of ['/l/f', '/l/gone', '/l/d/f', '/l2/d/g', '/l/two', '/l/emptied/f']) t.put(path, path);
  t.link('/l/two', '/l/d/two');
  t.symlink('f', '/l/s');
  t.mknod('/l/p', 0o010644, 0);
  for (const path of ['/l/f', '/l/d']) {
    t.setxattr(path, 'user.kept', bytes('value'));
    t.setxattr(path, 'trusted.kept', bytes('value'));
  }
  for (const [name, flags] of Object.entries(flagged)) {
    t.put(`/l/${name}`, name);
    t.quietly((task) => {
      const fd = task.open(`/l/${name}`, 0);
      task.ioctl(fd, FS_IOC_SETFLAGS, flags);
      task.close(fd);
    });
  }
  t.setxattr('/l/d/f', 'security.capability', Uint8Array.of(0, 0, 0, 2, ...new Array<number>(16).fill(0)));
}

const mount = (t: Recorded, options: string): void => {
  t.mount('overlay', '/m', 'overlay', `lowerdir=/l:/l2,upperdir=/x/u,workdir=/x/w${options}`);
  t.quietly((task) => void task.mounts());
};

/** One call of each kind, each on objects that the others leave alone as far as that goes. */
const steps: readonly ((t: Recorded) => void)[] = [
  (t) => t.close(t.open('/m/f', 0)),
  (t) => t.chmod('/m/f', 0o600),
  (t) => t.put('/m/f', 'longer than it was before'),
  (t) => t.setxattr('/m/s', 'trusted.x', bytes('1')),
  (t) => t.setxattr('/m/d', 'user.x', bytes('1')),
  (t) => t.removexattr('/m/d', 'user.kept'),
  (t) => t.lchown('/m/s', 5, 5),
  (t) => t.chmod('/m/p', 0o600),
  (t) => t.chmod('/m/d/f', 0o600),
  (t) => t.unlink('/m/gone'),
  (t) => t.stat('/m/gone'),
  (t) => t.mkdir('/m/gone'),
  (t) => t.put('/m/new', 'new'),
  (t) => t.mkdir('/m/newdir'),
  (t) => t.mkdir('/m/d/newdir'),
  (t) => t.symlink('new', '/m/newlink'),
  (t) => t.mknod('/m/newfifo', 0o010644, 0),
  (t) => t.link('/m/two', '/m/three'),
  (t) => t.unlink('/m/d/two'),
  (t) => t.stat('/m/two'),
  (t) => t.rename('/m/two', '/m/renamed'),
  (t) => t.rename('/m/newdir', '/m/d/newdir2'),
  (t) => t.rename('/m/d/e', '/m/e'),
  (t) => t.renameat2(AT_FDCWD, '/m/f', AT_FDCWD, '/m/new', RENAME_EXCHANGE),
  (t) => t.rmdir('/m/empty'),
  (t) => t.unlink('/m/emptied/f'),
  (t) => t.rmdir('/m/emptied'),
  (t) => t.mkdir('/m/empty'),
  (t) => t.close(t.open('/m/d', O_TMPFILE | O_RDWR, 0o600)),
  (t) => t.truncate('/m/d/g', 3),
  ...Object.keys(flagged).flatMap((name) => [
    (t: Recorded) => t.link(`/m/${name}`, `/m/${name}2`),
    (t: Recorded) => t.utimensat(AT_FDCWD, `/m/${name}`, undefined, undefined, 0),
    (t: Recorded) => t.chown(`/m/${name}`, 1, 1),
    (t: Recorded) => t.rename('/m/newfifo', `/m/${name}`),
  ]),
  (t) => {
    const fd = t.open('/m/d/g', 0);
    for (const flags of [FS_APPEND_FL, FS_IMMUTABLE_FL, 0, FS_NOATIME_FL]) t.ioctl(fd, FS_IOC_SETFLAGS, flags);
    t.close(fd);
  },
  (t) => t.close(t.open('/m/d/made', O_CREAT | O_WRONLY, 0o600)),
];

function look(t: Recorded): void {
  for (const path of ['/m', '/m/d', '/x/u', '/x/w']) list(t, path);
  t.census('/x/u');
  t.mounts();
}

function useAll(t: Recorded, options: string): void {
  mount(t, options);
  for (const step of steps) step(t);
  look(t);
  t.umount('/m');
  mount(t, options);
  list(t, '/m');
  list(t, '/m/d');
  t.umount('/m');
}

const onRamfs = (t: Recorded): void => t.mount('ramfs', '/x', 'ramfs');

const optionSets = [
  '',
  ',index=on',
  ',redirect_dir=on',
  ',metacopy=on',
  ',xino=on',
  ',xino=auto',
  ',uuid=on',
  ',volatile',
  ',userxattr',
  ',uuid=off',
];

/** No more than so many objects fit into the upper layer. */
const full =
  (inodes: number, options: string) =>
  (t: Recorded): void => {
    for (const [i, step] of steps.entries()) {
      layers(t, (task) => task.mount('x', '/x', 'tmpfs', 'nr_inodes=100,size=64k'));
      mount(t, options);
      t.mount('x', '/x', '', `nr_inodes=${inodes}`, MS_REMOUNT);
      step(t);
      if (i > 20) steps[i - 20]!(t);
      list(t, '/m');
      t.umount('/m');
      t.census('/x/u');
      t.umount('/x');
      for (const path of ['/x', '/l', '/l2', '/m']) t.rename(path, `${path}${i}`);
    }
  };

/** What is written to becomes read-only between two calls. */
const readOnly =
  (options: string) =>
  (t: Recorded): void => {
    layers(t, (task) => task.mount('x', '/x', 'tmpfs'));
    mount(t, options);
    for (const path of ['/m', '/m/d']) list(t, path);
    t.put('/m/upper', 'upper');
    t.mkdir('/m/updir');
    const fd = t.open('/m/upper', 0);
    t.mount('x', '/x', '', '', MS_REMOUNT | MS_RDONLY);
    for (const step of steps) step(t);
    for (const path of ['/m/upper', '/m/updir', '/m/f', '/m/d', '/m/s', '/m/p']) {
      t.access(path, 2);
      t.chmod(path, 0o700);
      t.unlink(path);
    }
    t.get('/m/upper');
    t.read(fd, new Uint8Array(5));
    t.fsync(fd);
    look(t);
    t.mount('x', '/x', '', '', MS_REMOUNT);
    t.chmod('/m/f', 0o640);
    t.umount('/m');
    t.mount('x', '/x', '', '', MS_REMOUNT | MS_RDONLY);
    mount(t, options);
  };

/** A mount for which there is no room. */
const noRoom =
  (inodes: number, options: string) =>
  (t: Recorded): void => {
    layers(t, (task) => task.mount('x', '/x', 'tmpfs', 'nr_inodes=100'));
    t.mount('x', '/x', '', `nr_inodes=${inodes}`, MS_REMOUNT);
    mount(t, options);
    list(t, '/m');
    t.chmod('/m/f', 0o600);
    t.mkdir('/m/new');
    t.mounts();
    t.mount('x', '/x', '', 'nr_inodes=100', MS_REMOUNT);
    t.chmod('/m/f', 0o600);
    t.mount('', '/m', '', '', MS_REMOUNT);
    t.chmod('/m/f', 0o600);
    list(t, '/x/w');
  };

/** Marks that nobody made: upper and work directories that belong to somebody else, or allow nothing. */
const immutable =
  (path: string) =>
  (t: Recorded): void => {
    layers(t, (task) => task.mount('x', '/x', 'tmpfs'));
    mount(t, '');
    t.umount('/m');
    t.mkdir('/x/u/inside');
    const fd = t.open(path, 0);
    t.ioctl(fd, FS_IOC_SETFLAGS, FS_IMMUTABLE_FL);
    t.close(fd);
    for (const options of ['', ',index=on', ',volatile', ',uuid=on']) {
      mount(t, options);
      list(t, '/m');
      t.chmod('/m/f', 0o600);
      t.mkdir('/m/new');
      t.rmdir('/m/inside');
      t.access('/m/inside', 2);
      t.access('/m', 2);
      t.umount('/m');
    }
    list(t, '/x/w');
  };

/** Nothing more fits, not even an attribute. */
function fill(t: Recorded): void {
  t.quietly((task) => {
    const refused = (step: () => void): boolean => {
      try {
        step();
        return false;
      } catch {
        return true;
      }
    };
    for (let i = 0; !refused(() => task.mknod(`/x/fill${i}`, 0o010644, 0)); i++);
    for (const length of [512, 256, 128, 64, 32, 16, 8, 4, 2, 1, 0]) {
      refused(() => task.setxattr('/x', `user.fill${length}`, new Uint8Array(length)));
    }
  });
}

/** Room is gone when a mark is to be written. */
const noRoomForMarks =
  (options: string) =>
  (t: Recorded): void => {
    layers(t, (task) => task.mount('x', '/x', 'tmpfs', 'nr_inodes=100'));
    mount(t, options);
    t.chmod('/m/d/e', 0o700);
    t.chmod('/m/f', 0o600);
    t.chmod('/m/empty', 0o600);
    t.chmod('/m/two', 0o600);
    t.mkdir('/m/up');
    t.mkdir('/m/empty/up');
    fill(t);
    t.rename('/m/d/e', '/m/d/e2');
    t.rename('/m/d/e', '/m/e');
    t.rename('/m/up', '/m/d/up');
    t.link('/m/f', '/m/d/linked');
    t.rename('/m/f', '/m/d/f2');
    t.unlink('/m/two');
    t.put('/m/f', 'data');
    t.mkdir('/m/new');
    const fd = t.open('/m/d', 0);
    t.ioctl(fd, FS_IOC_SETFLAGS, FS_APPEND_FL);
    t.close(fd);
    look(t);
  };

const table: Record<string, (t: Recorded) => void> = {};
for (const options of optionSets) {
  table[`an upper layer without attributes${options}`] = (t) => {
    layers(t, onRamfs);
    useAll(t, options);
  };
  table[`an upper layer that becomes read-only${options}`] = readOnly(options);
  table[`no room for marks${options}`] = noRoomForMarks(options);
  for (const inodes of [5, 6, 7, 8]) table[`room for ${inodes} objects, mounted${options}`] = noRoom(inodes, options);
  for (const inodes of [6, 7, 8, 9]) table[`room for ${inodes} objects${options}`] = full(inodes, options);
}
for (const path of ['/x/u', '/x/w', '/x/u/inside', '/x/w/work']) table[`${path} is immutable`] = immutable(path);

export const cases: Readonly<Record<string, (t: Recorded) => void>> = table;
