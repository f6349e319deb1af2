/** The canonical listing of a tree: what whole directories are compared by. */
import { O_DIRECTORY, O_NOATIME, O_NOFOLLOW, O_RDONLY, SEEK_DATA, SEEK_HOLE } from '../abi/flags.ts';
import { FS_IOC_GETFLAGS } from '../abi/fileattr.ts';
import { isDirectory, isRegular, isSymlink } from '../abi/mode.ts';
import { type Describer, describeBytes } from './describe.ts';
import { resultOf, type SubjectTask } from './subject.ts';

const CHUNK = 1 << 16;
const READ = O_RDONLY | O_NOATIME | O_NOFOLLOW;

const told = (action: () => string): string => {
  const result = resultOf(action);
  if ('ok' in result) return result.ok;
  return 'err' in result ? `!${result.err}` : `!crash ${result.crash}`;
};

function withOpen<T>(task: SubjectTask, path: string, flags: number, action: (fd: number) => T): T {
  const fd = task.open(path, flags);
  try {
    return action(fd);
  } finally {
    task.close(fd);
  }
}

function readRange(task: SubjectTask, fd: number, from: number, to: number): string {
  const bytes = new Uint8Array(to - from);
  for (let at = from; at < to; ) {
    const got = task.pread(fd, bytes.subarray(at - from, Math.min(at - from + CHUNK, bytes.length)), at);
    if (got === 0) return `${describeBytes(bytes.subarray(0, at - from))} !short`;
    at += got;
  }
  return describeBytes(bytes);
}

/** Where data begins at or behind `from`, or `size` where only a hole is left. */
function nextData(task: SubjectTask, fd: number, from: number, size: number): number {
  const answer = resultOf(() => String(task.lseek(fd, from, SEEK_DATA)));
  if ('ok' in answer) return Number(answer.ok);
  if ('err' in answer && answer.err === 'ENXIO') return size;
  throw new Error(JSON.stringify(answer));
}

/** What chattr(1) set, told where there is something. */
function attributesOf(task: SubjectTask, fd: number): string {
  const flags = told(() => Number(task.ioctl(fd, FS_IOC_GETFLAGS)).toString(16));
  return flags === '0' ? '' : `attributes ${flags}`;
}

/** A file's data by offset, without its holes. */
function contentOf(task: SubjectTask, path: string, describer: Describer): string {
  return withOpen(task, path, READ, (fd) => {
    const { size } = task.fstat(fd);
    const parts: string[] = [];
    for (let at = nextData(task, fd, 0, size); at < size; ) {
      const end = task.lseek(fd, at, SEEK_HOLE);
      parts.push(`${at}:${readRange(task, fd, at, end)}`);
      at = end < size ? nextData(task, fd, end, size) : size;
    }
    const attributes = attributesOf(task, fd);
    if (attributes !== '') parts.push(attributes);
    return describer.masks.has('holes') ? parts.join(' ').replace(/\d+:|\\0(\*\d+)?/g, '') : parts.join(', ');
  });
}

function xattrsOf(task: SubjectTask, path: string, describer: Describer): string {
  const names = describer.sorted(task.llistxattr(path));
  const values = names.map((name) => `${name}=${told(() => describer.xattr(name, task.lgetxattr(path, name)))}`);
  return values.length === 0 ? '' : ` {${values.join(', ')}}`;
}

function entryOf(task: SubjectTask, path: string, name: string, describer: Describer, lines: string[]): void {
  let mode = 0;
  const stat = told(() => {
    const found = task.lstat(path);
    mode = found.mode;
    return describer.stat(found);
  });
  const xattrs = told(() => xattrsOf(task, path, describer));
  let rest = '';
  if (isSymlink(mode)) rest = ` -> ${told(() => task.readlink(path))}`;
  if (isRegular(mode)) rest = ` "${told(() => contentOf(task, path, describer))}"`;
  lines.push(`${name} ${stat}${xattrs}${rest}`);
  if (isDirectory(mode)) listInto(task, path, name, describer, lines);
}

function listInto(task: SubjectTask, path: string, name: string, describer: Describer, lines: string[]): void {
  const answer = told(() =>
    withOpen(task, path, READ | O_DIRECTORY, (fd) => {
      const entries = describer.sorted(
        task
          .getdents(fd)
          .map(
            (entry) => `${entry.name}/${entry.type}/${describer.entry(task.fstat(fd).dev, entry.ino64 ?? entry.ino)}`,
          ),
      );
      const shown = entries.map(
        (entry) => describer.name(entry.slice(0, entry.indexOf('/'))) + entry.slice(entry.indexOf('/')),
      );
      lines.push(`${name}/: ${shown.join(' ')} ${attributesOf(task, fd)}`.trimEnd());
      for (const entry of entries) {
        const child = entry.slice(0, entry.indexOf('/'));
        if (child === '.' || child === '..') continue;
        entryOf(task, `${path}/${child}`, `${name}/${describer.name(child)}`, describer, lines);
      }
      return '';
    }),
  );
  if (answer !== '') lines.push(`${name}/: ${answer}`);
}

/**
 * Lists the tree at `path`: one line for each object, in the order in which the filesystem lists them, with its class
 * of inode, attributes, extended attributes, and content or target; and one for each listing. Needs a caller who may
 * read everything. Times of access stay as they are but for symlinks.
 */
export function dumpTree(task: SubjectTask, path: string, describer: Describer): string[] {
  const lines: string[] = [];
  entryOf(task, path, path.slice(path.lastIndexOf('/') + 1), describer, lines);
  return lines;
}
