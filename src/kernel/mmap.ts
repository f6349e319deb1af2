/** Mappings of files: memory that shares a file's data. @see mmap(2) */
import { raise } from '../abi/errno.ts';
import type { ExtentMap } from './extent-map.ts';
import type { OpenFile } from './file.ts';

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
}

/** A mapped range. It outlives its descriptor, and goes with {@link MappedRegion.unmap}. */
export class MappedRegion {
  readonly length: number;
  readonly #mapping: Mapping;
  readonly #offset: number;
  readonly #writable: boolean;
  readonly #private: Map<number, number> | undefined;
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
    this.#private = shared ? undefined : new Map();
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
    this.#mapping.read(bytes, this.#offset + offset);
    if (this.#private) for (let i = 0; i < length; i++) bytes[i] = this.#private.get(offset + i) ?? bytes[i]!;
    return bytes;
  }

  /** Changes bytes of the region: of the file too when the mapping is shared. @throws Errno EFAULT */
  write(offset: number, bytes: Uint8Array): void {
    if (!this.#writable) raise('EFAULT');
    this.#check(offset, bytes.length);
    if (!this.#isInFile(offset, bytes.length)) raise('EFAULT');
    if (this.#private) this.#writePrivate(this.#private, offset, bytes);
    else this.#mapping.write(bytes, this.#offset + offset);
  }

  /** The page that is copied is brought in first. @see do_cow_fault() */
  #writePrivate(copied: Map<number, number>, offset: number, bytes: Uint8Array): void {
    this.#mapping.read(new Uint8Array(bytes.length), this.#offset + offset);
    for (let i = 0; i < bytes.length; i++) copied.set(offset + i, bytes[i]!);
  }

  /** Ends the mapping; reading and writing give EFAULT afterwards. munmap(2) */
  unmap(): void {
    if (this.#file === undefined) return;
    this.#closeFile(this.#file);
    this.#file = undefined;
  }

  #check(offset: number, length: number): void {
    if (this.#file === undefined || offset < 0 || offset + length > this.length) raise('EFAULT');
  }

  /** No further than the file's last page. */
  #isInFile(offset: number, length: number): boolean {
    return this.#offset + offset + length <= Math.ceil(this.#mapping.size / 4096) * 4096;
  }
}
