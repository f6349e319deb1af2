/** How each operation is put to a task, and how its answer is told. */
import { FS_IOC_GETFLAGS, FS_IOC_SETFLAGS } from '../abi/fileattr.ts';
import { AT_EMPTY_PATH, AT_FDCWD, LOCK_NB, O_NONBLOCK, O_RDONLY, SEEK_SET } from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import type { Dirent } from '../abi/stat.ts';
import { describeBytes } from './describe.ts';
import type { Operation, OperationCall } from './operations.ts';
import type { Replay } from './replay.ts';
import { bytesOf, type Result, resultOf, type SubjectTask } from './subject.ts';

type OperationOf<C, O = Operation> = O extends { call: infer K } ? (C extends K ? O : never) : never;

const done = (_nothing: unknown): string => 'done';
const read = (length: number, call: (into: Uint8Array) => number): string => {
  const into = new Uint8Array(length);
  const got = call(into);
  return `${got}: ${describeBytes(into.subarray(0, got))}`;
};

/** `struct vfs_cap_data` of revision 2 with CAP_NET_BIND_SERVICE. */
const capability = Uint8Array.of(1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const encoder = new TextEncoder();

/** The bytes of an attribute; file capabilities must be well formed, or nobody may set them. */
const attribute = (name: string, value: string): Uint8Array =>
  name === 'security.capability' && value !== '' ? capability : encoder.encode(value);

/** One by one: a buffer for so many entries would have to know how long their names are. */
function readEntries(task: SubjectTask, fd: number, count: number | undefined): Dirent[] {
  if (count === undefined) return task.getdents(fd);
  const entries: Dirent[] = [];
  for (let next = task.getdents(fd, 1); next.length > 0; next = task.getdents(fd, 1)) {
    entries.push(...next);
    if (entries.length === count) break;
  }
  return entries;
}

function getdents(run: Replay, op: OperationOf<'getdents'>): string {
  const fd = run.descriptor(op.slot);
  const entries = readEntries(run.task, fd, op.count);
  const { dev } = run.task.fstat(fd);
  run.cookies.set(fd, [...(run.cookies.get(fd) ?? []), ...entries.map(({ off }) => off)]);
  const lines = entries.map(
    ({ ino, ino64, type, name }) => `${name} type=${type} ${run.describer.entry(dev, ino64 ?? ino)}`,
  );
  return run.describer.sorted(lines).join('\n');
}

/** Goes behind the entry that was listed as the `entry`th, or to the beginning. */
function seekdir(run: Replay, op: OperationOf<'seekdir'>): string {
  const fd = run.descriptor(op.slot);
  const cookies = run.cookies.get(fd) ?? [];
  const target = op.entry < 0 || cookies.length === 0 ? 0 : cookies[op.entry % cookies.length]!;
  run.task.lseek(fd, target, SEEK_SET);
  return target === 0 ? 'beginning' : 'cookie';
}

/** A directory's positions are cookies: only zero is given to it, and what it answers is told as one. */
function lseek(run: Replay, op: OperationOf<'lseek'>): string {
  const fd = run.descriptor(op.slot);
  if (!isDirectory(run.task.fstat(fd).mode)) return String(run.task.lseek(fd, op.offset, op.whence));
  return run.task.lseek(fd, 0, op.whence) === 0 ? 'beginning' : 'cookie';
}

/** What the request answers for a file that is opened for it. */
function ioctlOf(run: Replay, path: string, request: number, argument?: unknown): string {
  const fd = run.task.open(run.path(path), O_RDONLY | O_NONBLOCK);
  try {
    return String(run.task.ioctl(fd, request, argument));
  } finally {
    run.task.close(fd);
  }
}

/** Opening a fifo would wait for its other end, so every descriptor is one that does not wait. */
export const calls: { [C in OperationCall]: (run: Replay, op: OperationOf<C>) => string } = {
  open: (run, op) => run.keep(op.slot, run.task.open(run.path(op.path), op.flags | O_NONBLOCK, op.mode)),
  openat: (run, op) =>
    run.keep(op.slot, run.task.openat(run.directory(op.at), op.path, op.flags | O_NONBLOCK, op.mode)),
  close: (run, op) => run.close(op.slot),
  dup: (run, op) => run.keep(op.to, run.task.dup(run.descriptor(op.slot))),
  getfl: (run, op) => run.task.getfl(run.descriptor(op.slot)).toString(8),
  setfl: (run, op) => done(run.task.setfl(run.descriptor(op.slot), op.flags | O_NONBLOCK)),
  read: (run, op) => read(op.length, (into) => run.task.read(run.descriptor(op.slot), into)),
  pread: (run, op) => read(op.length, (into) => run.task.pread(run.descriptor(op.slot), into, op.offset)),
  write: (run, op) => String(run.task.write(run.descriptor(op.slot), bytesOf(op.letter, op.length))),
  pwrite: (run, op) => String(run.task.pwrite(run.descriptor(op.slot), bytesOf(op.letter, op.length), op.offset)),
  lseek,
  truncate: (run, op) => done(run.task.truncate(run.path(op.path), op.size)),
  ftruncate: (run, op) => done(run.task.ftruncate(run.descriptor(op.slot), op.size)),
  fallocate: (run, op) => done(run.task.fallocate(run.descriptor(op.slot), op.mode, op.offset, op.length)),
  fsync: (run, op) => done(run.task.fsync(run.descriptor(op.slot))),
  fdatasync: (run, op) => done(run.task.fdatasync(run.descriptor(op.slot))),
  copyFileRange: (run, op) => {
    const [from, to] = [run.descriptor(op.slot), run.descriptor(op.to)];
    return String(run.task.copyFileRange(from, op.offset, to, op.offsetTo, op.length));
  },

  stat: (run, op) => run.describer.stat(run.task.stat(run.path(op.path))),
  lstat: (run, op) => run.describer.stat(run.task.lstat(run.path(op.path))),
  fstat: (run, op) => run.describer.stat(run.task.fstat(run.descriptor(op.slot))),
  fstatat: (run, op) => run.describer.stat(run.task.fstatat(run.directory(op.at), op.path, op.flags)),
  statx: (run, op) => run.describer.stat(run.task.statx(AT_FDCWD, run.path(op.path), 0), true),
  statfs: (run, op) => run.describer.statfs(run.task.statfs(run.path(op.path))),
  fstatfs: (run, op) => run.describer.statfs(run.task.fstatfs(run.descriptor(op.slot))),
  access: (run, op) => done(run.task.access(run.path(op.path), op.mode)),
  faccessat: (run, op) => done(run.task.faccessat(run.directory(op.at), op.path, op.mode, op.flags)),
  chmod: (run, op) => done(run.task.chmod(run.path(op.path), op.mode)),
  fchmodat: (run, op) => done(run.task.fchmodat(AT_FDCWD, run.path(op.path), op.mode, op.flags)),
  chattr: (run, op) => ioctlOf(run, op.path, FS_IOC_SETFLAGS, op.flags),
  lsattr: (run, op) => ioctlOf(run, op.path, FS_IOC_GETFLAGS),
  fchattr: (run, op) => String(run.task.ioctl(run.descriptor(op.slot), FS_IOC_SETFLAGS, op.flags)),
  fchmod: (run, op) => done(run.task.fchmod(run.descriptor(op.slot), op.mode)),
  chown: (run, op) => done(run.task.chown(run.path(op.path), op.uid, op.gid)),
  lchown: (run, op) => done(run.task.lchown(run.path(op.path), op.uid, op.gid)),
  fchown: (run, op) => done(run.task.fchown(run.descriptor(op.slot), op.uid, op.gid)),
  utimensat: (run, op) => done(run.task.utimensat(AT_FDCWD, run.path(op.path), op.atime, op.mtime, op.flags)),
  futimens: (run, op) => done(run.task.futimens(run.descriptor(op.slot), op.atime, op.mtime)),
  umask: (run, op) => run.task.umask(op.mask).toString(8),

  getdents,
  seekdir,
  mkdir: (run, op) => done(run.task.mkdir(run.path(op.path), op.mode)),
  mkdirat: (run, op) => done(run.task.mkdirat(run.directory(op.at), op.path, op.mode)),
  rmdir: (run, op) => done(run.task.rmdir(run.path(op.path))),
  unlink: (run, op) => done(run.task.unlink(run.path(op.path))),
  unlinkat: (run, op) => done(run.task.unlinkat(run.directory(op.at), op.path, op.flags)),
  link: (run, op) => done(run.task.link(run.path(op.path), run.path(op.newPath))),
  linkat: (run, op) => done(run.task.linkat(AT_FDCWD, run.path(op.path), AT_FDCWD, run.path(op.newPath), op.flags)),
  linkSlot: (run, op) =>
    done(run.task.linkat(run.descriptor(op.slot), '', AT_FDCWD, run.path(op.newPath), AT_EMPTY_PATH)),
  rename: (run, op) => done(run.task.rename(run.path(op.path), run.path(op.newPath))),
  renameat2: (run, op) =>
    done(run.task.renameat2(AT_FDCWD, run.path(op.path), AT_FDCWD, run.path(op.newPath), op.flags)),
  symlink: (run, op) => done(run.task.symlink(op.target.replace('ROOT', run.root), run.path(op.path))),
  readlink: (run, op) => run.task.readlink(run.path(op.path)).replace(run.root, 'ROOT'),
  realpath: (run, op) => run.task.realpath(run.path(op.path)).replace(run.root, 'ROOT'),
  mknod: (run, op) => done(run.task.mknod(run.path(op.path), op.mode, op.rdev)),

  getxattr: (run, op) => run.describer.xattr(op.name, run.task.getxattr(run.path(op.path), op.name)),
  lgetxattr: (run, op) => run.describer.xattr(op.name, run.task.lgetxattr(run.path(op.path), op.name)),
  fgetxattr: (run, op) => run.describer.xattr(op.name, run.task.fgetxattr(run.descriptor(op.slot), op.name)),
  setxattr: (run, op) => done(run.task.setxattr(run.path(op.path), op.name, attribute(op.name, op.value), op.flags)),
  lsetxattr: (run, op) => done(run.task.lsetxattr(run.path(op.path), op.name, attribute(op.name, op.value), op.flags)),
  fsetxattr: (run, op) =>
    done(run.task.fsetxattr(run.descriptor(op.slot), op.name, attribute(op.name, op.value), op.flags)),
  removexattr: (run, op) => done(run.task.removexattr(run.path(op.path), op.name)),
  lremovexattr: (run, op) => done(run.task.lremovexattr(run.path(op.path), op.name)),
  fremovexattr: (run, op) => done(run.task.fremovexattr(run.descriptor(op.slot), op.name)),
  listxattr: (run, op) => run.describer.sorted(run.task.listxattr(run.path(op.path))).join('\n'),
  llistxattr: (run, op) => run.describer.sorted(run.task.llistxattr(run.path(op.path))).join('\n'),
  flistxattr: (run, op) => run.describer.sorted(run.task.flistxattr(run.descriptor(op.slot))).join('\n'),

  mmap: (run, op) => {
    const region = run.task.mmap(run.descriptor(op.slot), op.offset, op.length, op.protection, op.flags);
    return run.map(op.region, region);
  },
  load: (run, op) => describeBytes(run.region(op.region).read(op.offset, op.length)),
  store: (run, op) => done(run.region(op.region).write(op.offset, bytesOf(op.letter, op.length))),
  munmap: (run, op) => run.unmap(op.region),
  flock: (run, op) => done(run.task.flock(run.descriptor(op.slot), op.operation | LOCK_NB)),
  chdir: (run, op) => done(run.task.chdir(run.path(op.path))),
  fchdir: (run, op) => done(run.task.fchdir(run.descriptor(op.slot))),
  getcwd: (run) => run.task.getcwd(),
  dropCaches: (run) => done(run.asRoot(() => run.subject.dropCaches?.())),

  become: (run, op) => run.become(op.caller),
  remount: (run, op) => {
    if (op.close) run.letGo();
    return run.remount((union) => ({ ...union, options: op.options ?? union.options }));
  },
  reconfigure: (run, op) => run.reconfigure(op.readOnly),
  stack: (run, op) => run.stack(op.options),
};

/** Runs one operation and tells what it led to. */
export function applyOperation(replay: Replay, op: Operation): Result {
  const call = calls[op.call] as (replay: Replay, op: Operation) => string;
  return resultOf(() => call(replay, op));
}
