/** Names of indexed objects that come and go. @see fs/overlayfs/util.c ovl_nlink_start(), ovl_nlink_end() */
import { isDirectory } from '../../abi/mode.ts';
import type { Dentry } from '../../kernel/dentry.ts';
import { withCredentials } from '../../kernel/kernel.ts';
import { copyUp } from './copy-up.ts';
import { hasUpperAlias, overlayInode } from './entry.ts';
import { cleanupIndex, needsIndex } from './index-entry.ts';
import { setNlinkUpper } from './nlink.ts';

/**
 * Runs the step that makes a name of the object come or go. Its links are noted before, with the upper object: what is
 * to be indexed but is not yet is copied up for that. With the last link the index entry goes.
 */
export function changeLinks(dentry: Dentry, step: () => void): void {
  const inode = overlayInode(dentry);
  const { superblock } = inode;
  if (needsIndex(inode) && !hasUpperAlias(dentry)) copyUp(dentry);
  superblock.wantUpperWrite();
  if (!isDirectory(inode.mode) && inode.indexed) {
    withCredentials(superblock.kernel, superblock.mounter, () => setNlinkUpper(inode));
  }
  try {
    step();
  } finally {
    if (inode.indexed && inode.nlink === 0) {
      withCredentials(superblock.kernel, superblock.mounter, () => cleanupIndex(inode));
    }
  }
}

/**
 * A name is removed. The last link stays while another cached name leads to the object: somebody has changed the layers,
 * or a redirect leads to it too. An object that no cached name leads to is made anew when it is looked up.
 *
 * @see ovl_drop_nlink(), generic_delete_inode()
 */
export function dropLink(dentry: Dentry): void {
  const inode = overlayInode(dentry);
  const { superblock } = inode;
  if (inode.nlink === 1 && hasOtherName(dentry)) return;
  inode.dropNlink();
  if (inode.nlink > 0 && !hasOtherName(dentry)) superblock.forget(inode);
}

/** Another name of the object is in the cache. Only for few objects is there reason to go through all names. */
function hasOtherName(dentry: Dentry): boolean {
  if (!overlayInode(dentry).isAliased) return false;
  const shows = (at: Dentry): boolean => {
    for (const child of at.children?.values() ?? []) {
      if (child !== dentry && (child.inode === dentry.inode || shows(child))) return true;
    }
    return false;
  };
  return shows(dentry.superblock.root);
}
