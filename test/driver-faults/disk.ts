/** What lies on a machine's disk below /var/lib/docker, what is mounted there, and what its tasks hold open. */
import { isDirectory, isRegular, isSymlink } from '../../src/abi/mode.ts';
import { listNames } from '../../src/archive/list-names.ts';
import type { Task } from '../../src/kernel/task.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { DOCKER } from './daemon.ts';

/** What comes and goes as one: a layer in a driver's home, a folder of the layerdb, or anything else that has a name there. */
export type Items = ReadonlyMap<string, string>;

/** Folders whose entries are items. */
const folders =
  /^(\/(overlay2(\/l)?|overlay|aufs(\/(layers|diff|mnt))?|vfs(\/dir)?|image|image\/\w+(\/layerdb(\/(sha256|mounts|tmp))?)?))?$/;

/** Each item with all that is in it. Looking changes nothing on the machine. */
export function itemsOf(machine: Machine): Items {
  const items = new Map<string, string>();
  const { task } = machine.fork();
  const visit = (name: string): void => {
    if (!folders.test(name)) {
      items.set(name, linesOf(task, DOCKER + name).join('\n'));
      return;
    }
    items.set(name, 'folder');
    for (const child of listNames(task, DOCKER + name)) visit(`${name}/${child}`);
  };
  visit('');
  return items;
}

/** What overlayfs notes in an upper layer when it is mounted or looked at, whenever that is. */
const MOUNTS_NOTES = /^trusted\.overlay\.(uuid|impure|origin)$/;

/** What AUFS makes in a writable branch when it is mounted; what lies in these folders is told. */
const MOUNTS_MAKES = /^\/\.wh\.\.wh\.(aufs|orph|plnk)$/;

/** What lies below a path: all of it but the times of directories, and what overlayfs clears and AUFS makes when they mount. */
function linesOf(task: Task, root: string): string[] {
  const lines: string[] = [];
  const { dev } = task.lstat(DOCKER);
  const visit = (path: string, name: string): void => {
    const stat = task.lstat(path);
    if (stat.dev !== dev || /^\/work\/work(\/|$)/.test(name)) return;
    const { mode, uid, gid, rdev, mtime } = stat;
    const keys = task.llistxattr(path).filter((key) => !MOUNTS_NOTES.test(key));
    const xattrs = keys.map((key) => `${key}=${task.lgetxattr(path, key)}`);
    let line = `${name} ${mode.toString(8)} ${uid}:${gid} ${rdev} [${xattrs.sort()}]`;
    if (isRegular(mode)) line += ` ${contentOf(task, path, stat.size)}`;
    if (isSymlink(mode)) line += ` -> ${task.readlink(path)}`;
    const time = mtime.sec < 1_700_000_000 ? `${mtime.sec}.${mtime.nsec}` : 'now';
    if (!MOUNTS_MAKES.test(name)) lines.push(isDirectory(mode) ? line : `${line} @${time}`);
    if (isDirectory(mode)) for (const child of listNames(task, path)) visit(`${path}/${child}`, `${name}/${child}`);
  };
  visit(root, '');
  return lines;
}

function contentOf(task: Task, path: string, size: number): string {
  const fd = task.open(path, 0);
  const bytes = new Uint8Array(size);
  task.read(fd, bytes);
  task.close(fd);
  return Buffer.from(bytes).toString('latin1');
}

/** The items without what is drawn at random and without times: what tells one try from another. */
export function shapeOf(items: Items): string[] {
  const lines = [...items].map(([name, text]) => `${name}\n${text}`);
  return lines.map((each) => each.replace(/ @\S+$/gm, '').replace(/[0-9a-f]{64}|\b[A-Z2-7]{26}\b/g, 'ID')).sort();
}

/** What is mounted when a machine has started, whoever runs there. */
const AT_START: ReadonlySet<string> = new Set(['/', '/proc', '/dev/shm']);

/** Where something is mounted besides. */
export function mountsOf(machine: Machine): string[] {
  const { task } = machine.fork();
  const fd = task.open('/proc/self/mountinfo', 0);
  const bytes = new Uint8Array(65536);
  const text = new TextDecoder().decode(bytes.subarray(0, task.read(fd, bytes)));
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[4]!)
    .filter((path) => !AT_START.has(path));
}

/** How many descriptors are open, in each task. */
export const openIn = ({ kernel }: Machine): number[] =>
  [...kernel.tasks].map(({ files }) => [...files.entries()].length);
