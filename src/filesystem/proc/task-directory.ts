/** /proc/<pid>: what a task sees and holds. @see fs/proc/base.c, fs/proc/fd.c */
import { CAP_SYS_ADMIN, CAP_SYS_PTRACE } from '../../abi/capability.ts';
import { raise } from '../../abi/errno.ts';
import { S_IFDIR, S_IFLNK, S_IFREG } from '../../abi/mode.ts';
import type { TaskContext } from '../../kernel/context.ts';
import { isCapableIn } from '../../kernel/credentials.ts';
import type { OpenFile } from '../../kernel/file.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Path } from '../../kernel/mount.ts';
import { formatMounts } from '../../kernel/mount-calls.ts';
import { pathFrom } from '../../kernel/namei.ts';
import { formatIdMap, formatSetgroups, type IdKind, writeIdMap, writeSetgroups } from './id-maps.ts';
import { formatMountinfo } from './mount-table.ts';
import {
  fixedEntries,
  type ProcDirectory,
  type ProcLink,
  type ProcNode,
  type ProcOwner,
  type ProcText,
} from './node.ts';

/** What stat(2) tells as the size of a link in fd/. */
const FD_LINK_SIZE = 64;

/** The task of that number that has not ended. */
export function taskOf(kernel: Kernel, pid: number): TaskContext | undefined {
  for (const task of kernel.tasks) if (task.pid === pid) return task;
  return undefined;
}

/** @throws Errno ENOENT for a task that has ended */
const liveTask = (kernel: Kernel, pid: number): TaskContext => taskOf(kernel, pid) ?? raise('ENOENT');

export function taskDirectory(pid: number): ProcDirectory {
  const owner = ownerOf(pid);
  const nodes = new Map<string, ProcNode>([
    ['fd', descriptorDirectory(pid, owner)],
    ['cwd', placeLink(pid, owner, 'cwd', (task) => task.fs.cwd)],
    ['root', placeLink(pid, owner, 'root', (task) => task.fs.root)],
    ['mounts', taskText(pid, owner, 'mounts', (task) => formatMounts(task.namespace, task.fs.root))],
    ['uid_map', idMap(pid, owner, 'uid')],
    ['gid_map', idMap(pid, owner, 'gid')],
    ['setgroups', setgroups(pid, owner)],
    ['mountinfo', taskText(pid, owner, 'mountinfo', (task) => formatMountinfo(task.namespace, task.fs.root))],
  ]);
  return {
    kind: 'directory',
    key: `${pid}`,
    mode: S_IFDIR | 0o555,
    owner,
    nlink: () => 3,
    entries: () => fixedEntries([...nodes.keys()]),
    find: (kernel, name) => (taskOf(kernel, pid) === undefined ? undefined : nodes.get(name)),
  };
}

const ownerOf =
  (pid: number) =>
  (kernel: Kernel): ProcOwner => {
    const credentials = taskOf(kernel, pid)?.credentials;
    return { uid: credentials?.euid ?? 0, gid: credentials?.egid ?? 0 };
  };

type Owner = (kernel: Kernel) => ProcOwner;

function taskText(pid: number, owner: Owner, name: string, text: (task: TaskContext) => string): ProcText {
  const read = (kernel: Kernel) => text(liveTask(kernel, pid));
  return { kind: 'text', key: `${pid}/${name}`, mode: S_IFREG | 0o444, owner, text: read };
}

const namespaceOf = (kernel: Kernel, pid: number) => liveTask(kernel, pid).credentials.userNamespace;

function idMap(pid: number, owner: Owner, kind: IdKind): ProcText {
  return {
    kind: 'text',
    key: `${pid}/${kind}_map`,
    mode: S_IFREG | 0o644,
    owner,
    text: (kernel) => formatIdMap(kernel, namespaceOf(kernel, pid), kind),
    write: (kernel, opener, text) => writeIdMap(kernel, namespaceOf(kernel, pid), kind, opener, text),
  };
}

function setgroups(pid: number, owner: Owner): ProcText {
  return {
    kind: 'text',
    key: `${pid}/setgroups`,
    mode: S_IFREG | 0o644,
    owner,
    text: (kernel) => formatSetgroups(namespaceOf(kernel, pid)),
    openForWriting(kernel) {
      if (!isCapableIn(kernel.credentials, namespaceOf(kernel, pid), CAP_SYS_ADMIN)) raise('EACCES');
    },
    write: (kernel, _, text) => writeSetgroups(namespaceOf(kernel, pid), text),
  };
}

function placeLink(pid: number, owner: Owner, name: string, place: (task: TaskContext) => Path): ProcLink {
  const target = (kernel: Kernel) => {
    const task = liveTask(kernel, pid);
    checkMayInspect(kernel, task);
    return pathOf(kernel, place(task));
  };
  return { kind: 'link', key: `${pid}/${name}`, mode: S_IFLNK | 0o777, owner, target };
}

/** The path as the caller sees it; what was removed says so. @see d_path() */
function pathOf(kernel: Kernel, place: Path): string {
  const { dentry } = place;
  const root = kernel.current?.fs.root;
  const path = (root && pathFrom(root, place)) ?? pathFrom(topOf(place), place)!;
  return dentry.hashed || dentry.isRoot ? path : `${path} (deleted)`;
}

/** The root of the tree of mounts that a place lies in. */
function topOf(place: Path): Path {
  let { mount } = place;
  while (mount.parent !== undefined) mount = mount.parent;
  return { mount, dentry: mount.root };
}

/** Whose files a caller may see: his own tasks', or with CAP_SYS_PTRACE. @see ptrace_may_access() */
function checkMayInspect(kernel: Kernel, task: TaskContext): void {
  const { fsuid, fsgid } = kernel.credentials;
  const { uid, euid, suid, gid, egid, sgid } = task.credentials;
  const same = [uid, euid, suid].every((id) => id === fsuid) && [gid, egid, sgid].every((id) => id === fsgid);
  if (
    task !== kernel.current &&
    !same &&
    !isCapableIn(kernel.credentials, task.credentials.userNamespace, CAP_SYS_PTRACE)
  )
    raise('EACCES');
}

function descriptorDirectory(pid: number, owner: Owner): ProcDirectory {
  const open = (kernel: Kernel) => [...(taskOf(kernel, pid)?.files.entries() ?? [])];
  return {
    kind: 'directory',
    key: `${pid}/fd`,
    mode: S_IFDIR | 0o500,
    owner,
    size: (kernel) => open(kernel).length,
    nlink: () => 2,
    entries: (kernel) => open(kernel).map(([fd]) => ({ name: `${fd}`, position: fd + 2 })),
    find(kernel, name) {
      const fd = /^(0|[1-9]\d*)$/.test(name) ? Number(name) : -1;
      const file = taskOf(kernel, pid)?.files.peek(fd);
      return file && descriptorLink(pid, owner, fd, file);
    },
  };
}

function descriptorLink(pid: number, owner: Owner, fd: number, file: OpenFile): ProcLink {
  const bits = (file.readable ? 0o500 : 0) | (file.writable ? 0o300 : 0);
  const target = (kernel: Kernel) => {
    const task = liveTask(kernel, pid);
    checkMayInspect(kernel, task);
    return pathOf(kernel, task.files.peek(fd) ?? raise('ENOENT'));
  };
  return { kind: 'link', key: `${pid}/fd/${fd}`, mode: S_IFLNK | bits, owner, size: () => FD_LINK_SIZE, target };
}
