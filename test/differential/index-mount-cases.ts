/** Mounts over what earlier ones left in the index, with other layers or options: see index-mounts.test.ts. */
import { S_IFREG } from '../../src/abi/mode.ts';
import { makeParents } from '../../src/testing/build.ts';
import type { Subject } from '../../src/testing/subject.ts';

const INDEX = ',index=on';
const EXPORT = ',index=on,nfs_export=on';
const MODE = S_IFREG | 0o644;
/** What an entry of a file without links would be called: a handle with `head`, and nothing in it. */
const entry = (head: string): string => head.padEnd(66, '0');
const NO_ORIGIN = entry('00fb210001');

/** Lower layers `l` and `l2`, upper layers `u` and `u2` with their work directories `w` and `w2`, a place to mount at. */
export class IndexedUnion {
  readonly task: Subject['task'];
  readonly directory: string;

  constructor({ task, directory }: Subject) {
    this.task = task;
    this.directory = directory;
  }

  /** Two files, one of them with three names. */
  make(): void {
    makeParents(this.task, `${this.directory}/`);
    this.task.mount('tmpfs', this.directory, 'tmpfs', 'size=16m', 0);
    this.task.umask(0);
    for (const name of ['l', 'l2', 'u', 'u2', 'w', 'w2', 'm', 'm2', 'l/d', 'l/e']) this.mkdir(name);
    for (const name of ['l/f', 'l/d/x']) this.create(name);
    for (const name of ['l/g', 'l/d/i']) this.link('l/f', name);
  }

  path(name: string): string {
    return `${this.directory}/${name}`;
  }

  mount(options: string, { lower = 'l', upper = 'u', work = 'w', at = 'm' } = {}): void {
    const lowers = lower.split(':').map((name) => this.path(name));
    const layers = `lowerdir=${lowers.join(':')},upperdir=${this.path(upper)},workdir=${this.path(work)}`;
    this.task.mount('overlay', this.path(at), 'overlay', layers + options, 0);
  }

  umount(): void {
    this.task.umount(this.path('m'));
  }

  /** Mounts, does something and unmounts. */
  session(options: string, ...steps: (() => void)[]): void {
    this.mount(options);
    for (const step of steps) step();
    this.umount();
  }

  mkdir(name: string): void {
    this.task.mkdir(this.path(name), 0o755);
  }

  create(name: string): void {
    this.task.mknod(this.path(name), MODE, 0);
  }

  chmod(...names: string[]): void {
    for (const name of names) this.task.chmod(this.path(name), 0o600);
  }

  link(old: string, name: string): void {
    this.task.link(this.path(old), this.path(name));
  }

  unlink(...names: string[]): void {
    for (const name of names) this.task.unlink(this.path(name));
  }

  rmdir(name: string): void {
    this.task.rmdir(this.path(name));
  }

  rename(old: string, name: string): void {
    this.task.rename(this.path(old), this.path(name));
  }
}

type Case = (at: IndexedUnion) => void;

/** The union is used, an entry appears in its index, and it is mounted again. */
const withEntry =
  (options: string, make: (at: IndexedUnion) => void): Case =>
  (at) => {
    at.session(options);
    make(at);
    at.mount(options);
  };

/** Files are copied up with the first options, others changed with the second. */
const changed =
  (before: string, after: string): Case =>
  (at) => {
    at.session(before, () => at.chmod('m/f', 'm/d/x'));
    at.mount(after);
    at.unlink('m/d/x');
    at.chmod('m/g');
    at.rmdir('m/e');
  };

