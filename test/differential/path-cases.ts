/** Cases of path walk, as programs: see mounts.test.ts. */
import {
  AT_FDCWD,
  MS_BIND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  O_WRONLY,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
} from '../../src/abi/flags.ts';
import { S_IFIFO } from '../../src/abi/mode.ts';
import { list, mounted } from './case-steps.ts';
import type { Recorded } from './recorder.ts';

export const cases: Readonly<Record<string, (t: Recorded) => void>> = {
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
};
