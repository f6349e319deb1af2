/** mount(2), umount2(2), pivot_root(2), unshare(CLONE_NEWNS), and how mounts are printed. @see fs/namespace.c */
import { CAP_SYS_ADMIN } from '../abi/capability.ts';
import { type ErrnoCode, raise } from '../abi/errno.ts';
import {
  AT_FDCWD,
  MNT_DETACH,
  MNT_EXPIRE,
  MNT_FORCE,
  MS_BIND,
  MS_MOVE,
  MS_NOATIME,
  MS_DIRSYNC,
  MS_LAZYTIME,
  MS_MANDLOCK,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_RELATIME,
  MS_REMOUNT,
  MS_SHARED,
  MS_SLAVE,
  MS_STRICTATIME,
  MS_SYNCHRONOUS,
  MS_UNBINDABLE,
  PAGE_SIZE,
  PATH_MAX,
  UMOUNT_NOFOLLOW,
} from '../abi/flags.ts';
import { isDirectory } from '../abi/mode.ts';
import type { TaskContext } from './context.ts';
import { isCapable, isCapableIn } from './credentials.ts';
import {
  crossMounts,
  detachTree,
  dropSuperblock,
  hasLockedChildren,
  Mount,
  MOUNT_FLAGS,
  MountNamespace,
  type Path,
} from './mount.ts';
import { utf8Length } from './lookup.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, Nameidata, pathFrom, resolvePath } from './namei.ts';
import { shrinkDcache } from './shrink.ts';
import type { Superblock } from './superblock.ts';
import { initUserNamespace, type UserNamespace } from './user-namespace.ts';

/** The task may change what is mounted in its namespace. @see may_mount() */
function checkMayMount(task: TaskContext): void {
  if (!isCapableIn(task.credentials, task.namespace.userNamespace, CAP_SYS_ADMIN)) raise('EPERM');
}

/** The task is root to the filesystem. */
const isRootOf = (task: TaskContext, { userNamespace }: Superblock): boolean =>
  isCapableIn(task.credentials, userNamespace ?? initUserNamespace, CAP_SYS_ADMIN);

/** mount(2). @see path_mount() */
export function mountCall(
  task: TaskContext,
  source: string,
  target: string,
  type: string,
  data: string,
  flags: number,
): void {
  for (const text of [type, source]) if (utf8Length(text) >= PATH_MAX) raise('EINVAL');
  const place = resolvePath(task, AT_FDCWD, target, LOOKUP_FOLLOW);
  checkMayMount(task);
  const mountFlags = mountFlagsOf(flags, place.mount);
  const page = cutToPage(data);
  const allFlags = mountFlags | (flags & SUPERBLOCK_FLAGS);
  if ((flags & (MS_REMOUNT | MS_BIND)) === (MS_REMOUNT | MS_BIND)) reconfigureMount(task, place, mountFlags);
  else if ((flags & MS_REMOUNT) !== 0) remount(task, place, allFlags, page);
  else if ((flags & MS_BIND) !== 0) bind(task, source, place, (flags & MS_REC) !== 0);
  else if ((flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)) !== 0) changePropagation(place, flags);
  else if ((flags & MS_MOVE) !== 0) moveMount(task, source, place);
  else newMount(task, source, place, type, page, allFlags);
}

/** The kernel reads one page of options and takes its last byte for the end. @see copy_mount_options() */
function cutToPage(data: string): string {
  let end = Math.min(data.length, PAGE_SIZE - 1);
  while (utf8Length(data.slice(0, end)) >= PAGE_SIZE) end--;
  return data.slice(0, end);
}

const ATIME_FLAGS = MS_NOATIME | MS_NODIRATIME | MS_RELATIME;

/** relatime is what Linux mounts with unless told otherwise; a remount keeps what it is not told of. */
function mountFlagsOf(flags: number, mount: Mount): number {
  if ((flags & MS_REMOUNT) !== 0 && (flags & (ATIME_FLAGS | MS_STRICTATIME)) === 0) {
    return (flags & MOUNT_FLAGS & ~ATIME_FLAGS) | (mount.flags & ATIME_FLAGS);
  }
  let wanted = flags & MOUNT_FLAGS & ~MS_RELATIME;
  if ((flags & MS_NOATIME) === 0) wanted |= MS_RELATIME;
  if ((flags & MS_STRICTATIME) !== 0) wanted &= ~(MS_RELATIME | MS_NOATIME);
  return wanted;
}