const otherLayers: Record<string, Case> = {
  'the index of another upper layer': (at) => {
    at.session(INDEX);
    at.mount(INDEX, { upper: 'u2' });
  },
  'another lower layer': (at) => {
    at.session(INDEX);
    at.mount(INDEX, { lower: 'l2' });
  },
  'another lower layer without an index': (at) => {
    at.session(INDEX);
    at.mount('', { lower: 'l2' });
  },
  'a lower layer on top of the others': (at) => {
    at.session(INDEX);
    at.mount(INDEX, { lower: 'l2:l' });
  },
  'a lower layer below the others': (at) => {
    at.session(INDEX, () => at.chmod('m/f'));
    at.mount(INDEX, { lower: 'l:l2' });
  },
  'the upper layer with another work directory': (at) => {
    at.session(INDEX, () => at.chmod('m/f'));
    at.mount(INDEX, { work: 'w2' });
  },
  'an upper layer in use': (at) => {
    at.mount(INDEX);
    at.mount(INDEX, { work: 'w2', at: 'm2' });
  },
  'lower layers alone': (at) => {
    const lowers = `lowerdir=${at.path('l')}:${at.path('l2')}`;
    at.task.mount('overlay', at.path('m'), 'overlay', `${lowers},nfs_export=on,redirect_dir=nofollow`);
  },
  'lower objects that were replaced': (at) => {
    at.session(EXPORT, () => at.chmod('m/d', 'm/f'));
    at.rename('l/d', 'l/dd');
    at.mkdir('l/d');
    at.unlink('l/f');
    at.mount(EXPORT);
  },
  'lower links that were removed': (at) => {
    at.session(INDEX, () => at.chmod('m/f'));
    at.unlink('l/f', 'l/g', 'l/d/i');
    at.mount(INDEX);
  },
};

const entries: Record<string, Case> = {
  'an entry with a short name': withEntry(INDEX, (at) => at.create('w/index/foo')),
  'an entry that is no handle': withEntry(INDEX, (at) => at.create(`w/index/${entry('')}`)),
  'an entry of a later version': withEntry(INDEX, (at) => at.create(`w/index/${entry('01fb21000')}`)),
  'an entry without an origin': withEntry(INDEX, (at) => at.create(`w/index/${NO_ORIGIN}`)),
  'a directory among entries': withEntry(INDEX, (at) => at.mkdir(`w/index/${NO_ORIGIN}`)),
  'a directory that notes no upper one': withEntry(EXPORT, (at) => at.mkdir(`w/index/${NO_ORIGIN}`)),
  'something half-built': withEntry(INDEX, (at) => {
    for (const name of ['#5', '#5/a']) at.mkdir(`w/index/${name}`);
  }),
  'something half-built that is too deep': withEntry(INDEX, (at) => {
    for (const name of ['#5', '#5/a', '#5/a/b']) at.mkdir(`w/index/${name}`);
  }),
  'a file in the place of the index': (at) => {
    at.create('w/index');
    at.mount(INDEX);
  },
  'an entry whose names are gone': (at) => {
    at.session(INDEX, () => at.chmod('m/f', 'm/g'));
    at.unlink('u/f', 'u/g');
    at.mount(INDEX);
  },
  'entries whose names are gone, with nfs_export': (at) => {
    at.session(EXPORT, () => at.chmod('m/f', 'm/g', 'm/d/x'));
    at.unlink('u/f', 'u/g', 'u/d/x');
    at.rmdir('u/d');
    at.mount(EXPORT);
  },
};

const options: Record<string, Case> = {
  'index=on, then nfs_export=on': changed(INDEX, EXPORT),
  'nfs_export=on, then index=on': changed(EXPORT, INDEX),
  'neither, then index=on': changed('', INDEX),
  'neither, then nfs_export=on': changed('', EXPORT),
  'index=on, then neither': changed(INDEX, ''),
  'nfs_export=on, neither, and nfs_export=on again': (at) => {
    at.session(
      EXPORT,
      () => at.chmod('m/f'),
      () => at.rmdir('m/e'),
    );
    at.session('', () => at.unlink('m/f'));
    at.mount(EXPORT);
    at.chmod('m/g');
  },
  'all names of a file go, one that was added last': (at) => {
    at.mount(INDEX);
    at.link('m/f', 'm/h');
    at.unlink('m/f', 'm/g', 'm/d/i', 'm/h');
  },
  'names of a file go while one that was added stays': (at) => {
    at.mount(INDEX);
    at.link('m/f', 'm/h');
    at.unlink('m/f', 'm/g', 'm/h');
  },
};

export const cases: Readonly<Record<string, Case>> = { ...otherLayers, ...entries, ...options };
