/** Cases of redirects that somebody wrote, of marks and of names that are too long, as programs: see mounts.test.ts. */
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  MS_NOATIME,
  O_APPEND,
  O_CREAT,
  O_RDWR,
  O_TMPFILE,
  O_TRUNC,
  O_WRONLY,
  SEEK_END,
  SEEK_SET,
} from '../../src/abi/flags.ts';
import { list } from './case-steps.ts';
import type { Recorded } from './recorder.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const REDIRECT = 'trusted.overlay.redirect';
const METACOPY = 'trusted.overlay.metacopy';
const OPAQUE = 'trusted.overlay.opaque';

const values: Readonly<Record<string, Uint8Array>> = Object.fromEntries(
  [
    '',
    '/',
    '//',
    'a',
    'target',
    '/target',
    '//target',
    '/target/',
    '/target//deep',
    '/target/deep',
    'target/deep',
    './target',
    '..',
    '.',
    '/.',
    '/..',
    '/target/..',
    'target\0rest',
    '/target\0/rest',
    '\0',
    'missing',
    '/missing',
    '/missing/deep',
    '/file',
    '/file/deep',
    'file',
    '/gone',
    '/gone/deep',
    '/opaque',
    '/opaque/deep',
    '/link',
    '/link/deep',
    '/redirected',
    '/redirected/deep',
    'redirected',
    'x'.repeat(255),
    'x'.repeat(256),
    `/${'x'.repeat(255)}`,
    `/${'x'.repeat(256)}`,
    `/${'y/'.repeat(127)}y`,
    `/${'y/'.repeat(128)}y`,
    `/${'y/'.repeat(500)}y`,
  ].map((text) => [text, bytes(text)]),
);

function layers(t: Recorded): void {
  for (const layer of ['/l0', '/l1', '/l2', '/u', '/w', '/m']) t.mkdir(layer);
  for (const layer of ['/l1', '/l2']) {
    for (const path of [
      '/target',
      '/target/deep',
      '/opaque',
      '/opaque/deep',
      '/redirected',
      '/redirected/deep',
      '/a',
    ]) {
      t.mkdir(layer + path);
    }
    t.put(`${layer}/target/in`, layer);
    t.put(`${layer}/target/deep/in`, layer);
    t.put(`${layer}/target/in${layer.slice(1)}`, layer);
    t.put(`${layer}/opaque/deep/in${layer.slice(1)}`, layer);
    t.put(`${layer}/a/in`, layer);
    t.put(`${layer}/file`, `file of ${layer}`);
    t.symlink('target', `${layer}/link`);
  }
  t.mknod('/l1/gone', 0o020000, 0);
  t.mkdir('/l2/gone');
  t.setxattr('/l1/opaque', OPAQUE, bytes('y'));
  t.setxattr('/l1/redirected', REDIRECT, bytes('/target'));
}

const look = (t: Recorded, path: string): void => {
  t.stat(path);
  list(t, path);
  t.stat(`${path}/in`);
  t.stat(`${path}/deep/in`);
};

/** A directory and a file without data with this redirect, in the topmost lower layer or the upper one. */
function redirected(at: '/l0' | '/u', value: Uint8Array): (t: Recorded) => void {
  return (t) => {
    layers(t);
    t.mkdir(`${at}/dir`);
    t.mkdir(`${at}/in`);
    t.mkdir(`${at}/in/dir`);
    t.put(`${at}/stub`, 'stub');
    t.setxattr(`${at}/stub`, METACOPY, bytes(''));
    for (const path of ['dir', 'in/dir', 'stub']) t.setxattr(`${at}/${path}`, REDIRECT, value);
    for (const options of [',redirect_dir=on', ',metacopy=on', ',redirect_dir=nofollow', ',index=on,nfs_export=on']) {
      t.mount('overlay', '/m', 'overlay', `lowerdir=/l0:/l1:/l2,upperdir=/u,workdir=/w${options}`);
      look(t, '/m/dir');
      look(t, '/m/in/dir');
      t.stat('/m/stub');
      t.get('/m/stub');
      list(t, '/m');
      t.umount('/m');
    }
  };
}

