/**
 * The core that memfs's `Volume` stands on, over one task. memfs names no interface for it; which members it touches
 * is held by a test, so that another version of memfs cannot touch one that is not here.
 *
 * Every member is bound: memfs takes some of them off the object.
 */
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_NOFOLLOW } from '../abi/flags.ts';
import type { Task } from '../kernel/task.ts';
import { CoreChanges } from './core-changes.ts';
import { fromJSON, fromNestedJSON, reset, toJSON } from './core-json.ts';
import { bytesOf, readBytes, writeBytes } from './descriptor-calls.ts';
import { renamed } from './failure.ts';
import { cwdOf, makePath } from './name-calls.ts';
import { File, Link } from './node.ts';
import { removeCalls } from './remove-calls.ts';
import { timespecOf } from './timestamp.ts';
import { writeAll } from './whole-file-calls.ts';
import { posix } from '@jsonjoy.com/fs-node-builtins/lib/path.js';

/** memfs's own form of an answer that may be an error. */
type Result<T> = { ok: true; value: T } | { ok: false; err: { code: string; toError(): unknown } };

export function createCore(task: Task) {
  const changes = new CoreChanges(task);
  return {
    changes,
    /** memfs counts these for `statfs`; here the filesystem itself answers. */
    get inodes(): Readonly<Record<string, never>> {
      return {};
    },
    ...lookupMembers(task, changes),
    ...fileMembers(task),
    ...attributeMembers(task),
    ...nameMembers(task),
    ...treeMembers(task),
  };
}

/** Paths and descriptors → links, nodes and files. */
function lookupMembers(task: Task, changes: CoreChanges) {
  /** The link at `path` itself, or of what it leads to. @throws ErrnoException under the name of `call` */
  const linkAt = (path: string, call: string, follow: boolean): Link => {
    const absolute = posix.resolve(cwdOf(task), path);
    try {
      if (!follow) task.lstat(path);
      return changes.keep(call, follow ? task.realpath(path) : absolute, (place) => new Link(task, place));
    } catch (error) {
      throw renamed(error, call, path);
    }
  };

  const fileAt = (fd: number, call: string): File => {
    try {
      task.fstat(fd);
    } catch (error) {
      throw renamed(error, call);
    }
    return new File(task, fd);
  };

  return {
    getLinkOrThrow: (path: string, call: string): Link => linkAt(path, call, false),
    getResolvedLinkOrThrow: (path: string, call: string): Link => linkAt(path, call, true),
    getResolvedLinkResult: (path: string, call: string): Result<Link> => {
      try {
        return { ok: true, value: linkAt(path, call, true) };
      } catch (error) {
        return { ok: false, err: { code: (error as { code: string }).code, toError: () => error } };
      }
    },
    getFileByFdOrThrow: fileAt,
    getFileByFd: (fd: number): File | undefined => {
      try {
        return fileAt(fd, 'fstat');
      } catch {
        return undefined;
      }
    },
  };
}

function fileMembers(task: Task) {
  return {
    open: (path: string, flags: number, mode = 0o666, follow = true): number =>
      task.open(path, follow ? flags : flags | O_NOFOLLOW, mode),
    close: (fd: number): void => task.close(fd),
    read: (fd: number, into: ArrayBufferView, offset?: number, length?: number, position?: number | null): number =>
      readBytes(task, fd, bytesOf(into, offset, length), position ?? null),
    readv: (fd: number, views: readonly ArrayBufferView[], position: number | null): number => {
      let total = 0;
      for (const view of views) {
        const done = readBytes(task, fd, bytesOf(view), position === null ? null : position + total);
        total += done;
        if (done < view.byteLength) break;
      }
      return total;
    },
    write: (fd: number, bytes: ArrayBufferView, offset?: number, length?: number, position?: number | null): number =>
      writeBytes(task, fd, bytesOf(bytes, offset, length), position ?? null),
    writeFile: (file: string | number, bytes: Uint8Array, flags: number, mode: number): void => {
      const fd = typeof file === 'number' ? file : task.open(file, flags, mode);
      try {
        writeAll(task, fd, bytes)();
      } finally {
        if (typeof file !== 'number') task.close(fd);
      }
    },
    ftruncate: (fd: number, size = 0): void => task.ftruncate(fd, size),
  };
}

function attributeMembers(task: Task) {
  return {
    chmod: (path: string, mode: number): void => task.chmod(path, mode & 0o7777),
    lchmod: (path: string, mode: number): void => task.fchmodat(AT_FDCWD, path, mode & 0o7777, AT_SYMLINK_NOFOLLOW),
    fchmod: (fd: number, mode: number): void => task.fchmod(fd, mode & 0o7777),
    chown: (path: string, uid: number, gid: number): void => task.chown(path, uid, gid),
    lchown: (path: string, uid: number, gid: number): void => task.lchown(path, uid, gid),
    fchown: (fd: number, uid: number, gid: number): void => task.fchown(fd, uid, gid),
    utimes: (path: string, atime: number, mtime: number, follow = true): void => {
      const flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;
      task.utimensat(AT_FDCWD, path, timespecOf(atime), timespecOf(mtime), flags);
    },
    futimes: (fd: number, atime: number, mtime: number): void =>
      task.futimens(fd, timespecOf(atime), timespecOf(mtime)),
  };
}

function nameMembers(task: Task) {
  const removing = removeCalls(task);
  return {
    link: (path: string, added: string): void => task.link(path, added),
    symlink: (target: string, path: string): void => task.symlink(target, path),
    unlink: (path: string): void => task.unlink(path),
    rename: (path: string, added: string): void => task.rename(path, added),
    mkdir: (path: string, mode?: number): void => task.mkdir(path, mode),
    mkdirp: (path: string, mode = 0o777): string | undefined => makePath(task, path, mode),
    rmdir: (path: string, recursive = false): void => removing.rmdir(path, { recursive })(),
    rm: (path: string, force = false, recursive = false): void => removing.rm(path, { force, recursive })(),
  };
}

function treeMembers(task: Task) {
  return {
    toJSON: (...given: ToJsonArguments) => toJSON(task, ...given),
    fromJSON: (json: Record<string, string | Uint8Array | null>, cwd?: string): void => fromJSON(task, json, cwd),
    fromNestedJSON: (json: object, cwd?: string): void => fromNestedJSON(task, json, cwd),
    reset: (): void => reset(task),
  };
}

type ToJsonArguments = Parameters<typeof toJSON> extends [unknown, ...infer Rest] ? Rest : never;
