/** Steps of the cases of file attributes: every way to change what chattr(1) may have protected. */
import {
  FS_APPEND_FL,
  FS_IMMUTABLE_FL,
  FS_IOC_FSGETXATTR,
  FS_IOC_FSSETXATTR,
  FS_IOC_GETFLAGS,
  FS_IOC_SETFLAGS,
  FS_NOATIME_FL,
  FS_NODUMP_FL,
  type Fsxattr,
} from '../../src/abi/fileattr.ts';
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  O_APPEND,
  O_CREAT,
  O_NOATIME,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  O_TRUNC,
  O_WRONLY,
  RENAME_EXCHANGE,
  UTIME_NOW,
  UTIME_OMIT,
} from '../../src/abi/flags.ts';
import { S_IFIFO } from '../../src/abi/mode.ts';
import { list } from './case-steps.ts';
import type { Recorded } from './recorder.ts';

export const [I, A, D, N] = [FS_IMMUTABLE_FL, FS_APPEND_FL, FS_NODUMP_FL, FS_NOATIME_FL];
export const byte = (): Uint8Array => Uint8Array.of(0x62);
export const old = { sec: 1_000_000_000, nsec: 0 };

export function chattr(t: Recorded, path: string, flags: number): void {
  const fd = t.open(path, O_RDONLY | O_NONBLOCK);
  t.ioctl(fd, FS_IOC_SETFLAGS, flags);
  t.close(fd);
}

export function lsattr(t: Recorded, path: string): void {
  const fd = t.open(path, O_RDONLY | O_NONBLOCK);
  t.ioctl(fd, FS_IOC_GETFLAGS);
  t.ioctl(fd, FS_IOC_FSGETXATTR);
  t.close(fd);
  t.statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW);
}

export function fssetxattr(t: Recorded, path: string, xflags: number, more: Partial<Fsxattr> = {}): void {
  const fd = t.open(path, O_RDONLY | O_NONBLOCK);
  t.ioctl(fd, FS_IOC_FSSETXATTR, { xflags, extsize: 0, nextents: 0, projid: 0, cowextsize: 0, ...more });
  t.close(fd);
  lsattr(t, path);
}

export function become(t: Recorded, uid: number): void {
  t.setfsuid(0);
  t.setgroups([]);
  t.setfsgid(uid);
  t.setfsuid(uid);
}

const openings = [O_RDONLY, O_WRONLY, O_RDWR, O_WRONLY | O_APPEND, O_RDWR | O_APPEND, O_RDONLY | O_TRUNC];

/** Every way to change a file, or its name. */
export function change(t: Recorded, path: string, beside: string): void {
  for (const flags of [...openings, O_WRONLY | O_APPEND | O_TRUNC, O_RDWR | O_CREAT, O_RDONLY | O_NOATIME, O_PATH]) {
    const fd = t.open(path, flags);
    t.write(fd, byte());
    t.close(fd);
  }
  t.truncate(path, 1);
  t.chmod(path, 0o640);
  t.chown(path, 0, 0);
  t.chown(path, -1, -1);
  t.utimensat(AT_FDCWD, path, old, old);
  t.utimensat(AT_FDCWD, path);
  t.utimensat(AT_FDCWD, path, { sec: 0, nsec: UTIME_NOW }, { sec: 0, nsec: UTIME_OMIT });
  t.utimensat(AT_FDCWD, path, old, { sec: 0, nsec: UTIME_OMIT });
  t.setxattr(path, 'user.a', byte());
  t.setxattr(path, 'trusted.a', byte());
  t.removexattr(path, 'user.b');
  t.access(path, 2);
  t.access(path, 4);
  t.link(path, `${beside}-link`);
  t.rename(path, `${beside}-moved`);
  t.rename(`${beside}-moved`, path);
  t.rename(beside, path);
  t.rename(path, beside);
  t.renameat2(AT_FDCWD, path, AT_FDCWD, beside, RENAME_EXCHANGE);
  t.unlink(path);
  t.rmdir(path);
  t.stat(path);
  lsattr(t, path);
}

