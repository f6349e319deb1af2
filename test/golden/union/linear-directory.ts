/**
 * Where the names of a directory lie on ext4 without an index: in the first gap that is wide enough, so that a listing
 * tells names in the order in which they were made until one is removed.
 *
 * @see fs/ext4/namei.c ext4_find_dest_de(), ext4_generic_delete_entry()
 */

/** The recorded filesystems had blocks of this many bytes, of which the checksum takes the last. */
const BLOCK_SIZE = 1024;
const CHECKSUM_SIZE = 12;
/** `.` and `..` in the first block. */
const DOTS_SIZE = 24;

const entrySize = (name: string): number => (8 + Buffer.byteLength(name) + 3) & ~3;

export class LinearDirectory {
  readonly #offsets = new Map<string, number>();

  /** Names with their offsets in bytes, in the order of the listing. */
  entries(): [name: string, offset: number][] {
    return [...this.#offsets].sort((a, b) => a[1] - b[1]);
  }

  /** Takes over what became of the names; a rename makes the new one before it removes the old one. */
  follow(names: ReadonlySet<string>): void {
    for (const name of names) if (!this.#offsets.has(name)) this.#offsets.set(name, this.#gapFor(entrySize(name)));
    for (const name of [...this.#offsets.keys()]) if (!names.has(name)) this.#offsets.delete(name);
  }

  #gapFor(size: number): number {
    let free = DOTS_SIZE;
    for (const [name, offset] of this.entries()) {
      free = this.#fit(free, size);
      if (free + size <= offset) return free;
      free = Math.max(free, offset + entrySize(name));
    }
    return this.#fit(free, size);
  }

  /** The first offset from `free` at which `size` bytes stay within a block. */
  #fit(free: number, size: number): number {
    const end = Math.floor(free / BLOCK_SIZE + 1) * BLOCK_SIZE;
    return free + size <= end - CHECKSUM_SIZE ? free : end;
  }
}
