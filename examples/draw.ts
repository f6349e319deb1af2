/** Draws a directory of a machine as a tree, with the notes that overlayfs leaves in it. */
import type { Task } from 'lowerdir/kernel';
import { isDirectory, isRegular, isSymlink, isWhiteout, O_NOATIME } from 'lowerdir/abi';

const text = new TextDecoder();

function contentOf(task: Task, path: string, size: number): string {
  const fd = task.open(path, O_NOATIME);
  const bytes = new Uint8Array(size);
  task.read(fd, bytes);
  task.close(fd);
  return text.decode(bytes);
}

/** What is worth telling of one name: what it is, how many names it has, and the attributes of overlayfs. */
function told(task: Task, path: string): string {
  const { mode, rdev, nlink, size } = task.lstat(path);
  if (isWhiteout(mode, rdev)) return ' (whiteout)';
  const words = isRegular(mode) ? [JSON.stringify(contentOf(task, path, size))] : [];
  if (isSymlink(mode)) words.push(`-> ${task.readlink(path)}`);
  if (isRegular(mode) && nlink > 1) words.push(`nlink ${nlink}`);
  for (const name of task.llistxattr(path)) words.push(`[${name.replace('trusted.overlay.', '')}]`);
  return (isDirectory(mode) ? '/ ' : ' ') + words.join(' ');
}

/** One line for each name below `path`, sorted, two spaces deeper in each directory. */
export function draw(task: Task, path: string, indent = ''): string[] {
  const fd = task.open(path, 0);
  const names = task.getdents(fd).map(({ name }) => name);
  task.close(fd);
  const lines: string[] = [];
  for (const name of names.filter((each) => each !== '.' && each !== '..').sort()) {
    const below = `${path}/${name}`;
    lines.push(`${indent}${name}${told(task, below)}`.trimEnd());
    if (isDirectory(task.lstat(below).mode)) lines.push(...draw(task, below, `${indent}  `));
  }
  return lines;
}
