/** Who a task is and what it sees: ids, capabilities, root, namespaces. @see kernel/sys.c, fs/open.c */
import {
  CAP_CHOWN,
  CAP_DAC_OVERRIDE,
  CAP_DAC_READ_SEARCH,
  CAP_FOWNER,
  CAP_FSETID,
  CAP_FULL_SET,
  CAP_LINUX_IMMUTABLE,
  CAP_MKNOD,
  CAP_SETFCAP,
  CAP_SETGID,
  CAP_SETUID,
  CAP_SYS_ADMIN,
  CAP_SYS_CHROOT,
} from '../abi/capability.ts';
import { raise } from '../abi/errno.ts';
import { AT_FDCWD, CLONE_FILES, CLONE_FS, CLONE_NEWNS, CLONE_NEWUSER } from '../abi/flags.ts';
import type { TaskContext } from './context.ts';
import { type Credentials, isCapableIn } from './credentials.ts';
import { INVALID_ID } from './id-map.ts';
import { copyNamespace } from './mount-calls.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, resolvePath } from './namei.ts';
import { crossMounts } from './mount.ts';
import { checkPermission, MAY_EXEC } from './permission.ts';
import {
  fromKgid,
  fromKgidMunged,
  fromKuid,
  fromKuidMunged,
  makeKgid,
  makeKuid,
  UserNamespace,
} from './user-namespace.ts';

/** What a task loses for file calls while its fsuid is not root's. @see CAP_FS_SET */
const FS_CAPABILITIES =
  CAP_CHOWN | CAP_MKNOD | CAP_DAC_OVERRIDE | CAP_DAC_READ_SEARCH | CAP_FOWNER | CAP_FSETID | CAP_LINUX_IMMUTABLE;

const allowed = (wanted: number, own: readonly number[]): boolean => wanted === -1 || own.includes(wanted);

/** The capability in the task's own user namespace. @see ns_capable_setid() */
const isCapableHere = (credentials: Credentials, capability: number): boolean =>
  (credentials.capabilities & capability) !== 0;

/** The machine's ids for those of the caller; −1 stays. @throws Errno EINVAL for one that his namespace does not have */
const existing = (ids: readonly number[], make: (id: number) => number): number[] =>
  ids.map((id) => {
    const made = id === -1 ? id : make(id);
    return made === INVALID_ID && id !== -1 ? raise('EINVAL') : made;
  });

export function setResuid(task: TaskContext, ...ids: [real: number, effective: number, saved: number]): void {
  const old = task.credentials;
  const own = [old.uid, old.euid, old.suid];
  const wanted = existing(ids, (uid) => makeKuid(old.userNamespace, uid));
  const [real, effective, saved] = wanted as typeof ids;
  if (!isCapableHere(old, CAP_SETUID) && !wanted.every((id) => allowed(id, own))) raise('EPERM');
  const euid = effective === -1 ? old.euid : effective;
  const made = {
    ...old,
    uid: real === -1 ? old.uid : real,
    euid,
    suid: saved === -1 ? old.suid : saved,
    fsuid: euid,
  };
  task.credentials = { ...made, capabilities: capabilitiesAfter(old, made) };
}

/** Leaving root gives the effective capabilities up; coming back to it brings them back. @see cap_emulate_setxuid() */
function capabilitiesAfter(old: Credentials, made: Credentials): number {
  const root = makeKuid(old.userNamespace, 0);
  if (old.euid === root && made.euid !== root) return 0;
  return old.euid !== root && made.euid === root ? CAP_FULL_SET : old.capabilities;
}

export function setResgid(task: TaskContext, ...ids: [real: number, effective: number, saved: number]): void {
  const old = task.credentials;
  const own = [old.gid, old.egid, old.sgid];
  const wanted = existing(ids, (gid) => makeKgid(old.userNamespace, gid));
  const [real, effective, saved] = wanted as typeof ids;
  if (!isCapableHere(old, CAP_SETGID) && !wanted.every((id) => allowed(id, own))) raise('EPERM');
  const egid = effective === -1 ? old.egid : effective;
  task.credentials = {
    ...old,
    gid: real === -1 ? old.gid : real,
    egid,
    sgid: saved === -1 ? old.sgid : saved,
    fsgid: egid,
  };
}

/** Answers the old id; one that may not be taken is ignored. @see setfsuid(2) */
export function setFsuid(task: TaskContext, id: number): number {
  const old = task.credentials;
  const before = fromKuidMunged(old.userNamespace, old.fsuid);
  const uid = id < 0 ? INVALID_ID : makeKuid(old.userNamespace, id);
  const may = [old.uid, old.euid, old.suid, old.fsuid].includes(uid) || isCapableHere(old, CAP_SETUID);
  if (!may || uid === INVALID_ID) return before;
  const root = makeKuid(old.userNamespace, 0);
  let { capabilities } = old;
  if (old.fsuid === root && uid !== root) capabilities &= ~FS_CAPABILITIES;
  if (old.fsuid !== root && uid === root && old.euid === root) capabilities |= FS_CAPABILITIES;
  task.credentials = { ...old, fsuid: uid, capabilities };
  return before;
}

