/** File attributes: who may change them, and the requests that ask for them. @see fs/file_attr.c */
import { CAP_LINUX_IMMUTABLE } from '../abi/capability.ts';
import { raise } from '../abi/errno.ts';
import * as attr from '../abi/fileattr.ts';
import type { FileAttributes, Fsxattr } from '../abi/fileattr.ts';
import { isDirectory, isRegular } from '../abi/mode.ts';
import { type Credentials, isCapable } from './credentials.ts';
import type { Dentry } from './dentry.ts';
import type { OpenFile } from './file.ts';
import { type Inode, S_APPEND, S_IMMUTABLE, S_NOATIME } from './inode.ts';
import type { Kernel } from './kernel.ts';
import { wantWrite } from './mount.ts';
import { isOwnerOrCapable } from './permission.ts';
import { initUserNamespace } from './user-namespace.ts';

/** The attributes that have both forms. */
const BOTH: readonly (readonly [flag: number, xflag: number])[] = [
  [attr.FS_SYNC_FL, attr.FS_XFLAG_SYNC],
  [attr.FS_IMMUTABLE_FL, attr.FS_XFLAG_IMMUTABLE],
  [attr.FS_APPEND_FL, attr.FS_XFLAG_APPEND],
  [attr.FS_NODUMP_FL, attr.FS_XFLAG_NODUMP],
  [attr.FS_NOATIME_FL, attr.FS_XFLAG_NOATIME],
  [attr.FS_DAX_FL, attr.FS_XFLAG_DAX],
  [attr.FS_PROJINHERIT_FL, attr.FS_XFLAG_PROJINHERIT],
];
const FROM_XFLAGS = BOTH.map(([flag, xflag]) => [xflag, flag] as const);
const FS_COMMON_FL = BOTH.reduce((sum, [flag]) => sum | flag, 0);
export const FS_XFLAG_COMMON = BOTH.reduce((sum, [, xflag]) => sum | xflag, 0);
/** Told, never set. */
const FS_XFLAG_RDONLY_MASK = attr.FS_XFLAG_PREALLOC | attr.FS_XFLAG_HASATTR;
/** Every `FS_XFLAG_…` there is. */
const FS_XFLAGS_MASK = 0x8001fffb;
/** No project has this number. @see projid_valid() */
const INVALID_PROJID = 0xffffffff;

/** The sum of the second of each pair whose first is in `sum`. */
const translated = (pairs: readonly (readonly [number, number])[], sum: number): number =>
  pairs.reduce((made, [from, to]) => ((sum & from) !== 0 ? made | to : made), 0);

/** The attributes that `flags` stands for. @see fileattr_fill_flags() */
export function attributesOfFlags(flags: number): FileAttributes {
  return { flags, xflags: translated(BOTH, flags), extsize: 0, nextents: 0, projid: 0, cowextsize: 0 };
}

/** What inodes note of `flags`: a sum of `S_…`. */
export function inodeFlags(flags: number): number {
  const immutable = (flags & attr.FS_IMMUTABLE_FL) !== 0 ? S_IMMUTABLE : 0;
  const append = (flags & attr.FS_APPEND_FL) !== 0 ? S_APPEND : 0;
  return immutable | append | ((flags & attr.FS_NOATIME_FL) !== 0 ? S_NOATIME : 0);
}

/** Only regular files and directories have attributes. */
const carriesAttributes = ({ mode, fileattrGet }: Inode): boolean =>
  fileattrGet !== undefined && (isRegular(mode) || isDirectory(mode));

/** @throws Errno ENOTTY where there are no attributes */
export function vfsFileattrGet(dentry: Dentry): FileAttributes {
  const inode = dentry.inode!;
  return carriesAttributes(inode) ? inode.fileattrGet!() : raise('ENOTTY');
}

/**
 * Changes attributes. `given` is a sum of `FS_…_FL`, or an {@link Fsxattr}, or all there is; what a form cannot say
 * stays.
 *
 * @throws Errno ENOTTY, EPERM, EINVAL, EOPNOTSUPP for what the filesystem cannot keep
 */
export function vfsFileattrSet(kernel: Kernel, dentry: Dentry, given: number | Fsxattr | FileAttributes): void {
  const inode = dentry.inode!;
  if (!carriesAttributes(inode)) raise('ENOTTY');
  if (!isOwnerOrCapable(kernel, inode)) raise('EPERM');
  const old = inode.fileattrGet!();
  const wanted = completed(old, given);
  prepare(kernel, inode, old, wanted);
  inode.fileattrSet!(wanted, dentry);
}

