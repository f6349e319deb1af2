/**
 * Devices are known by their numbers; a node whose number nobody registered gives ENXIO when it is opened.
 *
 * @see include/linux/cdev.h, include/linux/blkdev.h
 */
import type { FileOperations } from './file.ts';
import type { Kernel } from './kernel.ts';

/** A disk, as block drivers and disk filesystems see it. Offsets and lengths are bytes, multiples of `blockSize`. */
export interface BlockDevice {
  readonly blockSize: number;
  /** Bytes. */
  readonly size: number;
  /** @throws Errno EIO */
  read(offset: number, into: Uint8Array): void;
  /** @throws Errno EIO, ENOSPC */
  write(offset: number, bytes: Uint8Array): void;
  /** The range holds nothing of worth any more. @throws Errno EIO */
  discard(offset: number, length: number): void;
  /** What was written so far outlives a power cut from now on. @throws Errno EIO */
  flush(): void;
  /** The same disk in a forked machine, which may write to it as it likes; left out where nobody writes. */
  fork?(kernel: Kernel): BlockDevice;
}

/** The devices of a machine, by `makedev(major, minor)`; see `kernel.devices`. */
export class DeviceTable {
  readonly #character = new Map<number, FileOperations>();
  readonly #block = new Map<number, BlockDevice>();

  /** Makes `operations` what serves open character devices of that number. */
  registerCharacter(rdev: number, operations: FileOperations): void {
    this.#character.set(rdev, operations);
  }

  /** Makes `device` the disk of that number. */
  registerBlock(rdev: number, device: BlockDevice): void {
    this.#block.set(rdev, device);
  }

  /** What serves the character device of that number. */
  character(rdev: number): FileOperations | undefined {
    return this.#character.get(rdev);
  }

  /** The disk of that number. */
  block(rdev: number): BlockDevice | undefined {
    return this.#block.get(rdev);
  }

  /** Takes over the devices of another machine for `kernel`; the devices themselves are shared. */
  copyFrom(other: DeviceTable, kernel: Kernel): void {
    for (const [rdev, operations] of other.#character) this.#character.set(rdev, operations);
    for (const [rdev, device] of other.#block) this.#block.set(rdev, device.fork?.(kernel) ?? device);
  }
}
