/** Draws directories of a machine as trees, with the notes that overlayfs leaves in them. */
import { isDirectory, isRegular, isSymlink, isWhiteout, O_NOATIME } from 'lowerdir/abi';
import type { Task } from 'lowerdir/kernel';

const text = new TextDecoder();
const OURS = 'trusted.overlay.';

/** Where each inode number was found first. */
type Places = Map<number, string>;

function namesIn(task: Task, path: string): string[] {
  const fd = task.open(path, O_NOATIME);
  const names = task.getdents(fd).map(({ name }) => name);
  task.close(fd);
  return names.filter((name) => name !== '.' && name !== '..').sort();
}

/** What `path` names; `undefined` for a name that is listed and not there. */
const found = (task: Task, path: string) => {
  try {
    return task.lstat(path);
  } catch {
    return undefined;
  }
};

/** What is mounted below has numbers of its own. */
function findPlaces(task: Task, path: string, places: Places, dev = found(task, path)?.dev): void {
  const stat = found(task, path);
  if (stat === undefined || stat.dev !== dev) return;
  if (!places.has(stat.ino)) places.set(stat.ino, path);
  if (isDirectory(stat.mode)) for (const name of namesIn(task, path)) findPlaces(task, `${path}/${name}`, places, dev);
}

/** Where the object of a file handle lies: tmpfs puts the inode number behind a header of 21 and a generation of 4 bytes. */
function placeOf(handle: Uint8Array, places: Places): string | undefined {
  if (handle.length !== 33 || handle[1] !== 0xfb) return undefined;
  return places.get(new DataView(handle.buffer, handle.byteOffset).getUint32(25, true));
}

/** A name in the index is a handle in hexadecimal, a passing name of the work directory is a number. */
function shownName(name: string, places: Places): string {
  if (/^#[0-9a-f]+$/.test(name)) return '#…';
  if (!/^00fb([0-9a-f]{2})+$/.test(name)) return name;
  const handle = Uint8Array.from(name.match(/../g)!, (byte) => Number.parseInt(byte, 16));
  return `‹handle of ${placeOf(handle, places) ?? 'what is gone'}›`;
}

/** Attributes of overlayfs in brackets, without `trusted.overlay.`; others as they are. */
function attributesOf(task: Task, path: string, places: Places): string[] {
  return task
    .llistxattr(path)
    .sort()
    .map((name) => {
      const value = task.lgetxattr(path, name);
      const place = placeOf(value, places);
      const isText = value.length > 0 && value.every((byte) => byte >= 0x20 && byte < 0x7f);
      const tail = place === undefined ? (isText ? `=${text.decode(value)}` : '') : ` → ${place}`;
      return name.startsWith(OURS) ? `[${name.slice(OURS.length)}${tail}]` : `${name}${tail}`;
    });
}

function contentOf(task: Task, path: string, size: number, blocks: number): string {
  if (size > 0 && blocks === 0) return `(${size} bytes, a hole)`;
  const fd = task.open(path, O_NOATIME);
  const bytes = new Uint8Array(size);
  task.read(fd, bytes);
  task.close(fd);
  return JSON.stringify(text.decode(bytes));
}

/** What is worth telling of one name: what it is, how many names it has, and its attributes. */
function told(task: Task, path: string, places: Places): string {
  const stat = found(task, path);
  if (stat === undefined) return ' (listed, not there)';
  const { mode, rdev, nlink, size, blocks } = stat;
  if (isWhiteout(mode, rdev)) return ' (whiteout)';
  const words: string[] = [];
  if (isRegular(mode)) {
    try {
      words.push(contentOf(task, path, size, blocks));
    } catch (error) {
      words.push(`(${(error as NodeJS.ErrnoException).code})`);
    }
    if (nlink > 1) words.push(`nlink ${nlink}`);
  }
  if (isSymlink(mode)) words.push(`-> ${task.readlink(path)}`);
  words.push(...attributesOf(task, path, places));
  return [isDirectory(mode) ? '/' : '', ...words].join(' ');
}

function branches(task: Task, path: string, places: Places, indent: string): string[] {
  const names = namesIn(task, path).map((name) => ({ name, shown: shownName(name, places) }));
  names.sort((a, b) => (a.shown < b.shown ? -1 : 1));
  return names.flatMap(({ name, shown }, i) => {
    const isLast = i === names.length - 1;
    const below = `${path}/${name}`;
    const line = `${indent}${isLast ? '└── ' : '├── '}${shown}${told(task, below, places)}`;
    const stat = found(task, below);
    if (stat === undefined || !isDirectory(stat.mode)) return [line];
    return [line, ...branches(task, below, places, indent + (isLast ? '    ' : '│   '))];
  });
}

/**
 * The trees below `paths`, one line a name, sorted. A file handle is shown as the place of its object where that lies
 * below one of `paths`, the first of them that has it.
 */
export function draw(task: Task, ...paths: string[]): string {
  const places: Places = new Map();
  for (const path of paths) findPlaces(task, path, places);
  const lines = paths.flatMap((path) => [
    [path, ...attributesOf(task, path, places)].join(' '),
    ...branches(task, path, places, ''),
  ]);
  return lines.join('\n');
}
