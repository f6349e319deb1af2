/** Changes that programs make in a container, as plain data, and how they are made. */
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } from '../../src/abi/flags.ts';
import { O_TRUNC, O_WRONLY, UTIME_OMIT } from '../../src/abi/flags.ts';
import { isDirectory, isRegular, makedev, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } from '../../src/abi/mode.ts';
import type { Timespec } from '../../src/abi/stat.ts';
import { applyOperation } from '../../src/testing/calls.ts';
import type { Operation } from '../../src/testing/operations.ts';
import { Replay } from '../../src/testing/replay.ts';
import { bytesOf, type Result, resultOf, type SubjectTask } from '../../src/testing/subject.ts';
import { holdProgram } from './hold-program.ts';
import { pathsIn } from './store.ts';

/**
 * A change. `at` picks an object: the one of that number, counted round, in the sorted listing of the whole tree; `in` picks
 * a directory in the same way, the root being the first.
 */
export type Change =
  | { do: 'create'; in: number; name: string; letter: string; length: number }
  | { do: 'rewrite'; at: number; letter: string; length: number; keepTime: boolean }
  | { do: 'rewrite same'; at: number; keepTime: boolean }
  | { do: 'append'; at: number; letter: string; length: number }
  | { do: 'truncate'; at: number; size: number }
  | { do: 'remove'; at: number }
  | { do: 'recreate'; at: number; keepTime: boolean }
  | { do: 'replace'; at: number; by: Kind }
  | { do: 'make'; in: number; name: string; kind: Kind }
  | { do: 'deepen'; in: number; name: string; depth: number }
  | { do: 'link'; at: number; in: number; name: string }
  | { do: 'rename'; at: number; in: number; name: string }
  | { do: 'exchange'; at: number; with: number }
  | { do: 'chmod'; at: number; mode: number }
  | { do: 'chown'; at: number; uid: number; gid: number }
  | { do: 'touch'; at: number; time: Timespec }
  | { do: 'setxattr'; at: number; name: string; value: string }
  | { do: 'removexattr'; at: number; name: string };

export type Kind =
  | 'file'
  | 'directory'
  | 'full directory'
  | 'symlink'
  | 'fifo'
  | 'socket'
  | 'character'
  | 'block'
  | 'sparse';

/** A change, or a bare system call. */
export type Step = Change | Operation;

const ROOT = '/.';
const WRITE = O_WRONLY | O_NOFOLLOW | O_NONBLOCK;
const OMIT: Timespec = { sec: 0, nsec: UTIME_OMIT };

interface Tree {
  readonly task: SubjectTask;
  readonly all: readonly { readonly path: string; readonly mode: number }[];
}

const pick = ({ all }: Tree, at: number): { path: string; mode: number } =>
  all.length === 0 ? { path: 'nothing', mode: 0 } : all[at % all.length]!;

/** The file that `at` picks, or the next one behind it; not the program that runs, which nobody may write to. */
function pickFile({ all, task }: Tree, at: number): string {
  for (let step = 0; step < all.length; step++) {
    const { path, mode } = all[(at + step) % all.length]!;
    if (isRegular(mode) && task.lstat(`/${path}`).size !== holdProgram.length) return `/${path}`;
  }
  return '/nothing';
}

function pickDirectory({ all }: Tree, at: number): string {
  const directories = ['', ...all.filter(({ mode }) => isDirectory(mode)).map(({ path }) => `/${path}`)];
  return directories[at % directories.length]!;
}

function write(task: SubjectTask, path: string, flags: number, bytes: Uint8Array): void {
  const fd = task.open(path, WRITE | flags, 0o644);
  try {
    for (let at = 0; at < bytes.length; ) at += task.write(fd, bytes.subarray(at));
  } finally {
    task.close(fd);
  }
}

function removeTree(task: SubjectTask, path: string): void {
  if (!isDirectory(task.lstat(path).mode)) return task.unlink(path);
  for (const { path: below } of pathsIn(task, path).reverse()) {
    const child = `${path}/${below}`;
    if (isDirectory(task.lstat(child).mode)) task.rmdir(child);
    else task.unlink(child);
  }
  task.rmdir(path);
}

function make(task: SubjectTask, path: string, kind: Kind): void {
  const node = { fifo: S_IFIFO, socket: S_IFSOCK, character: S_IFCHR, block: S_IFBLK } as const;
  switch (kind) {
    case 'file':
      return write(task, path, O_CREAT | O_TRUNC, bytesOf('f', 7));
    case 'sparse':
      write(task, path, O_CREAT | O_TRUNC, bytesOf('s', 3));
      return task.truncate(path, 70_000);
    case 'symlink':
      return task.symlink('../some/where', path);
    case 'directory':
      return task.mkdir(path, 0o755);
    case 'full directory':
      task.mkdir(path, 0o750);
      write(task, `${path}/inside`, O_CREAT, bytesOf('i', 4));
      return task.mkdir(`${path}/sub`, 0o755);
    default:
      return task.mknod(path, node[kind] | 0o640, kind === 'fifo' || kind === 'socket' ? 0 : makedev(5, 300));
  }
}

/** The bytes of the file as they are. */
function contentOf(task: SubjectTask, path: string): Uint8Array {
  const fd = task.open(path, O_NOFOLLOW | O_NONBLOCK);
  try {
    const bytes = new Uint8Array(task.fstat(fd).size);
    task.pread(fd, bytes, 0);
    return bytes;
  } finally {
    task.close(fd);
  }
}

