/**
 * A POSIX tree as one would explain it: small, slow, obviously right. Root is the only caller, descriptors are few, no
 * time passes. It answers the system calls that scenarios are made of, so that it can stand where a machine stands.
 */
import {
  AT_SYMLINK_NOFOLLOW,
  O_ACCMODE,
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  SEEK_CUR,
  SEEK_END,
  XATTR_CREATE,
  XATTR_REPLACE,
} from '../../abi/flags.ts';
import {
  direntType,
  isDirectory,
  isFifo,
  isRegular,
  isSymlink,
  S_IALLUGO,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_ISGID,
  S_ISUID,
  S_ISVTX,
  S_IXGRP,
} from '../../abi/mode.ts';
import type { Dirent, Stat, Timespec } from '../../abi/stat.ts';
import type { SubjectTask } from '../subject.ts';
import { isWithin, type ModelNode, NOW, refuse, statOf } from './model-node.ts';
import { NAME_MAX, type AtTheEnd, type Place, Walk } from './model-walk.ts';

export const xattrCalls = [
  'getxattr',
  'lgetxattr',
  'setxattr',
  'lsetxattr',
  'removexattr',
  'lremovexattr',
  'listxattr',
  'llistxattr',
] as const;

/** The calls that the model answers: what scenarios may be made of. */
export const modelCalls = [
  'open',
  'close',
  'read',
  'write',
  'lseek',
  'truncate',
  'ftruncate',
  'stat',
  'lstat',
  'fstat',
  'chmod',
  'chown',
  'lchown',
  'utimensat',
  'getdents',
  'mkdir',
  'rmdir',
  'link',
  'unlink',
  'symlink',
  'readlink',
  'rename',
  'mknod',
  ...xattrCalls,
] as const satisfies readonly (keyof SubjectTask)[];

/** What stands where a machine stands: the model, a real directory, a task. */
export type ModelTask = Pick<SubjectTask, (typeof modelCalls)[number]>;

interface OpenModelFile {
  readonly node: ModelNode;
  readonly flags: number;
  position: number;
}

const CAPABILITY = 'security.capability';

export class PosixModel implements ModelTask {
  readonly root: ModelNode;
  readonly #files = new Map<number, OpenModelFile>();
  #inodes = 0;
  #descriptors = 3;

  constructor() {
    this.root = this.#make(S_IFDIR | 0o755);
    this.root.nlink = 2;
  }

  /** How long a name may be, in bytes. */
  protected get nameMax(): number {
    return NAME_MAX;
  }

  // — nodes and places —

  #make(mode: number, target = ''): ModelNode {
    const owner = { uid: 0, gid: 0, rdev: 0, nlink: 1, mtime: NOW, isLower: false };
    const parts = { content: new Uint8Array(0), entries: new Map(), xattrs: new Map() };
    this.#inodes++;
    return { ino: this.#inodes, mode, target, ...owner, ...parts };
  }

