/** One step of a lookup: a name in a directory, through the dentry cache. @see fs/namei.c lookup_dcache(), __lookup_slow() */
import { raise } from '../abi/errno.ts';
import { isDirectory } from '../abi/mode.ts';
import { Dentry } from './dentry.ts';
import type { Inode } from './inode.ts';
import { isDeadDirectory } from './permission.ts';

/**
 * The dentry of `name` in `directory`, negative where there is no such name. Checks no permission.
 *
 * @param isLocked no directory may be moved meanwhile, as two of them are locked
 * @throws Errno ENAMETOOLONG; ENOENT in a removed directory
 */
export function lookupDentry(directory: Dentry, name: string, isLocked = false): Dentry {
  const cached = directory.children?.get(name);
  if (cached !== undefined && (directory.superblock.revalidate?.(cached) ?? true)) return cached;
  return lookupSlow(directory, name, isLocked);
}

function lookupSlow(directory: Dentry, name: string, isLocked: boolean): Dentry {
  const { superblock } = directory;
  if (isDeadDirectory(directory)) raise('ENOENT');
  if (isLongerThan(name, superblock.nameMax)) raise('ENAMETOOLONG');
  const { trace } = superblock.kernel;
  if (trace.active) {
    const at = { filesystem: superblock.type.name, dev: superblock.dev, directory: directory.inode!.ino };
    trace.emit({ kind: 'lookup', ...at, name });
  }
  const dentry = new Dentry(superblock, name, directory, undefined);
  const inode = directory.inode!.lookup(dentry);
  if (inode !== undefined) return spliceAlias(dentry, inode, isLocked);
  if (superblock.keepsNegativeDentries) dentry.hash();
  return dentry;
}

/**
 * Gives a name that was looked up its inode. A directory has one name only: the one it was known by moves here.
 *
 * @throws Errno ELOOP when it would come to lie within itself; ESTALE when it cannot be moved now
 * @see d_splice_alias(), __d_unalias()
 */
function spliceAlias(dentry: Dentry, inode: Inode, isLocked: boolean): Dentry {
  const alias = isDirectory(inode.mode) ? inode.alias : undefined;
  if (alias === undefined || alias === dentry) {
    instantiate(dentry, inode);
    return dentry;
  }
  if (dentry.isWithin(alias)) raise('ELOOP');
  if (isLocked && alias.parent !== dentry.parent) raise('ESTALE');
  alias.move(dentry);
  return alias;
}

/** Gives a name its inode and makes it known. @see d_add(), d_instantiate() */
export function instantiate(dentry: Dentry, inode: Inode): void {
  dentry.inode = inode;
  if (!dentry.hashed) dentry.hash();
}

/** How many bytes a name takes; an escaped byte (U+DC80 … U+DCFF) takes one. */
export function utf8Length(name: string): number {
  let bytes = 0;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00) {
      bytes += 4;
      i++;
    } else bytes += unit >= 0xdc80 && unit <= 0xdcff ? 1 : 3;
  }
  return bytes;
}

/** Whether a name takes more than so many bytes; those of most names need not be counted. */
export const isLongerThan = (name: string, bytes: number): boolean =>
  name.length * 3 > bytes && utf8Length(name) > bytes;
