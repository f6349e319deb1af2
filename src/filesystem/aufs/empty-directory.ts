/** Whether a directory is empty: its names are all hidden by whiteouts. @see fs/aufs/dir.c au_test_empty() */
import { raise } from '../../abi/errno.ts';
import type { AufsInode } from './inode.ts';
import { listReal } from './real-list.ts';
import { isPrivateName, WHITEOUT_PREFIX } from './whiteout.ts';

/** The whiteouts of a directory, by the index of their branch. */
export type Whiteouts = ReadonlyMap<string, number>;

const hiddenName = (name: string): string => name.slice(WHITEOUT_PREFIX.length);

/** The names that a directory's whiteouts hide. @throws Errno ENOTEMPTY where another name shows */
export function checkEmpty(inode: AufsInode): Whiteouts {
  const whiteouts = new Map<string, number>();
  for (const path of inode.stack) readNames(path.branch.index, listReal(path), whiteouts, true);
  return whiteouts;
}

/** Nothing of the branches below the topmost shows. @throws Errno ENOTEMPTY @see au_test_empty_lower() */
export function checkLowerEmpty(inode: AufsInode): void {
  const whiteouts = new Map<string, number>();
  for (const [i, path] of inode.stack.entries()) readNames(path.branch.index, listReal(path), whiteouts, i > 0);
}

function readNames(index: number, names: readonly string[], whiteouts: Map<string, number>, mustHide: boolean): void {
  for (const name of names) {
    if (!isPrivateName(name) || name === WHITEOUT_PREFIX) {
      if (mustHide && !whiteouts.has(name)) raise('ENOTEMPTY');
    } else if (!whiteouts.has(hiddenName(name))) whiteouts.set(hiddenName(name), index);
  }
}

/** What the whiteouts of one branch hide. */
export const whiteoutsIn = (whiteouts: Whiteouts, index: number): string[] =>
  [...whiteouts].filter(([, branch]) => branch === index).map(([name]) => name);
