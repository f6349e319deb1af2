/** Cases of what a mount finds in the index directory and in notes of links, as programs: see mounts.test.ts. */
import { list } from './case-steps.ts';
import type { JailedTask } from './jail.ts';
import type { Recorded } from './recorder.ts';

const INDEX = '/w/index';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const own = (name: string): string => `trusted.overlay.${name}`;

const mount = (t: Recorded, options: string): void =>
  t.mount('overlay', '/m', 'overlay', `lowerdir=/l:/l2,upperdir=/u,workdir=/w${options}`);

/** An index that was in use: an entry of a file with two names, with nfs_export those of a directory and a file too. */
function used(t: Recorded, options: string): void {
  for (const path of ['/l', '/l2', '/u', '/w', '/m', '/l/d', '/l/other']) t.mkdir(path);
  t.put('/l/a', 'two names');
  t.link('/l/a', '/l/b');
  t.put('/l/f', 'one name');
  mount(t, options);
  t.chmod('/m/a', 0o600);
  t.chmod('/m/d', 0o700);
  t.chmod('/m/f', 0o600);
  t.umount('/m');
  t.census(INDEX);
}

const entries = (task: JailedTask): string[] => {
  const fd = task.open(INDEX, 0);
  const names = task.getdents(fd).map(({ name }) => name);
  task.close(fd);
  return names.filter((name) => name !== '.' && name !== '..');
};

/** The entry of the object with that type. */
const entryOf = (task: JailedTask, type: number, links?: number): string =>
  entries(task).find((name) => {
    const { mode, nlink } = task.lstat(`${INDEX}/${name}`);
    return (mode & 0o170000) === type && (links === undefined || nlink === links);
  })!;
const FILE = 0o100000;
const DIRECTORY = 0o040000;

/** A handle that is shorter than those that this filesystem makes, and says so. */
function shortOf(handle: Uint8Array): Uint8Array {
  const short = handle.slice(0, 25);
  short[2] = short.length;
  return short;
}

/** Everything that can be seen afterwards. */
function look(t: Recorded, options: string): void {
  mount(t, options);
  list(t, '/m');
  for (const path of ['/m/a', '/m/b', '/m/d', '/m/f']) t.stat(path);
  t.get('/m/b');
  t.unlink('/m/b');
  t.stat('/m/a');
  t.umount('/m');
  t.census(INDEX);
}

/** What becomes of the name of an entry. */
const names: Readonly<Record<string, (name: string) => string>> = {
  'too short': (name) => name.slice(0, 40),
  'just long enough': (name) => name.slice(0, 42),
  'of an odd length': (name) => `${name}0`,
  'longer than the handle': (name) => `${name}00`,
  'without digits': (name) => 'z'.repeat(name.length),
  'with capitals': (name) => name.toUpperCase(),
  'without magic': (name) => `00aa${name.slice(4)}`,
  'of another version': (name) => `01${name.slice(2)}`,
  'of a longer handle': (name) => `${name.slice(0, 4)}ff${name.slice(6)}`,
  'of another machine': (name) => `${name.slice(0, 6)}01${name.slice(8)}`,
  'of any machine': (name) => `${name.slice(0, 6)}03${name.slice(8)}`,
  'with unknown flags': (name) => `${name.slice(0, 6)}80${name.slice(8)}`,
  'of another filesystem': (name) => `${name.slice(0, 10)}${'5'.repeat(32)}${name.slice(42)}`,
  'of nothing': (name) => `${name.slice(0, 50)}ffffff${name.slice(56)}`,
  'of a temporary object': () => '#7',
};