/** A path that gets longer than a redirect may be. */
function long(t: Recorded, name: string, depth: number): void {
  for (const path of ['/l0', '/u', '/w', '/m', '/l0/to']) t.mkdir(path);
  let at = '/l0';
  for (let i = 0; i < depth; i++) {
    at += `/${name}`;
    t.mkdir(at);
  }
  t.put(`${at}/file`, 'data');
  t.mount('overlay', '/m', 'overlay', 'lowerdir=/l0,upperdir=/u,workdir=/w,redirect_dir=on,metacopy=on');
  const of = at.replace('/l0', '/m');
  t.chmod(`${of}/file`, 0o600);
  t.rename(`${of}/file`, '/m/to/file');
  t.link(`${of}/file`, '/m/to/file');
  t.rename(of, `${of}2`);
  t.rename(of, '/m/to/moved');
  t.getxattr('/u/to/moved', REDIRECT);
  t.getxattr('/u/to/file', REDIRECT);
  list(t, '/m/to');
}

/** A directory that was redirected absolutely, and what lies in it moves again. */
function redirectedTwice(t: Recorded): void {
  for (const path of ['/l0', '/u', '/w', '/m', '/l0/to', '/l0/a', '/l0/a/b', '/l0/a/b/c', '/l0/a/b/c/d']) t.mkdir(path);
  t.put('/l0/a/b/c/d/file', 'data');
  t.put('/l0/a/b/c/file', 'data');
  t.mount('overlay', '/m', 'overlay', 'lowerdir=/l0,upperdir=/u,workdir=/w,redirect_dir=on,metacopy=on');
  t.rename('/m/a/b', '/m/to/b');
  t.rename('/m/to/b/c', '/m/c');
  t.rename('/m/c/d', '/m/to/d');
  t.chmod('/m/c/file', 0o600);
  t.rename('/m/c/file', '/m/to/file');
  t.rename('/m/to/d/file', '/m/to/d/renamed');
  for (const path of ['/u/to/b', '/u/c', '/u/to/d', '/u/to/file', '/u/to/d/renamed']) t.getxattr(path, REDIRECT);
  t.umount('/m');
  t.mount('overlay', '/m', 'overlay', 'lowerdir=/l0,upperdir=/u,workdir=/w,redirect_dir=on,metacopy=on');
  t.get('/m/to/file');
  t.get('/m/to/d/renamed');
}

/** A redirect that leads into the work directory or to a directory that has a name already. */
function circles(t: Recorded): void {
  for (const path of ['/l0', '/l1', '/u', '/w', '/m', '/l0/a', '/l0/b', '/l1/c', '/l1/c/d', '/l1/x']) t.mkdir(path);
  t.setxattr('/l0/a', REDIRECT, bytes('/c'));
  t.setxattr('/l0/b', REDIRECT, bytes('/c'));
  t.mount('overlay', '/m', 'overlay', 'lowerdir=/l0:/l1,upperdir=/u,workdir=/w,redirect_dir=on');
  for (const path of ['/m/a', '/m/b', '/m/c', '/m/a/d', '/m/b/d', '/m/c/d']) {
    t.stat(path);
    list(t, path);
  }
  t.mkdir('/m/a/new');
  t.mkdir('/m/b/new');
  t.chmod('/m/c/d', 0o700);
  t.rename('/m/a/d', '/m/b/d2');
  list(t, '/m/c');
  list(t, '/m/b');
}

const marks = ['', 'y', 'x', 'z', 'yy', '\0', 'xy'];

