/** A disk that is known by the files on it alone: its bytes cannot be read. It keeps them while it is not mounted. */
import { raise } from '../../abi/errno.ts';
import type { BlockDevice } from '../../kernel/device.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { DiskSuperblock } from './disk-superblock.ts';

export class StandInDisk implements BlockDevice {
  readonly blockSize = 512;
  readonly size: number;
  readonly rdev: number;
  readonly superblock: DiskSuperblock;
  /** What tells this disk from others of the same number in other machines. */
  readonly #identity = {};
  /** The identity of the disk that this one is a fork of. */
  readonly #origin: object | undefined;

  constructor(rdev: number, size: number, superblock: DiskSuperblock, origin?: object) {
    this.rdev = rdev;
    this.size = size;
    this.superblock = superblock;
    this.#origin = origin;
    superblock.disk = this;
  }

  read(): void {
    raise('EIO');
  }
  write(): void {
    raise('EIO');
  }
  discard(): void {
    raise('EIO');
  }
  /** Nothing is dirty. */
  flush(): void {}

  fork(kernel: Kernel): StandInDisk {
    const { rdev, size, superblock } = this;
    return new StandInDisk(rdev, size, superblock.copyTo(kernel, superblock.dev), this.#identity);
  }

  /** What became of this disk in a forked machine. */
  twinIn(kernel: Kernel): StandInDisk | undefined {
    const there = kernel.devices.block(this.rdev);
    return there instanceof StandInDisk && there.#origin === this.#identity ? there : undefined;
  }
}
