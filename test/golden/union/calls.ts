/** The calls of the recordings, each made as the recorder made it. */
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
import { makedev } from '../../../src/abi/mode.ts';
import type { MappedRegion } from '../../../src/kernel/mmap.ts';
import type { Task } from '../../../src/kernel/task.ts';
import { NODE_TYPES } from './branch.ts';
import { entryOf, type InodeClasses, listDirectory, readAll, treeOf, typeOf } from './observe.ts';
import type { Call } from './recording.ts';

const encoder = new TextEncoder();
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

/** Where a call acts, and with what. */
export interface Place {
  path: string;
  to: string;
  /** The path in the branch itself. */
  raw: string;
  /** The writable branch. */
  rw: string;
  fd: number;
  open(fd: number): void;
  mappings: Map<string, MappedRegion>;
  classes: InodeClasses;
  stack(): void;
  remount(): void;
  flush(): unknown;
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

/** Each name that is listed is looked at; one that is gone is told as it was listed. */
function listAndLook(task: Task, path: string): string[] {
  const listed = listDirectory(task, path);
  for (const { name } of listed) task.statIfPresent(`${path}/${name}`, AT_SYMLINK_NOFOLLOW);
  return listed.map(({ name, isDir }) => (isDir ? `${name}/` : name));
}

function statfsOf(task: Task, path: string, rw: string): unknown {
  const [seen, below] = [task.statfs(path), task.statfs(rw)];
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

const octal = (mode: string | undefined, otherwise: number): number =>
  mode === undefined ? otherwise : Number.parseInt(mode, 8);

/** What each word of a recording does, and answers. */
export const calls: Record<string, (task: Task, call: Call, at: Place) => unknown> = {
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
  readdir: (task, _, { path }) => listAndLook(task, path),
  tree: (task) => Object.fromEntries(Object.entries(treeOf(task, '/t/m')).map(([path, { t }]) => [path, t])),
  statfs: (task, _, { path, rw }) => statfsOf(task, path, rw),
  listxattr: (task, _, { path }) => task.llistxattr(path).sort(),
  getxattr: (task, { name }, { path }) => attribute(task, path, name),
  setxattr: (task, { name, value }, { path }) => task.lsetxattr(path, name, encoder.encode(value)),
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
  auplink_flush: (_task, _call, { flush }) => flush(),
};