/** Marks of directories in every place. */
function marked(name: string, value: string): (t: Recorded) => void {
  return (t) => {
    for (const path of ['/l0', '/l1', '/u', '/w', '/m']) t.mkdir(path);
    for (const layer of ['/u', '/l0', '/l1']) {
      t.mkdir(`${layer}/d`);
      t.mkdir(`${layer}/d/s`);
      t.put(`${layer}/d/in${layer.slice(1)}`);
      t.put(`${layer}/f`, layer);
    }
    for (const layer of ['/u', '/l0']) {
      for (const path of ['/d', '/d/s', '/f', ''])
        t.setxattr(`${layer}${path}`, `trusted.overlay.${name}`, bytes(value));
    }
    for (const options of ['', ',redirect_dir=on', ',metacopy=on', ',index=on,nfs_export=on']) {
      t.mount('overlay', '/m', 'overlay', `lowerdir=/l0:/l1,upperdir=/u,workdir=/w${options}`);
      for (const path of ['/m', '/m/d', '/m/d/s']) {
        list(t, path);
        t.stat(path);
      }
      t.get('/m/f');
      t.stat('/m/f');
      t.umount('/m');
    }
    t.census('/u');
    t.llistxattr('/u');
  };
}

const privates = [
  'opaque',
  'impure',
  'origin',
  'upper',
  'nlink',
  'metacopy',
  'protattr',
  'uuid',
  'whiteout',
  'unknown',
];

/** A listing of a directory of the upper layer that something from below came into. */
function impure(t: Recorded): void {
  for (const path of ['/l0', '/u', '/w', '/m']) t.mkdir(path);
  for (const name of ['a', 'b', 'c']) t.put(`/l0/${name}`);
  t.mkdir('/l0/set');
  t.mkdir('/l0/set/gid');
  t.mount('overlay', '/m', 'overlay', 'lowerdir=/l0,upperdir=/u,workdir=/w');
  t.mkdir('/m/new');
  t.rename('/m/a', '/m/new/a');
  list(t, '/m/new');
  list(t, '/m/new');
  t.put('/m/new/own');
  list(t, '/m/new');
  t.unlink('/m/new/a');
  t.llistxattr('/u/new');
  list(t, '/m/new');
  t.llistxattr('/u/new');
  list(t, '/m/new');
  t.chmod('/m/set', 0o2777);
  t.rmdir('/m/set/gid');
  t.mkdir('/m/set/gid', 0o2755);
  t.stat('/m/set/gid');
  t.unlink('/m/b');
  t.mknod('/m/b', 0o106755, 0);
  t.stat('/m/b');
}

/** A layer that the upper one lies in. */
function within(t: Recorded): void {
  for (const path of ['/l0', '/l0/u', '/l0/w', '/l0/d', '/m', '/l1']) t.mkdir(path);
  t.mount('overlay', '/m', 'overlay', 'lowerdir=/l0:/l1,upperdir=/l0/u,workdir=/l0/w');
  for (const path of ['/m/u', '/m/w', '/m/w/work', '/m/d']) {
    t.stat(path);
    list(t, path);
  }
  list(t, '/m');
  t.mkdir('/m/new');
  t.stat('/m/u/new');
}

/** Copied in more than one piece. */
function big(t: Recorded): void {
  for (const path of ['/l0', '/u', '/w', '/m']) t.mkdir(path);
  const fd = t.open('/l0/big', O_CREAT | O_WRONLY, 0o644);
  for (const at of [0, 1 << 20, 5 << 20]) t.pwrite(fd, new Uint8Array((1 << 20) + 5000).fill(7), at);
  t.close(fd);
  t.truncate('/l0/big', 9 << 20);
  t.mount('overlay', '/m', 'overlay', 'lowerdir=/l0,upperdir=/u,workdir=/w');
  t.close(t.open('/m/big', O_WRONLY));
  t.stat('/u/big');
  const made = t.open('/u/big', 0);
  for (const whence of [3, 4]) for (const at of [0, 1 << 20, 3 << 20, 8 << 20]) t.lseek(made, at, whence);
}

