/** Changes of attributes: chmod, chown, utimes, truncate, and what they take away on the way. @see fs/attr.c */
import { CAP_CHOWN, CAP_FSETID } from '../abi/capability.ts';
import { raise } from '../abi/errno.ts';
import { IN_ACCESS, IN_ATTRIB, IN_MODIFY } from '../abi/flags.ts';
import { isDirectory, isSymlink, S_IALLUGO, S_ISGID, S_ISUID } from '../abi/mode.ts';
import type { Attributes } from '../abi/stat.ts';
import { XATTR_SECURITY_CAPABILITY } from '../abi/xattr.ts';
import { traceMetadata } from './create.ts';
import { isCapableOver, isInGroup } from './credentials.ts';
import type { Dentry } from './dentry.ts';
import { type Inode, S_APPEND, S_IMMUTABLE } from './inode.ts';
import { notify } from './inotify.ts';
import { INVALID_ID } from './id-map.ts';
import type { Kernel } from './kernel.ts';
import { checkPermission, dropsSetgid, isOwnerOrCapable, MAY_WRITE, modeWithoutSetid } from './permission.ts';
import type { Superblock } from './superblock.ts';
import { fromKgid, fromKuid, makeKgid, makeKuid } from './user-namespace.ts';

/** What a change of attributes asks for beyond the values. */
export interface SetattrOptions {
  /** Times are "now": write permission is enough. @see ATTR_TOUCH */
  readonly touch?: boolean;
  /** The kernel itself changes this, no right is asked for. @see ATTR_FORCE */
  readonly force?: boolean;
  /** Takes set-id bits and file capabilities away. @see ATTR_KILL_PRIV */
  readonly killPrivileges?: boolean;
  /** The set-id bits that go on the way, from protected files too. @see ATTR_KILL_SUID */
  readonly killSetid?: number;
}

/**
 * Checks and makes a change of attributes.
 *
 * @throws Errno EPERM, EACCES, EOPNOTSUPP for the mode of a symlink
 */
export function notifyChange(kernel: Kernel, dentry: Dentry, asked: Attributes, options: SetattrOptions = {}): void {
  const inode = dentry.inode!;
  const attributes = withoutSetid(inode, asked, options);
  checkMaySetattr(kernel, inode, attributes, options);
  if (attributes.mode !== undefined && isSymlink(inode.mode)) raise('EOPNOTSUPP');
  checkFilesystemKeeps(inode.superblock, attributes);
  const changes = prepareSetattr(kernel, inode, attributes, options);
  traceMetadata('setattr', inode);
  if (options.killPrivileges) killFileCapabilities(dentry);
  inode.setattr(changes, dentry);
  if (kernel.watches === 0) return;
  const mask = changeMask(attributes);
  if (mask !== 0) notify(kernel, inode, mask, undefined, isDirectory(inode.mode), 0, dentry);
}

function withoutSetid(inode: Inode, attributes: Attributes, { killSetid = 0 }: SetattrOptions): Attributes {
  const mode = inode.mode & ~killSetid;
  return mode === inode.mode ? attributes : { ...attributes, mode };
}

/** An owner that the filesystem's namespace does not know cannot be kept. @throws Errno EOVERFLOW */
function checkFilesystemKeeps({ userNamespace }: Superblock, { uid, gid }: Attributes): void {
  if (userNamespace === undefined) return;
  if (uid !== undefined && fromKuid(userNamespace, uid) === INVALID_ID) raise('EOVERFLOW');
  if (gid !== undefined && fromKgid(userNamespace, gid) === INVALID_ID) raise('EOVERFLOW');
}

/** What those who watch are told of a change. @see fsnotify_change() */
function changeMask({ mode, uid, gid, size, atime, mtime }: Attributes): number {
  let mask = mode !== undefined || uid !== undefined || gid !== undefined ? IN_ATTRIB : 0;
  if (size !== undefined) mask |= IN_MODIFY;
  if (atime !== undefined && mtime !== undefined) mask |= IN_ATTRIB;
  else if (atime !== undefined) mask |= IN_ACCESS;
  else if (mtime !== undefined) mask |= IN_MODIFY;
  return mask;
}

/** @see may_setattr() */
function checkMaySetattr(kernel: Kernel, inode: Inode, attributes: Attributes, options: SetattrOptions): void {
  const { mode, uid, gid, atime, mtime } = attributes;
  const timesSet = !options.touch && (atime !== undefined || mtime !== undefined) && attributes.size === undefined;
  const chmods = mode !== undefined && options.killSetid === undefined;
  if (chmods || uid !== undefined || gid !== undefined || timesSet) {
    if ((inode.flags & (S_IMMUTABLE | S_APPEND)) !== 0) raise('EPERM');
  }
  if (!options.touch) return;
  if ((inode.flags & S_IMMUTABLE) !== 0) raise('EPERM');
  if (!isOwnerOrCapable(kernel, inode)) checkPermission(kernel, inode, MAY_WRITE);
}