/** Every way to change what is in a directory, of which `file` and `dir` are. */
export function changeIn(t: Recorded, path: string): void {
  t.open(path, O_WRONLY);
  const open = t.open(`${path}/new`, O_WRONLY | O_CREAT);
  t.write(open, byte());
  const nameless = t.open(path, O_RDWR | O_TMPFILE);
  t.close(nameless);
  t.mkdir(`${path}/made`);
  t.mknod(`${path}/node`, S_IFIFO | 0o600, 0);
  t.symlink('x', `${path}/symlink`);
  t.link(`${path}/file`, `${path}/linked`);
  t.rename(`${path}/file`, `${path}/file2`);
  t.rename(`${path}/file2`, `${path}/file`);
  t.renameat2(AT_FDCWD, `${path}/file`, AT_FDCWD, `${path}/dir`, RENAME_EXCHANGE);
  t.unlink(`${path}/file`);
  t.rmdir(`${path}/dir`);
  t.put(`${path}/file`, 'still there');
  t.mkdir(`${path}/dir/below`);
  t.chmod(`${path}/dir`, 0o711);
  t.chmod(path, 0o755);
  t.utimensat(AT_FDCWD, path);
  t.setxattr(path, 'user.a', byte());
  t.rmdir(path);
  t.rename(path, `${path}-moved`);
  t.rename(`${path}-moved`, path);
  list(t, path);
  lsattr(t, path);
  lsattr(t, `${path}/new`);
}

/** Descriptors that were there before the file was protected. */
export function throughOpen(t: Recorded, path: string, flags: number): void {
  const descriptors = [O_RDWR, O_RDWR | O_APPEND, O_RDONLY].map((how) => t.open(path, how));
  chattr(t, path, flags);
  for (const fd of descriptors) {
    t.getfl(fd);
    t.setfl(fd, O_APPEND);
    t.setfl(fd, 0);
    t.setfl(fd, O_NOATIME);
    t.write(fd, byte());
    t.pwrite(fd, byte(), 0);
    t.read(fd, byte());
    t.ftruncate(fd, 3);
    t.fallocate(fd, 0, 0, 10);
    t.fallocate(fd, 1, 0, 10);
    t.fallocate(fd, 3, 0, 10);
    t.fchmod(fd, 0o600);
    t.fchown(fd, 0, 0);
    t.futimens(fd);
    t.futimens(fd, old, old);
    t.fsetxattr(fd, 'user.a', byte());
    t.fremovexattr(fd, 'user.a');
    t.copyFileRange(descriptors[2]!, 0, fd, 5, 2);
    t.copyFileRange(descriptors[2]!, -5, fd, 5, 2);
    t.ioctl(fd, FS_IOC_GETFLAGS);
  }
  t.stat(path);
  for (const fd of descriptors) t.ioctl(fd, FS_IOC_SETFLAGS, 0);
  for (const fd of descriptors) t.close(fd);
  t.get(path);
}

/** A directory with files of which each is protected in another way. */
export function protectedTree(t: Recorded, at: string): void {
  t.mkdir(at);
  for (const [name, flags] of [
    ['i', I],
    ['a', A],
    ['ia', I | A],
    ['n', N],
    ['d', D],
    ['all', I | A | N | D],
  ] as const) {
    t.put(`${at}/${name}`, name);
    t.setxattr(`${at}/${name}`, 'user.b', byte());
    t.put(`${at}/${name}-beside`, 'beside');
    chattr(t, `${at}/${name}`, flags);
    t.mkdir(`${at}/dir-${name}`);
    t.put(`${at}/dir-${name}/file`, name);
    t.mkdir(`${at}/dir-${name}/dir`);
    chattr(t, `${at}/dir-${name}`, flags);
  }
}

export const NAMES = ['i', 'a', 'ia', 'n', 'd', 'all'];

/** An overlay at `/m` over `/l`, whose upper directory is `/u`. */
export function overlay(t: Recorded, lower: string, more = ''): void {
  for (const path of ['/u', '/w', '/m']) t.mkdir(path);
  t.mount('overlay', '/m', 'overlay', `lowerdir=${lower},upperdir=/u,workdir=/w${more}`);
}

/** What the upper object is given. */
export function upperOf(t: Recorded, path: string): void {
  lsattr(t, `/u/${path}`);
  t.listxattr(`/u/${path}`);
  t.getxattr(`/u/${path}`, 'trusted.overlay.protattr');
}