/** The words that are the kernel's wherever they stand, and the flag that each sets or clears. @see fs/fs_context.c */
const SUPERBLOCK_WORDS: ReadonlyMap<string, readonly [flag: number, sets: boolean]> = new Map([
  ['ro', [MS_RDONLY, true]],
  ['rw', [MS_RDONLY, false]],
  ['sync', [MS_SYNCHRONOUS, true]],
  ['async', [MS_SYNCHRONOUS, false]],
  ['dirsync', [MS_DIRSYNC, true]],
  ['mand', [MS_MANDLOCK, true]],
  ['nomand', [MS_MANDLOCK, false]],
  ['lazytime', [MS_LAZYTIME, true]],
  ['nolazytime', [MS_LAZYTIME, false]],
]);

/** What a remount changes without a word. @see MS_RMT_MASK */
const REMOUNT_FLAGS = MS_SYNCHRONOUS | MS_MANDLOCK | MS_LAZYTIME;
const SUPERBLOCK_FLAGS = REMOUNT_FLAGS | MS_DIRSYNC;

/** What of the options is the kernel's own, the rest being the filesystem's; `named` flags are those that words told. */
function splitData(data: string, flags: number): { data: string; readOnly: boolean; flags: number; named: number } {
  const rest: string[] = [];
  let wanted = flags;
  let named = 0;
  for (const word of data.split(',')) {
    const known = SUPERBLOCK_WORDS.get(word);
    if (known === undefined) {
      if (word !== '') rest.push(word);
      continue;
    }
    const [flag, sets] = known;
    named |= flag;
    wanted = sets ? wanted | flag : wanted & ~flag;
  }
  return { data: rest.join(','), readOnly: (wanted & MS_RDONLY) !== 0, flags: wanted & SUPERBLOCK_FLAGS, named };
}

/** Where a path in the options leads the task. */
const pathResolver =
  (task: TaskContext) =>
  (path: string): Path =>
    resolvePath(task, AT_FDCWD, path, LOOKUP_FOLLOW);

/** @see do_new_mount(), graft_tree() */
function newMount(task: TaskContext, source: string, place: Path, type: string, data: string, flags: number): void {
  const { kernel } = task;
  const filesystem = kernel.filesystem(type);
  const request = splitData(data, flags);
  const resolve = pathResolver(task);
  if (!filesystem.userNamespaceMount && !isCapable(task.credentials, CAP_SYS_ADMIN)) raise('EPERM');
  const { userNamespace } = task.credentials;
  const superblock = filesystem.mount({ kernel, source, data: request.data, readOnly: request.readOnly, resolve });
  if (userNamespace !== initUserNamespace) superblock.userNamespace = userNamespace;
  superblock.flags = request.flags;
  kernel.superblocks.add(superblock);
  const refusal = newMountRefusal(task, superblock, place);
  if (refusal !== undefined) {
    if (superblock.active === 0) {
      superblock.active = 1;
      dropSuperblock(superblock);
    }
    raise(refusal);
  }
  task.namespace.attach(new Mount(superblock, superblock.root, source, flags & MOUNT_FLAGS), place);
}

/** Why nothing can be mounted there: on what was detached, or belongs to another namespace. @see do_lock_mount() */
function placeRefusal(task: TaskContext, { mount }: Path): ErrnoCode | undefined {
  if (mount.namespace === undefined) return 'ENOENT';
  return mount.namespace === task.namespace ? undefined : 'EINVAL';
}

/** @see do_add_mount(), graft_tree() */
function newMountRefusal(task: TaskContext, superblock: Superblock, place: Path): ErrnoCode | undefined {
  const refusal = placeRefusal(task, place);
  if (refusal !== undefined) return refusal;
  if (place.dentry === place.mount.root && place.mount.superblock === superblock) return 'EBUSY';
  return isDirectory(superblock.root.inode!.mode) === isDirectory(place.dentry.inode!.mode) ? undefined : 'ENOTDIR';
}

