/** Advisory locks on whole files, held by open files. @see flock(2), fs/locks.c */
import { raise } from '../abi/errno.ts';
import { LOCK_EX, LOCK_MAND, LOCK_NB, LOCK_SH, LOCK_UN } from '../abi/flags.ts';
import type { OpenFile } from './file.ts';
import type { Inode } from './inode.ts';
import { WouldBlock } from './would-block.ts';

const locks = new WeakMap<Inode, Map<OpenFile, number>>();

/**
 * A lock of another kind is given up before the new one is tried for: where that is refused, none is left. A call that
 * would wait keeps it. What asks for a mandatory lock does nothing.
 *
 * @see flock_lock_inode()
 * @throws Errno EINVAL, EBADF for a file that is open for neither reading nor writing, EAGAIN with LOCK_NB; WouldBlock without
 */
export function flockFile(open: () => OpenFile, operation: number): void {
  if ((operation & LOCK_MAND) !== 0) return;
  const kind = operation & ~LOCK_NB;
  if (kind !== LOCK_SH && kind !== LOCK_EX && kind !== LOCK_UN) raise('EINVAL');
  const file = open();
  if (kind !== LOCK_UN && !file.readable && !file.writable) raise('EBADF');
  const holders = locks.get(file.inode) ?? new Map<OpenFile, number>();
  if (kind === LOCK_UN) {
    holders.delete(file);
    return;
  }
  if (holders.get(file) === kind) return;
  for (const [holder, held] of holders) {
    if (holder === file || (kind === LOCK_SH && held === LOCK_SH)) continue;
    if ((operation & LOCK_NB) !== 0) {
      holders.delete(file);
      raise('EAGAIN');
    }
    throw new WouldBlock(`a lock on inode ${file.inode.ino} of device ${file.inode.superblock.dev}`);
  }
  locks.set(file.inode, holders.set(file, kind));
}

/** The open file is gone, and its lock with it. */
export function dropFlock(file: OpenFile): void {
  locks.get(file.inode)?.delete(file);
}

/** The lock of an open file goes along into a forked machine. */
export function forkFlock(old: OpenFile, made: OpenFile): void {
  const kind = locks.get(old.inode)?.get(old);
  if (kind === undefined) return;
  const holders = locks.get(made.inode) ?? new Map<OpenFile, number>();
  locks.set(made.inode, holders.set(made, kind));
}
