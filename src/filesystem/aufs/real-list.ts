/** Listings of real directories. */
import { O_RDONLY } from '../../abi/flags.ts';
import { rootCredentials } from '../../kernel/credentials.ts';
import type { Filldir } from '../../kernel/file.ts';
import { closeFile, openReal } from '../../kernel/open.ts';
import { iterateDirectory } from '../../kernel/readdir.ts';
import type { RealPath } from './branch.ts';

/** Hands every entry of a real directory over, `.` and `..` too. */
export function iterateReal({ branch, dentry }: RealPath, filldir: Filldir): void {
  const file = openReal(branch.mount, dentry, O_RDONLY, rootCredentials);
  try {
    iterateDirectory(file, filldir);
  } finally {
    closeFile(file);
  }
}

/** The names in a real directory; none once it is removed. */
export function listReal(path: RealPath): string[] {
  const names: string[] = [];
  if (path.dentry.inode!.nlink === 0) return names;
  iterateReal(path, (name) => {
    if (name !== '.' && name !== '..') names.push(name);
    return true;
  });
  return names;
}