export function setFsgid(task: TaskContext, id: number): number {
  const old = task.credentials;
  const gid = id < 0 ? INVALID_ID : makeKgid(old.userNamespace, id);
  const may = [old.gid, old.egid, old.sgid, old.fsgid].includes(gid) || isCapableHere(old, CAP_SETGID);
  if (may && gid !== INVALID_ID) task.credentials = { ...old, fsgid: gid };
  return fromKgidMunged(old.userNamespace, old.fsgid);
}

/** @see may_setgroups(), userns_may_setgroups() */
export function setGroups(task: TaskContext, groups: readonly number[]): void {
  const { userNamespace } = task.credentials;
  if (!isCapableHere(task.credentials, CAP_SETGID)) raise('EPERM');
  if (userNamespace.gidMap.isEmpty || !userNamespace.setgroupsAllowed) raise('EPERM');
  if (groups.length > 65536) raise('EINVAL');
  const made = groups.map((gid) => makeKgid(userNamespace, gid));
  if (made.includes(INVALID_ID)) raise('EINVAL');
  task.credentials = { ...task.credentials, groups: Object.freeze(made) };
}

/** Real, effective and saved user, as the task's user namespace knows them. */
export const getResuid = ({ credentials: { userNamespace, uid, euid, suid } }: TaskContext): number[] =>
  [uid, euid, suid].map((id) => fromKuidMunged(userNamespace, id));

export const getResgid = ({ credentials: { userNamespace, gid, egid, sgid } }: TaskContext): number[] =>
  [gid, egid, sgid].map((id) => fromKgidMunged(userNamespace, id));

export const getGroups = ({ credentials: { userNamespace, groups } }: TaskContext): number[] =>
  groups.map((gid) => fromKgidMunged(userNamespace, gid));

/** @throws Errno EPERM for a capability that the task does not have */
export function clearCapabilities(task: TaskContext, effective: number): void {
  if ((effective & ~task.credentials.capabilities) !== 0) raise('EPERM');
  task.credentials = { ...task.credentials, capabilities: effective };
}

export function chrootCall(task: TaskContext, path: string): void {
  const place = resolvePath(task, AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  checkPermission(task.kernel, place.dentry.inode!, MAY_EXEC);
  if (!isCapableHere(task.credentials, CAP_SYS_CHROOT)) raise('EPERM');
  task.fs.setRoot({ mount: place.mount, dentry: place.dentry });
}

/** @throws Errno EINVAL for what is not simulated, EPERM, ENOSPC for too many user namespaces in one another */
export function unshareCall(task: TaskContext, flags: number): void {
  if ((flags & ~(CLONE_FS | CLONE_FILES | CLONE_NEWNS | CLONE_NEWUSER)) !== 0) raise('EINVAL');
  const credentials = (flags & CLONE_NEWUSER) === 0 ? task.credentials : inUserNamespace(task);
  if ((flags & CLONE_NEWNS) !== 0) {
    const { userNamespace } = credentials;
    if (!isCapableIn(credentials, userNamespace, CAP_SYS_ADMIN)) raise('EPERM');
    copyNamespace(task, userNamespace);
  }
  task.credentials = credentials;
}

/** How many user namespaces may lie in one another. @see create_user_ns() */
const MAX_LEVEL = 32;

/** The task as one with all capabilities in a user namespace of its own. */
function inUserNamespace(task: TaskContext): Credentials {
  const { credentials } = task;
  const { userNamespace: parent, euid, egid, capabilities } = credentials;
  if (parent.level > MAX_LEVEL) raise('ENOSPC');
  if (isChrooted(task)) raise('EPERM');
  if (fromKuid(parent, euid) === INVALID_ID || fromKgid(parent, egid) === INVALID_ID) raise('EPERM');
  const userNamespace = new UserNamespace(parent, euid, egid, (capabilities & CAP_SETFCAP) !== 0);
  return { ...credentials, capabilities: CAP_FULL_SET, userNamespace };
}

/** The task's root is not that of its mount namespace. @see current_chrooted() */
function isChrooted({ fs, namespace }: TaskContext): boolean {
  const { mount, dentry } = crossMounts({ mount: namespace.root, dentry: namespace.root.root });
  return mount !== fs.root.mount || dentry !== fs.root.dentry;
}