/** @see do_loopback() */
function bind(task: TaskContext, source: string, place: Path, recursive: boolean): void {
  if (source === '') raise('EINVAL');
  const from = resolvePath(task, AT_FDCWD, source, LOOKUP_FOLLOW);
  const refusal = placeRefusal(task, place);
  if (refusal !== undefined) raise(refusal);
  if (from.mount.namespace !== task.namespace) raise('EINVAL');
  if (isDirectory(from.dentry.inode!.mode) !== isDirectory(place.dentry.inode!.mode)) raise('ENOTDIR');
  if (!recursive && hasLockedChildren(from)) raise('EINVAL');
  const made = cloneMount(from.mount, from.dentry, task.namespace, recursive);
  made.mount.locked = false;
  attachTree(task.namespace, made, place);
}

interface MountTree {
  readonly mount: Mount;
  readonly children: { readonly tree: MountTree; readonly dentry: Path['dentry'] }[];
}

function cloneMount(mount: Mount, root: Path['dentry'], namespace: MountNamespace, recursive: boolean): MountTree {
  const made = new Mount(mount.superblock, root, mount.source, mount.flags);
  made.lockedFlags = mount.lockedFlags;
  made.locked = mount.locked;
  if (!recursive) return { mount: made, children: [] };
  const below = [...mount.children].filter(([dentry]) => dentry.isWithin(root));
  const children = below.map(([dentry, child]) => ({ tree: cloneMount(child, child.root, namespace, true), dentry }));
  return { mount: made, children };
}

function attachTree(namespace: MountNamespace, tree: MountTree, place: Path | undefined): void {
  namespace.attach(tree.mount, place);
  for (const { tree: child, dentry } of tree.children) attachTree(namespace, child, { mount: tree.mount, dentry });
}

/** Shared and slave mounts are not simulated: every mount is private already. */
function changePropagation(place: Path, flags: number): void {
  if (place.dentry !== place.mount.root) raise('EINVAL');
  if ((flags & MS_PRIVATE) === 0) raise('EINVAL');
}

/** @see do_move_mount() */
function moveMount(task: TaskContext, source: string, place: Path): void {
  const from = resolvePath(task, AT_FDCWD, source, LOOKUP_FOLLOW);
  const refusal = placeRefusal(task, place);
  if (refusal !== undefined) raise(refusal);
  const { mount } = from;
  const movable = mount.parent !== undefined && mount.namespace === task.namespace;
  if (from.dentry !== mount.root || !movable || mount.locked) raise('EINVAL');
  if (isDirectory(mount.root.inode!.mode) !== isDirectory(place.dentry.inode!.mode)) raise('EINVAL');
  for (let at: Mount | undefined = place.mount; at !== undefined; at = at.parent) if (at === mount) raise('ELOOP');
  task.namespace.detach(mount);
  task.namespace.attach(mount, place);
}

/** What a more privileged namespace has set stays. @see can_change_locked_flags() */
function checkLockedFlags(mount: Mount, flags: number): void {
  const { lockedFlags } = mount;
  if ((lockedFlags & ~ATIME_FLAGS & ~flags) !== 0) raise('EPERM');
  if ((lockedFlags & ATIME_FLAGS) !== 0 && ((mount.flags ^ flags) & ATIME_FLAGS) !== 0) raise('EPERM');
}

/** Changes the flags of one mount. @see do_reconfigure_mnt() */
function reconfigureMount(task: TaskContext, place: Path, flags: number): void {
  const { mount } = place;
  if (place.dentry !== mount.root || mount.namespace !== task.namespace) raise('EINVAL');
  checkLockedFlags(mount, flags);
  if ((flags & MS_RDONLY) !== 0 && !mount.readOnly && mount.writers > 0) raise('EBUSY');
  mount.flags = flags;
}

/** Changes the filesystem and the mount. @see do_remount() */
function remount(task: TaskContext, place: Path, flags: number, data: string): void {
  const { mount } = place;
  const { superblock } = mount;
  if (place.dentry !== mount.root || mount.namespace !== task.namespace) raise('EINVAL');
  const request = splitData(data, flags);
  checkLockedFlags(mount, flags);
  if (!isRootOf(task, superblock)) raise('EPERM');
  shrinkDcache(superblock);
  if (request.readOnly) checkMayBeReadOnly(task, superblock);
  superblock.reconfigure({ data: request.data, readOnly: request.readOnly, resolve: pathResolver(task) });
  superblock.readOnly = request.readOnly;
  const changed = request.named | REMOUNT_FLAGS;
  superblock.flags = ((superblock.flags ?? 0) & ~changed) | (request.flags & changed);
  mount.flags = flags & MOUNT_FLAGS;
}

