/** Random operations: what draws each call, and how often. */
import fc, { type Arbitrary } from 'fast-check';
import * as flags from '../abi/flags.ts';
import { S_IFCHR, S_IFIFO, S_IFREG, S_IFSOCK } from '../abi/mode.ts';
import { fileAttributes, mode, oldTime, overlayAttribute, owner } from './layers.ts';
import { mountOptions } from './mount-options.ts';
import { bent, directoryPath, filePath, plainPath, symlinkTarget } from './names.ts';
import type { Caller, Operation, OperationCall } from './operations.ts';

const slot = fc.constantFrom(0, 1, 2, 0, 1, 2, 0, 1, 2, 3);
const directorySlot = fc.constantFrom(3, 4, 3, 4, 3, 4, 0);
const anySlot = fc.constantFrom(0, 1, 2, 3, 4);
const anyPath = bent(plainPath);
const file = bent(filePath);
const directory = bent(directoryPath);
/** Short, so that it is likely to exist below a held directory. */
const relative = fc.constantFrom('a', 'b', 'd', 'e', 'a/d', 'b/d', 'a/', 'd/', './d', 'a/../d', '', '.', 'd/e');

const letter = fc.constantFrom('p', 'q', 'r', 's');
const length = fc.constantFrom(0, 1, 3, 10, 100, 4096, 5000, 9000);
const offset = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(0, 1, 2, 5, 100, 4095, 4096, 4097, 8192, 10_000, 65_536) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 1_000_000, 5_000_000_000) },
);

const sumOf = (...bits: (readonly [flag: number, chance: number])[]): Arbitrary<number> =>
  fc
    .tuple(...bits.map(([, chance]) => fc.nat(99).map((drawn) => drawn >= 100 - chance)))
    .map((drawn) => drawn.reduce((sum, on, index) => (on ? sum | bits[index]![0] : sum), 0));

const access = fc.constantFrom(flags.O_RDWR, flags.O_RDONLY, flags.O_WRONLY, flags.O_RDWR, flags.O_RDONLY, 3);
const openFlags = fc
  .tuple(
    access,
    sumOf(
      [flags.O_CREAT, 55],
      [flags.O_EXCL, 8],
      [flags.O_TRUNC, 12],
      [flags.O_APPEND, 12],
      [flags.O_NOFOLLOW, 6],
      [flags.O_DIRECTORY, 3],
      [flags.O_PATH, 4],
      [flags.O_NOATIME, 4],
    ),
  )
  .map(([how, more]) => how | more);
const directoryFlags = sumOf([flags.O_DIRECTORY, 50], [flags.O_NOFOLLOW, 10], [flags.O_PATH, 6], [flags.O_NOATIME, 10]);
const temporaryFlags = fc
  .tuple(fc.constantFrom(flags.O_RDWR, flags.O_WRONLY, flags.O_RDONLY), sumOf([flags.O_EXCL, 20], [flags.O_APPEND, 10]))
  .map(([how, more]) => how | more | flags.O_TMPFILE);

