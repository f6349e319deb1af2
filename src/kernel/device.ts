/**
 * Devices are known by their numbers; a node whose number nobody registered gives ENXIO when it is opened.
 *
 * @see include/linux/cdev.h, include/linux/blkdev.h
 */
import type { FileOperations } from './file.ts';

/** A disk, as block drivers and disk filesystems see it. Offsets and lengths are bytes, multiples of `blockSize`. */
export interface BlockDevice {
  readonly blockSize: number;
  /** Bytes. */
  readonly size: number;
  /** @throws Errno EIO */
  read(offset: number, into: Uint8Array): void;
  /** @throws Errno EIO, ENOSPC */
  write(offset: number, bytes: Uint8Array): void;
  discard(offset: number, length: number): void;
  flush(): void;
}

export class DeviceTable {
  readonly #character = new Map<number, FileOperations>();
  readonly #block = new Map<number, BlockDevice>();

  registerCharacter(rdev: number, operations: FileOperations): void {
    this.#character.set(rdev, operations);
  }

  registerBlock(rdev: number, device: BlockDevice): void {
    this.#block.set(rdev, device);
  }

  character(rdev: number): FileOperations | undefined {
    return this.#character.get(rdev);
  }

  block(rdev: number): BlockDevice | undefined {
    return this.#block.get(rdev);
  }

  copyFrom(other: DeviceTable): void {
    for (const [rdev, operations] of other.#character) this.#character.set(rdev, operations);
    for (const [rdev, device] of other.#block) this.#block.set(rdev, device);
  }
}