/** Somebody writes to it, or a file that lost its last name still has to be removed. @see sb_prepare_remount_readonly() */
function checkMayBeReadOnly(task: TaskContext, superblock: Superblock): void {
  if (superblock.readOnly) return;
  const namespaces = new Set([...task.kernel.tasks].map(({ namespace }) => namespace));
  for (const { mounts } of namespaces) {
    if (mounts.some((mount) => mount.superblock === superblock && mount.writers > 0)) raise('EBUSY');
  }
  if (superblock.hasRemovedInodes?.()) raise('EBUSY');
}

/** umount2(2). @see can_umount(), do_umount() */
export function umountCall(task: TaskContext, target: string, flags: number): void {
  if ((flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)) !== 0) raise('EINVAL');
  const walk = new Nameidata(task);
  const follow = (flags & UMOUNT_NOFOLLOW) !== 0 ? 0 : LOOKUP_FOLLOW;
  const refusal = walk.start(AT_FDCWD, target, follow) ?? walk.walk(target, follow);
  if (refusal !== undefined) raise(refusal);
  const { mount, dentry } = crossMounts(walk);
  checkMayMount(task);
  if (dentry !== mount.root || mount.namespace !== task.namespace || mount.locked) raise('EINVAL');
  if ((flags & MNT_FORCE) !== 0 && !isRootOf(task, mount.superblock)) raise('EPERM');
  const lazy = (flags & MNT_DETACH) !== 0;
  if (mount.parent === undefined && lazy) raise('EINVAL');
  if ((flags & MNT_EXPIRE) !== 0) checkExpired(task, mount, flags);
  if (!lazy && mount === task.fs.root.mount) return umountRoot(task, mount);
  if (mount.parent === undefined) raise('EINVAL');
  if (!lazy && (mount.users > 0 || mount.children.size > 0)) raise('EBUSY');
  detachTree(task.namespace, mount);
}

/** A mount expires when nobody has used it since it was marked. @see MNT_EXPIRE in umount(2) */
function checkExpired(task: TaskContext, mount: Mount, flags: number): void {
  if (mount === task.fs.root.mount || (flags & (MNT_FORCE | MNT_DETACH)) !== 0) raise('EINVAL');
  if (mount.users > 0 || mount.children.size > 0) raise('EBUSY');
  if (mount.expiring) return;
  mount.expiring = true;
  raise('EAGAIN');
}

/** The root of the one who asks cannot go; Linux makes its filesystem read-only. @see do_umount_root() */
function umountRoot(task: TaskContext, { superblock }: Mount): void {
  if (!isRootOf(task, superblock)) raise('EPERM');
  if (superblock.readOnly) return;
  checkMayBeReadOnly(task, superblock);
  superblock.reconfigure({ data: '', readOnly: true, resolve: pathResolver(task) });
  superblock.readOnly = true;
}

