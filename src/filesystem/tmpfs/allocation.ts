/** Pages of tmpfs files, and what they are charged for. @see mm/shmem.c */
import { raise } from '../../abi/errno.ts';
import { PAGE_SIZE } from '../../abi/flags.ts';
import { ExtentMap } from '../../kernel/extent-map.ts';
import type { TmpfsInode } from './inode.ts';

/** How many of `length` bytes at `position` find room. */
export function roomFor(inode: TmpfsInode, data: ExtentMap, position: number, length: number): number {
  let free = inode.superblock.roomFor(inode.record);
  if (data.missingPages(position, length) <= free) return length;
  let at = position;
  while (at < position + length) {
    const next = Math.min(position + length, (Math.floor(at / PAGE_SIZE) + 1) * PAGE_SIZE);
    if (data.missingPages(at, next - at) > 0 && free-- === 0) break;
    at = next;
  }
  return at - position;
}

/** Changes the data of a file and charges the pages that it takes. */
export function changeData(inode: TmpfsInode, change: (data: ExtentMap) => void): void {
  const data = inode.edit().editData();
  const before = data.pages;
  change(data);
  inode.superblock.charge(inode.record, data.pages - before);
}

/** Reserves the pages of a range. fallocate(2) */
export function allocate(inode: TmpfsInode, offset: number, length: number, keepSize: boolean): void {
  const { superblock } = inode;
  const data = inode.edit().editData();
  if (data.missingPages(offset, length) > superblock.roomFor(inode.record)) raise(superblock.refusal(inode.record));
  changeData(inode, (extents) => {
    initializeReserved(extents, offset, length);
    extents.fill(offset, length);
  });
  const record = inode.edit();
  if (!keepSize) record.size = Math.max(record.size, offset + length);
}

/** Pages that an earlier call reserved become zeros that count as data. @see shmem_get_folio_gfp() SGP_FALLOC */
export function initializeReserved(data: ExtentMap, offset: number, length: number): void {
  const first = Math.floor(offset / PAGE_SIZE) * PAGE_SIZE;
  const end = Math.ceil((offset + length) / PAGE_SIZE) * PAGE_SIZE;
  const zeros = ExtentMap.empty(data.epoch);
  for (const reserved of [...data.extents()].filter((extent) => extent.kind === 'unwritten')) {
    const from = Math.max(first, reserved.offset);
    const to = Math.min(end, reserved.offset + reserved.length);
    if (from < to) data.copyRange(zeros, 0, from, to - from);
  }
}