/** Changes to the entry of a file. */
const ofFile: Readonly<Record<string, (task: JailedTask, path: string) => void>> = {
  'has no origin': (task, path) => task.removexattr(path, own('origin')),
  'has an empty origin': (task, path) => task.setxattr(path, own('origin'), bytes('')),
  'has another origin': (task, path) => {
    const origin = task.getxattr(path, own('origin'));
    origin[28]! ^= 0x55;
    task.setxattr(path, own('origin'), origin);
  },
  'has the origin of another version': (task, path) => {
    const origin = task.getxattr(path, own('origin'));
    origin[0] = 1;
    task.setxattr(path, own('origin'), origin);
  },
  'has lost its names': (task) => task.unlink('/u/a'),
  'has lost its names and note of links': (task, path) => {
    task.unlink('/u/a');
    task.removexattr(path, own('nlink'));
  },
  'has lost its names, and has none left': (task, path) => {
    task.unlink('/u/a');
    task.setxattr(path, own('nlink'), bytes('U-1'));
  },
  'has lost its names, and has none left by the lower ones': (task, path) => {
    task.unlink('/u/a');
    task.setxattr(path, own('nlink'), bytes('L-2'));
  },
  'has lost its names and the lower object': (task) => {
    for (const name of ['/u/a', '/l/a', '/l/b']) task.unlink(name);
  },
  'has lost the lower object': (task) => {
    for (const name of ['/l/a', '/l/b']) task.unlink(name);
  },
  'is a fifo': (task, path) => {
    task.unlink(path);
    task.mknod(path, 0o010644, 0);
  },
  'is a whiteout': (task, path) => {
    task.unlink(path);
    task.mknod(path, 0o020000, 0);
  },
  'is a directory': (task, path) => {
    task.unlink(path);
    task.mkdir(path);
  },
  'is a full directory': (task, path) => {
    task.unlink(path);
    task.mkdir(path);
    task.mkdir(`${path}/in`);
  },
  'is another file': (task, path) => {
    const origin = task.getxattr(path, own('origin'));
    task.unlink(path);
    task.close(task.open(path, 0o101, 0o600));
    task.setxattr(path, own('origin'), origin);
  },
  'has a short origin': (task, path) => task.setxattr(path, own('origin'), shortOf(task.getxattr(path, own('origin')))),
  'has the origin of a directory': (task, path) => {
    task.setxattr(path, own('origin'), task.getxattr('/u/d', own('origin')));
    task.setxattr('/u/f', own('origin'), task.getxattr('/u/d', own('origin')));
  },
  'is not that of a name': (task, path) => {
    task.close(task.open('/u/b', 0o101, 0o600));
    task.setxattr('/u/b', own('origin'), task.getxattr(path, own('origin')));
  },
  'has no data': (task, path) => task.setxattr(path, own('metacopy'), bytes('')),
  'has no data and a redirect': (task, path) => {
    task.setxattr(path, own('metacopy'), bytes(''));
    task.setxattr(path, own('redirect'), bytes('/f'));
  },
};

const notes = [
  '',
  'U',
  'L',
  'U+',
  'U+0',
  'U-0',
  'U+1',
  'L+1',
  'U+1\n',
  'U+1 ',
  'X+1',
  'U1',
  'U+x',
  'U+1x',
  'L-9',
  'L+0x1',
];
const longNotes = ['U+000000001', 'U+0000000001', 'U+99999999', 'U+9999999999', 'L+2147483647', 'u+1', ' U+1', 'U+ 1'];

/** Changes to the entry of a directory. */
const ofDirectory: Readonly<Record<string, (task: JailedTask, path: string) => void>> = {
  'has no upper object': (task, path) => task.removexattr(path, own('upper')),
  'has a broken upper object': (task, path) => task.setxattr(path, own('upper'), bytes('broken')),
  'has an upper object that is gone': (task) => task.rmdir('/u/d'),
  'has an upper object of another origin': (task) => {
    const origin = task.getxattr('/u/d', own('origin'));
    origin[28]! ^= 0x55;
    task.setxattr('/u/d', own('origin'), origin);
  },
  'has an upper object without origin': (task) => task.removexattr('/u/d', own('origin')),
  'has an upper object that is a file': (task, path) => {
    const upper = task.getxattr(path, own('upper'));
    const of = task.getxattr(`${INDEX}/${entryOf(task, FILE, 2)}`, own('origin'));
    // of a handle only the inode number is another file's
    upper.set(of.subarray(21), 21);
    task.setxattr(path, own('upper'), upper);
  },
  'is that of another directory': (task, path) => {
    task.mkdir('/u/new');
    task.setxattr('/u/new', own('origin'), task.getxattr('/u/d', own('origin')));
    task.rename('/u/d', '/u/moved');
    task.rename('/u/new', '/u/d');
    task.stat(path);
  },
  'is a file': (task, path) => {
    task.rmdir(path);
    task.close(task.open(path, 0o101, 0o600));
  },
  'is a whiteout': (task, path) => {
    task.rmdir(path);
    task.mknod(path, 0o020000, 0);
  },
};

const FILES = ',index=on';
const ALL = ',index=on,nfs_export=on';

function fileCase(change: (task: JailedTask, path: string) => void, options: string): (t: Recorded) => void {
  return (t) => {
    used(t, options);
    t.quietly((task) => change(task, `${INDEX}/${entryOf(task, FILE)}`));
    look(t, options);
  };
}