  #place(call: string, path: string, atTheEnd: AtTheEnd): Place {
    const place = this.#walk(call, path, atTheEnd);
    return place.tooLong ? refuse('ENAMETOOLONG', call, path) : place;
  }

  #walk(call: string, path: string, atTheEnd: AtTheEnd): Place {
    return new Walk(this.root, call, path, this.nameMax).to(atTheEnd);
  }

  #node(call: string, path: string, follow = true): ModelNode {
    return this.#place(call, path, follow ? 'follow' : 'follow before a slash').node ?? refuse('ENOENT', call, path);
  }

  /** Where a new name is made. */
  #free(call: string, path: string, forDirectory = false): Place {
    const place = this.#place(call, path, 'stay');
    if (place.node !== undefined || place.name === '') refuse('EEXIST', call, path);
    if (place.slash && !forDirectory) refuse('ENOENT', call, path);
    return place;
  }

  #add({ directory, name }: Place, node: ModelNode): void {
    if ((directory.mode & S_ISGID) !== 0) {
      node.gid = directory.gid;
      if (isDirectory(node.mode)) node.mode |= S_ISGID;
    }
    this.#enter(directory, name, node);
  }

  #enter(directory: ModelNode, name: string, node: ModelNode): void {
    directory.entries.set(name, node);
    directory.mtime = NOW;
  }

  #leave(directory: ModelNode, name: string): void {
    directory.entries.delete(name);
    directory.mtime = NOW;
  }

  #file(call: string, fd: number): OpenModelFile {
    return this.#files.get(fd) ?? refuse('EBADF', call);
  }

  // — files —

  open(path: string, flags: number, mode = 0): number {
    const node = this.#opened(path, flags, mode);
    const writes = (flags & O_ACCMODE) !== O_RDONLY;
    if (isDirectory(node.mode) && (writes || (flags & O_CREAT) !== 0)) refuse('EISDIR', 'open', path);
    if (!isDirectory(node.mode) && (flags & O_DIRECTORY) !== 0) refuse('ENOTDIR', 'open', path);
    // Nobody waits at the other end, and nobody will wait here.
    if (isFifo(node.mode) && (flags & O_ACCMODE) === O_WRONLY) refuse('ENXIO', 'open', path);
    if ((flags & O_TRUNC) !== 0 && isRegular(node.mode)) this.#rewrite(node, new Uint8Array(0));
    const fd = this.#descriptors++;
    this.#files.set(fd, { node, flags, position: 0 });
    return fd;
  }

  #opened(path: string, flags: number, mode: number): ModelNode {
    const exclusive = (flags & O_CREAT) !== 0 && (flags & O_EXCL) !== 0;
    const stays = exclusive ? 'stay' : 'follow before a slash';
    const place = this.#place('open', path, exclusive || (flags & O_NOFOLLOW) !== 0 ? stays : 'follow');
    const { node } = place;
    if (node === undefined) {
      if ((flags & O_CREAT) === 0) refuse('ENOENT', 'open', path);
      if (place.slash) refuse('EISDIR', 'open', path);
      const made = this.#make(S_IFREG | (mode & S_IALLUGO));
      this.#add(place, made);
      return made;
    }
    if (exclusive) refuse('EEXIST', 'open', path);
    return isSymlink(node.mode) ? refuse('ELOOP', 'open', path) : node;
  }

  close(fd: number): void {
    this.#file('close', fd);
    this.#files.delete(fd);
  }

  read(fd: number, into: Uint8Array): number {
    const file = this.#file('read', fd);
    if ((file.flags & O_ACCMODE) === O_WRONLY) refuse('EBADF', 'read');
    if (isDirectory(file.node.mode)) refuse('EISDIR', 'read');
    const bytes = file.node.content.subarray(file.position, file.position + into.length);
    into.set(bytes);
    file.position += bytes.length;
    return bytes.length;
  }

  write(fd: number, bytes: Uint8Array): number {
    const file = this.#file('write', fd);
    if ((file.flags & O_ACCMODE) === O_RDONLY) refuse('EBADF', 'write');
    if (bytes.length === 0) return 0;
    const { content } = file.node;
    const at = (file.flags & O_APPEND) !== 0 ? content.length : file.position;
    const longer = new Uint8Array(Math.max(content.length, at + bytes.length));
    longer.set(content);
    longer.set(bytes, at);
    this.#rewrite(file.node, longer);
    file.position = at + bytes.length;
    return bytes.length;
  }

  /** A file that is written to loses its capabilities. */
  #rewrite(node: ModelNode, content: Uint8Array): void {
    node.content = content;
    node.mtime = NOW;
    node.xattrs.delete(CAPABILITY);
  }

  lseek(fd: number, offset: number, whence: number): number {
    const file = this.#file('lseek', fd);
    const from = whence === SEEK_CUR ? file.position : whence === SEEK_END ? file.node.content.length : 0;
    if (from + offset < 0) refuse('EINVAL', 'lseek');
    file.position = from + offset;
    return file.position;
  }

  truncate(path: string, size: number): void {
    const node = this.#node('truncate', path);
    if (isDirectory(node.mode)) refuse('EISDIR', 'truncate', path);
    if (!isRegular(node.mode) || size < 0) refuse('EINVAL', 'truncate', path);
    this.#resize(node, size);
  }

  ftruncate(fd: number, size: number): void {
    const { node, flags } = this.#file('ftruncate', fd);
    if ((flags & O_ACCMODE) === O_RDONLY || size < 0) refuse('EINVAL', 'ftruncate');
    this.#resize(node, size);
  }

  #resize(node: ModelNode, size: number): void {
    const content = new Uint8Array(size);
    content.set(node.content.subarray(0, size));
    const { mtime } = node;
    const same = size === node.content.length;
    this.#rewrite(node, content);
    if (same) node.mtime = mtime;
  }

  // — attributes —

  stat(path: string): Stat {
    return statOf(this.#node('stat', path));
  }

  lstat(path: string): Stat {
    return statOf(this.#node('lstat', path, false));
  }

  fstat(fd: number): Stat {
    return statOf(this.#file('fstat', fd).node);
  }

  chmod(path: string, mode: number): void {
    const node = this.#node('chmod', path);
    node.mode = (node.mode & S_IFMT) | (mode & S_IALLUGO);
  }

  chown(path: string, uid: number, gid: number): void {
    this.#own(this.#node('chown', path), uid, gid);
  }

  lchown(path: string, uid: number, gid: number): void {
    this.#own(this.#node('lchown', path, false), uid, gid);
  }

  /** A change of owner takes set-id bits and capabilities of what is no directory. */
  #own(node: ModelNode, uid: number, gid: number): void {
    if (uid !== -1) node.uid = uid;
    if (gid !== -1) node.gid = gid;
    if (isDirectory(node.mode)) return;
    node.mode &= (node.mode & S_IXGRP) === 0 ? ~S_ISUID : ~(S_ISUID | S_ISGID);
    node.xattrs.delete(CAPABILITY);
  }

  utimensat(_dirfd: number, path: string, _atime?: Timespec, mtime: Timespec = NOW, flags = 0): void {
    this.#node('utimensat', path, (flags & AT_SYMLINK_NOFOLLOW) === 0).mtime = mtime;
  }

  // — names —

  getdents(fd: number): Dirent[] {
    const file = this.#file('getdents', fd);
    if (!isDirectory(file.node.mode)) refuse('ENOTDIR', 'getdents');
    if (file.position > 0) return [];
    file.position = 1;
    return [...file.node.entries].map(([name, { ino, mode }]) => ({ name, ino, type: direntType(mode), off: 1 }));
  }

  mkdir(path: string, mode = 0o777): void {
    const place = this.#free('mkdir', path, true);
    const node = this.#make(S_IFDIR | (mode & (0o777 | S_ISVTX)));
    node.nlink = 2;
    place.directory.nlink++;
    this.#add(place, node);
  }

  mknod(path: string, mode: number, rdev: number): void {
    const place = this.#free('mknod', path);
    const node = this.#make(mode);
    node.rdev = rdev;
    this.#add(place, node);
  }

  symlink(target: string, path: string): void {
    if (target === '') refuse('ENOENT', 'symlink', path);
    this.#add(this.#free('symlink', path), this.#make(S_IFLNK | 0o777, target));
  }

  readlink(path: string): string {
    const node = this.#node('readlink', path, false);
    return isSymlink(node.mode) ? node.target : refuse('EINVAL', 'readlink', path);
  }

  link(path: string, newPath: string): void {
    const node = this.#node('link', path, false);
    const { directory, name } = this.#free('link', newPath);
    if (isDirectory(node.mode)) refuse('EPERM', 'link', path);
    node.nlink++;
    this.#enter(directory, name, node);
  }

  rmdir(path: string): void {
    const { directory, name, node } = this.#place('rmdir', path, 'stay');
    if (name === '') refuse(path.endsWith('..') ? 'ENOTEMPTY' : 'EINVAL', 'rmdir', path);
    if (node === undefined) refuse('ENOENT', 'rmdir', path);
    if (!isDirectory(node.mode)) refuse('ENOTDIR', 'rmdir', path);
    if (node.entries.size > 0) refuse('ENOTEMPTY', 'rmdir', path);
    directory.nlink--;
    this.#leave(directory, name);
  }

  unlink(path: string): void {
    const { directory, name, node, slash } = this.#place('unlink', path, 'stay');
    if (name === '') refuse('EISDIR', 'unlink', path);
    if (node === undefined) refuse('ENOENT', 'unlink', path);
    if (isDirectory(node.mode)) refuse('EISDIR', 'unlink', path);
    if (slash) refuse('ENOTDIR', 'unlink', path);
    node.nlink--;
    this.#leave(directory, name);
  }

  rename(path: string, newPath: string): void {
    const from = this.#walk('rename', path, 'stay');
    const to = this.#walk('rename', newPath, 'stay');
    if (from.name === '' || to.name === '') refuse('EBUSY', 'rename', path);
    const node = from.node ?? refuse(from.tooLong ? 'ENAMETOOLONG' : 'ENOENT', 'rename', path);
    if (to.tooLong) refuse('ENAMETOOLONG', 'rename', path);
    if (!isDirectory(node.mode) && (from.slash || to.slash)) refuse('ENOTDIR', 'rename', path);
    if (isDirectory(node.mode) && isWithin(node, to.directory)) refuse('EINVAL', 'rename', path);
    if (to.node !== undefined && isWithin(to.node, from.directory)) refuse('ENOTEMPTY', 'rename', path);
    if (to.node === node) return;
    this.#replaceable(node, to.node, path);
    this.mayMove(node, to.node, path);
    if (to.node !== undefined && to.node.entries.size > 0) refuse('ENOTEMPTY', 'rename', path);
    this.#move(from, to, node);
  }

  /** Whether a directory takes the place of one, and something else of something else. */
  #replaceable(node: ModelNode, there: ModelNode | undefined, path: string): void {
    if (there === undefined || isDirectory(node.mode) === isDirectory(there.mode)) return;
    refuse(isDirectory(node.mode) ? 'ENOTDIR' : 'EISDIR', 'rename', path);
  }

  /** What else a kind of tree may have against a rename; a plain one has nothing. */
  protected mayMove(_node: ModelNode, _there: ModelNode | undefined, _path: string): void {}

  #move(from: Place, to: Place, node: ModelNode): void {
    if (to.node !== undefined) {
      to.node.nlink--;
      if (isDirectory(node.mode)) to.directory.nlink--;
    }
    this.#leave(from.directory, from.name);
    this.#enter(to.directory, to.name, node);
    if (!isDirectory(node.mode)) return;
    from.directory.nlink--;
    to.directory.nlink++;
  }

  // — extended attributes —

  /** Those of users are for files and directories alone. */
  #named(call: string, path: string, name: string, follow: boolean): ModelNode {
    const node = this.#node(call, path, follow);
    const keeps = isDirectory(node.mode) || isRegular(node.mode);
    if (name.startsWith('user.') && !keeps) refuse(call.includes('get') ? 'ENODATA' : 'EPERM', call, path);
    return node;
  }

  #get(call: string, path: string, name: string, follow: boolean): Uint8Array {
    return this.#named(call, path, name, follow).xattrs.get(name) ?? refuse('ENODATA', call, path);
  }

  #set(call: string, path: string, name: string, value: Uint8Array, flags: number, follow: boolean): void {
    const { xattrs } = this.#named(call, path, name, follow);
    if (xattrs.has(name) && (flags & XATTR_CREATE) !== 0) refuse('EEXIST', call, path);
    if (!xattrs.has(name) && (flags & XATTR_REPLACE) !== 0) refuse('ENODATA', call, path);
    xattrs.set(name, value.slice());
  }

  #remove(call: string, path: string, name: string, follow: boolean): void {
    if (!this.#named(call, path, name, follow).xattrs.delete(name)) refuse('ENODATA', call, path);
  }

  getxattr(path: string, name: string): Uint8Array {
    return this.#get('getxattr', path, name, true);
  }

  lgetxattr(path: string, name: string): Uint8Array {
    return this.#get('lgetxattr', path, name, false);
  }

  setxattr(path: string, name: string, value: Uint8Array, flags = 0): void {
    this.#set('setxattr', path, name, value, flags, true);
  }

  lsetxattr(path: string, name: string, value: Uint8Array, flags = 0): void {
    this.#set('lsetxattr', path, name, value, flags, false);
  }

  removexattr(path: string, name: string): void {
    this.#remove('removexattr', path, name, true);
  }

  lremovexattr(path: string, name: string): void {
    this.#remove('lremovexattr', path, name, false);
  }

  listxattr(path: string): string[] {
    return [...this.#node('listxattr', path).xattrs.keys()];
  }

  llistxattr(path: string): string[] {
    return [...this.#node('llistxattr', path, false).xattrs.keys()];
  }
}
