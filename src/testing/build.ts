/** Puts a layer, given as data, onto a machine. */
import { FS_IOC_SETFLAGS } from '../abi/fileattr.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } from '../abi/flags.ts';
import type { Layer, LayerEntry } from './layers.ts';
import { attempt, bytesOf, type SubjectTask } from './subject.ts';

/** Makes the directories above `path`, as far as they are missing. */
export function makeParents(task: SubjectTask, path: string): void {
  for (let at = path.indexOf('/', 1); at > 0; at = path.indexOf('/', at + 1)) {
    attempt(() => task.mkdir(path.slice(0, at), 0o755));
  }
}

function make(task: SubjectTask, root: string, path: string, entry: LayerEntry): void {
  switch (entry.type) {
    case 'directory':
      if (entry.path !== '') task.mkdir(path, 0o755);
      break;
    case 'file': {
      const fd = task.open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644);
      task.ftruncate(fd, entry.content.hole);
      task.pwrite(fd, bytesOf(entry.content.letter, entry.content.length), entry.content.hole);
      task.close(fd);
      break;
    }
    case 'symlink':
      task.symlink(entry.target.replace('ROOT', root), path);
      break;
    case 'link':
      task.link(`${root}/${entry.to}`, path);
      break;
    case 'node':
      task.mknod(path, entry.format | 0o600, entry.rdev);
  }
}

function decorate(task: SubjectTask, path: string, entry: LayerEntry): void {
  task.lchown(path, entry.uid, entry.gid);
  if (entry.type !== 'symlink') task.chmod(path, entry.mode);
  for (const [name, value] of entry.xattrs) task.lsetxattr(path, name, new TextEncoder().encode(value));
}

/** A symlink on the way would lead out of the layer. */
function isBelow(path: string, symlinks: ReadonlySet<string>): boolean {
  for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
    if (symlinks.has(path.slice(0, at))) return true;
  }
  return false;
}

/**
 * Builds `layer` in the directory `root`. An entry that cannot be made (its name is taken, a file or a symlink is in the way) is
 * left out, as a later file of a tar would be. Last of all, every object gets an old mtime and atime.
 *
 * @param links what `ROOT` stands for in the targets of symlinks
 * @returns for each entry the code of its failure, if any
 */
export function buildLayer(task: SubjectTask, root: string, layer: Layer, links = root): (string | undefined)[] {
  const made = new Map<string, LayerEntry['mtime']>();
  const symlinks = new Set<string>();
  const results = layer.map((entry) => {
    const path = entry.path === '' ? root : `${root}/${entry.path}`;
    if (isBelow(entry.path, symlinks)) return 'ENOTDIR';
    return attempt(() => {
      makeParents(task, path);
      make(task, entry.type === 'link' ? root : links, path, entry);
      if (entry.type === 'symlink') symlinks.add(entry.path);
      decorate(task, path, entry);
      made.set(entry.path, entry.mtime);
    });
  });
  settleTimes(task, root, made);
  layer.forEach((entry, index) => {
    const path = entry.path === '' ? root : `${root}/${entry.path}`;
    if (results[index] === undefined && entry.attributes) setAttributes(task, path, entry.attributes);
  });
  return results;
}

/** As far as the filesystem keeps them: last, because a protected object can be changed no more. */
function setAttributes(task: SubjectTask, path: string, attributes: number): void {
  attempt(() => {
    const fd = task.open(path, O_RDONLY | O_NOFOLLOW);
    attempt(() => task.ioctl(fd, FS_IOC_SETFLAGS, attributes));
    task.close(fd);
  });
}

const parentTime = { sec: 1_100_000_000, nsec: 1 };

/** Sets the times bottom-up, so that nothing that is still to come changes them. */
function settleTimes(task: SubjectTask, root: string, times: Map<string, LayerEntry['mtime']>): void {
  const paths = new Set(['']);
  for (const path of times.keys()) {
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) paths.add(path.slice(0, at));
    paths.add(path);
  }
  for (const path of [...paths].sort((a, b) => b.length - a.length)) {
    const time = times.get(path) ?? parentTime;
    attempt(() => task.utimensat(AT_FDCWD, path === '' ? root : `${root}/${path}`, time, time, AT_SYMLINK_NOFOLLOW));
  }
}
