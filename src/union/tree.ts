/** A layer from a plain object. */
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_CREAT, O_TRUNC, O_WRONLY } from '../abi/flags.ts';
import type { Timespec } from '../abi/stat.ts';
import type { Task } from '../kernel/task.ts';
import type { LayerSource } from './layer-source.ts';
import { builtLayer } from './snapshot.ts';

/** Owner, permissions and times of an entry; root's, 0644 (0755 for directories), and 1970 unless given. */
export interface TreeAttributes {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since 1970, or a moment. */
  readonly mtime?: number | Timespec;
  readonly xattrs?: Readonly<Record<string, string | Uint8Array>>;
}

/** One more name for the file at that path of the same layer. */
export interface TreeLink {
  readonly link: string;
}

/** Text or bytes make a file, `null` makes a directory. */
type TreeObject =
  | string
  | Uint8Array
  | null
  | ({ readonly content: string | Uint8Array } & TreeAttributes)
  | ({ readonly directory: true } & TreeAttributes)
  | ({ readonly symlink: string } & TreeAttributes)
  /** A device node, a fifo or a socket: the type in `mode`. A deletion is `{ mode: 0o020000, device: 0 }`. */
  | ({ readonly device: number; readonly mode: number } & TreeAttributes);

/** What stands at a path: a file, a directory, a symlink, a device, or one more name for another file. */
export type TreeEntry = TreeObject | TreeLink;

/** What a layer holds, by path. Parents that are not named are made. */
export type Tree = Readonly<Record<string, TreeEntry>>;

/**
 * A layer from a plain object; `name` is what it is called where a union tells which layer a name comes from.
 *
 * @throws ErrnoException when the layer is first stacked and holds what cannot be made, a file below a file for instance
 *
 * @example
 * ```ts
 * import { tree, union } from 'lowerdir';
 * const u = union([tree({ '/etc/hosts': '127.0.0.1', '/bin/sh': { symlink: 'dash' } })]);
 * u.fs.readFileSync('/etc/hosts', 'utf8'); // => '127.0.0.1'
 * u.fs.readlinkSync('/bin/sh'); // => 'dash'
 * ```
 */
export function tree(entries: Tree, name = 'tree'): LayerSource {
  const copy = { ...entries };
  return builtLayer(name, (task) => {
    for (const [path, entry] of Object.entries(copy)) if (!isLink(entry)) put(task, absolute(path), entry);
    for (const [path, entry] of Object.entries(copy)) if (isLink(entry)) putLink(task, absolute(path), entry.link);
    for (const [path, entry] of Object.entries(copy)) setTimes(task, absolute(path), entry);
  });
}

const isLink = (entry: TreeEntry): entry is TreeLink => typeof entry === 'object' && entry !== null && 'link' in entry;
const absolute = (path: string): string => (path.startsWith('/') ? path : `/${path}`);
const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

function makeParents(task: Task, path: string): void {
  const parent = path.slice(0, path.lastIndexOf('/'));
  if (parent === '' || task.statIfPresent(parent) !== undefined) return;
  makeParents(task, parent);
  task.mkdir(parent, 0o755);
}

function put(task: Task, path: string, entry: TreeObject): void {
  if (path !== '/') makeParents(task, path);
  if (entry === null) return makeDirectory(task, path);
  if (typeof entry === 'string' || entry instanceof Uint8Array) return putFile(task, path, entry);
  if ('content' in entry) putFile(task, path, entry.content);
  else if ('directory' in entry) makeDirectory(task, path);
  else if ('symlink' in entry) task.symlink(entry.symlink, path);
  else task.mknod(path, entry.mode, entry.device);
  setAttributes(task, path, entry);
}

function makeDirectory(task: Task, path: string): void {
  if (task.statIfPresent(path, AT_SYMLINK_NOFOLLOW) === undefined) task.mkdir(path, 0o755);
}

function putFile(task: Task, path: string, content: string | Uint8Array): void {
  const fd = task.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644);
  task.write(fd, bytesOf(content));
  task.close(fd);
}

function putLink(task: Task, path: string, target: string): void {
  makeParents(task, path);
  task.link(absolute(target), path);
}

function setAttributes(task: Task, path: string, entry: TreeAttributes): void {
  if (entry.uid !== undefined || entry.gid !== undefined) task.lchown(path, entry.uid ?? -1, entry.gid ?? -1);
  if (entry.mode !== undefined && !('symlink' in entry)) task.chmod(path, entry.mode & 0o7777);
  for (const [name, value] of Object.entries(entry.xattrs ?? {})) task.lsetxattr(path, name, bytesOf(value));
}

function setTimes(task: Task, path: string, entry: TreeEntry): void {
  if (entry === null || typeof entry === 'string' || entry instanceof Uint8Array || isLink(entry)) return;
  const { mtime } = entry as TreeAttributes;
  if (mtime === undefined) return;
  const time = typeof mtime === 'number' ? { sec: Math.floor(mtime), nsec: Math.round((mtime % 1) * 1e9) } : mtime;
  task.utimensat(AT_FDCWD, path, time, time, AT_SYMLINK_NOFOLLOW);
}