/** Does `change` to a file whose time of modification is afterwards what it was before, where asked for. */
function keepingTime(task: SubjectTask, path: string, keep: boolean, change: () => void): void {
  const { mtime } = task.lstat(path);
  change();
  if (keep) task.utimensat(AT_FDCWD, path, OMIT, mtime, AT_SYMLINK_NOFOLLOW);
}

function recreate(task: SubjectTask, { path, mode }: { path: string; mode: number }, keep: boolean): void {
  keepingTime(task, `/${path}`, keep, () => {
    const bytes = isRegular(mode) ? contentOf(task, `/${path}`) : undefined;
    removeTree(task, `/${path}`);
    if (bytes === undefined) make(task, `/${path}`, isDirectory(mode) ? 'full directory' : 'symlink');
    else write(task, `/${path}`, O_CREAT, bytes);
  });
}

/** `struct vfs_cap_data` of revision 2 with CAP_NET_BIND_SERVICE. */
const capability = Uint8Array.of(1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const attributeBytes = (name: string, value: string): Uint8Array =>
  name === 'security.capability' ? capability : new TextEncoder().encode(value);

/** Makes the change; answers what it picked. */
function perform(tree: Tree, change: Change): string {
  const { task } = tree;
  switch (change.do) {
    case 'create': {
      const path = `${pickDirectory(tree, change.in)}/${change.name}`;
      write(task, path, O_CREAT | O_TRUNC, bytesOf(change.letter, change.length));
      return path;
    }
    case 'rewrite': {
      const path = pickFile(tree, change.at);
      const bytes = bytesOf(change.letter, change.length);
      keepingTime(task, path, change.keepTime, () => write(task, path, O_TRUNC, bytes));
      return path;
    }
    case 'rewrite same': {
      const path = pickFile(tree, change.at);
      const bytes = contentOf(task, path);
      keepingTime(task, path, change.keepTime, () => write(task, path, 0, bytes));
      return path;
    }
    case 'append': {
      const path = pickFile(tree, change.at);
      write(task, path, O_APPEND, bytesOf(change.letter, change.length));
      return path;
    }
    case 'truncate': {
      const path = pickFile(tree, change.at);
      // the same size sets the time on ext4 and not on tmpfs
      task.truncate(path, change.size === task.lstat(path).size ? change.size + 1 : change.size);
      return path;
    }
    case 'make':
    case 'deepen': {
      const path = `${pickDirectory(tree, change.in)}/${change.name}`;
      if (change.do === 'make') make(task, path, change.kind);
      else deepen(task, path, change.name, change.depth);
      return path;
    }
    default:
      return performOn(tree, change, pick(tree, change.at));
  }
}

/** A directory in a directory of the same name, and so on, with a file at the bottom. */
function deepen(task: SubjectTask, path: string, name: string, depth: number): void {
  let at = path;
  for (let level = 0; level < depth; level++, at += `/${name}`) task.mkdir(at, 0o755);
  write(task, at, O_CREAT, bytesOf('b', 2));
}

type Picking = Extract<Change, { at: number }>;

/** A change to the object that was picked. */
function performOn(tree: Tree, change: Picking, object: { path: string; mode: number }): string {
  const { task } = tree;
  const path = `/${object.path}`;
  switch (change.do) {
    case 'remove':
      removeTree(task, path);
      break;
    case 'recreate':
      recreate(task, object, change.keepTime);
      break;
    case 'replace':
      removeTree(task, path);
      // dockerd would open the fifo for what was below, and wait for ever
      make(task, path, change.by === 'fifo' && isDirectory(object.mode) ? 'socket' : change.by);
      break;
    case 'link':
    case 'rename': {
      const to = `${pickDirectory(tree, change.in)}/${change.name}`;
      task[change.do](path, to);
      return `${path} ${to}`;
    }
    case 'exchange': {
      const other = `/${pick(tree, change.with).path}`;
      task.renameat2(AT_FDCWD, path, AT_FDCWD, other, 2);
      return `${path} ${other}`;
    }
    case 'chmod':
      task.fchmodat(AT_FDCWD, path, change.mode, AT_SYMLINK_NOFOLLOW);
      break;
    case 'chown':
      task.lchown(path, change.uid, change.gid);
      break;
    case 'touch':
      task.utimensat(AT_FDCWD, path, OMIT, change.time, AT_SYMLINK_NOFOLLOW);
      break;
    case 'setxattr':
      task.lsetxattr(path, change.name, attributeBytes(change.name, change.value), 0);
      break;
    case 'removexattr':
      task.lremovexattr(path, change.name);
  }
  return path;
}

const told = (result: Result): string =>
  'ok' in result ? result.ok : 'err' in result ? `!${result.err}` : `!crash ${result.crash}`;

/** Makes the changes one by one in the container whose root is the task's; answers what each led to. */
export function makeChanges(task: SubjectTask, steps: readonly Step[]): string[] {
  const replay = new Replay({ name: 'container', task, directory: ROOT }, ROOT, undefined);
  task.umask(0o022);
  const results = steps.map((step) => {
    if ('call' in step) return told(applyOperation(replay, step));
    return told(resultOf(() => perform({ task, all: pathsIn(task, '/') }, step)));
  });
  replay.closeAll();
  return results;
}