/** As many layers as there can be, and one more; names that are no names. */
function many(t: Recorded): void {
  for (const path of ['/l0', '/l1', '/u', '/w', '/m', '/layers']) t.mkdir(path);
  const names = Array.from({ length: 501 }, (_, i) => i.toString(36));
  for (const name of names) t.mkdir(`/layers/${name}`);
  t.chdir('/layers');
  t.mount('overlay', '/m', 'overlay', `lowerdir=${names.slice(1).join(':')},upperdir=/u,workdir=/w`);
  t.umount('/m');
  t.mount('overlay', '/m', 'overlay', `lowerdir=${names.join(':')},upperdir=/u,workdir=/w`);
  t.chdir('/');
  for (const lower of ['\\:/l1', '/l1:\\', '\\', '/l0,,default_permissions', '/l0,=x', '/l0,']) {
    t.mount('overlay', '/m', 'overlay', `lowerdir=${lower},upperdir=/u,workdir=/w`);
    t.umount('/m');
  }
}

/** Overlays that have no identity as layers. */
function nested(t: Recorded): void {
  for (const name of ['1', '2']) {
    for (const path of [`/l${name}`, `/u${name}`, `/w${name}`, `/m${name}`]) t.mkdir(path);
    t.put(`/l${name}/f${name}`, name);
    t.mkdir(`/l${name}/d`);
    t.mount(
      'o',
      `/m${name}`,
      'overlay',
      `lowerdir=/l${name},upperdir=/u${name},workdir=/w${name},nfs_export=on,index=on,uuid=null`,
    );
  }
  for (const path of ['/u', '/w', '/m']) t.mkdir(path);
  for (const options of ['', ',index=on', ',xino=auto', ',xino=on', ',nfs_export=on', ',metacopy=on']) {
    t.mount('overlay', '/m', 'overlay', `lowerdir=/m1:/m2,upperdir=/u,workdir=/w${options}`);
    t.mounts();
    t.chmod('/m/f1', 0o600);
    t.chmod('/m/f2', 0o600);
    list(t, '/m');
    list(t, '/m/d');
    t.umount('/m');
    t.mount('overlay', '/m', 'overlay', `lowerdir=/m1:/m2${options}`);
    t.mounts();
    list(t, '/m');
    t.umount('/m');
    t.mount('overlay', '/m', 'overlay', `lowerdir=/m2,upperdir=/u,workdir=/w${options}`);
    t.mounts();
    t.chmod('/m/f2', 0o640);
    t.chmod('/m/d', 0o700);
    list(t, '/m');
    t.umount('/m');
  }
}

/** Marks of missing data with digests of every length. */
function digests(t: Recorded): void {
  for (const path of ['/l0', '/l1', '/u', '/w', '/m']) t.mkdir(path);
  for (const length of [1, 3, 4, 5, 36, 68, 69, 100]) {
    t.put(`/l1/${length}`, 'data');
    t.put(`/l0/${length}`, '1234');
    t.setxattr(
      `/l0/${length}`,
      METACOPY,
      Uint8Array.of(0, length, 0, 1, ...new Array<number>(100).fill(7)).subarray(0, length),
    );
  }
  for (const verity of ['off', 'on', 'require']) {
    t.mount('overlay', '/m', 'overlay', `lowerdir=/l0:/l1,upperdir=/u,workdir=/w,metacopy=on,verity=${verity}`);
    for (const length of [1, 3, 4, 5, 36, 68, 69, 100]) {
      t.stat(`/m/${length}`);
      t.get(`/m/${length}`);
      t.chmod(`/m/${length}`, 0o600);
    }
    t.umount('/m');
  }
}

