/** A mapping of a file in this process. Its memory is touched by the kernel alone, which tells a fault as EFAULT. */
import { ErrnoException } from '../../src/abi/errno.ts';
import { checked, cstring, libc } from './linux-libc.ts';

const MFD_CLOEXEC = 1;
let buffer: number | undefined;

/** A file in memory through which bytes go into and out of mappings. */
function exchange(): number {
  buffer ??= checked(libc.memfd(cstring('mapping'), MFD_CLOEXEC), 'memfd_create');
  return buffer;
}

const FIRST_PLACE = 2 ** 45;
const PLACE_SIZE = 2 ** 21;
const PLACES = 2 ** 16;
let places = 0;

/** Where a mapping is likely to find room: a fault brings in the pages of an aligned range round about. */
function nextPlace(): number {
  places = (places + 1) % PLACES;
  return FIRST_PLACE + places * PLACE_SIZE;
}

export class LinuxRegion {
  readonly length: number;
  readonly #address: number;
  #mapped = true;

  private constructor(address: number, length: number) {
    this.#address = address;
    this.length = length;
  }

  static map(fd: number, offset: number, length: number, protection: number, flags: number): LinuxRegion {
    return new LinuxRegion(checked(libc.mmap(nextPlace(), length, protection, flags, fd, offset), 'mmap'), length);
  }

  read(offset: number, length: number): Uint8Array {
    const file = exchange();
    this.#touch(offset, length, (at, size) => libc.writeFrom(file, at, size, 0));
    const bytes = new Uint8Array(length);
    checked(libc.pread(file, bytes, length, 0), 'pread');
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): void {
    const file = exchange();
    checked(libc.pwrite(file, bytes, bytes.length, 0), 'pwrite');
    this.#touch(offset, bytes.length, (at, size) => libc.readTo(file, at, size, 0));
  }

  /** The last byte comes first: where it is there, so are those before it. */
  #touch(offset: number, length: number, copy: (address: number, size: number) => number): void {
    if (!this.#mapped || offset < 0 || offset + length > this.length) throw new ErrnoException('EFAULT', 'mapping');
    if (length === 0) return;
    checked(copy(this.#address + offset + length - 1, 1), 'mapping');
    checked(copy(this.#address + offset, length), 'mapping');
  }

  unmap(): void {
    if (this.#mapped) checked(libc.munmap(this.#address, this.length), 'munmap');
    this.#mapped = false;
  }
}
