/**
 * Path walk: from a path to a place in the tree, component by component, bounded by the root, crossing mounts and
 * following symlinks.
 *
 * @see fs/namei.c link_path_walk(), Documentation/filesystems/path-lookup.rst
 */
import { type ErrnoCode, raise } from '../abi/errno.ts';
import { AT_FDCWD, MS_NOSYMFOLLOW, PATH_MAX } from '../abi/flags.ts';
import { isDirectory, isSymlink, S_ISVTX } from '../abi/mode.ts';
import { touchAtime } from './atime.ts';
import type { TaskContext } from './context.ts';
import type { Dentry } from './dentry.ts';
import { isLongerThan, lookupDentry } from './lookup.ts';
import type { Mount, Path } from './mount.ts';
import { searchRefusal } from './permission.ts';

/** The most symlinks that one walk follows. @see MAXSYMLINKS */
const MAX_SYMLINKS = 40;

/** What the last component of a path is. */
export type LastType = 'norm' | 'dot' | 'dotdot' | 'root';

/** How a walk treats its last component. */
export const LOOKUP_FOLLOW = 1;
export const LOOKUP_DIRECTORY = 2;
export const LOOKUP_EMPTY = 4;
export const LOOKUP_OPEN = 8;

/** A walk in progress: where it stands and what is left. @see struct nameidata */
export class Nameidata {
  readonly task: TaskContext;
  mount: Mount;
  dentry: Dentry;
  /** The component that the walk stopped before. */
  last = '';
  lastType: LastType = 'root';
  /** The path ends in a slash: the last component has to be a directory. */
  trailingSlash = false;
  #links = 0;

  constructor(task: TaskContext) {
    this.task = task;
    this.mount = task.fs.cwd.mount;
    this.dentry = task.fs.cwd.dentry;
  }

  /** Starts at `dirfd`, at the working directory or at the root. */
  start(dirfd: number, path: string, flags: number): ErrnoCode | undefined {
    if (path.length === 0 && (flags & LOOKUP_EMPTY) === 0) return 'ENOENT';
    if (isLongerThan(path, PATH_MAX - 1)) return 'ENAMETOOLONG';
    const { fs } = this.task;
    let at = fs.cwd;
    if (path.charCodeAt(0) === 47) at = fs.root;
    else if (dirfd !== AT_FDCWD) {
      const file = this.task.files.peek(dirfd);
      if (file === undefined) return 'EBADF';
      if (path.length > 0 && !isDirectory(file.inode.mode)) return 'ENOTDIR';
      at = file;
    }
    this.mount = at.mount;
    this.dentry = at.dentry;
    return undefined;
  }

  /** Walks all components but the last, which is left in `last`. */
  walkParent(path: string): ErrnoCode | undefined {
    const end = path.length;
    let i = 0;
    if (path.charCodeAt(0) === 47) {
      this.mount = this.task.fs.root.mount;
      this.dentry = this.task.fs.root.dentry;
    }
    while (path.charCodeAt(i) === 47) i++;
    this.trailingSlash = false;
    if (i === end) {
      this.last = '';
      this.lastType = path.length === 0 ? 'dot' : 'root';
      return undefined;
    }
    for (;;) {
      const refusal = searchRefusal(this.task.kernel, this.dentry.inode!);
      if (refusal !== undefined) return refusal;
      let stop = path.indexOf('/', i);
      if (stop < 0) stop = end;
      const name = path.slice(i, stop);
      i = stop;
      while (i < end && path.charCodeAt(i) === 47) i++;
      if (i >= end) {
        this.trailingSlash = stop < end;
        this.last = name;
        this.lastType = name === '.' ? 'dot' : name === '..' ? 'dotdot' : 'norm';
        return undefined;
      }
      const failed = this.#walkThrough(name, path, i);
      if (failed === 'followed') return undefined;
      if (failed !== undefined) return failed;
    }
  }