const time = fc.oneof(
  { weight: 6, arbitrary: oldTime },
  { weight: 2, arbitrary: fc.constant({ sec: 0, nsec: flags.UTIME_OMIT }) },
  { weight: 1, arbitrary: fc.constantFrom({ sec: 0, nsec: flags.UTIME_NOW }, { sec: 5, nsec: 1_000_000_000 }) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);
const id = fc.oneof({ weight: 1, arbitrary: fc.constant(-1) }, { weight: 3, arbitrary: owner });

const attribute = fc.oneof(
  { weight: 16, arbitrary: fc.constantFrom('user.a', 'user.b', 'user.a', 'trusted.a', 'security.a') },
  { weight: 4, arbitrary: overlayAttribute },
  { weight: 1, arbitrary: fc.constantFrom('bad', 'user.') },
  { weight: 1, arbitrary: fc.constantFrom('user.bad'.padEnd(256, 'x'), 'security.capability', '', 'system.nothing') },
);
const value = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('', 'y', 'value', 'v'.repeat(300)) },
  { weight: 1, arbitrary: fc.constant('v'.repeat(66_000)) },
);
const attributeFlags = fc.constantFrom(
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  flags.XATTR_CREATE,
  flags.XATTR_CREATE,
  flags.XATTR_REPLACE,
  3,
);
const at = fc.constantFrom(3, 4, 3, 4, 3, 4, 5, 0);
/** Mostly what tmpfs knows; every other bit is refused in one way or another. */
const fallocateMode = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(0, 1, 3) },
  { weight: 1, arbitrary: fc.constantFrom(2, 4, 8, 9, 16, 17, 32, 64, 65, 128) },
);
/** Ranges of a mapping, the whole pages of it first. */
const mapOffset = fc.constantFrom(0, 0, 0, 0, 4096, 8192, 100);
const mapLength = fc.constantFrom(4096, 4096, 8192, 16_384, 16_384, 5000, 0);
const touchOffset = fc.constantFrom(0, 0, 0, 1, 100, 4000, 4096, 8192, 10_000);
const touchLength = fc.constantFrom(1, 3, 10, 100, 4096, 5000);
const region = fc.constantFrom(0, 1);
const lock = fc.constantFrom(flags.LOCK_SH, flags.LOCK_EX, flags.LOCK_UN, flags.LOCK_EX, 0);
const renameFlags = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(0, flags.RENAME_NOREPLACE, flags.RENAME_EXCHANGE, flags.RENAME_WHITEOUT),
  },
  { weight: 1, arbitrary: fc.constantFrom(3, 5, 6, 7, 8) },
);
const accessMode = fc.constantFrom(0, 1, 2, 4, 6, 7, 8);

interface Draw {
  readonly call: OperationCall;
  readonly arbitrary: Arbitrary<Operation>;
}

const of = (call: OperationCall, fields: { [name: string]: Arbitrary<unknown> }): Draw => ({
  call,
  arbitrary: fc.record({ call: fc.constant(call), ...fields }) as unknown as Arbitrary<Operation>,
});

