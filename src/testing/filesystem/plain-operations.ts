/** Operations that every filesystem has, and that the model answers: what scenarios and commands are made of. */
import { O_APPEND, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY } from '../../abi/flags.ts';
import type { Timespec } from '../../abi/stat.ts';
import type { Operation } from '../operations.ts';

/** Calls of which scenarios are made. */
export const plainCalls = [
  'open',
  'close',
  'read',
  'write',
  'lseek',
  'truncate',
  'ftruncate',
  'chmod',
  'chown',
  'lchown',
  'utimensat',
  'mkdir',
  'rmdir',
  'unlink',
  'link',
  'rename',
  'symlink',
  'readlink',
  'mknod',
  'getxattr',
  'setxattr',
  'removexattr',
  'lgetxattr',
  'lsetxattr',
  'lremovexattr',
] as const;

/** A call that every filesystem has. */
export type PlainCall = (typeof plainCalls)[number];

type OperationOf<O, C> = O extends { call: infer K } ? (C extends K ? Omit<O, 'call'> & { call: C } : never) : never;

/** An operation that every filesystem has. */
export type PlainOperation = { [C in PlainCall]: OperationOf<Operation, C> }[PlainCall];

const SLOT = 0;
const OLD: Timespec = { sec: 1_000_000_000, nsec: 123_456_789 };

/** A file that is made when the flags say so, with mode 644. */
export const open = (slot: number, path: string, flags: number): PlainOperation => ({
  call: 'open',
  slot,
  path,
  flags,
  mode: 0o644,
});

const opened = (path: string, flags: number, ...then: readonly PlainOperation[]): PlainOperation[] => [
  open(SLOT, path, flags),
  ...then,
  { call: 'close', slot: SLOT },
];

/** Makes or empties the file and writes `length` times the letter. */
export const put = (path: string, letter: string, length = 5): PlainOperation[] =>
  opened(path, O_WRONLY | O_CREAT | O_TRUNC, { call: 'write', slot: SLOT, letter, length });

/** Writes behind the end of a file. */
export const append = (path: string, letter: string, length = 3): PlainOperation[] =>
  opened(path, O_WRONLY | O_APPEND, { call: 'write', slot: SLOT, letter, length });

/** Writes in the middle, behind a hole where the file is shorter. */
export const overwrite = (path: string, offset: number, letter: string, length = 3): PlainOperation[] =>
  opened(
    path,
    O_WRONLY,
    { call: 'lseek', slot: SLOT, offset, whence: 0 },
    { call: 'write', slot: SLOT, letter, length },
  );

/** Reads a file. */
export const get = (path: string): PlainOperation[] =>
  opened(path, O_RDONLY, { call: 'read', slot: SLOT, length: 10_000 });

export const mkdir = (path: string, mode = 0o755): PlainOperation => ({ call: 'mkdir', path, mode });
export const rmdir = (path: string): PlainOperation => ({ call: 'rmdir', path });
export const unlink = (path: string): PlainOperation => ({ call: 'unlink', path });
export const link = (path: string, newPath: string): PlainOperation => ({ call: 'link', path, newPath });
export const rename = (path: string, newPath: string): PlainOperation => ({ call: 'rename', path, newPath });
export const symlink = (target: string, path: string): PlainOperation => ({ call: 'symlink', target, path });
export const readlink = (path: string): PlainOperation => ({ call: 'readlink', path });
export const truncate = (path: string, size: number): PlainOperation => ({ call: 'truncate', path, size });
export const chmod = (path: string, mode: number): PlainOperation => ({ call: 'chmod', path, mode });
export const chown = (path: string, uid: number, gid: number): PlainOperation => ({ call: 'chown', path, uid, gid });
export const lchown = (path: string, uid: number, gid: number): PlainOperation => ({ call: 'lchown', path, uid, gid });
export const mknod = (path: string, mode: number, rdev = 0): PlainOperation => ({ call: 'mknod', path, mode, rdev });

/** Sets both times to one of long ago. */
export const age = (path: string, mtime = OLD): PlainOperation => ({
  call: 'utimensat',
  path,
  atime: OLD,
  mtime,
  flags: 0x100,
});

export const setxattr = (path: string, name: string, value: string, flags = 0): PlainOperation => ({
  call: 'setxattr',
  path,
  name,
  value,
  flags,
});
export const getxattr = (path: string, name: string): PlainOperation => ({ call: 'getxattr', path, name });
export const removexattr = (path: string, name: string): PlainOperation => ({ call: 'removexattr', path, name });