function completed(old: FileAttributes, given: number | Fsxattr | FileAttributes): FileAttributes {
  if (typeof given === 'number') return withFlags(old, given);
  return 'flags' in given ? { ...given } : withXflags(old, given);
}

const withFlags = (old: FileAttributes, flags: number): FileAttributes => ({
  ...old,
  flags,
  xflags: translated(BOTH, flags) | (old.xflags & ~FS_XFLAG_COMMON),
});

const withXflags = (old: FileAttributes, given: Fsxattr): FileAttributes => ({
  ...given,
  nextents: old.nextents,
  xflags: given.xflags & ~FS_XFLAG_RDONLY_MASK,
  flags: translated(FROM_XFLAGS, given.xflags) | (old.flags & ~FS_COMMON_FL),
});

/** Who may ask for that, and whether it makes sense. @see fileattr_set_prepare() */
function prepare({ credentials }: Kernel, { mode }: Inode, old: FileAttributes, wanted: FileAttributes): void {
  const protection = (wanted.flags ^ old.flags) & (attr.FS_APPEND_FL | attr.FS_IMMUTABLE_FL);
  if (protection !== 0 && !isCapable(credentials, CAP_LINUX_IMMUTABLE)) raise('EPERM');
  checkProject(credentials, old, wanted);
  if ((wanted.xflags & attr.FS_XFLAG_EXTSIZE) !== 0 && !isRegular(mode)) raise('EINVAL');
  if ((wanted.xflags & attr.FS_XFLAG_EXTSZINHERIT) !== 0 && !isDirectory(mode)) raise('EINVAL');
  if (wanted.extsize === 0) wanted.xflags &= ~(attr.FS_XFLAG_EXTSIZE | attr.FS_XFLAG_EXTSZINHERIT);
  if (wanted.cowextsize === 0) wanted.xflags &= ~attr.FS_XFLAG_COWEXTSIZE;
}

/** Only the machine's own namespace knows projects. */
function checkProject({ userNamespace }: Credentials, old: FileAttributes, wanted: FileAttributes): void {
  const changes = old.projid !== wanted.projid;
  if (userNamespace === initUserNamespace) {
    if (changes && wanted.projid === INVALID_PROJID) raise('EINVAL');
  } else if (changes || ((old.xflags ^ wanted.xflags) & attr.FS_XFLAG_PROJINHERIT) !== 0) raise('EINVAL');
}

/** What the kernel itself answers to requests of ioctl(2), whatever filesystem the file is on. @see do_vfs_ioctl() */
const requests: ReadonlyMap<number, (kernel: Kernel, file: OpenFile, argument: unknown) => unknown> = new Map([
  [attr.FS_IOC_GETFLAGS, (_kernel: Kernel, file: OpenFile) => vfsFileattrGet(file.dentry).flags],
  [attr.FS_IOC_SETFLAGS, setFlagsRequest],
  [attr.FS_IOC_FSGETXATTR, (_kernel: Kernel, file: OpenFile) => getXattrRequest(file)],
  [attr.FS_IOC_FSSETXATTR, setXattrRequest],
]);

/** The request is about attributes. */
export const asksForAttributes = (request: number): boolean => requests.has(request);

/** @throws Errno EFAULT for an argument of another form */
export function fileattrIoctl(kernel: Kernel, file: OpenFile, request: number, argument: unknown): unknown {
  return requests.get(request)!(kernel, file, argument);
}

function setFlagsRequest(kernel: Kernel, file: OpenFile, argument: unknown): void {
  if (typeof argument !== 'number') raise('EFAULT');
  wantWrite(file.mount);
  vfsFileattrSet(kernel, file.dentry, argument);
}

function getXattrRequest(file: OpenFile): Fsxattr {
  const { flags: _flags, ...told } = vfsFileattrGet(file.dentry);
  return told;
}

function setXattrRequest(kernel: Kernel, file: OpenFile, argument: unknown): void {
  if (typeof argument !== 'object' || argument === null) raise('EFAULT');
  const { xflags, extsize, nextents, projid, cowextsize } = argument as Fsxattr;
  if ((xflags & ~FS_XFLAGS_MASK) !== 0) raise('EOPNOTSUPP');
  wantWrite(file.mount);
  vfsFileattrSet(kernel, file.dentry, { xflags, extsize, nextents, projid, cowextsize });
}
