/** The objects of the model of a POSIX tree: maps and arrays, nothing shared, nothing clever. */
import { type ErrnoCode, ErrnoException } from '../../abi/errno.ts';
import { isDirectory, isSymlink } from '../../abi/mode.ts';
import type { Stat, Timespec } from '../../abi/stat.ts';
import { RUN_BEGINS } from '../masks.ts';

/** One object of the tree. */
export interface ModelNode {
  readonly ino: number;
  mode: number;
  uid: number;
  gid: number;
  rdev: number;
  nlink: number;
  mtime: Timespec;
  /** Of a regular file. */
  content: Uint8Array;
  /** Of a symlink. */
  readonly target: string;
  /** Of a directory, by name. */
  readonly entries: Map<string, ModelNode>;
  readonly xattrs: Map<string, Uint8Array>;
  /** It lies in a layer below the one that is written to. */
  isLower: boolean;
}

/** Every time of the run; which one it is, no listing tells. */
export const NOW: Timespec = Object.freeze({ sec: RUN_BEGINS, nsec: 0 });

/** Refuses a call. */
export function refuse(code: ErrnoCode, call: string, path?: string): never {
  throw new ErrnoException(code, call, path);
}

/** What stat(2) tells of the node. */
export function statOf(node: ModelNode): Stat {
  const { ino, mode, uid, gid, rdev, nlink, mtime } = node;
  const size = isSymlink(mode) ? new TextEncoder().encode(node.target).length : node.content.length;
  const times = { atime: mtime, mtime, ctime: NOW };
  return { dev: 1, ino, mode, nlink, uid, gid, rdev, size, blksize: 4096, blocks: 0, ...times };
}

/** The node and all below it, each once. */
export function* nodesBelow(node: ModelNode): Generator<ModelNode, void> {
  yield node;
  if (!isDirectory(node.mode)) return;
  for (const child of node.entries.values()) yield* nodesBelow(child);
}

/** Whether `node` lies at or below `directory`. */
export const isWithin = (directory: ModelNode, node: ModelNode): boolean => [...nodesBelow(directory)].includes(node);
