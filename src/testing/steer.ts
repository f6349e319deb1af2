/**
 * Bends drawn operations towards what is there, so that most of them succeed: a rough account of names, attributes,
 * descriptors and mappings is kept while the sequence is drawn, and three of four operations are fitted to it. One that
 * needs an open file where none is open becomes the opening of one.
 */
import {
  AT_REMOVEDIR,
  MAP_SHARED,
  O_ACCMODE,
  O_CREAT,
  O_DIRECTORY,
  O_RDWR,
  O_TMPFILE,
  PROT_WRITE,
  XATTR_CREATE,
  XATTR_REPLACE,
} from '../abi/flags.ts';
import { Account, type HeldFile, type Want } from './account.ts';
import type { Layer } from './layers.ts';
import { fileNames } from './names.ts';
import { note } from './note.ts';
import type { Operation, OperationCall } from './operations.ts';

const wants: { [C in OperationCall]?: { path?: Want; newPath?: Want } } = {
  open: { path: 'file' },
  truncate: { path: 'file' },
  stat: { path: 'any' },
  lstat: { path: 'any' },
  statx: { path: 'any' },
  statfs: { path: 'any' },
  realpath: { path: 'any' },
  access: { path: 'any' },
  chmod: { path: 'keeper' },
  chattr: { path: 'keeper' },
  fchmodat: { path: 'keeper' },
  chown: { path: 'any' },
  lchown: { path: 'any' },
  utimensat: { path: 'any' },
  readlink: { path: 'symlink' },
  mkdir: { path: 'new directory' },
  rmdir: { path: 'empty directory' },
  unlink: { path: 'name' },
  link: { path: 'name', newPath: 'new file' },
  linkat: { path: 'name', newPath: 'new file' },
  linkSlot: { newPath: 'new file' },
  symlink: { path: 'new file' },
  mknod: { path: 'new file' },
  getxattr: { path: 'keeper' },
  lgetxattr: { path: 'keeper' },
  setxattr: { path: 'keeper' },
  lsetxattr: { path: 'keeper' },
  removexattr: { path: 'keeper' },
  lremovexattr: { path: 'keeper' },
  listxattr: { path: 'any' },
  llistxattr: { path: 'any' },
  chdir: { path: 'directory' },
};

/** What the paths of `op` should be, which for some calls the drawn ones tell. */
function wantsOf(op: Operation, turn: number): { path?: Want; newPath?: Want } | undefined {
  if (op.call === 'open') {
    if (op.slot >= 3 || (op.flags & O_TMPFILE) === O_TMPFILE) return { path: 'directory' };
    return op.flags & O_CREAT && (op.flags & O_ACCMODE) !== 0 && op.mode & 1 ? { path: 'new file' } : wants.open;
  }
  if (op.call !== 'rename' && op.call !== 'renameat2') return wants[op.call];
  const isFile = (fileNames as readonly string[]).includes(op.path.at(-1)!);
  const path = isFile ? 'name' : turn & 1 ? 'made directory' : 'directory';
  const fresh = isFile ? 'new file' : 'new directory';
  if (op.call === 'renameat2') return op.flags === 2 ? { path, newPath: 'any' } : { path, newPath: fresh };
  return { path, newPath: op.newPath.length % 2 === 1 ? fresh : isFile ? 'name' : 'empty directory' };
}

function steerPaths(account: Account, op: Operation, turn: number): Operation {
  const want = wantsOf(op, turn >>> 4);
  if (want === undefined) return op;
  const path = want.path && account.choose(want.path, turn >>> 2);
  const newPath = want.newPath && account.choose(want.newPath, turn >>> 9);
  return { ...op, ...(path !== undefined && { path }), ...(newPath !== undefined && { newPath }) } as Operation;
}

const isFile = ({ kind }: HeldFile): boolean => kind === 'file';
const canRead = (held: HeldFile): boolean => isFile(held) && held.read;
const canWrite = (held: HeldFile): boolean => isFile(held) && held.write;
const isDirectory = ({ kind }: HeldFile): boolean => kind === 'directory';
const isAny = (): boolean => true;

/** What the slot of a call has to hold. */
const needs: { [C in OperationCall]?: (held: HeldFile) => boolean } = {
  read: canRead,
  pread: canRead,
  write: canWrite,
  pwrite: canWrite,
  ftruncate: canWrite,
  fallocate: canWrite,
  copyFileRange: canRead,
  lseek: isFile,
  mmap: canRead,
  getdents: isDirectory,
  seekdir: isDirectory,
  fchdir: isDirectory,
  linkSlot: isFile,
  close: isAny,
  dup: isAny,
  getfl: isAny,
  setfl: isAny,
  fsync: isAny,
  fdatasync: isAny,
  fstat: isAny,
  fstatfs: isAny,
  fchmod: isAny,
  fchattr: isAny,
  fchown: isAny,
  futimens: isAny,
  flock: isAny,
  fgetxattr: isAny,
  fsetxattr: isAny,
  fremovexattr: isAny,
  flistxattr: isAny,
};

