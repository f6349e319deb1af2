/**
 * Cases of an upper layer that somebody changes while it is mounted, as programs: see mounts.test.ts. Nobody promises
 * anything then; the kernel refuses what no longer fits.
 */
import { AT_FDCWD, O_CREAT, O_EXCL, O_RDONLY, O_WRONLY, RENAME_EXCHANGE } from '../../src/abi/flags.ts';
import { list } from './case-steps.ts';
import type { Recorded } from './recorder.ts';

const NAMES = ['own', 'lower', 'gone', 'sub', 'lsub', 'emptied', 'both', 'missing'] as const;
type Name = (typeof NAMES)[number];

/** One of each kind, looked at, so that the overlay knows them. */
function union(t: Recorded, options = '', withLinks = false): void {
  for (const path of ['/l', '/u', '/w', '/m', '/l/lsub', '/l/emptied', '/aside']) t.mkdir(path);
  for (const name of ['lower', 'gone', 'both', 'lsub/f', 'emptied/f']) t.put(`/l/${name}`, name);
  if (withLinks) {
    t.put('/l/hard', 'hard');
    t.link('/l/hard', '/l/soft');
  }
  t.mount('overlay', '/m', 'overlay', `lowerdir=/l,upperdir=/u,workdir=/w${options}`);
  t.put('/m/own', 'own');
  t.mkdir('/m/sub');
  t.put('/m/sub/f');
  t.unlink('/m/gone');
  t.unlink('/m/emptied/f');
  t.chmod('/m/both', 0o600);
  for (const name of NAMES) t.stat(`/m/${name}`);
  if (withLinks) for (const name of ['hard', 'soft', 'lsub/f']) t.stat(`/m/${name}`);
}

const changes: Readonly<Record<string, (t: Recorded, name: Name) => void>> = {
  'goes away': (t, name) => t.rename(`/u/${name}`, '/aside/it'),
  'becomes another file': (t, name) => {
    t.rename(`/u/${name}`, '/aside/it');
    t.put(`/u/${name}`, 'another');
  },
  'becomes another directory': (t, name) => {
    t.rename(`/u/${name}`, '/aside/it');
    t.mkdir(`/u/${name}`);
  },
  'becomes a whiteout': (t, name) => {
    t.rename(`/u/${name}`, '/aside/it');
    t.mknod(`/u/${name}`, 0o020000, 0);
  },
  appears: (t, name) => t.put(`/u/${name}`, 'appeared'),
};

const steps: Readonly<Record<string, (t: Recorded, path: string) => void>> = {
  unlink: (t, path) => t.unlink(path),
  rmdir: (t, path) => t.rmdir(path),
  create: (t, path) => t.close(t.open(path, O_CREAT | O_EXCL | O_WRONLY, 0o644)),
  mkdir: (t, path) => t.mkdir(path),
  link: (t, path) => t.link('/m/own', path),
  'rename from': (t, path) => t.rename(path, '/m/new'),
  'rename to': (t, path) => t.rename('/m/own', path),
  'rename of a directory to': (t, path) => t.rename('/m/sub', path),
  exchange: (t, path) => t.renameat2(AT_FDCWD, '/m/own', AT_FDCWD, path, RENAME_EXCHANGE),
  chmod: (t, path) => t.chmod(path, 0o640),
  append: (t, path) => t.close(t.open(path, O_WRONLY)),
};

function changed(what: (t: Recorded, name: Name) => void, name: Name): (t: Recorded) => void {
  return (t) => {
    for (const step of Object.values(steps)) {
      union(t);
      what(t, name);
      step(t, `/m/${name}`);
      t.stat(`/m/${name}`);
      list(t, '/u');
      t.chdir('/');
      t.umount('/m');
      for (const path of ['/aside', '/l', '/u', '/w']) clear(t, path);
      t.rmdir('/m');
    }
  };
}

/** Removes a tree. */
function clear(t: Recorded, path: string): void {
  t.quietly((task) => {
    const remove = (at: string): void => {
      const fd = task.open(at, O_RDONLY);
      const names = task.getdents(fd).map(({ name }) => name);
      task.close(fd);
      for (const name of names.filter((each) => each !== '.' && each !== '..')) {
        const below = `${at}/${name}`;
        if ((task.lstat(below).mode & 0o170000) === 0o040000) remove(below);
        else task.unlink(below);
      }
      task.rmdir(at);
    };
    remove(path);
  });
}

/** Lower objects that change after the overlay has looked at them. */
const lowerChanges: Readonly<Record<string, (t: Recorded) => void>> = {
  'are looked at': (t) => {
    for (const path of ['/l/lower', '/l/lsub/f', '/l/hard']) t.stat(path);
  },
  'go away': (t) => {
    for (const path of ['/l/lower', '/l/lsub/f', '/l/hard']) t.unlink(path);
    t.rmdir('/l/lsub');
  },
  'are renamed': (t) => {
    for (const path of ['/l/lower', '/l/lsub/f', '/l/hard', '/l/lsub']) t.rename(path, `${path}2`);
  },
  'are replaced': (t) => {
    t.rename('/l/lower', '/aside/lower');
    t.put('/l/lower', 'replaced');
    t.rename('/l/lsub', '/aside/lsub');
    t.mkdir('/l/lsub');
    t.put('/l/lsub/f', 'replaced');
    t.rename('/l/hard', '/l/both');
  },
};

const lowerSteps: readonly ((t: Recorded) => void)[] = [
  (t) => t.stat('/m/lower'),
  (t) => t.get('/m/lower'),
  (t) => list(t, '/m/lsub'),
  (t) => t.chmod('/m/lower', 0o640),
  (t) => t.chmod('/m/lsub/f', 0o640),
  (t) => t.put('/m/lower', 'changed'),
  (t) => t.rename('/m/lower', '/m/lsub/renamed'),
  (t) => t.link('/m/lower', '/m/lsub/linked'),
  (t) => t.unlink('/m/lower'),
  (t) => t.unlink('/m/hard'),
  (t) => t.chmod('/m/hard', 0o640),
  (t) => t.put('/m/lsub/new', 'new'),
  (t) => t.chmod('/m/lsub', 0o700),
  (t) => t.mkdir('/m/lsub/new'),
  (t) => t.rmdir('/m/lsub'),
];

function lowerChanged(change: (t: Recorded) => void, options: string): (t: Recorded) => void {
  return (t) => {
    for (const step of lowerSteps) {
      union(t, options, true);
      change(t);
      step(t);
      list(t, '/u');
      list(t, '/m/lsub');
      for (const name of ['lower', 'lsub/f', 'hard', 'both']) t.stat(`/m/${name}`);
      t.umount('/m');
      for (const path of ['/aside', '/l', '/u', '/w']) clear(t, path);
      t.rmdir('/m');
    }
  };
}

export const cases: Readonly<Record<string, (t: Recorded) => void>> = {
  ...Object.fromEntries(
    Object.entries(changes).flatMap(([label, what]) =>
      NAMES.map((name) => [`the upper object of "${name}" ${label}`, changed(what, name)] as const),
    ),
  ),
  ...Object.fromEntries(
    Object.entries(lowerChanges).flatMap(([label, change]) =>
      ['', ',index=on', ',metacopy=on'].map(
        (options) => [`lower objects ${label}${options}`, lowerChanged(change, options)] as const,
      ),
    ),
  ),
};
