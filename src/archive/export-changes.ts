/**
 * Makes a layer's tar of a list of changes, or of a whole tree: what drivers write that compare trees.
 *
 * @see moby pkg/archive changes.go (ExportChanges, ChangesSize), archive.go (Tar), daemon/graphdriver/fsdiff.go
 */
import { AT_SYMLINK_NOFOLLOW } from '../abi/flags.ts';
import { isDirectory, isSocket } from '../abi/mode.ts';
import { baseName, compareNames, directoryName } from '../abi/name-bytes.ts';
import type { Stat, Timespec } from '../abi/stat.ts';
import { WHITEOUT_META_PREFIX, WHITEOUT_OPAQUE, WHITEOUT_PREFIX } from '../abi/whiteout.ts';
import type { Task } from '../kernel/task.ts';
import type { Change } from './change.ts';
import { FileEntries } from './file-entry.ts';
import { inodeKey } from './inode-key.ts';
import { listNames } from './list-names.ts';
import { noOwnerNames, type OwnerNames } from './owner-names.ts';
import { REGTYPE, type TarEntry, type TarHeader } from './tar-entry.ts';
import { writeArchive } from './tar-writer.ts';

/**
 * The tar of the changes, with the files of the tree at `root`, sorted by their whole paths: `d/a/`, `d/a-b`, `d/a/x`.
 *
 * A deletion becomes an empty file of mode 0 and of nobody, named `.wh.NAME`, of the machine's time then; directories
 * are there only if the list has them. Sockets are left out, as is what is not there any more.
 *
 * @throws ErrnoException of what cannot be read; ArchiveError `ERR_TAR_SIZE` for a file that changes meanwhile
 */
export function* exportChanges(
  task: Task,
  root: string,
  changes: readonly Change[],
  names: OwnerNames = noOwnerNames,
): Generator<Uint8Array, void> {
  yield* writeArchive(changeEntries(task, root, changes, names));
}

function* changeEntries(
  task: Task,
  root: string,
  changes: readonly Change[],
  names: OwnerNames,
): Generator<TarEntry, void> {
  const entries = new FileEntries(task, names);
  for (const { kind, path } of [...changes].sort((a, b) => compareNames(a.path, b.path))) {
    if (kind === 'D') yield { header: deletionOf(path, task.clockGettime()), body: [] };
    else {
      const stat = task.statIfPresent(`${root}${path}`, AT_SYMLINK_NOFOLLOW);
      if (stat !== undefined && !isSocket(stat.mode)) yield entryOf(task, entries, root, path.slice(1), stat);
    }
  }
}

/**
 * The tar of the whole tree, parents before children, names sorted by their bytes in each directory; the root itself is
 * left out, as are sockets. Nothing in it is taken for a whiteout.
 *
 * @throws ErrnoException of what cannot be read; ArchiveError `ERR_TAR_SIZE` for a file that changes meanwhile
 */
export function* packTree(task: Task, root: string, names: OwnerNames = noOwnerNames): Generator<Uint8Array, void> {
  yield* writeArchive(treeEntries(task, root, '', new FileEntries(task, names)));
}

/**
 * The tar of a branch of AUFS, as `packTree`: whiteouts are the files that they are in the tar of a layer. AUFS's own
 * files at the top are left out, but for the mark that hides all that lies below.
 *
 * @throws ErrnoException of what cannot be read; ArchiveError `ERR_TAR_SIZE` for a file that changes meanwhile
 * @see moby daemon/graphdriver/aufs/aufs.go (Diff)
 */
export function* packBranch(task: Task, root: string, names: OwnerNames = noOwnerNames): Generator<Uint8Array, void> {
  yield* writeArchive(treeEntries(task, root, '', new FileEntries(task, names), isOwnToAufs));
}

const isOwnToAufs = (path: string): boolean => path.startsWith(WHITEOUT_META_PREFIX) && path !== WHITEOUT_OPAQUE;

function* treeEntries(
  task: Task,
  root: string,
  below: string,
  entries: FileEntries,
  isLeftOut?: (path: string) => boolean,
): Generator<TarEntry, void> {
  for (const name of listNames(task, below === '' ? root : `${root}/${below}`)) {
    const path = below === '' ? name : `${below}/${name}`;
    if (isLeftOut?.(path)) continue;
    const stat = task.lstat(`${root}/${path}`);
    if (!isSocket(stat.mode)) yield entryOf(task, entries, root, path, stat);
    if (isDirectory(stat.mode)) yield* treeEntries(task, root, path, entries, isLeftOut);
  }
}

function entryOf(task: Task, entries: FileEntries, root: string, path: string, stat: Stat): TarEntry {
  const file = `${root}/${path}`;
  return entries.entry({ file, path, stat, xattrs: task.llistxattr(file) });
}

/** Go rounds a time that nobody asked it to keep to the nearest second. @see Go archive/tar writer.go (WriteHeader) */
function deletionOf(path: string, now: Timespec): TarHeader {
  const directory = directoryName(path);
  return {
    name: `${directory === '/' ? '' : directory}/${WHITEOUT_PREFIX}${baseName(path)}`.slice(1),
    type: REGTYPE,
    linkname: '',
    mode: 0,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: { sec: now.nsec >= 5e8 ? now.sec + 1 : now.sec, nsec: 0 },
    uname: '',
    gname: '',
    devmajor: 0,
    devminor: 0,
    xattrs: new Map(),
  };
}

/** The bytes of what was added or changed: directories and deletions count 0, a file of several names counts once. */
export function changesSize(task: Task, root: string, changes: readonly Change[]): number {
  const seen = new Set<string>();
  let size = 0;
  for (const { kind, path } of changes) {
    const stat = kind === 'D' ? undefined : task.statIfPresent(`${root}${path}`, AT_SYMLINK_NOFOLLOW);
    if (stat === undefined || isDirectory(stat.mode)) continue;
    const inode = inodeKey(stat);
    if (stat.nlink > 1 && seen.has(inode)) continue;
    seen.add(inode);
    size += stat.size;
  }
  return size;
}