/** Opens what an operation would have needed. */
function openFor(account: Account, slot: number, ofDirectory: boolean, turn: number): Operation {
  const path = account.choose(ofDirectory ? 'directory' : 'file', turn) ?? (ofDirectory ? '' : 'd');
  if (ofDirectory) return { call: 'open', slot: 3 + (slot % 2), path, flags: O_DIRECTORY, mode: 0 };
  return { call: 'open', slot: slot % 3, path, flags: O_RDWR | O_CREAT, mode: 0o666 };
}

function steerSlot(account: Account, op: Operation & { slot: number }, turn: number): Operation {
  const need = needs[op.call];
  if (need === undefined) return op;
  const writes = op.call === 'mmap' && (op.protection & PROT_WRITE) !== 0 && (op.flags & MAP_SHARED) !== 0;
  const slot = account.slot(turn >>> 3, writes ? (held) => canRead(held) && canWrite(held) : need);
  if (slot === undefined) return openFor(account, op.slot, need === isDirectory, turn >>> 3);
  if (op.call !== 'copyFileRange') return { ...op, slot } as Operation;
  return { ...op, slot, to: account.slot(turn >>> 7, canWrite) ?? op.to };
}

/** What the name of a call below a held directory should be. */
function childWanted(op: Operation): Want {
  if (op.call === 'mkdirat') return 'new directory';
  if (op.call === 'unlinkat') return op.flags === AT_REMOVEDIR ? 'empty directory' : 'name';
  return op.call === 'openat' ? 'file' : 'any';
}

function steerAt(account: Account, op: Operation & { at: number; path: string }, turn: number): Operation {
  const held = op.at === 5 ? undefined : account.slot(turn >>> 3, isDirectory);
  const directory = op.at === 5 ? account.cwd : held === undefined ? undefined : account.slots.get(held)!.path;
  if (directory === undefined) return openFor(account, op.at, true, turn >>> 3);
  const child = account.child(directory, childWanted(op), turn >>> 6);
  const next = { ...op, at: held ?? op.at, path: child ?? op.path } as Operation;
  if (child !== undefined) return next;
  return next.call === 'openat' ? { ...next, path: 'd', flags: next.flags | O_CREAT } : next;
}

type Attribute = Extract<Operation, { name: string }>;

/** An attribute of an open file is set where none has one. */
function steerHeldAttribute(account: Account, op: Attribute & { slot: number }, turn: number): Operation {
  const slot = account.slot(turn >>> 4, ({ path }) => account.attribute(0, path) !== undefined);
  if (slot === undefined) return { value: 'y', ...op, call: 'fsetxattr', flags: 0 };
  return { ...op, slot, name: account.attribute(turn >>> 6, account.slots.get(slot)!.path)!.name } as Operation;
}

/** Attributes that are there are read, removed and replaced; those that are not are created. */
function steerAttribute(account: Account, op: Attribute, turn: number): Operation {
  const sets = op.call === 'setxattr' || op.call === 'lsetxattr' || op.call === 'fsetxattr';
  if (sets && op.flags !== XATTR_REPLACE) return op.flags === XATTR_CREATE || turn & 8 ? op : { ...op, flags: 0 };
  if ('slot' in op) return steerHeldAttribute(account, op, turn);
  const found = account.attribute(turn >>> 4);
  if (found === undefined) return sets ? { ...op, flags: 0 } : op;
  return { ...op, ...found } as Operation;
}

/** Fits one operation to the account, three times out of four. */
function steered(account: Account, op: Operation, turn: number): Operation {
  if (turn % 4 === 0) return op;
  if ((op.call === 'load' || op.call === 'store' || op.call === 'munmap') && account.regions.size === 0) {
    const mmap = {
      call: 'mmap',
      slot: 0,
      region: op.region,
      offset: 0,
      length: 16_384,
      protection: 3,
      flags: MAP_SHARED,
    } as const;
    return steerSlot(account, mmap, turn);
  }
  if ('at' in op) return steerAt(account, op, turn);
  let next = steerPaths(account, op, turn);
  if ('slot' in next && next.call !== 'open') next = steerSlot(account, next, turn);
  return 'name' in next ? steerAttribute(account, next, turn) : next;
}

/**
 * Steers a whole sequence.
 *
 * @param layers the tree at the beginning, the topmost layer first
 * @param drawn operations, each with a random number that decides about its paths
 * @param allowed whether a call may come of it; all unless given
 */
export function steer(
  layers: readonly Layer[],
  drawn: readonly (readonly [Operation, number])[],
  allowed: (call: OperationCall) => boolean = () => true,
): Operation[] {
  const account = new Account(layers);
  return drawn.map(([op, turn]) => {
    const fitted = steered(account, op, turn);
    const next = allowed(fitted.call) ? fitted : op;
    note(account, next);
    return next;
  });
}