  /** Steps into a component that has more behind it; a symlink takes the rest of the path along. */
  #walkThrough(name: string, path: string, rest: number): ErrnoCode | 'followed' | undefined {
    if (name === '.') return undefined;
    if (name === '..') {
      this.goUp();
      return undefined;
    }
    const child = lookupDentry(this.dentry, name);
    const inode = child.inode;
    if (inode === undefined) return 'ENOENT';
    if (isSymlink(inode.mode)) {
      const target = this.readTarget(child);
      if (target.error !== undefined) return target.error;
      return this.walkParent(`${target.path}/${path.slice(rest)}`) ?? 'followed';
    }
    this.stepTo(child);
    return isDirectory(this.dentry.inode!.mode) ? undefined : 'ENOTDIR';
  }

  /** Steps to `child`, and on to whatever is mounted there. */
  stepTo(child: Dentry): void {
    this.dentry = child;
    while (this.dentry.mounted > 0) {
      const above = this.mount.children.get(this.dentry);
      if (above === undefined) return;
      this.mount = above;
      this.dentry = above.root;
    }
  }

  /** `..`: never above the root, and out of a mount through its mountpoint. @see follow_dotdot() */
  goUp(): void {
    const { root } = this.task.fs;
    for (;;) {
      if (this.dentry === root.dentry && this.mount === root.mount) break;
      if (this.dentry !== this.mount.root) {
        this.dentry = this.dentry.parent;
        break;
      }
      if (this.mount.parent === undefined) break;
      this.dentry = this.mount.mountpoint!;
      this.mount = this.mount.parent;
    }
    this.stepTo(this.dentry);
  }

  /** The target of a symlink that is about to be followed. @see pick_link() */
  readTarget(link: Dentry): { path: string; error?: ErrnoCode } {
    this.#links++;
    if (this.#links > MAX_SYMLINKS) return { path: '', error: 'ELOOP' };
    if ((this.mount.flags & MS_NOSYMFOLLOW) !== 0) return { path: '', error: 'ELOOP' };
    const inode = link.inode!;
    if (this.task.kernel.profile.protectedSymlinks && this.#isProtected(link)) return { path: '', error: 'EACCES' };
    touchAtime(this.mount, inode);
    return { path: inode.readlink() };
  }

  /** Somebody else's symlink in a sticky, world-writable directory. @see may_follow_link() */
  #isProtected(link: Dentry): boolean {
    const parent = this.dentry.inode!;
    const sticky = S_ISVTX | 2;
    if (link.inode!.uid === this.task.credentials.fsuid || (parent.mode & sticky) !== sticky) return false;
    return parent.uid !== link.inode!.uid;
  }

  /** The last component, looked up in the directory that `walkParent` reached; negative where it is missing. */
  lookupLast(isLocked = false): Dentry {
    return lookupDentry(this.dentry, this.last, isLocked);
  }

  /** Ends a walk whose last component was not looked up. @see complete_walk() */
  complete(flags: number): ErrnoCode | undefined {
    return this.dentry.superblock.weakRevalidate?.(this.dentry, flags) === false ? 'ESTALE' : undefined;
  }

  /** Walks a whole path; the place is then in `mount` and `dentry`. */
  walk(path: string, flags: number): ErrnoCode | undefined {
    let rest = path;
    for (;;) {
      const refusal = this.walkParent(rest);
      if (refusal !== undefined) return refusal;
      if (this.lastType === 'dotdot') this.goUp();
      if (this.lastType !== 'norm') return this.complete(flags);
      const child = this.lookupLast();
      if (child.inode === undefined) return 'ENOENT';
      const follow = this.trailingSlash || (flags & LOOKUP_FOLLOW) !== 0;
      if (!follow || !isSymlink(child.inode.mode)) {
        this.stepTo(child);
        const wantsDirectory = this.trailingSlash || (flags & LOOKUP_DIRECTORY) !== 0;
        return wantsDirectory && !isDirectory(this.dentry.inode!.mode) ? 'ENOTDIR' : undefined;
      }
      const target = this.readTarget(child);
      if (target.error !== undefined) return target.error;
      rest = this.trailingSlash ? `${target.path}/` : target.path;
    }
  }
}

/** The place that `path` names, or why there is none. @see filename_lookup() */
export function walkPath(task: TaskContext, dirfd: number, path: string, flags: number): Nameidata | ErrnoCode {
  const walk = new Nameidata(task);
  const refusal = walk.start(dirfd, path, flags) ?? walk.walk(path, flags);
  if (refusal !== undefined) return refusal;
  walk.mount.expiring = false;
  return walk;
}

/** The place that `path` names. @throws Errno ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG, EBADF, ESTALE */
export function resolvePath(task: TaskContext, dirfd: number, path: string, flags: number): Path {
  const found = walkPath(task, dirfd, path, flags);
  return typeof found === 'string' ? raise(found) : found;
}

/** The directory of the last component of `path`, which is left in `last`. @see filename_parentat() */
export function resolveParent(task: TaskContext, dirfd: number, path: string): Nameidata {
  const walk = new Nameidata(task);
  const refusal = walk.start(dirfd, path, 0) ?? walk.walkParent(path);
  const invalid = refusal ?? (walk.lastType === 'norm' ? undefined : walk.complete(0));
  return invalid === undefined ? walk : raise(invalid);
}

/**
 * The directory and the free name at the end of `path`, for calls that make one. @see filename_create()
 *
 * @throws Errno EEXIST, EROFS; ENOENT for a trailing slash unless a directory is made
 */
export function resolveNew(
  task: TaskContext,
  dirfd: number,
  path: string,
  makesDirectory: boolean,
): { walk: Nameidata; dentry: Dentry } {
  const walk = resolveParent(task, dirfd, path);
  if (walk.lastType !== 'norm') raise('EEXIST');
  const dentry = walk.lookupLast();
  if (dentry.inode !== undefined) raise('EEXIST');
  if (walk.trailingSlash && !makesDirectory) raise('ENOENT');
  if (walk.mount.readOnly) raise('EROFS');
  return { walk, dentry };
}

/** The path from `root` to a place, or `undefined` where it cannot be reached from there. @see d_path() */
export function pathFrom(root: Path, place: Path): string | undefined {
  const { path, reached } = pathUpFrom(root, place);
  return reached ? path : undefined;
}

/** The path of a place up to `root`, or as far up as mounts lead where that is not above it. @see prepend_path() */
export function pathUpFrom(root: Path, place: Path): { path: string; reached: boolean } {
  let { mount, dentry } = place;
  const names: string[] = [];
  const found = (reached: boolean) => ({ path: `/${names.reverse().join('/')}`, reached });
  while (!(dentry === root.dentry && mount === root.mount)) {
    if (dentry === mount.root) {
      if (mount.parent === undefined) return found(false);
      dentry = mount.mountpoint!;
      mount = mount.parent;
      continue;
    }
    if (dentry.isRoot) return found(false);
    names.push(dentry.name);
    dentry = dentry.parent;
  }
  return found(true);
}
