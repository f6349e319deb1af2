/**
 * Overlays over several filesystems, walked before and after changes and after the next mount: which device and inode
 * number stat(2) and getdents(2) tell for every object. Raw numbers are told as the real objects that have them.
 */
import { O_CREAT, O_DIRECTORY, O_RDONLY, O_WRONLY } from '../../src/abi/flags.ts';
import { isDirectory, S_IFIFO } from '../../src/abi/mode.ts';
import { resultOf } from '../../src/testing/subject.ts';
import type { JailedTask } from './jail.ts';

export interface Layout {
  readonly build: (t: JailedTask) => void;
  readonly data: string;
}

const put = (t: JailedTask, path: string): void => {
  const fd = t.open(path, O_CREAT | O_WRONLY, 0o644);
  t.write(fd, new TextEncoder().encode(path));
  t.close(fd);
};

/** A filesystem whose numbers begin after `used` others, so that few are the same on two of them. */
function filesystem(t: JailedTask, name: string, used: number, ...directories: string[]): void {
  t.mkdir(name);
  t.mount(name, name, 'tmpfs');
  for (let i = 0; i < used; i++) {
    t.mkdir(`${name}/passing`);
    t.rmdir(`${name}/passing`);
  }
  for (const directory of directories) t.mkdir(`${name}/${directory}`);
}

/** A layer with everything in it that numbers differ by. */
function fill(t: JailedTask, layer: string): void {
  const own = layer.slice(layer.indexOf('/') + 1);
  for (const name of ['d', 'd/e', `only-${own}`]) t.mkdir(`${layer}/${name}`);
  for (const name of ['d/f', 'd/e/g', `f-${own}`, 'linked', `only-${own}/q`]) put(t, `${layer}/${name}`);
  t.symlink('target', `${layer}/s-${own}`);
  t.link(`${layer}/linked`, `${layer}/also-linked`);
  t.mknod(`${layer}/d/p`, S_IFIFO | 0o644, 0);
}

function inner(t: JailedTask, data: string): void {
  t.mkdir('inner');
  t.mount('overlay', 'inner', 'overlay', data);
  t.chmod('inner/d/f', 0o666);
}

export const layouts: Readonly<Record<string, Layout>> = {
  'one filesystem': {
    build: (t) => {
      filesystem(t, 'x', 20, 'l1', 'l2', 'u', 'w');
      for (const layer of ['x/l1', 'x/l2']) fill(t, layer);
    },
    data: 'lowerdir=x/l1:x/l2,upperdir=x/u,workdir=x/w',
  },
  'a lower filesystem and an upper one': {
    build: (t) => {
      filesystem(t, 'x', 20, 'l1');
      filesystem(t, 'y', 70, 'u', 'w');
      fill(t, 'x/l1');
    },
    data: 'lowerdir=x/l1,upperdir=y/u,workdir=y/w',
  },
  'three filesystems': {
    build: (t) => {
      filesystem(t, 'x', 20, 'l1');
      filesystem(t, 'y', 70, 'u', 'w');
      filesystem(t, 'z', 140, 'l2');
      fill(t, 'x/l1');
      fill(t, 'z/l2');
    },
    data: 'lowerdir=x/l1:z/l2,upperdir=y/u,workdir=y/w',
  },
  'the lowest layer beside the upper one': {
    build: (t) => {
      filesystem(t, 'x', 20, 'l1');
      filesystem(t, 'y', 70, 'l2', 'u', 'w');
      fill(t, 'x/l1');
      fill(t, 'y/l2');
    },
    data: 'lowerdir=x/l1:y/l2,upperdir=y/u,workdir=y/w',
  },
  'two lower filesystems': {
    build: (t) => {
      filesystem(t, 'x', 20, 'l1');
      filesystem(t, 'y', 70, 'l2');
      fill(t, 'x/l1');
      fill(t, 'y/l2');
    },
    data: 'lowerdir=x/l1:y/l2',
  },
  'one lower filesystem': {
    build: (t) => {
      filesystem(t, 'x', 20, 'l1', 'l2');
      for (const layer of ['x/l1', 'x/l2']) fill(t, layer);
    },
    data: 'lowerdir=x/l1:x/l2',
  },
  'an overlay below': {
    build: (t) => {
      filesystem(t, 'x', 20, 'l1', 'l2', 'u', 'w');
      filesystem(t, 'y', 70, 'u', 'w');
      for (const layer of ['x/l1', 'x/l2']) fill(t, layer);
      inner(t, 'lowerdir=x/l1:x/l2,upperdir=x/u,workdir=x/w');
    },
    data: 'lowerdir=inner,upperdir=y/u,workdir=y/w',
  },
  'an overlay below, of two filesystems': {
    build: (t) => {
      filesystem(t, 'x', 20, 'l1', 'u', 'w');
      filesystem(t, 'y', 70, 'l2', 'u', 'w');
      fill(t, 'x/l1');
      fill(t, 'y/l2');
      inner(t, 'lowerdir=y/l2:x/l1,upperdir=x/u,workdir=x/w,xino=on');
    },
    data: 'lowerdir=inner,upperdir=y/u,workdir=y/w',
  },
  'an overlay without identity below': {
    build: (t) => {
      filesystem(t, 'x', 20, 'l1', 'l2', 'u', 'w', 'u2', 'w2');
      for (const layer of ['x/l1', 'x/l2']) fill(t, layer);
      inner(t, 'lowerdir=x/l1:x/l2,upperdir=x/u,workdir=x/w,uuid=null');
    },
    data: 'lowerdir=inner:x/l2,upperdir=x/u2,workdir=x/w2',
  },
};