/** The rights to a change, and what has to be changed along with it. @see setattr_prepare(), setattr_copy() */
function prepareSetattr(kernel: Kernel, inode: Inode, attributes: Attributes, options: SetattrOptions): Attributes {
  const changes: Attributes = { ...attributes };
  if (!options.force) checkRights(kernel, inode, attributes, options);
  if (changes.mode !== undefined && !options.force) {
    const gid = attributes.gid ?? inode.gid;
    const keepsSetgid = isInGroup(kernel.credentials, gid) || isCapableOver(kernel.credentials, inode, CAP_FSETID);
    if (!keepsSetgid) changes.mode &= ~S_ISGID;
  }
  changes.ctime = attributes.ctime ?? kernel.now();
  if (options.touch) changes.touch = true;
  if (options.killSetid !== undefined) changes.killSetid = options.killSetid;
  return changes;
}

function checkRights(kernel: Kernel, inode: Inode, attributes: Attributes, options: SetattrOptions): void {
  const { credentials } = kernel;
  const { uid, gid } = attributes;
  const privileged = isCapableOver(credentials, inode, CAP_CHOWN);
  if (uid !== undefined && !privileged && !(credentials.fsuid === inode.uid && uid === inode.uid)) raise('EPERM');
  if (gid !== undefined && !privileged) {
    const own = credentials.fsuid === inode.uid && (gid === inode.gid || isInGroup(credentials, gid));
    if (!own) raise('EPERM');
  }
  if (attributes.mode !== undefined && !isOwnerOrCapable(kernel, inode)) raise('EPERM');
  const setsTimes = attributes.atime !== undefined || attributes.mtime !== undefined;
  if (setsTimes && !options.touch && attributes.size === undefined && !isOwnerOrCapable(kernel, inode)) raise('EPERM');
}

/** Takes the capabilities of a program file away. @see cap_inode_killpriv() */
function killFileCapabilities(dentry: Dentry): void {
  const inode = dentry.inode!;
  if (hasFileCapabilities(inode)) inode.removexattr(XATTR_SECURITY_CAPABILITY, dentry);
}

function hasFileCapabilities(inode: Inode): boolean {
  try {
    return (inode.getxattr(XATTR_SECURITY_CAPABILITY)?.length ?? 0) > 0;
  } catch {
    return false;
  }
}

/** chmod(2) on an object. */
export function vfsChmod(kernel: Kernel, dentry: Dentry, mode: number): void {
  const inode = dentry.inode!;
  notifyChange(kernel, dentry, { mode: (mode & S_IALLUGO) | (inode.mode & ~S_IALLUGO) });
}

/**
 * chown(2) on an object; −1 leaves an id. Set-id bits of a file go, whoever calls.
 *
 * @throws Errno EINVAL for an id that the caller's user namespace does not have
 * @see chown_common()
 */
export function vfsChown(kernel: Kernel, dentry: Dentry, uid: number, gid: number): void {
  const inode = dentry.inode!;
  const attributes: Attributes = {};
  const { userNamespace } = kernel.credentials;
  if (uid !== -1) attributes.uid = existing(makeKuid(userNamespace, uid));
  if (gid !== -1) attributes.gid = existing(makeKgid(userNamespace, gid));
  const killPrivileges = !isDirectory(inode.mode);
  const setid = S_ISUID | (dropsSetgid(kernel, inode) ? S_ISGID : 0);
  notifyChange(kernel, dentry, attributes, { killPrivileges, killSetid: killPrivileges ? setid : 0 });
}

const existing = (id: number): number => (id === INVALID_ID ? raise('EINVAL') : id);

/** Sets the size; the caller has checked the right to write. `touch` sets the times even where the size stays. */
export function doTruncate(kernel: Kernel, dentry: Dentry, size: number, touch: boolean): void {
  const inode = dentry.inode!;
  const attributes: Attributes = { size };
  if (touch) attributes.mtime = kernel.now();
  notifyChange(kernel, dentry, attributes, {
    killPrivileges: hasFileCapabilities(inode),
    killSetid: lostSetid(kernel, inode),
    force: true,
  });
}

/** The set-id bits that a write takes away. */
const lostSetid = (kernel: Kernel, inode: Inode): number => inode.mode & ~modeWithoutSetid(kernel, inode);

/** What a write takes away: set-id bits and file capabilities. @see file_remove_privs() */
export function removePrivileges(kernel: Kernel, dentry: Dentry): void {
  const inode = dentry.inode!;
  const killSetid = lostSetid(kernel, inode);
  if (hasFileCapabilities(inode)) inode.removexattr(XATTR_SECURITY_CAPABILITY, dentry);
  if (killSetid !== 0) notifyChange(kernel, dentry, {}, { killSetid, force: true });
}
