/**
 * Replays recordings of the real overlayfs: results, changes of the raw upper directory after each call, and whole
 * trees at the end. The recordings lie on ext4, ours on tmpfs; what this changes is translated here, with its reason.
 */
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  MAP_SHARED,
  MS_REMOUNT,
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  O_TRUNC,
  O_WRONLY,
  PROT_READ,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
  SEEK_SET,
} from '../../../src/abi/flags.ts';
import { makedev, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } from '../../../src/abi/mode.ts';
import { createMachine } from '../../../src/union/create-machine.ts';
import type { MappedRegion } from '../../../src/kernel/mmap.ts';
import type { Task } from '../../../src/kernel/task.ts';
import { changeBetween, entryOf, InodeClasses, listDirectory, readAll, treeOf, typeOf } from './observe.ts';
import type { BranchEntry, BranchProps, Change, RecordedCase, Tree } from './recording.ts';

const FIRST_MTIME = 1_000_000_000;
const encoder = new TextEncoder();
const NODE_TYPES: Record<string, number> = { p: S_IFIFO, s: S_IFSOCK, c: S_IFCHR, b: S_IFBLK };
const RENAME_FLAGS: Record<string, number> = {
  noreplace: RENAME_NOREPLACE,
  exchange: RENAME_EXCHANGE,
  whiteout: RENAME_WHITEOUT,
};
const FLAG_LETTERS: Record<string, number> = {
  r: O_RDONLY,
  w: O_WRONLY,
  a: O_WRONLY | O_APPEND,
  d: O_RDONLY | O_DIRECTORY,
  t: O_TRUNC,
  c: O_CREAT,
  x: O_EXCL,
};

/** `r`, `w`, `rw` or `a`, and what is wanted besides. */
function openFlags(letters: string): number {
  const both = letters.startsWith('rw');
  const rest = both ? letters.slice(2) : letters;
  return [...rest].reduce((flags, letter) => flags | FLAG_LETTERS[letter]!, both ? O_RDWR : 0);
}

/** The words of a call. */
interface Call {
  op: string;
  p: string;
  to: string;
  c: string;
  h: string;
  m: string;
  n: number;
  off: number;
  size: number;
  uid: number;
  gid: number;
  mtime: number;
  name: string;
  value: string;
  target: string;
  type: string;
  flag: string;
  flags: string;
  branch: string;
  rdev: [number, number];
}

export interface StepResult {
  ok?: unknown;
  err?: string;
  rw?: Change;
}

/** One case under way: a machine with the branches on one tmpfs and the overlay on top. */
export class Replayer {
  readonly #task: Task;
  readonly #names: string[];
  readonly #options: string;
  readonly #classes = new InodeClasses();
  readonly #handles = new Map<string, number>();
  readonly #mappings = new Map<string, MappedRegion>();
  #upper = 'rw';
  #raw: Tree;
  /** Names have gone: ext4 may have put new ones in their places. */
  reordered = false;

  constructor(recorded: RecordedCase, options: string) {
    this.#task = createMachine({ seed: 1 }).task;
    this.#options = options;
    this.#names = Object.keys(recorded.branches).filter((name) => name !== 'rw');
    this.#task.mkdir('/t');
    this.#task.mount('branches', '/t', 'tmpfs');
    this.#task.mkdir('/t/m');
    this.#task.mkdir('/t/work');
    for (const [name, entries] of Object.entries(recorded.branches)) this.#makeBranch(name, entries);
    this.#mount();
    this.#raw = this.rawUpper();
  }