export const options = [
  '',
  ',xino=on',
  ',xino=auto',
  ',uuid=off',
  ',uuid=null,xino=auto',
  ',index=on',
  ',index=on,xino=on',
  ',nfs_export=on',
  ',redirect_dir=on,xino=auto',
  ',metacopy=on,xino=on',
  ',userxattr,xino=on',
  ',volatile,xino=on',
];

const changes: readonly ((t: JailedTask) => void)[] = [
  (t) => t.chmod('m/d/f', 0o600),
  (t) => t.chmod('m/f-l1', 0o600),
  (t) => put(t, 'm/new'),
  (t) => t.mkdir('m/d/new'),
  (t) => t.chmod('m/linked', 0o640),
  (t) => t.chmod('m/only-l1/q', 0o600),
  (t) => t.rename('m/f-l2', 'm/d/moved'),
  (t) => t.mkdir('m/only-l2/new'),
  (t) => t.unlink('m/d/p'),
];

type Number64 = number | bigint;

/** The names of everything in the layers by its number, for one walk. */
class Namer {
  readonly #names = new Map<Number64, string[]>();
  readonly #devices = new Map<number, string>();
  readonly #task: JailedTask;

  constructor(t: JailedTask) {
    this.#task = t;
    this.#devices.set(t.stat('m').dev, 'the overlay');
    for (const root of ['x', 'y', 'z', 'inner'])
      if ('ok' in resultOf(() => String(t.stat(root).ino))) this.#learn(root);
  }

  #learn(path: string): void {
    if (path.endsWith('/w/index')) return;
    const stat = this.#task.lstat(path);
    const ino = stat.ino64 ?? stat.ino;
    this.#names.set(ino, [...(this.#names.get(ino) ?? []), path]);
    if (!this.#devices.has(stat.dev)) this.#devices.set(stat.dev, path);
    if (isDirectory(stat.mode)) for (const { name } of list(this.#task, path)) this.#learn(`${path}/${name}`);
  }

  /** Which real objects have the number, and what is in its upper bits. */
  ino(ino: Number64): string {
    const upper = BigInt(ino) >> 52n;
    const lower = Number(BigInt(ino) & ((1n << 52n) - 1n));
    return `${upper === 0n ? '' : `0x${upper.toString(16)}:`}${this.#names.get(lower)?.join('|') ?? 'none'}`;
  }

  device(dev: number): string {
    const name = this.#devices.get(dev) ?? `made up ${this.#devices.size}`;
    this.#devices.set(dev, name);
    return name;
  }
}

const list = (t: JailedTask, path: string) => {
  const fd = t.open(path, O_RDONLY | O_DIRECTORY);
  const entries = t.getdents(fd).filter(({ name }) => name !== '.' && name !== '..');
  t.close(fd);
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
};

function tell(t: JailedTask, path: string, namer: Namer, lines: string[]): void {
  const { dev, ino, ino64, mode, nlink } = t.lstat(path);
  const links = isDirectory(mode) ? '' : ` ${nlink} links`;
  lines.push(`${path}: ${namer.ino(ino64 ?? ino)} on ${namer.device(dev)}${links}`);
  if (!isDirectory(mode)) return;
  const fd = t.open(path, O_RDONLY | O_DIRECTORY);
  const entries = t.getdents(fd).map((entry) => `${entry.name}/${entry.type} ${namer.ino(entry.ino64 ?? entry.ino)}`);
  t.close(fd);
  lines.push(`${path}/: ${entries.sort().join(', ')}`);
  for (const { name } of list(t, path)) tell(t, `${path}/${name}`, namer, lines);
}

/** All numbers of an overlay as it is mounted, after the changes, and mounted again. */
export function numbersOf(t: JailedTask, { build, data }: Layout, option: string): string[] {
  const lines: string[] = [];
  t.mkdir('/mnt');
  t.mount('t', '/mnt', 'tmpfs');
  t.chdir('/mnt');
  build(t);
  t.mkdir('m');
  const mount = (): void => t.mount('overlay', 'm', 'overlay', data + option);
  mount();
  tell(t, 'm', new Namer(t), lines);
  for (const change of changes) lines.push(Object.values(resultOf(() => String(change(t))))[0]!);
  tell(t, 'm', new Namer(t), lines);
  t.umount('m');
  const again = resultOf(() => String(mount()));
  lines.push(Object.values(again)[0]!);
  if ('ok' in again) tell(t, 'm', new Namer(t), lines);
  return lines;
}