/** @see pivot_root(2) */
export function pivotRootCall(task: TaskContext, newRoot: string, putOld: string): void {
  checkMayMount(task);
  const next = resolvePath(task, AT_FDCWD, newRoot, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  const old = resolvePath(task, AT_FDCWD, putOld, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  const { namespace } = task;
  const root = task.fs.root;
  if (next.mount.locked) raise('EINVAL');
  if (next.mount === root.mount || old.mount === root.mount) raise('EBUSY');
  if (root.dentry !== root.mount.root || next.dentry !== next.mount.root) raise('EINVAL');
  if (next.mount.parent === undefined || pathFrom(next, old) === undefined) raise('EINVAL');
  const rootPlace = root.mount.parent ? { mount: root.mount.parent, dentry: root.mount.mountpoint! } : undefined;
  namespace.detach(next.mount);
  namespace.detach(root.mount);
  namespace.attach(next.mount, rootPlace);
  next.mount.locked = root.mount.locked;
  root.mount.locked = false;
  namespace.attach(root.mount, old);
  const moved = { mount: next.mount, dentry: next.mount.root };
  if (task.fs.cwd.mount === root.mount && task.fs.cwd.dentry === root.dentry) task.fs.setCwd(moved);
  task.fs.setRoot(moved);
}

/**
 * A namespace of its own with a copy of every mount; root and working directory move along.
 *
 * @param userNamespace whose root may change it: what another one's root has set and hidden stays so
 * @see copy_mnt_ns()
 */
export function copyNamespace(task: TaskContext, userNamespace: UserNamespace): void {
  const before = task.namespace;
  const made = new MountNamespace(task.kernel, userNamespace);
  const copies = new Map<Mount, Mount>();
  const tree = cloneMount(before.root, before.root.root, made, true);
  pairUp(before.root, tree, copies);
  attachTree(made, tree, undefined);
  if (userNamespace !== before.userNamespace) lockMounts(made);
  const move = (path: Path): Path => ({ mount: copies.get(path.mount) ?? path.mount, dentry: path.dentry });
  task.fs.setRoot(move(task.fs.root));
  task.fs.setCwd(move(task.fs.cwd));
  task.namespace = made;
}

/** What is locked of the flags that are set. @see lock_mnt_tree() */
const LOCKABLE_FLAGS = MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC;

function lockMounts({ mounts, root }: MountNamespace): void {
  for (const mount of mounts) {
    mount.lockedFlags |= (mount.flags & LOCKABLE_FLAGS) | ATIME_FLAGS;
    mount.locked ||= mount !== root;
  }
}

function pairUp(old: Mount, tree: MountTree, copies: Map<Mount, Mount>): void {
  copies.set(old, tree.mount);
  for (const { tree: child, dentry } of tree.children) pairUp(old.children.get(dentry)!, child, copies);
}

const MOUNT_WORDS: readonly (readonly [number, string])[] = [
  [MS_NOSUID, 'nosuid'],
  [MS_NODEV, 'nodev'],
  [MS_NOEXEC, 'noexec'],
  [MS_NOATIME, 'noatime'],
  [MS_NODIRATIME, 'nodiratime'],
  [MS_RELATIME, 'relatime'],
  [MS_NOSYMFOLLOW, 'nosymfollow'],
];

const SUPERBLOCK_SHOWN: readonly (readonly [number, string])[] = [
  [MS_SYNCHRONOUS, ',sync'],
  [MS_DIRSYNC, ',dirsync'],
  [MS_MANDLOCK, ',mand'],
  [MS_LAZYTIME, ',lazytime'],
];

/** The flags of a filesystem, each with a leading comma. @see show_sb_opts() */
export const showSuperblockFlags = ({ flags = 0 }: Superblock): string =>
  SUPERBLOCK_SHOWN.map(([flag, word]) => ((flags & flag) === 0 ? '' : word)).join('');

const escapeCharacters = (text: string, unsafe: RegExp): string =>
  text.replace(unsafe, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);

/** A source, as the tables of mounts print it. @see mangle() */
export const escapeSource = (source: string): string => escapeCharacters(source, /[ \t\n\\#]/g);
/** A path, as the tables of mounts print it. @see seq_path() */
export const escapePath = (path: string): string => escapeCharacters(path, /[ \t\n\\]/g);

/** The flags of a mount, each with a leading comma; `ro` is told elsewhere. @see show_mnt_opts() */
export const showMountFlags = (mount: Mount): string =>
  MOUNT_WORDS.filter(([flag]) => (mount.flags & flag) !== 0)
    .map(([, word]) => `,${word}`)
    .join('');

/** The lines of /proc/mounts as a task with this root sees them, the oldest mount first. @see show_vfsmnt() */
export function formatMounts(namespace: MountNamespace, root: Path): string {
  let lines = '';
  for (const mount of namespace.mounts.toSorted((a, b) => a.id - b.id)) {
    const at = pathFrom(root, { mount, dentry: mount.root });
    if (at === undefined) continue;
    const access = (mount.readOnly ? 'ro' : 'rw') + showSuperblockFlags(mount.superblock);
    const options = access + showMountFlags(mount) + mount.superblock.showOptions();
    lines += `${escapeSource(mount.source)} ${escapePath(at)} ${mount.superblock.type.name} ${options} 0 0\n`;
  }
  return lines;
}
