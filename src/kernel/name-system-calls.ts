/** System calls that make, move, take and follow names. */
import { raise } from '../abi/errno.ts';
import { AT_FDCWD } from '../abi/flags.ts';
import type { Dentry } from './dentry.ts';
import { isDirectory } from '../abi/mode.ts';
import type { Path } from './mount.ts';
import { linkAt, mkdirAt, mknodAt, readlinkAt, renameAt, rmdirAt, symlinkAt, unlinkAt } from './name-calls.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, pathFrom, pathUpFrom, resolvePath } from './namei.ts';
import { checkPermission, MAY_EXEC } from './permission.ts';

import { AttributeSystemCalls } from './attribute-system-calls.ts';

export abstract class NameSystemCalls extends AttributeSystemCalls {
  mkdir(path: string, mode = 0o777): void {
    this.call('mkdir', path, undefined, () => mkdirAt(this, AT_FDCWD, path, mode));
  }

  mkdirat(dirfd: number, path: string, mode = 0o777): void {
    this.call('mkdir', path, undefined, () => mkdirAt(this, dirfd, path, mode));
  }

  rmdir(path: string): void {
    this.call('rmdir', path, undefined, () => rmdirAt(this, AT_FDCWD, path));
  }

  chdir(path: string): void {
    this.call('chdir', path, undefined, () =>
      this.setCwd(resolvePath(this, AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY)),
    );
  }

  fchdir(fd: number): void {
    this.call('fchdir', undefined, undefined, () => {
      const file = this.files.get(fd);
      if (!isDirectory(file.inode.mode)) raise('ENOTDIR');
      this.setCwd(file);
    });
  }

  protected setCwd(place: { mount: Path['mount']; dentry: Dentry }): void {
    checkPermission(this.kernel, place.dentry.inode!, MAY_EXEC);
    this.fs.setCwd({ mount: place.mount, dentry: place.dentry });
  }

  getcwd(): string {
    return this.call('getcwd', undefined, undefined, () => {
      const { cwd, root } = this.fs;
      if (!cwd.dentry.hashed && !cwd.dentry.isRoot) raise('ENOENT');
      const { path, reached } = pathUpFrom(root, cwd);
      return reached ? path : `(unreachable)${path}`;
    });
  }

  link(path: string, newPath: string): void {
    this.call('link', path, newPath, () => linkAt(this, AT_FDCWD, path, AT_FDCWD, newPath, 0));
  }

  linkat(olddirfd: number, path: string, newdirfd: number, newPath: string, flags: number): void {
    this.call('link', path, newPath, () => linkAt(this, olddirfd, path, newdirfd, newPath, flags));
  }

  unlink(path: string): void {
    this.call('unlink', path, undefined, () => unlinkAt(this, AT_FDCWD, path));
  }

  unlinkat(dirfd: number, path: string, flags: number): void {
    const AT_REMOVEDIR = 0x200;
    this.call(flags === 0 ? 'unlink' : 'rmdir', path, undefined, () => {
      if ((flags & ~AT_REMOVEDIR) !== 0) raise('EINVAL');
      if (flags === 0) unlinkAt(this, dirfd, path);
      else rmdirAt(this, dirfd, path);
    });
  }

  symlink(target: string, path: string): void {
    this.call('symlink', target, path, () => symlinkAt(this, target, AT_FDCWD, path));
  }

  symlinkat(target: string, dirfd: number, path: string): void {
    this.call('symlink', target, path, () => symlinkAt(this, target, dirfd, path));
  }

  readlink(path: string): string {
    return this.call('readlink', path, undefined, () => readlinkAt(this, AT_FDCWD, path));
  }

  readlinkat(dirfd: number, path: string): string {
    return this.call('readlink', path, undefined, () => readlinkAt(this, dirfd, path));
  }

  rename(path: string, newPath: string): void {
    this.call('rename', path, newPath, () => renameAt(this, AT_FDCWD, path, AT_FDCWD, newPath, 0));
  }

  renameat2(olddirfd: number, path: string, newdirfd: number, newPath: string, flags: number): void {
    this.call('rename', path, newPath, () => renameAt(this, olddirfd, path, newdirfd, newPath, flags));
  }

  mknod(path: string, mode: number, rdev: number): void {
    this.call('mknod', path, undefined, () => mknodAt(this, AT_FDCWD, path, mode, rdev));
  }

  mknodat(dirfd: number, path: string, mode: number, rdev: number): void {
    this.call('mknod', path, undefined, () => mknodAt(this, dirfd, path, mode, rdev));
  }

  realpath(path: string): string {
    return this.call('realpath', path, undefined, () => {
      const place = resolvePath(this, AT_FDCWD, path, LOOKUP_FOLLOW);
      return pathFrom(this.fs.root, place) ?? raise('ENOENT');
    });
  }
}
