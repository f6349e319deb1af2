/** A filesystem of ours that is what the kernel's ramfs is to an overlay: without file handles and without attributes. */
import { raise } from '../../src/abi/errno.ts';
import { RENAME_WHITEOUT } from '../../src/abi/flags.ts';
import { tmpfs } from '../../src/filesystem/tmpfs/index.ts';
import type { Inode } from '../../src/kernel/inode.ts';
import type { FilesystemType, Superblock } from '../../src/kernel/superblock.ts';

const refuse = (): never => raise('EOPNOTSUPP');

/** What ramfs does not do. */
const missing: Partial<Inode> = {
  getxattr: refuse,
  setxattr: refuse,
  removexattr: refuse,
  listxattr: () => [],
  fileattrGet: () => raise('ENOTTY'),
  fileattrSet: () => raise('ENOTTY'),
};

/** Makes an inode of tmpfs one of ramfs. */
function limit<T extends Inode | undefined>(inode: T): T {
  if (inode === undefined || Object.hasOwn(inode, 'setxattr')) return inode;
  const rename = inode.rename.bind(inode);
  return Object.assign(inode, missing, {
    rename(...values: Parameters<Inode['rename']>): void {
      if ((values[3] & RENAME_WHITEOUT) !== 0) raise('EINVAL');
      rename(...values);
    },
  });
}

export const ramfs: FilesystemType = {
  ...tmpfs,
  name: 'ramfs',
  mount(request) {
    const made = tmpfs.mount(request) as Superblock & { newInode(...values: never[]): Inode };
    const [newInode, inode] = [made.newInode.bind(made), made.inode.bind(made)];
    limit(made.root.inode);
    Object.defineProperty(made, 'decodesHandles', { value: false });
    return Object.assign(made, {
      type: ramfs,
      newInode: (...values: never[]) => limit(newInode(...values)),
      inode: (ino: number) => limit(inode(ino)),
    });
  },
};