function directoryCase(change: (task: JailedTask, path: string) => void): (t: Recorded) => void {
  return (t) => {
    used(t, ALL);
    t.quietly((task) => change(task, `${INDEX}/${entryOf(task, DIRECTORY)}`));
    look(t, ALL);
    look(t, FILES);
  };
}

const labelled = <T>(of: Readonly<Record<string, T>>, make: (label: string, value: T) => Record<string, unknown>) =>
  Object.assign({}, ...Object.entries(of).map(([label, value]) => make(label, value))) as Record<
    string,
    (t: Recorded) => void
  >;

export const cases: Readonly<Record<string, (t: Recorded) => void>> = {
  ...labelled(names, (label, rename) => ({
    [`an entry whose name is ${label}`]: (t: Recorded) => {
      for (const options of [FILES, ALL]) {
        if (options === ALL) for (const path of ['/m', '/u', '/l', '/l2', '/w']) t.rename(path, `${path}before`);
        used(t, options);
        t.quietly((task) => {
          const name = entryOf(task, FILE);
          task.rename(`${INDEX}/${name}`, `${INDEX}/${rename(name)}`);
        });
        look(t, options);
      }
    },
  })),
  ...labelled(ofFile, (label, change) => ({
    [`an entry of a file that ${label}`]: fileCase(change, FILES),
    [`an entry of a file that ${label}, with nfs_export`]: fileCase(change, ALL),
    [`an entry of a file that ${label}, with metacopy`]: fileCase(change, `${FILES},metacopy=on`),
  })),
  ...labelled(ofDirectory, (label, change) => ({
    [`an entry of a directory that ${label}`]: directoryCase(change),
  })),
  ...Object.fromEntries(
    [...notes, ...longNotes].map((note) => [
      `a note of links that is ${JSON.stringify(note)}`,
      fileCase((task, path) => task.setxattr(path, own('nlink'), bytes(note)), FILES),
    ]),
  ),
  'things left in the index': (t) => {
    used(t, FILES);
    t.put(`${INDEX}/#left`);
    for (const path of ['#a', '#a/in', '#d', '#d/in', '#d/in/deep']) t.mkdir(`${INDEX}/${path}`);
    t.mknod(`${INDEX}/#w`, 0o020000, 0);
    look(t, FILES);
  },
  'an entry of a file that has a redirect, where none is followed': (t) => {
    used(t, FILES);
    t.quietly((task) => task.setxattr(`${INDEX}/${entryOf(task, FILE)}`, own('redirect'), bytes('/f')));
    look(t, `${FILES},redirect_dir=nofollow`);
    look(t, `${FILES},redirect_dir=follow`);
  },
  'names that appear behind the overlay keep the entry': (t) => {
    for (const options of [FILES, ALL]) {
      if (options === ALL) for (const path of ['/m', '/u', '/l', '/l2', '/w']) t.rename(path, `${path}before`);
      used(t, options);
      mount(t, options);
      for (const path of ['/m/a', '/m/b', '/m/f']) t.stat(path);
      t.link('/u/a', `/u/aside`);
      t.unlink('/m/a');
      t.stat('/m/b');
      t.unlink('/m/b');
      t.census(INDEX);
      t.umount('/m');
    }
  },
  'an entry that goes while it is in use': (t) => {
    for (const options of [FILES, ALL]) {
      if (options === ALL) for (const path of ['/m', '/u', '/l', '/l2', '/w']) t.rename(path, `${path}before`);
      used(t, options);
      mount(t, options);
      for (const path of ['/m/a', '/m/b', '/m/f', '/m/d']) t.stat(path);
      t.quietly((task) => {
        for (const name of entries(task)) {
          if ((task.lstat(`${INDEX}/${name}`).mode & 0o170000) === DIRECTORY) task.rmdir(`${INDEX}/${name}`);
          else task.unlink(`${INDEX}/${name}`);
        }
      });
      for (const path of ['/m/a', '/m/b', '/m/f']) t.unlink(path);
      t.rmdir('/m/d');
      t.census(INDEX);
      t.umount('/m');
    }
  },
  'an index that is used without one': (t) => {
    used(t, FILES);
    look(t, '');
    look(t, FILES);
  },
  'an index that is a file': (t) => {
    for (const path of ['/l', '/l2', '/u', '/w', '/m']) t.mkdir(path);
    t.put('/w/index');
    mount(t, FILES);
    list(t, '/m');
  },
};
