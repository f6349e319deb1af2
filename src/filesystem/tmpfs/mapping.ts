/**
 * A mapping of a tmpfs file. Touching a page that the file has none for allocates it; the times of the file change when
 * a page is written that is not mapped yet, for reading maps whatever is there for writing too.
 *
 * @see mm/shmem.c shmem_fault(), mm/memory.c do_read_fault(), do_shared_fault()
 */
import { raise } from '../../abi/errno.ts';
import { PAGE_SIZE } from '../../abi/flags.ts';
import { ExtentMap } from '../../kernel/extent-map.ts';
import { type Mapping, onUnmap } from '../../kernel/mmap.ts';
import { changeData, initializeReserved } from './allocation.ts';
import type { TmpfsInode } from './inode.ts';

/** Bytes that one fault looks at. @see fault_around_bytes */
const FAULT_AROUND = 16 * PAGE_SIZE;

export class TmpfsMapping implements Mapping {
  readonly #inode: TmpfsInode;
  readonly #mapped = new Set<number>();

  constructor(inode: TmpfsInode) {
    this.#inode = inode;
  }

  get size(): number {
    return this.#inode.record.size;
  }

  onTruncate(listener: (size: number) => void): () => void {
    const cut = (size: number): void => {
      for (const page of [...this.#mapped]) if (page * PAGE_SIZE >= size) this.#mapped.delete(page);
      listener(size);
    };
    return onUnmap(this.#inode, cut);
  }

  get extents(): ExtentMap {
    return this.#inode.edit().editData();
  }

  read(into: Uint8Array, offset: number): void {
    if (this.#faults(offset, into.length).length > 0) {
      this.#allocate(offset, into.length);
      this.mapAround(offset, into.length);
    }
    this.#inode.data()?.read(into, offset);
  }

  /** The file is taken to be mapped at an address that is aligned as its offsets are. */
  mapAround(offset: number, length: number): void {
    const start = Math.floor(offset / FAULT_AROUND) * FAULT_AROUND;
    const end = Math.min(Math.ceil((offset + length) / FAULT_AROUND) * FAULT_AROUND, this.size);
    for (let at = start; at < end; at += PAGE_SIZE) {
      if (this.#isData(at)) this.#mapped.add(at / PAGE_SIZE);
    }
  }

  write(bytes: Uint8Array, offset: number): void {
    const faults = this.#faults(offset, bytes.length);
    if (faults.length > 0) {
      this.#allocate(offset, bytes.length);
      for (const page of faults) this.#mapped.add(page);
      const record = this.#inode.edit();
      record.mtime = this.#inode.superblock.kernel.now();
      record.ctime = record.mtime;
    }
    changeData(this.#inode, (data) => data.write(bytes, offset));
  }

  /** The pages of a range that are not mapped, or not any more. */
  #faults(offset: number, length: number): number[] {
    const pages: number[] = [];
    for (let page = Math.floor(offset / PAGE_SIZE); page * PAGE_SIZE < offset + length; page++) {
      if (!this.#mapped.has(page) || !this.#isData(page * PAGE_SIZE)) pages.push(page);
    }
    return pages;
  }

  #isData(at: number): boolean {
    return this.#inode.data()?.seekData(at, at + PAGE_SIZE) === at;
  }

  /** @throws Errno EFAULT where there is no room left (SIGBUS) */
  #allocate(offset: number, length: number): void {
    const { superblock, record } = this.#inode;
    const data = this.extents;
    const first = Math.floor(offset / PAGE_SIZE) * PAGE_SIZE;
    const end = Math.ceil((offset + length) / PAGE_SIZE) * PAGE_SIZE;
    if (data.missingPages(first, end - first) > superblock.roomFor(record)) raise('EFAULT');
    changeData(this.#inode, (extents) => {
      initializeReserved(extents, first, end - first);
      const zeros = ExtentMap.empty(extents.epoch);
      for (let at = first; at < end; at += PAGE_SIZE) {
        if (extents.missingPages(at, PAGE_SIZE) > 0) extents.copyRange(zeros, 0, at, PAGE_SIZE);
      }
    });
  }
}
