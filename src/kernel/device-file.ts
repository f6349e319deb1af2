/** Open device nodes: the driver that is registered for the number serves them. @see fs/char_dev.c, block/fops.c */
import { raise } from '../abi/errno.ts';
import { SEEK_CUR, SEEK_END, SEEK_SET } from '../abi/flags.ts';
import { isBlockDevice } from '../abi/mode.ts';
import type { BlockDevice } from './device.ts';
import type { FileOperations, OpenFile } from './file.ts';
import type { Inode } from './inode.ts';
import type { Kernel } from './kernel.ts';
import { refusingOperations } from './pipe.ts';

/** @throws Errno ENXIO for a number that nobody registered */
export function openDevice(kernel: Kernel, inode: Inode): FileOperations {
  if (!isBlockDevice(inode.mode)) return kernel.devices.character(inode.rdev) ?? raise('ENXIO');
  if (kernel.devices.block(inode.rdev) === undefined) raise('ENXIO');
  return blockOperations;
}

/** The disk of this machine: in a forked one it is another. */
const diskOf = ({ inode }: OpenFile): BlockDevice =>
  inode.superblock.kernel.devices.block(inode.rdev) ?? raise('ENXIO');

/** The blocks that a range touches, as they are. */
function covering(disk: BlockDevice, position: number, length: number): { start: number; blocks: Uint8Array } {
  const start = position - (position % disk.blockSize);
  const end = Math.ceil((position + length) / disk.blockSize) * disk.blockSize;
  const blocks = new Uint8Array(end - start);
  disk.read(start, blocks);
  return { start, blocks };
}

/** Byte access to a disk: parts of blocks are read, changed and written back. */
const blockOperations: FileOperations = {
  ...refusingOperations,
  read(file, into, position) {
    const disk = diskOf(file);
    const length = Math.max(0, Math.min(into.length, disk.size - position));
    if (length === 0) return 0;
    const { start, blocks } = covering(disk, position, length);
    into.set(blocks.subarray(position - start, position - start + length));
    return length;
  },
  write(file, bytes, position) {
    const disk = diskOf(file);
    const length = Math.min(bytes.length, disk.size - position);
    if (bytes.length > 0 && length <= 0) raise('ENOSPC');
    if (length === 0) return 0;
    const { start, blocks } = covering(disk, position, length);
    blocks.set(bytes.subarray(0, length), position - start);
    disk.write(start, blocks);
    return length;
  },
  llseek(file, offset, whence) {
    const { size } = diskOf(file);
    const base =
      whence === SEEK_SET ? 0 : whence === SEEK_CUR ? file.position : whence === SEEK_END ? size : raise('EINVAL');
    const position = base + offset;
    return position < 0 || position > size ? raise('EINVAL') : position;
  },
  fsync: (file) => diskOf(file).flush(),
};
