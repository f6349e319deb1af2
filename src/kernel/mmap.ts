/** Mappings of files: memory that shares a file's data. @see mmap(2) */
import { raise } from '../abi/errno.ts';
import { PAGE_SIZE } from '../abi/flags.ts';
import type { ExtentMap } from './extent-map.ts';
import type { OpenFile } from './file.ts';
import type { Inode } from './inode.ts';

/** The data of one real inode, as its page cache holds it. Offsets are bytes from the start of the file. */
export interface Mapping {
  /** Bytes; what lies beyond the last page cannot be touched. */
  readonly size: number;
  /** The data itself, where the filesystem keeps it in extents: copies may share it. */
  readonly extents?: ExtentMap | undefined;
  /** As `extents`, of which only that range need be there: for files whose data is brought in. @throws Errno EIO */
  extentsOf?(offset: number, length: number): ExtentMap;
  /** Fills `into` from `offset`, with zeros behind the end of the file. @throws Errno EIO */
  read(into: Uint8Array, offset: number): void;
  /** Changes bytes inside the file; never makes it longer. @throws Errno ENOSPC */
  write(bytes: Uint8Array, offset: number): void;
  /** A page that is read brings those along that are there already, even if there is none for itself. @see do_fault_around() */
  mapAround?(offset: number, length: number): void;
  /** Tells the listener the new size whenever the file is cut, until the answer is called; files that can be cut have it. */
  onTruncate?(listener: (size: number) => void): () => void;
}

type Cut = (size: number) => void;
const cuts = new WeakMap<Inode, Set<Cut>>();

/** Listens to {@link unmapBehind} of the inode until the answer is called. */
export function onUnmap(inode: Inode, cut: Cut): () => void {
  const listeners = cuts.get(inode) ?? new Set();
  cuts.set(inode, listeners.add(cut));
  return () => listeners.delete(cut);
}

/** A filesystem cuts a file: what is mapped of it behind the new end is mapped no more. @see unmap_mapping_range() */
export function unmapBehind(inode: Inode, size: number): void {
  const listeners = cuts.get(inode);
  if (listeners !== undefined) for (const cut of listeners) cut(size);
}

/** A mapped range. It outlives its descriptor, and goes with {@link MappedRegion.unmap}. */
export class MappedRegion {
  readonly length: number;
  readonly #mapping: Mapping;
  readonly #offset: number;
  readonly #writable: boolean;
  /** Pages of a private mapping that were written to, by their place in the file. */
  readonly #copied: Map<number, Uint8Array> | undefined;
  readonly #endWatch: (() => void) | undefined;
  #file: OpenFile | undefined;
  readonly #closeFile: (file: OpenFile) => void;

  constructor(
    file: OpenFile,
    mapping: Mapping,
    offset: number,
    length: number,
    writable: boolean,
    shared: boolean,
    closeFile: (file: OpenFile) => void,
  ) {
    this.#file = file;
    this.#mapping = mapping;
    this.#offset = offset;
    this.length = length;
    this.#writable = writable;
    this.#copied = shared ? undefined : new Map();
    this.#endWatch = mapping.onTruncate?.((size) => this.#cut(size));
    this.#closeFile = closeFile;
  }

  /** The bytes at `offset` of the region. @throws Errno EFAULT outside of it or of the file's last page (SIGBUS) */
  read(offset: number, length: number): Uint8Array {
    this.#check(offset, length);
    if (!this.#isInFile(offset, length)) {
      this.#mapping.mapAround?.(this.#offset + offset, length);
      raise('EFAULT');
    }
    const bytes = new Uint8Array(length);
    for (const piece of this.#pieces(offset, length)) {
      const into = bytes.subarray(piece.at, piece.at + piece.length);
      const copied = this.#copied?.get(piece.page);
      if (copied === undefined) this.#mapping.read(into, piece.page * PAGE_SIZE + piece.start);
      else into.set(copied.subarray(piece.start, piece.start + piece.length));
    }
    return bytes;
  }

  /** Changes bytes of the region: of the file too when the mapping is shared. @throws Errno EFAULT */
  write(offset: number, bytes: Uint8Array): void {
    if (!this.#writable) raise('EFAULT');
    this.#check(offset, bytes.length);
    if (!this.#isInFile(offset, bytes.length)) raise('EFAULT');
    if (this.#copied) this.#writePrivate(this.#copied, offset, bytes);
    else this.#mapping.write(bytes, this.#offset + offset);
  }

  /** A page is copied whole when it is first written to. @see do_cow_fault() */
  #writePrivate(copied: Map<number, Uint8Array>, offset: number, bytes: Uint8Array): void {
    for (const { page, start, at, length } of this.#pieces(offset, bytes.length)) {
      let own = copied.get(page);
      if (own === undefined) {
        own = new Uint8Array(PAGE_SIZE);
        this.#mapping.read(own, page * PAGE_SIZE);
        copied.set(page, own);
      }
      own.set(bytes.subarray(at, at + length), start);
    }
  }

  /** The range page by page: which page of the file, where in it, and where in the range. */
  *#pieces(offset: number, length: number) {
    for (let at = 0; at < length; ) {
      const position = this.#offset + offset + at;
      const start = position % PAGE_SIZE;
      const piece = {
        page: (position - start) / PAGE_SIZE,
        start,
        at,
        length: Math.min(PAGE_SIZE - start, length - at),
      };
      yield piece;
      at += piece.length;
    }
  }

  /** Pages wholly behind the new end are gone, copies too. */
  #cut(size: number): void {
    for (const page of [...(this.#copied?.keys() ?? [])]) if (page * PAGE_SIZE >= size) this.#copied!.delete(page);
  }

  /** Ends the mapping; reading and writing give EFAULT afterwards. munmap(2) */
  unmap(): void {
    if (this.#file === undefined) return;
    this.#closeFile(this.#file);
    this.#endWatch?.();
    this.#file = undefined;
  }

  #check(offset: number, length: number): void {
    if (this.#file === undefined || offset < 0 || offset + length > this.length) raise('EFAULT');
  }

  /** No further than the file's last page. */
  #isInFile(offset: number, length: number): boolean {
    return this.#offset + offset + length <= Math.ceil(this.#mapping.size / PAGE_SIZE) * PAGE_SIZE;
  }
}
