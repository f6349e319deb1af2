/** What is wrong inside a mounted overlay: for tests, after faults were put in. */
import { isDirectory, isRegular } from '../../abi/mode.ts';
import { sameType } from '../../kernel/permission.ts';
import type { OverlayInode } from './inode.ts';
import type { OverlaySuperblock } from './super.ts';

/** One sentence for each fault. */
export function checkOverlay(superblock: OverlaySuperblock): string[] {
  const faults: string[] = [];
  for (const inode of superblock.inodes()) checkInode(inode, faults);
  checkWorkdir(superblock, faults);
  for (const { mount } of superblock.lowerLayers) {
    if (!mount.readOnly) faults.push(`a lower layer on ${mount.superblock.type.name} can be written to`);
  }
  return faults;
}

function checkInode(inode: OverlayInode, faults: string[]): void {
  const name = `inode ${inode.ino} (${inode.alias?.name ?? 'without a name'})`;
  if (inode.upper === undefined && inode.lower.length === 0) {
    faults.push(`${name} shows no real object`);
    return;
  }
  const real = inode.real;
  if (!sameType(real.mode, inode.mode)) faults.push(`${name} is of another type than its real object`);
  if (isRegular(inode.mode) && real.size !== inode.size && inode.nlink > 0) faults.push(`${name} has an old size`);
  if (!isDirectory(inode.mode) && inode.lower.length > (isRegular(inode.mode) ? 2 : 1))
    faults.push(`${name} is a file with ${inode.lower.length} lower objects`);
  const { upper, superblock } = inode;
  if (upper?.inode !== undefined && upper.inode.superblock !== superblock.upperMount.superblock) {
    faults.push(`${name} has an upper object on another filesystem`);
  }
}

/** Between two calls nothing but the shared whiteout lies in the work directory. */
function checkWorkdir({ workdir, whiteout }: OverlaySuperblock, faults: string[]): void {
  if (workdir === undefined) return;
  for (const [name, { inode }] of workdir.children ?? []) {
    if (name.startsWith('#') && inode !== undefined && inode !== whiteout?.inode)
      faults.push(`${name} was left in the work directory`);
  }
}
