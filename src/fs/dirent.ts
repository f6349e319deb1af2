/** One entry of a directory. */
import { Dirent as MemfsDirent } from '@jsonjoy.com/fs-node';
import { DT_BLK, DT_CHR, DT_DIR, DT_FIFO, DT_LNK, DT_REG, DT_SOCK } from '../abi/mode.ts';

/** libuv's numbers for the types of entries, by Linux's. */
const kinds: Readonly<Record<number, number>> = {
  [DT_REG]: 1,
  [DT_DIR]: 2,
  [DT_LNK]: 3,
  [DT_FIFO]: 4,
  [DT_SOCK]: 5,
  [DT_CHR]: 6,
  [DT_BLK]: 7,
};

/** `fs.Dirent` */
export class Dirent {
  name: string | Buffer;
  /** The directory, as the caller named it. */
  parentPath: string | Buffer;
  path: string | Buffer;
  readonly #kind: number;

  /** @param kind one of `UV_DIRENT_…` */
  constructor(name: string | Buffer, kind: number, parentPath: string | Buffer) {
    this.name = name;
    this.parentPath = parentPath;
    this.path = parentPath;
    this.#kind = kind;
  }

  isFile(): boolean {
    return this.#kind === 1;
  }
  isDirectory(): boolean {
    return this.#kind === 2;
  }
  isSymbolicLink(): boolean {
    return this.#kind === 3;
  }
  isFIFO(): boolean {
    return this.#kind === 4;
  }
  isSocket(): boolean {
    return this.#kind === 5;
  }
  isCharacterDevice(): boolean {
    return this.#kind === 6;
  }
  isBlockDevice(): boolean {
    return this.#kind === 7;
  }
}

/** So that entries are also instances of what memfs exports under the same name. */
Object.setPrototypeOf(Dirent.prototype, MemfsDirent.prototype);

/** An entry with the type that getdents64(2) tells (`DT_…`). */
export function direntOf(name: string | Buffer, type: number, parentPath: string | Buffer): Dirent {
  return new Dirent(name, kinds[type] ?? 0, parentPath);
}