  rawUpper(): Tree {
    return treeOf(this.#task, `/t/${this.#upper}`);
  }

  rawLayer(name: string): Tree {
    return treeOf(this.#task, `/t/${name}`);
  }

  merged(): Tree {
    return treeOf(this.#task, '/t/m', this.#classes);
  }

  /** Paths and types of the work directory. */
  work(): Record<string, string> {
    return Object.fromEntries(Object.entries(treeOf(this.#task, '/t/work')).map(([path, { t }]) => [path, t]));
  }

  remount(): void {
    this.close();
    this.#task.umount('/t/m');
    this.#mount();
  }

  close(): void {
    for (const mapping of this.#mappings.values()) mapping.unmap();
    for (const fd of this.#handles.values()) this.#task.close(fd);
    this.#handles.clear();
    this.#mappings.clear();
  }

  step(call: Call): StepResult {
    const result: StepResult = {};
    try {
      result.ok = this.#run(call) ?? true;
    } catch (error) {
      result.err = (error as { code?: string }).code ?? String(error);
    }
    const after = this.rawUpper();
    const change = changeBetween(this.#raw, after);
    this.#raw = after;
    if (change !== undefined) result.rw = change;
    return result;
  }

  /**
   * A listing in the order of ext4, whose names come in the order in which they were made; tmpfs lists the newest first.
   * The names of each layer stand together, and only their order within a layer is turned.
   */
  inRecordedOrder(path: string, listed: readonly string[]): string[] {
    const present = this.#merged(path);
    const lowest = present.at(-1) ?? new Set();
    const groupOf = (name: string): number => (lowest.has(name) ? -1 : present.findIndex((names) => names.has(name)));
    const groups = new Map<number, string[]>();
    for (const shown of listed) {
      const group = groupOf(shown.replace(/\/$/, ''));
      groups.set(group, [shown, ...(groups.get(group) ?? [])]);
    }
    return [...groups.values()].flat();
  }

  /** The names in each real directory that a directory shows, topmost first. */
  #merged(path: string): Set<string>[] {
    const resolved = this.#task.realpath(`/t/m/${path}`).slice('/t/m'.length);
    const shown = [...this.#realDirectories(resolved).values()];
    return shown.map((real) => new Set(listDirectory(this.#task, real).map(({ name }) => name)));
  }

  /** The real directories that a path of the union shows, by layer, topmost first; an opaque one is the last. */
  #realDirectories(path: string): Map<string, string> {
    const layers = [this.#upper, ...this.#names];
    if (path === '') return new Map(layers.map((layer) => [layer, `/t/${layer}`]));
    const parents = this.#realDirectories(path.slice(0, path.lastIndexOf('/')));
    const found = new Map<string, string>();
    let below = path.slice(path.lastIndexOf('/') + 1);
    for (const layer of layers) {
      const parent = below.startsWith('/') ? `/t/${layer}` : parents.get(layer);
      if (parent === undefined) continue;
      const real = below.startsWith('/') ? parent + below : `${parent}/${below}`;
      const stat = this.#task.statIfPresent(real, AT_SYMLINK_NOFOLLOW);
      if (stat === undefined) continue;
      if (typeOf(stat.mode) !== 'd') break;
      found.set(layer, real);
      const marks = this.#task.listxattr(real);
      if (marks.includes('trusted.overlay.opaque')) break;
      if (marks.includes('trusted.overlay.redirect')) below = attribute(this.#task, real, 'trusted.overlay.redirect');
    }
    return found;
  }

  #makeBranch(name: string, entries: readonly BranchEntry[]): void {
    const task = this.#task;
    const root = `/t/${name}`;
    task.umask(0);
    task.mkdir(root, 0o755);
    for (const [path, type, props] of entries) this.#makeEntry(root, path, type, props ?? {});
    for (const [i, [path, type]] of entries.entries()) {
      if (type !== 'wh' && type !== 'opq') setTime(task, `${root}/${path}`, FIRST_MTIME + i + 1);
    }
    setTime(task, root, FIRST_MTIME);
    task.umask(0o022);
  }

  #makeEntry(root: string, path: string, type: string, props: BranchProps): void {
    const task = this.#task;
    const at = `${root}/${path}`;
    const mode = props.m === undefined ? undefined : Number.parseInt(props.m, 8);
    if (type === 'd') task.mkdir(at, mode ?? 0o755);
    else if (type === 'f' || type === 'raw') this.#makeFile(at, (props.c ?? '').repeat(props.rep ?? 1), mode ?? 0o644);
    else if (type === 'l') task.symlink(props.c!, at);
    else if (type === 'h') task.link(`${root}/${props.to}`, at);
    else if (type === 'wh') task.mknod(at, S_IFCHR, 0);
    else if (type === 'opq') task.setxattr(at, 'trusted.overlay.opaque', encoder.encode('y'));
    else task.mknod(at, NODE_TYPES[type]! | (mode ?? 0o644), makedev(...(props.rdev ?? [0, 0])));
    if (props.o !== undefined) task.lchown(at, ...props.o);
    if (props.m !== undefined && type !== 'l') task.chmod(at, mode!);
    for (const [name, value] of Object.entries(props.x ?? {})) task.lsetxattr(at, name, encoder.encode(value));
  }

  #makeFile(path: string, content: string, mode: number): void {
    const fd = this.#task.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    this.#task.write(fd, encoder.encode(content));
    this.#task.close(fd);
  }

  #mount(): void {
    const lower = this.#names.map((name) => `/t/${name}`).join(':');
    const options = this.#options === '' ? '' : `,${this.#options}`;
    const data = `lowerdir=${lower},upperdir=/t/${this.#upper},workdir=/t/work${options}`;
    this.#task.mount('overlay', '/t/m', 'overlay', data);
  }

  /** The upper directory becomes the topmost lower one, as a committed layer does; upper and work directory are new. */
  #stack(): void {
    const task = this.#task;
    this.close();
    task.umount('/t/m');
    const name = `L${this.#names.length + 1}`;
    task.rename('/t/rw', `/t/${name}`);
    removeTree(task, '/t/work');
    task.mkdir('/t/rw', 0o755);
    task.mkdir('/t/work');
    setTime(task, '/t/rw', FIRST_MTIME);
    this.#names.unshift(name);
    this.#mount();
  }

  #run(call: Call): unknown {
    const group = calls[call.op];
    if (group === undefined) throw new Error(`unknown call ${call.op}`);
    if (['unlink', 'rmdir', 'rename', 'rename2', 'rawunlink', 'stack'].includes(call.op)) this.reordered = true;
    return group(this.#task, call, {
      path: call.p === '.' ? '/t/m' : `/t/m/${call.p}`,
      to: `/t/m/${call.to}`,
      raw: `/t/${call.branch}/${call.p}`,
      fd: this.#handles.get(call.h) ?? -1,
      open: (fd) => void this.#handles.set(call.h, fd),
      mappings: this.#mappings,
      classes: this.#classes,
      order: (listed) => this.inRecordedOrder(call.p, listed),
      stack: () => this.#stack(),
      remount: () => this.remount(),
      upper: `/t/${this.#upper}`,
    });
  }
}

interface Place {
  path: string;
  to: string;
  raw: string;
  fd: number;
  open(fd: number): void;
  mappings: Map<string, MappedRegion>;
  classes: InodeClasses;
  order(listed: readonly string[]): string[];
  stack(): void;
  remount(): void;
  upper: string;
}

function setTime(task: Task, path: string, sec: number): void {
  task.utimensat(AT_FDCWD, path, { sec, nsec: 0 }, { sec, nsec: 0 }, 0x100);
}

function removeTree(task: Task, path: string): void {
  for (const { name, isDir } of listDirectory(task, path)) {
    if (isDir) removeTree(task, `${path}/${name}`);
    else task.unlink(`${path}/${name}`);
  }
  task.rmdir(path);
}

const attribute = (task: Task, path: string, name: string): string =>
  new TextDecoder().decode(task.lgetxattr(path, name));

function withFile<T>(task: Task, path: string, flags: number, use: (fd: number) => T, mode = 0o644): T {
  const fd = task.open(path, flags, mode);
  try {
    return use(fd);
  } finally {
    task.close(fd);
  }
}

const asUser = (task: Task, { uid }: Call): Task => {
  const child = task.clone();
  child.setgroups([]);
  child.setresgid(uid, uid, uid);
  child.setresuid(uid, uid, uid);
  return child;
};

function readText(task: Task, fd: number, length: number | undefined, offset?: number): string {
  if (length === undefined) return readAll(task, fd);
  const bytes = new Uint8Array(length);
  const got = offset === undefined ? task.read(fd, bytes) : task.pread(fd, bytes, offset);
  return Buffer.from(bytes.subarray(0, got)).toString('latin1');
}

/** Names of an open directory from its start, sorted; a removed directory is simply empty to readdir(3). */
function namesOf(task: Task, fd: number): string[] {
  task.lseek(fd, 0, SEEK_SET);
  try {
    const entries = task.getdents(fd).map(({ name }) => name);
    return entries.filter((name) => name !== '.' && name !== '..').sort();
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return [];
    throw error;
  }
}

/** A directory that is read as a file gives its names. */
function readAs(task: Task, call: Call, path: string): unknown {
  const child = asUser(task, call);
  if (typeOf(child.stat(path).mode) === 'd') return listDirectory(child, path).map(({ name }) => name);
  return withFile(child, path, O_RDONLY, (fd) => readAll(child, fd));
}

function statfsOf(task: Task, path: string, upper: string): unknown {
  const [seen, below] = [task.statfs(path), task.statfs(upper)];
  const equal = (key: 'bsize' | 'blocks' | 'files' | 'bfree'): boolean => seen[key] === below[key];
  return {
    same_as_rw: {
      bsize: equal('bsize'),
      blocks: equal('blocks'),
      files: equal('files'),
      bfree: equal('bfree'),
      namemax: seen.namelen,
    },
    flags_differ: seen.flags !== below.flags,
    namemax_rw: below.namelen,
    type: seen.type.toString(16),
  };
}

/** As in a tree, but the size of a symlink is told too. */
function statOf(task: Task, path: string, classes: InodeClasses): unknown {
  const stat = task.lstat(path);
  const entry = entryOf(stat, classes);
  return entry.t === 'l' ? { ...entry, s: stat.size } : entry;
}

/** The recorded ext4 has blocks of 1 KiB, and one of them for attributes. */
const ATTRIBUTE_ROOM = 900;

function setAttribute(task: Task, { p, name, value }: Call, { path, upper }: Place): void {
  task.lsetxattr(path, name, encoder.encode(value));
  if (value.length <= ATTRIBUTE_ROOM) return;
  task.lremovexattr(`${upper}/${p}`, name);
  throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
}

const octal = (mode: string | undefined, otherwise: number): number =>
  mode === undefined ? otherwise : Number.parseInt(mode, 8);

const calls: Record<string, (task: Task, call: Call, at: Place) => unknown> = {
  create: (task, { c, m }, { path }) => {
    const fd = task.open(path, O_WRONLY | O_CREAT | O_EXCL, octal(m, 0o644));
    if (c !== undefined) task.write(fd, encoder.encode(c));
    task.close(fd);
  },
  write: (task, { c }, { path }) =>
    void withFile(task, path, O_WRONLY | O_TRUNC, (fd) => task.write(fd, encoder.encode(c))),
  append: (task, { c }, { path }) =>
    void withFile(task, path, O_WRONLY | O_APPEND, (fd) => task.write(fd, encoder.encode(c))),
  pwrite: (task, { c, off }, { path }) =>
    void withFile(task, path, O_WRONLY, (fd) => task.pwrite(fd, encoder.encode(c), off)),
  openw: (task, _, { path }) => void withFile(task, path, O_WRONLY, () => undefined),
  opencl: (task, { flags }, { path }) => void withFile(task, path, openFlags(flags), () => undefined, 0o777),
  read: (task, _, { path }) => withFile(task, path, O_RDONLY, (fd) => readAll(task, fd)),
  read_as: (task, call, { path }) => readAs(task, call, path),
  write_as: (task, call, { path }) => {
    const child = asUser(task, call);
    withFile(child, path, O_WRONLY | O_CREAT | O_TRUNC, (fd) => child.write(fd, encoder.encode(call.c)));
  },
  truncate: (task, { size }, { path }) => task.truncate(path, size),
  fallocate: (task, { n }, { path }) => withFile(task, path, O_WRONLY, (fd) => task.fallocate(fd, 0, 0, n)),
  chmod: (task, { m }, { path }) => task.chmod(path, octal(m, 0)),
  chown: (task, { uid, gid }, { path }) => task.chown(path, uid, gid),
  lchown: (task, { uid, gid }, { path }) => task.lchown(path, uid, gid),
  utimes: (task, { mtime }, { path }) =>
    task.utimensat(AT_FDCWD, path, { sec: mtime, nsec: 0 }, { sec: mtime, nsec: 0 }),
  stat: (task, _, { path, classes }) => statOf(task, path, classes),
  readlink: (task, _, { path }) => task.readlink(path),
  readdir: (task, _, { path, order }) =>
    order(listDirectory(task, path).map(({ name, isDir }) => (isDir ? `${name}/` : name))),
  tree: (task) => Object.fromEntries(Object.entries(treeOf(task, '/t/m')).map(([path, { t }]) => [path, t])),
  statfs: (task, _, { path, upper }) => statfsOf(task, path, upper),
  listxattr: (task, _, { path }) => task.llistxattr(path).sort(),
  getxattr: (task, { name }, { path }) => attribute(task, path, name),
  setxattr: setAttribute,
  removexattr: (task, { name }, { path }) => task.lremovexattr(path, name),
  mkdir: (task, { m }, { path }) => task.mkdir(path, octal(m, 0o755)),
  rmdir: (task, _, { path }) => task.rmdir(path),
  unlink: (task, _, { path }) => task.unlink(path),
  rename: (task, _, { path, to }) => task.rename(path, to),
  rename2: (task, { flag }, { path, to }) => task.renameat2(AT_FDCWD, path, AT_FDCWD, to, RENAME_FLAGS[flag]!),
  link: (task, _, { path, to }) => task.link(path, to),
  symlink: (task, { target }, { path }) => task.symlink(target, path),
  mknod: (task, { type, rdev }, { path }) =>
    task.mknod(path, NODE_TYPES[type]! | 0o644, makedev(...(rdev ?? ([0, 0] as const)))),
  open: (task, { flags }, { path, open }) => open(task.open(path, openFlags(flags))),
  tmpfile: (task, _, { path, open }) => open(task.open(path, O_TMPFILE | O_RDWR, 0o644)),
  hread: (task, { n }, { fd }) => readText(task, fd, n),
  hpread: (task, { n, off }, { fd }) => readText(task, fd, n, off),
  hwrite: (task, { c }, { fd }) => void task.write(fd, encoder.encode(c)),
  hstat: (task, _, { fd, classes }) => entryOf(task.fstat(fd), classes),
  hfsync: (task, _, { fd }) => task.fsync(fd),
  hchmod: (task, { m }, { fd }) => task.fchmod(fd, octal(m, 0)),
  htruncate: (task, { size }, { fd }) => task.ftruncate(fd, size),
  hreaddir: (task, _, { fd }) => namesOf(task, fd),
  hlink: (task, _, { fd, path }) => task.linkat(fd, '', AT_FDCWD, path, AT_EMPTY_PATH),
  mmap: (task, { h, n }, { fd, mappings }) => void mappings.set(h, task.mmap(fd, 0, n, PROT_READ, MAP_SHARED)),
  mread: (_, { h }, { mappings }) => {
    const mapping = mappings.get(h)!;
    return Buffer.from(mapping.read(0, mapping.length)).toString('latin1');
  },
  rawwrite: (task, { c }, { raw }) =>
    void withFile(task, raw, O_WRONLY | O_CREAT | O_TRUNC, (fd) => task.write(fd, encoder.encode(c))),
  rawunlink: (task, _, { raw }) => task.unlink(raw),
  stack: (_task, _call, { stack }) => stack(),
  remount: (_task, _call, { remount }) => remount(),
  /** Names that nobody holds are forgotten when a mount is changed, too. */
  dropcaches: (task) => task.mount('none', '/t/m', '', '', MS_REMOUNT),
  /** A tool for AUFS: overlayfs has nothing like it. */
  auplink_flush: () => 'n/a',
};