/** What a file has open stays what it is, and its data is where it was. */
function openFiles(t: Recorded): void {
  for (const path of ['/l0', '/u', '/w', '/m']) t.mkdir(path);
  for (const name of ['a', 'b', 'c']) t.put(`/l0/${name}`, `data of ${name}`);
  t.mount('overlay', '/m', 'overlay', 'lowerdir=/l0,upperdir=/u,workdir=/w,metacopy=on');
  const fd = t.open('/m/a', 0);
  t.read(fd, new Uint8Array(0));
  t.read(fd, new Uint8Array(4));
  t.chmod('/m/a', 0o600);
  t.read(fd, new Uint8Array(4));
  t.put('/m/a', 'new');
  t.pread(fd, new Uint8Array(10), 0);
  t.lseek(fd, 0, SEEK_END);
  t.lseek(fd, -1, SEEK_SET);
  t.unlink('/m/a');
  t.pread(fd, new Uint8Array(10), 0);
  t.fsync(fd);
  const other = t.open('/m/b', O_RDWR | O_APPEND);
  t.write(other, new Uint8Array(0));
  t.write(other, bytes('more'));
  t.copyFileRange(other, 0, fd, undefined, 4);
  t.copyFileRange(fd, 0, other, undefined, 2);
  t.close(t.open('/m/c', O_WRONLY | O_TRUNC));
  const nameless = t.open('/m', O_TMPFILE | O_RDWR, 0o600);
  t.write(nameless, bytes('nameless'));
  t.quietly((task) => task.linkat(nameless, '', AT_FDCWD, '/m/named', AT_EMPTY_PATH));
  t.fstat(nameless);
  const directory = t.open('/m', 0);
  t.lseek(directory, -5, SEEK_SET);
  t.lseek(directory, 0, SEEK_END);
  t.lseek(directory, 2, SEEK_SET);
  t.lseek(directory, -1, 1);
  t.fsync(directory);
  t.fsync(t.open('/m', O_CREAT));
}

const cases1: Record<string, (t: Recorded) => void> = {};
for (const [label, value] of Object.entries(values)) {
  const shown = label.length > 30 ? `${label.slice(0, 4)}… of ${label.length}` : JSON.stringify(label).slice(1, -1);
  cases1[`a redirect "${shown}" in a lower layer`] = redirected('/l0', value);
  cases1[`a redirect "${shown}" in the upper layer`] = redirected('/u', value);
}
for (const name of privates) {
  for (const value of marks)
    cases1[`directories and files marked ${name}=${JSON.stringify(value)}`] = marked(name, value);
}

export const cases: Readonly<Record<string, (t: Recorded) => void>> = {
  ...cases1,
  'redirects of long paths': (t) => long(t, 'n'.repeat(240), 1),
  'redirects of paths of 250': (t) => long(t, 'n'.repeat(124), 2),
  'redirects of paths of 256': (t) => long(t, 'n'.repeat(127), 2),
  'redirects of paths of 300': (t) => long(t, 'n'.repeat(99), 3),
  'redirects of directories within redirected ones': redirectedTwice,
  'two redirects to one directory': circles,
  'a directory that something from below came into': impure,
  'an upper layer within a lower one': within,
  'a copy-up in pieces': big,
  'many layers': many,
  'overlays without identity as layers': nested,
  'digests of every length': digests,
  'open files and directories': openFiles,
  'open files and directories, volatile': (t) => {
    for (const path of ['/l0', '/u', '/w', '/m']) t.mkdir(path);
    t.put('/l0/a', 'a');
    t.mount('overlay', '/m', 'overlay', 'lowerdir=/l0,upperdir=/u,workdir=/w,volatile', MS_NOATIME);
    const fd = t.open('/m/a', O_RDWR);
    t.write(fd, bytes('b'));
    t.fsync(fd);
    t.fdatasync(fd);
    t.syncfs(fd);
    const directory = t.open('/m', 0);
    t.fsync(directory);
    t.syncfs(directory);
  },
};
