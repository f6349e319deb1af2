/**
 * What differs between two whole trees: how Docker finds out what a container changed wherever a layer does not tell it
 * by itself, and always for `docker diff`.
 *
 * @see moby pkg/archive changes.go (ChangesDirs, addChanges), changes_linux.go (walker), changes_unix.go (statDifferent)
 */
import { AT_SYMLINK_NOFOLLOW } from '../abi/flags.ts';
import { isDirectory, S_IFDIR } from '../abi/mode.ts';
import { compareNames } from '../abi/name-bytes.ts';
import type { Dirent, Stat, Timespec } from '../abi/stat.ts';
import { XATTR_SECURITY_CAPABILITY } from '../abi/xattr.ts';
import type { Task } from '../kernel/task.ts';
import type { Change } from './change.ts';
import { listEntries } from './list-names.ts';

/**
 * The changes that make `newRoot` of `oldRoot`; without the latter everything is an addition.
 *
 * - what only the new tree has is `'A'` with all below it; what only the old one has is `'D'`, without what is below it
 * - what both have is `'C'` where mode, owner, device or `security.capability` differ, or the size or modification time
 *   of what is no directory; seconds count where either time has no nanoseconds, as of a file that came from a tar
 * - an unchanged directory is `'C'` when something below it changed, and comes before that
 * - what became a directory, or ceased to be one, is `'C'`; what was below is not told
 * - names that lead to one inode in both trees are not looked at
 *
 * A file that was rewritten with the same size and time is missed. Names are in the order of their bytes, the deletions
 * of a directory behind the rest of it; dockerd's order is random there.
 *
 * @example
 * ```ts
 * import { createMachine } from 'lowerdir';
 * import { compareTrees, formatChange } from 'lowerdir/archive';
 * const { task, fs } = createMachine();
 * fs.mkdirSync('/old/d', { recursive: true });
 * fs.mkdirSync('/new/d', { recursive: true });
 * fs.writeFileSync('/old/d/gone', '');
 * fs.writeFileSync('/new/d/added', '');
 * compareTrees(task, '/new', '/old').map(formatChange); // => ['C /d', 'A /d/added', 'D /d/gone']
 * ```
 */
export function compareTrees(task: Task, newRoot: string, oldRoot?: string): readonly Change[] {
  const comparison = new TreeComparison(task, newRoot, oldRoot ?? '');
  return comparison.below('', task.lstat(newRoot), oldRoot === undefined ? undefined : task.lstat(oldRoot));
}

/** A name, and what it leads to on either side. */
interface Pair {
  readonly path: string;
  readonly old: Stat | undefined;
  readonly now: Stat | undefined;
}

class TreeComparison {
  readonly #task: Task;
  readonly #newRoot: string;
  readonly #oldRoot: string;

  constructor(task: Task, newRoot: string, oldRoot: string) {
    this.#task = task;
    this.#newRoot = newRoot;
    this.#oldRoot = oldRoot;
  }

  /** What differs below the path, of which at least one side is a directory. */
  below(path: string, now: Stat, old: Stat | undefined): Change[] {
    const changes: Change[] = [];
    const deleted: Change[] = [];
    for (const pair of this.#pairs(path, now, old)) {
      if (pair.now === undefined) {
        // a name that is listed on both sides and leads to nothing on either: a whiteout of the lowest layer
        if (pair.old !== undefined) deleted.push({ kind: 'D', path: pair.path });
      } else for (const change of this.#changesOf(pair.path, pair.now, pair.old)) changes.push(change);
    }
    return deleted.length === 0 ? changes : changes.concat(deleted);
  }

  #changesOf(path: string, now: Stat, old: Stat | undefined): Change[] {
    const kind = old === undefined ? 'A' : this.#differs(path, now, old) ? 'C' : undefined;
    const inside = hasDirectoryBit(now) ? this.below(path, now, old) : [];
    if (kind === undefined && inside.length === 0) return inside;
    return [{ kind: kind ?? 'C', path }, ...inside];
  }

  *#pairs(path: string, now: Stat, old: Stat | undefined): Generator<Pair, void> {
    const sameDevice = old !== undefined && old.dev === now.dev;
    const before = old !== undefined && isDirectory(old.mode) ? listEntries(this.#task, `${this.#oldRoot}${path}`) : [];
    const after = isDirectory(now.mode) ? listEntries(this.#task, `${this.#newRoot}${path}`) : [];
    for (const [name, was, is] of merged(before, after)) {
      if (sameDevice && was !== undefined && is !== undefined && sameInode(was, is)) continue;
      const child = `${path}/${name}`;
      yield {
        path: child,
        old: was && this.#task.statIfPresent(`${this.#oldRoot}${child}`, AT_SYMLINK_NOFOLLOW),
        now: is && this.#task.statIfPresent(`${this.#newRoot}${child}`, AT_SYMLINK_NOFOLLOW),
      };
    }
  }

  #differs(path: string, now: Stat, old: Stat): boolean {
    if (statDiffers(now, old)) return true;
    return !sameBytes(this.#capability(`${this.#newRoot}${path}`), this.#capability(`${this.#oldRoot}${path}`));
  }

  #capability(file: string): Uint8Array | undefined {
    if (!this.#task.llistxattr(file).includes(XATTR_SECURITY_CAPABILITY)) return undefined;
    return this.#task.lgetxattr(file, XATTR_SECURITY_CAPABILITY);
  }
}

/** Docker tests one bit of the type, which block devices and sockets have too: it takes them for directories. */
const hasDirectoryBit = ({ mode }: Stat): boolean => (mode & S_IFDIR) !== 0;

function statDiffers(now: Stat, old: Stat): boolean {
  if (now.mode !== old.mode || now.uid !== old.uid || now.gid !== old.gid || now.rdev !== old.rdev) return true;
  return !hasDirectoryBit(old) && (!sameTime(now.mtime, old.mtime) || now.size !== old.size);
}

/** Tars of old have whole seconds only. */
const sameTime = (a: Timespec, b: Timespec): boolean =>
  a.sec === b.sec && (a.nsec === b.nsec || a.nsec === 0 || b.nsec === 0);

const sameInode = (a: Dirent, b: Dirent): boolean =>
  a.ino64 === undefined && b.ino64 === undefined ? a.ino === b.ino : (a.ino64 ?? a.ino) === (b.ino64 ?? b.ino);

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** The names of two sorted listings in their common order. */
function* merged(
  before: readonly Dirent[],
  after: readonly Dirent[],
): Generator<[name: string, was: Dirent | undefined, is: Dirent | undefined], void> {
  for (let left = 0, right = 0; left < before.length || right < after.length; ) {
    const was = before[left];
    const is = after[right];
    const order = was === undefined ? 1 : is === undefined ? -1 : compareNames(was.name, is.name);
    if (order <= 0) left++;
    if (order >= 0) right++;
    yield [(order <= 0 ? was! : is!).name, order <= 0 ? was : undefined, order >= 0 ? is : undefined];
  }
}