/** What draws each call, and how often. */
const drawn: readonly (readonly [weight: number, draw: Draw])[] = [
  [60, of('open', { slot, path: file, flags: openFlags, mode })],
  [22, of('open', { slot: directorySlot, path: directory, flags: directoryFlags, mode })],
  [10, of('open', { slot, path: directory, flags: temporaryFlags, mode })],
  [8, of('openat', { slot, at, path: relative, flags: openFlags, mode })],
  [8, of('close', { slot: anySlot })],
  [3, of('dup', { slot: anySlot, to: anySlot })],
  [2, of('getfl', { slot: anySlot })],
  [2, of('setfl', { slot, flags: sumOf([flags.O_APPEND, 50], [flags.O_NOATIME, 20]) })],
  [12, of('read', { slot, length })],
  [10, of('pread', { slot, length, offset })],
  [22, of('write', { slot, letter, length })],
  [14, of('pwrite', { slot, letter, length, offset })],
  [12, of('lseek', { slot, offset, whence: fc.constantFrom(0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5) })],
  [8, of('truncate', { path: file, size: offset })],
  [10, of('ftruncate', { slot, size: offset })],
  [10, of('fallocate', { slot, mode: fallocateMode, offset, length: fc.constantFrom(1, 3, 100, 4096, 5000, 9000, 0) })],
  [2, of('fsync', { slot: anySlot })],
  [1, of('fdatasync', { slot: anySlot })],
  [
    6,
    of('copyFileRange', {
      slot,
      offset: fc.option(offset, { nil: undefined }),
      to: slot,
      offsetTo: fc.option(offset, { nil: undefined }),
      length,
    }),
  ],
  [14, of('stat', { path: anyPath })],
  [14, of('lstat', { path: anyPath })],
  [10, of('fstat', { slot: anySlot })],
  [4, of('fstatat', { at, path: relative, flags: fc.constantFrom(0, flags.AT_SYMLINK_NOFOLLOW, flags.AT_EMPTY_PATH) })],
  [3, of('statx', { path: anyPath })],
  [3, of('statfs', { path: anyPath })],
  [2, of('fstatfs', { slot: anySlot })],
  [8, of('access', { path: anyPath, mode: accessMode })],
  [
    4,
    of('faccessat', {
      at,
      path: relative,
      mode: accessMode,
      flags: fc.constantFrom(
        0,
        0,
        flags.AT_EACCESS,
        flags.AT_SYMLINK_NOFOLLOW,
        flags.AT_EMPTY_PATH,
        flags.AT_EACCESS,
        1,
      ),
    }),
  ],
  [14, of('chmod', { path: anyPath, mode })],
  [3, of('fchmodat', { path: anyPath, mode, flags: fc.constantFrom(0, 0, 0, flags.AT_SYMLINK_NOFOLLOW, 1) })],
  [6, of('fchmod', { slot: anySlot, mode })],
  [9, of('chattr', { path: anyPath, flags: fileAttributes })],
  [5, of('fchattr', { slot: anySlot, flags: fileAttributes })],
  [2, of('lsattr', { path: anyPath })],
  [10, of('chown', { path: anyPath, uid: id, gid: id })],
  [6, of('lchown', { path: anyPath, uid: id, gid: id })],
  [5, of('fchown', { slot: anySlot, uid: id, gid: id })],
  [
    8,
    of('utimensat', { path: anyPath, atime: time, mtime: time, flags: fc.constantFrom(0, flags.AT_SYMLINK_NOFOLLOW) }),
  ],
  [5, of('futimens', { slot: anySlot, atime: time, mtime: time })],
  [3, of('umask', { mask: fc.constantFrom(0, 0o022, 0o077, 0o027, 0o777) })],
  [26, of('getdents', { slot: directorySlot, count: fc.constantFrom(undefined, 1, 2, 3, 5, undefined) })],
  [8, of('seekdir', { slot: directorySlot, entry: fc.constantFrom(-1, 0, 1, 2, 3, 5) })],
  [26, of('mkdir', { path: directory, mode })],
  [3, of('mkdirat', { at, path: relative, mode })],
  [14, of('rmdir', { path: directory })],
  [24, of('unlink', { path: file })],
  [
    4,
    of('unlinkat', { at, path: relative, flags: fc.constantFrom(0, 0, 0, flags.AT_REMOVEDIR, flags.AT_REMOVEDIR, 1) }),
  ],
  [18, of('link', { path: file, newPath: file })],
  [4, of('linkat', { path: anyPath, newPath: file, flags: fc.constantFrom(0, 0, 0, flags.AT_SYMLINK_FOLLOW, 1) })],
  [10, of('linkSlot', { slot, newPath: file })],
  [14, of('rename', { path: file, newPath: file })],
  [10, of('rename', { path: directory, newPath: directory })],
  [5, of('rename', { path: anyPath, newPath: anyPath })],
  [
    10,
    of('renameat2', {
      path: anyPath,
      newPath: anyPath,
      flags: renameFlags,
    }),
  ],
  [14, of('symlink', { target: symlinkTarget, path: anyPath })],
  [6, of('readlink', { path: anyPath })],
  [5, of('realpath', { path: anyPath })],
  [
    6,
    of('mknod', {
      path: file,
      mode: fc
        .tuple(fc.constantFrom(S_IFIFO, S_IFREG, S_IFCHR, S_IFSOCK, 0, 0o040000), mode)
        .map(([format, bits]) => format | bits),
      rdev: fc.constantFrom(0x3c07, 0x3d12c, 0),
    }),
  ],
  [3, of('getxattr', { path: anyPath, name: attribute })],
  [2, of('lgetxattr', { path: anyPath, name: attribute })],
  [3, of('fgetxattr', { slot: anySlot, name: attribute })],
  [10, of('setxattr', { path: anyPath, name: attribute, value, flags: attributeFlags })],
  [3, of('lsetxattr', { path: anyPath, name: attribute, value, flags: attributeFlags })],
  [5, of('fsetxattr', { slot: anySlot, name: attribute, value, flags: attributeFlags })],
  [3, of('removexattr', { path: anyPath, name: attribute })],
  [1, of('lremovexattr', { path: anyPath, name: attribute })],
  [2, of('fremovexattr', { slot: anySlot, name: attribute })],
  [4, of('listxattr', { path: anyPath })],
  [2, of('llistxattr', { path: anyPath })],
  [2, of('flistxattr', { slot: anySlot })],
  [
    9,
    of('mmap', {
      slot,
      region,
      offset: mapOffset,
      length: mapLength,
      protection: fc.constantFrom(1, 3, 3, 3, 2),
      flags: fc.constantFrom(flags.MAP_SHARED, flags.MAP_SHARED, flags.MAP_SHARED, flags.MAP_PRIVATE),
    }),
  ],
  [8, of('load', { region, offset: touchOffset, length: touchLength })],
  [10, of('store', { region, offset: touchOffset, letter, length: touchLength })],
  [1, of('munmap', { region })],
  [4, of('flock', { slot: anySlot, operation: lock })],
  [3, of('chdir', { path: directory })],
  [2, of('fchdir', { slot: directorySlot })],
  [3, of('getcwd', {})],
];

