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
  CAP_SETGID,
  CAP_SETUID,
  CAP_SYS_ADMIN,
  CAP_SYS_CHROOT,
} from '../abi/capability.ts';
import { raise } from '../abi/errno.ts';
import { AT_FDCWD, CLONE_FILES, CLONE_FS, CLONE_NEWNS } from '../abi/flags.ts';
import type { TaskContext } from './context.ts';
import { type Credentials, isCapable } from './credentials.ts';
import { copyNamespace } from './mount-calls.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, resolvePath } from './namei.ts';
import { checkPermission, MAY_EXEC } from './permission.ts';

/** What a task loses for file calls while its fsuid is not root's. @see CAP_FS_SET */
const FS_CAPABILITIES =
  CAP_CHOWN | CAP_MKNOD | CAP_DAC_OVERRIDE | CAP_DAC_READ_SEARCH | CAP_FOWNER | CAP_FSETID | CAP_LINUX_IMMUTABLE;

const allowed = (wanted: number, own: readonly number[]): boolean => wanted === -1 || own.includes(wanted);

export function setResuid(task: TaskContext, real: number, effective: number, saved: number): void {
  const old = task.credentials;
  const own = [old.uid, old.euid, old.suid];
  const mayAll = isCapable(old, CAP_SETUID);
  if (!mayAll && ![real, effective, saved].every((id) => allowed(id, own))) raise('EPERM');
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
  if (old.euid === 0 && made.euid !== 0) return 0;
  return old.euid !== 0 && made.euid === 0 ? CAP_FULL_SET : old.capabilities;
}

export function setResgid(task: TaskContext, real: number, effective: number, saved: number): void {
  const old = task.credentials;
  const own = [old.gid, old.egid, old.sgid];
  if (!isCapable(old, CAP_SETGID) && ![real, effective, saved].every((id) => allowed(id, own))) raise('EPERM');
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
export function setFsuid(task: TaskContext, uid: number): number {
  const old = task.credentials;
  const may = [old.uid, old.euid, old.suid, old.fsuid].includes(uid) || isCapable(old, CAP_SETUID);
  if (!may || uid < 0) return old.fsuid;
  let { capabilities } = old;
  if (old.fsuid === 0 && uid !== 0) capabilities &= ~FS_CAPABILITIES;
  if (old.fsuid !== 0 && uid === 0 && old.euid === 0) capabilities |= FS_CAPABILITIES;
  task.credentials = { ...old, fsuid: uid, capabilities };
  return old.fsuid;
}

export function setFsgid(task: TaskContext, gid: number): number {
  const old = task.credentials;
  const may = [old.gid, old.egid, old.sgid, old.fsgid].includes(gid) || isCapable(old, CAP_SETGID);
  if (may && gid >= 0) task.credentials = { ...old, fsgid: gid };
  return old.fsgid;
}

export function setGroups(task: TaskContext, groups: readonly number[]): void {
  if (!isCapable(task.credentials, CAP_SETGID)) raise('EPERM');
  if (groups.length > 65536) raise('EINVAL');
  task.credentials = { ...task.credentials, groups: Object.freeze([...groups]) };
}

/** @throws Errno EPERM for a capability that the task does not have */
export function clearCapabilities(task: TaskContext, effective: number): void {
  if ((effective & ~task.credentials.capabilities) !== 0) raise('EPERM');
  task.credentials = { ...task.credentials, capabilities: effective };
}

export function chrootCall(task: TaskContext, path: string): void {
  const place = resolvePath(task, AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  checkPermission(task.kernel, place.dentry.inode!, MAY_EXEC);
  if (!isCapable(task.credentials, CAP_SYS_CHROOT)) raise('EPERM');
  task.fs.setRoot({ mount: place.mount, dentry: place.dentry });
}

/** @throws Errno EINVAL for what is not simulated, EPERM */
export function unshareCall(task: TaskContext, flags: number): void {
  if ((flags & ~(CLONE_FS | CLONE_FILES | CLONE_NEWNS)) !== 0) raise('EINVAL');
  if ((flags & CLONE_NEWNS) === 0) return;
  if (!isCapable(task.credentials, CAP_SYS_ADMIN)) raise('EPERM');
  copyNamespace(task);
}
