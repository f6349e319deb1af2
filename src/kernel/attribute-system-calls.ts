import type { ErrnoCode } from '../abi/errno.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW } from '../abi/flags.ts';
import type { Stat, StatFS, Timespec } from '../abi/stat.ts';
import {
  accessAt,
  chmodAt,
  chmodPath,
  chownAt,
  chownPath,
  isOmitted,
  findAt,
  statAt,
  statFile,
  statfsOf,
  statIfPresentAt,
  statxAt,
  utimesAt,
  utimesPath,
} from './attribute-calls.ts';
import { LOOKUP_FOLLOW, resolvePath } from './namei.ts';

import { FileSystemCalls } from './file-system-calls.ts';

export abstract class AttributeSystemCalls extends FileSystemCalls {
  stat(path: string): Stat {
    const found = this.#find('stat', path, 0);
    if (typeof found === 'string') throw this.refusal(found, 'stat', path);
    return found;
  }

  lstat(path: string): Stat {
    const found = this.#find('lstat', path, AT_SYMLINK_NOFOLLOW);
    if (typeof found === 'string') throw this.refusal(found, 'lstat', path);
    return found;
  }

  #find(call: string, path: string, flags: number): Stat | ErrnoCode {
    try {
      this.enter(call, path);
      return findAt(this, AT_FDCWD, path, flags);
    } catch (error) {
      throw this.refuse(error, call, path);
    }
  }

  fstat(fd: number): Stat {
    try {
      this.enter('fstat');
      return statFile(this, this.files.get(fd));
    } catch (error) {
      throw this.refuse(error, 'fstat');
    }
  }

  fstatat(dirfd: number, path: string, flags: number): Stat {
    return this.call('stat', path, undefined, () => statAt(this, dirfd, path, flags));
  }

  statIfPresent(path: string, flags = 0): Stat | undefined {
    try {
      this.enter('stat', path);
      return statIfPresentAt(this, AT_FDCWD, path, flags);
    } catch (error) {
      throw this.refuse(error, 'stat', path);
    }
  }

  statx(dirfd: number, path: string, flags: number): Stat {
    return this.call('statx', path, undefined, () => statxAt(this, dirfd, path, flags));
  }

  access(path: string, mode: number): void {
    this.call('access', path, undefined, () => accessAt(this, AT_FDCWD, path, mode, 0));
  }

  faccessat(dirfd: number, path: string, mode: number, flags: number): void {
    this.call('access', path, undefined, () => accessAt(this, dirfd, path, mode, flags));
  }

  chmod(path: string, mode: number): void {
    this.call('chmod', path, undefined, () => chmodAt(this, AT_FDCWD, path, mode, 0));
  }

  fchmod(fd: number, mode: number): void {
    this.call('fchmod', undefined, undefined, () => chmodPath(this, this.files.getUsable(fd), mode));
  }

  fchmodat(dirfd: number, path: string, mode: number, flags = 0): void {
    this.call('chmod', path, undefined, () => chmodAt(this, dirfd, path, mode, flags));
  }

  chown(path: string, uid: number, gid: number): void {
    this.call('chown', path, undefined, () => chownAt(this, AT_FDCWD, path, uid, gid, 0));
  }

  lchown(path: string, uid: number, gid: number): void {
    this.call('lchown', path, undefined, () => chownAt(this, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW));
  }

  fchown(fd: number, uid: number, gid: number): void {
    this.call('fchown', undefined, undefined, () => chownPath(this, this.files.getUsable(fd), uid, gid));
  }

  fchownat(dirfd: number, path: string, uid: number, gid: number, flags: number): void {
    this.call('chown', path, undefined, () => chownAt(this, dirfd, path, uid, gid, flags));
  }

  utimensat(dirfd: number, path: string, atime?: Timespec, mtime?: Timespec, flags = 0): void {
    this.call('utime', path, undefined, () => utimesAt(this, dirfd, path, atime, mtime, flags));
  }

  futimens(fd: number, atime?: Timespec, mtime?: Timespec): void {
    this.call('futime', undefined, undefined, () => {
      if (!isOmitted(atime) || !isOmitted(mtime)) utimesPath(this, this.files.getUsable(fd), atime, mtime);
    });
  }

  statfs(path: string): StatFS {
    return this.call('statfs', path, undefined, () => statfsOf(resolvePath(this, AT_FDCWD, path, LOOKUP_FOLLOW)));
  }

  fstatfs(fd: number): StatFS {
    return this.call('fstatfs', undefined, undefined, () => statfsOf(this.files.get(fd)));
  }

  umask(mask: number): number {
    const before = this.fs.umask;
    this.fs.umask = mask & 0o777;
    return before;
  }
}