/** What sequences begin with, so that descriptors are held when names change. */
export const opening: Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: of('open', { slot, path: filePath, flags: fc.constantFrom(2, 2, 0o102, 0o102, 0, 0o2001), mode })
      .arbitrary,
  },
  {
    weight: 2,
    arbitrary: of('open', { slot: directorySlot, path: directoryPath, flags: fc.constant(flags.O_DIRECTORY), mode })
      .arbitrary,
  },
);

const others = [
  { uid: 1000, gid: 1000, groups: [] },
  { uid: 1000, gid: 0, groups: [2000] },
  { uid: 2000, gid: 2000, groups: [1000, 0] },
];
const root = { uid: 0, gid: 0, groups: [] };

/** Who calls: root alone, others alone, or everybody in turn. */
export type Callers = 'root' | 'others' | 'any';

/** Who a sequence may change its caller to. */
export const callers: { readonly [K in Callers]: Arbitrary<Caller> } = {
  root: fc.constantFrom<Caller>(root, { uid: 0, gid: 1000, groups: [] }),
  others: fc.constantFrom<Caller>(others[0]!, others[0]!, others[0]!, ...others),
  any: fc.constantFrom<Caller>(root, root, ...others, { uid: 0, gid: 1000, groups: [] }),
};

/** What an arbitrary of operations may draw. */
export interface OperationChoice {
  /** Whether there is a union that can be mounted anew. */
  readonly union: boolean;
  /** Calls that are never drawn. */
  readonly without?: readonly string[];
  /** The only calls that are drawn. */
  readonly only?: readonly string[];
  /** Options that a union may be mounted with: from a list, or any. */
  readonly options?: readonly string[] | 'any';
  /** Whether caches are dropped in between: on the whole host, where others notice. */
  readonly dropsCaches?: boolean;
  /** Who calls; `any` unless given. */
  readonly callers?: Callers;
}

/** The options of one mount. */
export const optionsOf = (options: OperationChoice['options'] = ['']): Arbitrary<string> =>
  options === 'any' ? mountOptions : fc.constantFrom(...options);

/** Mounting anew, mostly with other options where there are several. */
function mounts({ options = [''], dropsCaches }: OperationChoice): typeof drawn {
  const other =
    options.length === 1 ? fc.constant(undefined) : fc.option(optionsOf(options), { nil: undefined, freq: 3 });
  return [
    [8, of('remount', { close: fc.constantFrom(true, true, true, true, true, false), options: other })],
    [4, of('stack', { options: other })],
    [1, of('reconfigure', { readOnly: fc.constantFrom(true, false, false) })],
    ...(dropsCaches ? ([[2, of('dropCaches', {})]] as const) : []),
  ];
}

/** Whether a call may be drawn. */
export const isDrawn = ({ without, only }: Pick<OperationChoice, 'without' | 'only'>, call: string): boolean =>
  !without?.includes(call) && (only === undefined || only.includes(call));

/** One random operation. */
export function operation(choice: OperationChoice): Arbitrary<Operation> {
  const become: typeof drawn = [[6, of('become', { caller: callers[choice.callers ?? 'any'] })]];
  const all = [...drawn, ...become, ...(choice.union ? mounts(choice) : [])];
  const kept = all.filter(([, { call }]) => isDrawn(choice, call));
  return fc.oneof(...kept.map(([weight, { arbitrary }]) => ({ weight, arbitrary })));
}
